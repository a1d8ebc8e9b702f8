"""Drawn workflows as files of the page."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot.web.assets import FOREVER, content_hash
from bot.web.desk import Desk, PictureForm
from bot.web.html import Drawing

TYPES: dict[PictureForm, str] = {"png": "image/png", "pdf": "application/pdf"}
PNG_START = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A drawing and the name of its content."""

    body: bytes
    name: str


class Pictures:
    """Asks the desk for drawings, one at a time so that drawing never takes more than one core. What is drawn is kept
    by the desk, which knows when the catalogue changes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._one = anyio.Lock()

    async def get(self, code: str, form: PictureForm) -> Picture | None:
        """The drawing of a service, None when there is none."""
        async with self._one:
            body = await to_thread.run_sync(self._desk.picture, code, form)
        return None if body is None else Picture(body, content_hash(body))

    async def drawing(self, code: str, form: PictureForm) -> Drawing | None:
        """Where the page finds the drawing, and how large it is."""
        picture = await self.get(code, form)
        if picture is None:
            return None
        width, height = png_size(picture.body) if form == "png" else (0, 0)
        return Drawing(
            f"picture/{code}.{form}?v={picture.name}", self._desk.picture_title(code), width=width, height=height
        )

    async def response(self, request: Request, code: str, form: PictureForm) -> Response | None:
        """The file itself: kept for good under the address that names its content, else asked for again each time."""
        picture = await self.get(code, form)
        if picture is None:
            return None
        tag = f'"{picture.name}"'
        headers = {
            "etag": tag,
            "cache-control": FOREVER if request.query_params.get("v") == picture.name else "no-cache",
            "content-disposition": f'inline; filename="khedmatyar-{code}.{form}"',
        }
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(picture.body, media_type=TYPES[form], headers=headers)


def png_size(body: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels, from its header (PNG specification, 11.2.2); ValueError for another file."""
    if len(body) < 24 or not body.startswith(PNG_START):
        raise ValueError("not a PNG")
    width, height = struct.unpack(">II", body[16:24])
    return int(width), int(height)
