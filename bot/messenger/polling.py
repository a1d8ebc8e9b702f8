"""Updates fetched by long polling: an update is confirmed only when it is committed (docs/decisions/0010)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.messenger.api import MessengerBot, WrongToken, connect, seconds_of
from bot.messenger.intake import Intake
from bot.messenger.updates import Raw, chat_of
from bot.metrics import METRICS

LOG = logging.getLogger(__name__)

REJECTIONS = 3
"""Times in a row that a token once accepted must be rejected until we believe it."""


@dataclass(frozen=True)
class PollPace:
    """Times in seconds; `abreast` chats are handled side by side; after `patience` the next updates are fetched though
    some chats are still at work (a file is fetched for them, say)."""

    wait: int = 30
    first_retry: float = 1.0
    longest_retry: float = 60.0
    conflict_retry: float = 20.0
    again: float = 0.5
    longest_again: float = 5.0
    farewell: float = 3.0
    abreast: int = 16
    patience: float = 1.0


class Polling:
    """Fetches the updates of one messenger and hands them to the intake until it is told to stop.

    `on_connected` is called once the messenger has told who we are; it may raise TelegramError and is called again.
    """

    def __init__(
        self,
        bot: MessengerBot,
        intake: Intake,
        *,
        pace: PollPace | None = None,
        on_connected: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._bot = bot
        self._intake = intake
        self._dialect = intake.dialect
        self._pace = pace or PollPace()
        self._on_connected = on_connected
        self._offset: int | None = None
        self._done: set[int] = set()
        self._in_hand: set[int] = set()
        self._last: list[int] = []
        self._waiting: dict[str, deque[Raw]] = {}
        self._working: dict[str, asyncio.Task[None]] = {}
        self._abreast = asyncio.Semaphore(self._pace.abreast)
        self._down_since: float | None = None
        self._failures = 0
        self._rejections = 0
        self._unhandled = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set; what is in hand is finished first.

        Raises:
            WrongToken: the messenger does not know the token.
        """
        if await self._connected(stop):
            while not stop.is_set():
                batch = await self._fetched(stop)
                if batch and not await self._take(batch):
                    self._unhandled += 1
                    wait = self._pace.again * 2.0 ** min(self._unhandled - 1, 10)
                    await _pause(stop, min(wait, self._pace.longest_again))
                elif batch:
                    self._unhandled = 0
            if self._working:
                await asyncio.wait(self._working.values())
                self._confirm()
            await self._farewell()
        await self._intake.close()

    async def _connected(self, stop: asyncio.Event) -> bool:
        while not stop.is_set():
            try:
                await connect(self._bot, self._dialect)
                await self._bot.call("deleteWebhook")
                if self._on_connected is not None:
                    await self._on_connected()
            except TelegramError as error:
                await _pause(stop, self._failed(error))
            else:
                self._recovered()
                return True
        return False

    async def _fetched(self, stop: asyncio.Event) -> list[Raw]:
        """The next batch; empty when none came, the messenger was out of reach, or we are to stop."""
        fetch = asyncio.create_task(
            self._bot.fetch(self._offset, self._pace.wait, allowed=self._dialect.updates), name="getUpdates"
        )
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((fetch, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not fetch.done():
                return []
            batch = [raw for raw in fetch.result() if isinstance(raw["update_id"], int)]
        except Exception as error:  # noqa: BLE001 — an answer that is none of the Bot API's counts as an outage too
            await _pause(stop, self._failed(error))
            return []
        finally:
            for task in (fetch, stopped):
                task.cancel()
            await asyncio.gather(fetch, stopped, return_exceptions=True)
        self._recovered()
        return batch

    async def _take(self, batch: list[Raw]) -> bool:
        """Handle a batch, each chat's updates in order, and move the offset past what is committed; False when one
        could not be handled. What is still at work after `patience` is left to it: it comes with the next batch, and is
        known."""
        for raw in batch:
            number = raw["update_id"]
            if number in self._done or number in self._in_hand:
                continue
            self._in_hand.add(number)
            chat = chat_of(raw)
            self._waiting.setdefault(chat, deque()).append(raw)
            if chat not in self._working:
                self._working[chat] = asyncio.create_task(self._take_chat(chat), name="chat of a batch")
        if self._working:
            await asyncio.wait(self._working.values(), timeout=self._pace.patience)
        self._last = sorted(raw["update_id"] for raw in batch)
        return self._confirm()

    def _confirm(self) -> bool:
        """Move the offset past all that is committed; whether the rest of the last batch is at work."""
        for number in self._last:
            if number not in self._done:
                break
            self._offset = number + 1
        offset = self._offset
        if offset is not None:
            self._done = {number for number in self._done if number >= offset}
        return all(number in self._done or number in self._in_hand for number in self._last if number >= (offset or 0))

    async def _take_chat(self, chat: str) -> None:
        updates = self._waiting[chat]
        try:
            async with self._abreast:
                while updates:
                    number = updates[0]["update_id"]
                    await self._intake.handle(updates[0])
                    updates.popleft()
                    self._done.add(number)
                    self._in_hand.discard(number)
        except Exception as error:  # noqa: BLE001 — it stays unconfirmed and comes again, with those after it
            if not self._unhandled:
                # The trace would quote the citizen.
                LOG.error("%s: an update was not handled and is tried again: %s", *self._names(error))  # noqa: TRY400
        finally:
            self._in_hand.difference_update(raw["update_id"] for raw in updates)
            del self._waiting[chat], self._working[chat]

    def _failed(self, error: Exception) -> float:
        """Note that the messenger is out of reach, once an outage; how long to wait."""
        match error:
            case InvalidToken():
                self._rejections += 1
                if self._rejections >= REJECTIONS:
                    raise WrongToken(self._dialect) from None
            case RetryAfter():
                return seconds_of(error)
            case _:
                self._rejections = 0
        self._failures += 1
        METRICS.messenger_up.set(0, self._dialect.channel)
        if self._down_since is None:
            self._down_since = time.monotonic()
            if isinstance(error, Conflict):
                LOG.error(
                    "%s: another program polls with the same token (or a webhook is set); only one can. Trying again "
                    "every %.0f s",
                    self._dialect.channel,
                    self._pace.conflict_retry,
                )
            else:
                LOG.warning("%s is out of reach (%s); trying again until it is back", *self._names(error))
        if isinstance(error, Conflict):
            return self._pace.conflict_retry
        return min(self._pace.first_retry * 2.0 ** min(self._failures - 1, 20), self._pace.longest_retry)

    def _recovered(self) -> None:
        if self._down_since is not None:
            LOG.info("%s is back after %.0f s", self._dialect.channel, time.monotonic() - self._down_since)
        METRICS.messenger_up.set(1, self._dialect.channel)
        self._down_since = None
        self._failures = self._rejections = 0

    def _names(self, error: Exception) -> tuple[str, str]:
        # The message of an error may hold the token or a citizen's words; its kind does not.
        return self._dialect.channel, type(error).__name__

    async def _farewell(self) -> None:
        """Confirm the last batch, so that the next start does not get it again (it would be known, and cost time)."""
        if self._offset is not None:
            with suppress(TelegramError, TimeoutError):
                await asyncio.wait_for(
                    self._bot.fetch(self._offset, 0, limit=1, allowed=self._dialect.updates), self._pace.farewell
                )


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
