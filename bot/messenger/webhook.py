"""Updates brought by the messenger itself: HTTP 200 only when the update is committed."""

from __future__ import annotations

import hmac
import json
import logging

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.messenger.api import MessengerBot
from bot.messenger.dialect import Dialect
from bot.messenger.intake import Intake
from bot.render.keyboard import Json

LOG = logging.getLogger(__name__)

BODY_LIMIT = 1 << 20
"""Most bytes of an update; Telegram's are a few kilobytes."""

HEADER = "x-telegram-bot-api-secret-token"


def webhook_path(dialect: Dialect, secret: str) -> str:
    """Where the messenger posts to; where it sends no secret header, the path itself is the secret."""
    return f"/webhook/{dialect.channel}" if dialect.secret_header else f"/webhook/{dialect.channel}/{secret}"


async def set_webhook(bot: MessengerBot, dialect: Dialect, url: str, secret: str) -> None:
    """Tell the messenger to post its updates below `url` (https://…), without a slash at its end."""
    more: Json = (
        {"secret_token": secret, "allowed_updates": list(dialect.updates or ())} if dialect.secret_header else {}
    )
    await bot.call("setWebhook", url=url + webhook_path(dialect, secret), **more)


def webhook_routes(intake: Intake, secret: str, most: int = 64) -> list[Route]:
    """The route of one messenger. More than `most` turns at once are put off with 503; the messenger comes again."""
    dialect = intake.dialect
    running = 0

    async def receive(request: Request) -> Response:
        nonlocal running
        if not _known(request, dialect, secret):
            return Response(status_code=403 if dialect.secret_header else 404)
        if running >= most:
            return Response(status_code=503, headers={"retry-after": "1"})
        running += 1
        try:
            return await _receive(request, intake)
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
