"""The web chat as an ASGI application: `web_app(desk)` gives the page, its files, the turns and the news.

A turn is posted with an id that the page made; posted again (a lost answer, an impatient thumb) it does nothing twice
and gets the same messages. Nothing of a conversation is kept here: the desk has it all.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.limits import Buckets
from bot.web.assets import load_assets
from bot.web.desk import Desk, Shown
from bot.web.headers import SafeHeaders, frame_policy, safe_headers
from bot.web.html import part_html
from bot.web.pictures import Pictures
from bot.web.session import Sessions, client_address, from_our_page, is_https
from handlers.reply import DATA_LIMIT, Flowchart
from handlers.turn import Turn
from knowledge.persian import persian_digits

BODY_LIMIT = 16 * 1024
"""Most bytes of a posted turn."""

TEXT_LIMIT = 4096
"""Most characters of a citizen's message."""

BIGGEST_ID = 2**63 - 1
SECRET_BYTES = 32

TOO_LONG = f"پیام‌تان از {persian_digits(TEXT_LIMIT)} نویسه بلندتر است. لطفاً کوتاه‌ترش کنید یا در چند پیام بفرستید."
TOO_FAST = "کمی تند فرستادید. لطفاً {seconds} ثانیه‌ی دیگر دوباره بفرستید."
TOO_MANY = "از این نشانی گفت‌وگوهای زیادی باز شده است. لطفاً {seconds} ثانیه‌ی دیگر دوباره بیایید."
NO_SESSION = "گفت‌وگویتان به پایان رسیده است. لطفاً صفحه را از نو باز کنید."
NOT_UNDERSTOOD = "این درخواست خوانا نبود. لطفاً صفحه را از نو باز کنید."
NOT_FROM_PAGE = "این درخواست از صفحه‌ی گفت‌وگو نیامده است."
FAILED = "مشکلی پیش آمد و پاسخ آماده نشد. لطفاً کمی بعد دوباره بفرستید."
NOT_FOUND = "چنین چیزی این‌جا نیست."

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ORIGIN = re.compile(r"https?://[a-z0-9.*-]+(:\d{1,5})?", re.IGNORECASE)


@dataclass(frozen=True)
class WebSettings:
    """How the web chat behaves.

    `secret` signs the sessions: without a lasting one, sessions end with the process. `frame_ancestors`: origins
    («https://ostandari.example») whose pages may show the chat in a frame. `proxies`: reverse proxies of our own
    before the server, whose X-Forwarded-For and X-Forwarded-Proto are believed. Raises ValueError for another origin.
    """

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(SECRET_BYTES), repr=False)
    frame_ancestors: tuple[str, ...] = ()
    proxies: int = 0
    turns_per_minute: float = 60
    turns_burst: int = 20
    sessions_per_minute: float = 30
    sessions_burst: int = 30

    def __post_init__(self) -> None:
        for origin in self.frame_ancestors:
            if origin != "'self'" and not (_ORIGIN.fullmatch(origin) and urlsplit(origin).netloc):
                raise ValueError(f"not an origin like https://ostandari.example: {origin!r}")


class Said(BaseModel):
    """The body of a posted turn. `message`: the id of the message that bears the pressed button; `after`: the id of
    the newest message that the page has."""

    model_config = ConfigDict(extra="forbid")
    id: UUID
    text: str | None = None
    button: Annotated[str, Field(min_length=1, max_length=DATA_LIMIT, pattern=r"^[ -~]+$")] | None = None
    message: Annotated[int, Field(ge=0, le=BIGGEST_ID)] | None = None
    after: Annotated[int, Field(ge=0, le=BIGGEST_ID)] = 0


def web_app(desk: Desk, settings: WebSettings | None = None) -> Starlette:
    """The application."""
    return _Web(desk, settings or WebSettings()).app()


class _Refusal(Exception):  # noqa: N818 — an answer, not a fault
    """A request answered with a status and a Persian line; `wait` in seconds for one that came too early."""

    def __init__(self, status: int, line: str, wait: int = 0) -> None:
        super().__init__(line)
        self._status = status
        self._line = line
        self._wait = wait

    def response(self) -> Response:
        headers = {"cache-control": "no-store"} | ({"retry-after": str(self._wait)} if self._wait else {})
        return JSONResponse({"error": self._line}, self._status, headers=headers)


def _let_through(wait: float, line: str) -> None:
    if wait:
        seconds = math.ceil(wait)
        raise _Refusal(429, line.format(seconds=persian_digits(seconds)), seconds)


