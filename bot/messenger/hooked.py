"""The life of a messenger that brings its updates to us: connected, served by the webhook's route until the stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from telegram.error import RetryAfter, TelegramError

from bot.messenger.api import MessengerBot, connect, seconds_of
from bot.messenger.dialect import Dialect
from bot.messenger.intake import Intake
from bot.messenger.webhook import read_webhook, webhook_path

LOG = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0
"""Seconds between attempts to reach the messenger."""

NOT_SET = "{name} به‌روزرسانی‌ها را به این نشانی نمی‌فرستد ({now}). یک بار «khedmatyar webhook set» را اجرا کنید."
NOWHERE = "وب‌هوکی ندارد"
ELSEWHERE = "وب‌هوکش نشانی دیگری است"


class Hooked:
    """Connects, and says in the log when the messenger's webhook is not the one of the settings. It never sets it:
    that is for `khedmatyar webhook set`, once for all replicas.

    `on_connected` is called once the messenger has told who we are; it may raise TelegramError and is called again.
    """

    def __init__(
        self,
        bot: MessengerBot,
        intake: Intake,
        url: str,
        secret: str,
        *,
        on_connected: Callable[[], Awaitable[None]] | None = None,
        first_retry: float = FIRST_RETRY,
    ) -> None:
        self._bot = bot
        self._intake = intake
        self._dialect: Dialect = intake.dialect
        self._wanted = url + webhook_path(self._dialect, secret)
        self._on_connected = on_connected
        self._first_retry = first_retry

    async def run(self, stop: asyncio.Event) -> None:
        """Be connected until `stop` is set; then answers on their way are waited for.

        Raises:
            WrongToken: the messenger does not know the token.
        """
        failures = 0
        while not stop.is_set():
            try:
                await connect(self._bot, self._dialect)
                if self._on_connected is not None:
                    await self._on_connected()
                await self._compare()
                break
            except TelegramError as error:
                failures += 1
                wait = min(self._first_retry * 2.0 ** min(failures - 1, 10), LONGEST_RETRY)
                if isinstance(error, RetryAfter):
                    wait = max(wait, seconds_of(error))
                LOG.warning("%s: out of reach (%s)", self._dialect.channel, type(error).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await stop.wait()
        await stop.wait()
        await self._intake.close()

    async def _compare(self) -> None:
        try:
            hook = await read_webhook(self._bot)
        except TelegramError as error:
            LOG.info("%s: its webhook could not be read (%s)", self._dialect.channel, type(error).__name__)
            return
        if hook.url != self._wanted:
            # Neither address is told: Bale's bears the secret.
            LOG.warning(NOT_SET.format(name=self._dialect.name, now=ELSEWHERE if hook.url else NOWHERE))
