"""What the stand-in's tests share: a real python-telegram-bot client on a stand-in, and calls past its own checks."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telegram import Bot
from telegram.error import BadRequest, TelegramError
from telegram.request import HTTPXRequest

from bot.standin import StandIn, Violation

TOKEN = "42:TEST"  # noqa: S105 — no secret: the stand-in has no other


@asynccontextmanager
async def client(api: StandIn, *, token: str = TOKEN, read_timeout: float = 5.0) -> AsyncIterator[Bot]:
    """A started bot that talks to ``api``."""
    bot = Bot(
        token,
        base_url=f"{api.url}/bot",
        base_file_url=f"{api.url}/file/bot",
        request=HTTPXRequest(read_timeout=read_timeout, connection_pool_size=8),
        get_updates_request=HTTPXRequest(read_timeout=read_timeout, connection_pool_size=8),
    )
    async with bot:
        yield bot


async def call(bot: Bot, method: str, /, **parameters: Any) -> Any:
    """Call a method with these parameters as they are, without what the client would check or add."""
    return await bot._post(method, parameters)


async def reported(
    api: StandIn, bot: Bot, method: str, /, error: type[TelegramError] = BadRequest, match: str = "", **parameters: Any
) -> Violation:
    """Make a bad call; it must be refused, and be the only violation. That violation."""
    # The client writes the first letter of Telegram's words large.
    with pytest.raises(error, match=re.compile(match or ".", re.IGNORECASE)):
        await call(bot, method, **parameters)
    (violation,) = api.violations
    assert violation.method == method
    return violation