class _Web:
    def __init__(self, desk: Desk, settings: WebSettings) -> None:
        self._desk = desk
        self._settings = settings
        self._assets = load_assets()
        self._pictures = Pictures(desk)
        self._sessions = Sessions(settings.secret, framed=bool(settings.frame_ancestors))
        self._turns = Buckets(settings.turns_per_minute, settings.turns_burst)
        self._looks = Buckets(60, 20)
        self._newcomers = Buckets(settings.sessions_per_minute, settings.sessions_burst)
        self._headers = safe_headers(frame_policy(settings.frame_ancestors))

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.page),
                Route("/static/{name}", self.static),
                Route("/chat/turn", self.turn, methods=["POST"]),
                Route("/chat/new", self.new, methods=["POST"]),
                Route("/chat/news", self.news),
                Route("/picture/{code}.{form}", self.picture),
                Route("/healthz", self.health),
            ],
            middleware=[Middleware(SafeHeaders, headers=self._headers)],
            exception_handlers={_Refusal: self.refused, 404: self.refused, Exception: self.failed},
        )

    async def page(self, request: Request) -> Response:
        response = Response(self._assets.page, media_type="text/html", headers={"cache-control": "no-store"})
        # A page without a session still opens; it says why when its first turn is refused.
        https = self._https(request)
        if self._sessions.chat(request, https=https) is None and not self._newcomers.wait(self._address(request)):
            response.headers["set-cookie"] = self._sessions.issue(https=https)
        return response

    async def static(self, request: Request) -> Response:
        asset = self._assets.by_name.get(request.path_params["name"])
        if asset is None:
            raise _Refusal(404, NOT_FOUND)
        return asset.response(request)

    async def new(self, request: Request) -> Response:
        if not from_our_page(request):
            raise _Refusal(403, NOT_FROM_PAGE)
        _let_through(self._newcomers.wait(self._address(request)), TOO_MANY)
        return Response(
            status_code=204,
            headers={"set-cookie": self._sessions.issue(https=self._https(request)), "cache-control": "no-store"},
        )

    async def turn(self, request: Request) -> Response:
        if not from_our_page(request):
            raise _Refusal(403, NOT_FROM_PAGE)
        chat = self._chat(request)
        _let_through(self._turns.wait(chat), TOO_FAST)
        said = await _said(request)
        notice = await self._desk.take(_turn(said, chat))
        return await self._told(await self._desk.shown(chat, said.after), notice)

    async def news(self, request: Request) -> Response:
        chat = self._chat(request)
        _let_through(self._looks.wait(chat), TOO_FAST)
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdecimal() and len(after) < 20 and int(after) <= BIGGEST_ID):
            raise _Refusal(400, NOT_UNDERSTOOD)
        return await self._told(await self._desk.shown(chat, int(after)), None)

    async def picture(self, request: Request) -> Response:
        code, form = request.path_params["code"], request.path_params["form"]
        found = await self._pictures.response(request, code, form) if form in ("png", "pdf") else None
        if found is None:
            raise _Refusal(404, NOT_FOUND)
        return found

    async def health(self, _request: Request) -> Response:
        ready = await self._desk.ready()
        return JSONResponse({"ready": ready}, 200 if ready else 503, headers={"cache-control": "no-store"})

    async def refused(self, _request: Request, error: Exception) -> Response:
        return error.response() if isinstance(error, _Refusal) else _Refusal(404, NOT_FOUND).response()

    async def failed(self, _request: Request, _error: Exception) -> Response:
        # Starlette answers an unforeseen error outside the middleware, then raises it on for the log.
        response = _Refusal(500, FAILED).response()
        response.headers.update(self._headers)
        return response

    async def _told(self, messages: Sequence[Shown], notice: str | None) -> Response:
        content = {"messages": [await self._message(shown) for shown in messages], "notice": notice}
        return JSONResponse(content, headers={"cache-control": "no-store"})

    async def _message(self, shown: Shown) -> dict[str, object]:
        file = shown.part.file
        drawing = await self._pictures.drawing(file.code, file.form) if isinstance(file, Flowchart) else None
        return {"id": shown.id, "edits": shown.edits, "html": part_html(shown.part, drawing)}

    def _chat(self, request: Request) -> str:
        chat = self._sessions.chat(request, https=self._https(request))
        if chat is None:
            raise _Refusal(401, NO_SESSION)
        return chat

    def _https(self, request: Request) -> bool:
        return is_https(request, self._settings.proxies)

    def _address(self, request: Request) -> str:
        return client_address(request, self._settings.proxies)


def _turn(said: Said, chat: str) -> Turn:
    return Turn(
        channel="web",
        # A page of another session may make the same id; the records keep at most 64 characters.
        update=sha256(f"{chat}:{said.id}".encode()).hexdigest()[:40],
        chat=chat,
        person=chat,
        at=datetime.now(UTC),
        text=_CONTROLS.sub("", said.text or "").strip(),
        button=said.button,
        message=str(said.id) if said.message is None else str(said.message),
    )


async def _said(request: Request) -> Said:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise _Refusal(415, NOT_UNDERSTOOD)
    body = await _limited_body(request)
    if body is None:
        raise _Refusal(413, TOO_LONG)
    try:
        said = Said.model_validate_json(body)
    except ValidationError:
        raise _Refusal(400, NOT_UNDERSTOOD) from None
    if (said.text is None) == (said.button is None):
        raise _Refusal(400, NOT_UNDERSTOOD)
    if said.text is not None and len(said.text) > TEXT_LIMIT:
        raise _Refusal(422, TOO_LONG)
    return said


async def _limited_body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    return bytes(body)
