"""The bot of python-telegram-bot as our channels use it: made for a messenger's address, quiet about its token."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from telegram import Bot
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter
from telegram.request import BaseRequest

from bot.messenger.dialect import Dialect
from bot.messenger.request import AiohttpRequest, Enough, ProxiedRequest
from knowledge.errors import KhedmatyarError

# Else each RetryAfter warns of a coming change of its type, and a warning raised as an error would hide it.
os.environ.setdefault("PTB_TIMEDELTA", "true")

CONNECTIONS = 32
LEAST_TIME = 10.0
"""Seconds that a long poll may take longer than it was asked to wait."""


class WrongToken(KhedmatyarError):  # noqa: N818 — what the operator did, as the message says
    """The messenger does not know the bot's token. The message is for the operator, in Persian; it holds no token."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(
            f"{dialect.name} توکن ربات را نپذیرفت. مقدار {dialect.setting} را بررسی کنید و برنامه را دوباره اجرا کنید."
        )


class MessengerBot(Bot):
    """A Bot that also hands out what the messenger answered as it came.

    Bale's answers lack fields that Telegram's objects require, one unreadable update must not hide the others of its
    batch, and building a Message from each answer costs CPU time that nobody needs.
    """

    @property
    def connected(self) -> bool:
        """Whether `connect` has succeeded: `id` and `username` are known."""
        return self._bot_user is not None

    async def call(self, method: str, **parameters: Any) -> Any:
        """The bare `result` of a method; parameters that are None are not sent.

        Raises:
            TelegramError: as every method of Bot.
        """
        return await self._post(method, parameters)

    async def fetch(
        self, offset: int | None, wait: int, limit: int = 100, allowed: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """The next updates, waiting for up to `wait` seconds for one; what stands before `offset` is confirmed."""
        asked = {
            "offset": offset,
            "timeout": wait,
            "limit": limit,
            "allowed_updates": None if allowed is None else list(allowed),
        }
        found: list[dict[str, Any]] = await self._post("getUpdates", asked, read_timeout=wait + LEAST_TIME)
        return found

    async def download(
        self, file_id: str, limit: int, seconds: float = 30.0, enough: Enough | None = None
    ) -> bytes | None:
        """The content of a file that somebody sent, or its beginning as far as it is `enough`; None when it is larger
        than `limit` bytes, or the messenger does not hand it out for its size.

        Raises:
            TelegramError: it could not be fetched.
        """
        try:
            found = await self._post("getFile", {"file_id": file_id})
        except BadRequest as refusal:
            if "too big" in refusal.message.lower():
                return None
            raise
        if int(found.get("file_size") or 0) > limit or not found.get("file_path"):
            return None
        url = f"{self.base_file_url}/{quote(str(found['file_path']))}"
        if enough is not None and isinstance(self.request, AiohttpRequest | ProxiedRequest):
            return await self.request.beginning(url, limit, enough, seconds)
        content: bytes = await self.request.retrieve(url, read_timeout=seconds)
        return content if len(content) <= limit else None


def make_bot(dialect: Dialect, token: str, api_url: str, proxy: str | None = None) -> MessengerBot:
    """The bot at `api_url` (`{api_url}/bot{token}/{method}`), through a proxy (http, https, socks5) if one is given.

    Only that proxy is used, never one of the environment: it is meant for one messenger and not for the other.
    """
    hush()
    root = api_url.rstrip("/")
    calls, polls = _request(proxy, CONNECTIONS), _request(proxy, 2)
    return MessengerBot(
        token, base_url=f"{root}/bot", base_file_url=f"{root}/file/bot", request=calls, get_updates_request=polls
    )


async def connect(bot: MessengerBot, dialect: Dialect) -> None:
    """Open the connections and ask who we are; `bot.id` and `bot.username` are known after it.

    Raises:
        WrongToken: the messenger does not know the token.
        TelegramError: it could not be asked; try again later.
    """
    try:
        await bot.initialize()
    except (InvalidToken, Forbidden):
        # The message of InvalidToken holds the token.
        raise WrongToken(dialect) from None


def seconds_of(error: RetryAfter) -> float:
    """How long the messenger wants us to wait."""
    wait: int | float | timedelta = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def hush() -> None:
    """Keep tokens and texts out of the log: these loggers write URLs and whole requests at INFO or DEBUG."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.INFO)


def _request(proxy: str | None, connections: int) -> BaseRequest:
    if proxy is None:
        return AiohttpRequest(connections)
    return ProxiedRequest(
        connection_pool_size=connections,
        proxy=proxy,
        read_timeout=15.0,
        write_timeout=15.0,
        media_write_timeout=60.0,
        connect_timeout=15.0,
        pool_timeout=10.0,
        httpx_kwargs={"trust_env": False},
    )
