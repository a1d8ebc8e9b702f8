"""The page's own files: named by their content, packed once, cached by browsers for good."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from string import Template

from starlette.requests import Request
from starlette.responses import Response

FONT_PACKAGE = "fontpkg_noto_sans_arabic"
FONT_FILE = "NotoSansArabic[wdth,wght].ttf"
FOREVER = "public, max-age=31536000, immutable"
HASH_LENGTH = 16


@dataclass(frozen=True)
class Asset:
    """A file of the page: its name in the URL, its type, its bytes as they are and gzipped."""

    name: str
    media_type: str
    body: bytes
    packed: bytes

    def response(self, request: Request) -> Response:
        """The file, gzipped for a browser that takes it so."""
        headers = {"cache-control": FOREVER, "vary": "accept-encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.packed, media_type=self.media_type, headers=headers | {"content-encoding": "gzip"})
        return Response(self.body, media_type=self.media_type, headers=headers)


@dataclass(frozen=True)
class Assets:
    """All files of the page by their name in the URL, and the page that names them."""

    page: bytes
    by_name: dict[str, Asset]


def load_assets() -> Assets:
    """Read, name and pack the page's files."""
    folder = files("bot.web") / "static"
    font = _asset("font", "ttf", "font/ttf", (files(FONT_PACKAGE) / "files" / FONT_FILE).read_bytes())
    icon = _asset("icon", "svg", "image/svg+xml", (folder / "icon.svg").read_bytes())
    script = _asset("chat", "js", "text/javascript", (folder / "chat.js").read_bytes())
    style = Template((folder / "chat.css").read_text(encoding="utf-8")).substitute(font=font.name)
    sheet = _asset("chat", "css", "text/css", style.encode())
    page = Template((folder / "page.html").read_text(encoding="utf-8"))
    filled = page.substitute(icon=icon.name, script=script.name, style=sheet.name, font=font.name)
    return Assets(filled.encode(), {asset.name: asset for asset in (font, icon, script, sheet)})


def _asset(stem: str, ending: str, media_type: str, body: bytes) -> Asset:
    name = f"{stem}.{content_hash(body)}.{ending}"
    return Asset(name, media_type, body, gzip.compress(body, 9, mtime=0))


def content_hash(body: bytes) -> str:
    """A short name for these bytes and no others."""
    return sha256(body).hexdigest()[:HASH_LENGTH]
