"""Updates brought by the messenger itself: HTTP 200 only when the update is committed."""

from __future__ import annotations

import hmac
import json
import logging
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.messenger.api import MessengerBot
from bot.messenger.dialect import Dialect
from bot.messenger.intake import Intake
from bot.metrics import METRICS
from bot.render.keyboard import Json

LOG = logging.getLogger(__name__)

BODY_LIMIT = 1 << 20
"""Most bytes of an update; Telegram's are a few kilobytes."""

_OUTCOMES = {200: "taken", 400: "malformed", 413: "too_large"}

HEADER = "x-telegram-bot-api-secret-token"


def webhook_path(dialect: Dialect, secret: str) -> str:
    """Where the messenger posts to; where it sends no secret header, the path itself is the secret."""
    return f"/webhook/{dialect.channel}" if dialect.secret_header else f"/webhook/{dialect.channel}/{secret}"


@dataclass(frozen=True)
class Hook:
    """What the messenger says of the bot's webhook. `url`: empty when it has none. `waiting`: updates that it keeps.
    `error`, `error_at`: its last failure to bring one, and when (unix seconds)."""

    url: str
    waiting: int = 0
    error: str | None = None
    error_at: int | None = None


async def set_webhook(bot: MessengerBot, dialect: Dialect, url: str, secret: str) -> None:
    """Tell the messenger to post its updates below `url` (https://…), without a slash at its end.

    One actor does this (`khedmatyar webhook set`), not each process: two with different settings would undo each
    other's for ever.
    """
    more: Json = (
        {"secret_token": secret, "allowed_updates": list(dialect.updates or ())} if dialect.secret_header else {}
    )
    await bot.call("setWebhook", url=url + webhook_path(dialect, secret), **more)


async def read_webhook(bot: MessengerBot) -> Hook:
    """The webhook as the messenger has it; a field that it does not tell is taken for empty.

    Raises:
        TelegramError: it could not be asked, or has no such method.
    """
    told = await bot.call("getWebhookInfo")
    known: Json = told if isinstance(told, dict) else {}
    return Hook(
        str(known.get("url") or ""),
        int(known.get("pending_update_count") or 0),
        known.get("last_error_message"),
        known.get("last_error_date"),
    )


def webhook_routes(intake: Intake, secret: str, most: int = 64) -> list[Route]:
    """The route of one messenger. What comes before the messenger has told who we are, and more than `most` turns at
    once, is put off with 503; the messenger comes again."""
    dialect = intake.dialect
    running = 0

    async def receive(request: Request) -> Response:
        nonlocal running
        if not _known(request, dialect, secret):
            METRICS.hooks.inc(dialect.channel, "forbidden")
            return Response(status_code=403 if dialect.secret_header else 404)
        if running >= most or not intake.ready:
            METRICS.hooks.inc(dialect.channel, "full")
            return Response(status_code=503, headers={"retry-after": "1"})
        running += 1
        try:
            answer = await _receive(request, intake)
            METRICS.hooks.inc(dialect.channel, _OUTCOMES.get(answer.status_code, "failed"))
            return answer
        finally:
            running -= 1

    path = "/webhook/telegram" if dialect.secret_header else f"/webhook/{dialect.channel}/{{secret}}"
    return [Route(path, receive, methods=["POST"], name=f"webhook {dialect.channel}")]


def _known(request: Request, dialect: Dialect, secret: str) -> bool:
    given = request.headers.get(HEADER, "") if dialect.secret_header else str(request.path_params["secret"])
    return hmac.compare_digest(given.encode(), secret.encode())


async def _receive(request: Request, intake: Intake) -> Response:
    try:
        body = await _body(request)
    except ClientDisconnect:
        return Response(status_code=400)
    if body is None:
        return Response(status_code=413)
    try:
        raw = json.loads(body)
    except ValueError:
        return Response(status_code=400)
    if not isinstance(raw, dict):
        return Response(status_code=400)
    try:
        await intake.handle(raw)
    except Exception as error:  # noqa: BLE001 — not committed: the messenger is to come again
        # The trace would quote the citizen.
        LOG.error("%s: an update will come again: %s", intake.dialect.channel, type(error).__name__)  # noqa: TRY400
        return Response(status_code=500)
    return Response(status_code=200)


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    return bytes(body)
