"""Delivery: what was posted is sent, in the order of its chat, however long the messenger is out of reach.

A committed reply is handed over in memory; what a crash, a fault or another process left is claimed by a sweep. One
task a chat keeps the order, one gate a channel keeps its pauses, and marks of what was sent are written in batches:
a crash in between may double a reply, never lose one.

Waits are `asyncio.timeout`, not `wait_for`: on Python 3.11 that swallows a cancellation that comes with its event.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from bot.watching import sending
from records import outbox
from records.database import Database
from records.errors import RecordsError
from records.outbox import Lease, Mark, Posted
from records.session import Records

LOG = logging.getLogger(__name__)

STRAY_AFTER = 10.0
"""Seconds after which a row in our name that was never handed over is taken for a stray."""

DOWN_AFTER = 3
"""Chats that fail in a row until the channel, not the chat, is taken to be out of reach."""

UNCERTAIN_TRIES = 10
FAULT_TRIES = 5


class SendError(Exception):
    """Base of what a Sender raises."""


class Blocked(SendError):  # noqa: N818 — the word of the field; it is an outcome, not a fault
    """The citizen has blocked the bot, or the chat is gone."""


class Later(SendError):  # noqa: N818 — as above
    """Too many requests: wait exactly `seconds`, with this chat or with the whole channel."""

    def __init__(self, seconds: float, scope: Literal["chat", "channel"] = "channel") -> None:
        self.seconds = seconds
        self.scope = scope
        super().__init__(f"later: {seconds} s ({scope})")


class Unreachable(SendError):  # noqa: N818 — as above
    """The messenger did not get it: no network, or a fault of its own (5xx)."""


class Uncertain(SendError):  # noqa: N818 — as above
    """It may have been sent or not: no answer in time."""


class Refused(SendError):  # noqa: N818 — as above
    """The messenger will never take this message (400)."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Sender(Protocol):
    """Sends to one channel."""

    channel: str

    async def send(self, posted: Posted) -> str | None:
        """Send a message (or edit `posted.target_message`); the messenger's id of it. Raises a SendError."""


@dataclass(frozen=True)
class Pace:
    """How fast things go (seconds; `at_once` sends of one channel; `marks_most` marks; `in_hand` messages)."""

    first_retry: float = 1.0
    longest_retry: float = 300.0
    sweep: float = 3.0
    tend: float = 5.0
    lease: float = 20.0
    marks_after: float = 0.08
    marks_most: int = 50
    at_once: int = 30
    in_hand: int = 5000

    def backoff(self, tries: int) -> float:
        """How long to wait after so many failed tries: doubled each time, with up to a quarter less or more."""
        wait = min(self.first_retry * 2.0 ** min(tries - 1, 20), self.longest_retry)
        return min(wait * random.uniform(0.75, 1.25), self.longest_retry)  # noqa: S311 — jitter, no secret


class _Gate:
    """The way to one channel: so many at once, none during a pause, one probe at a time while it is out of reach."""

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        self._pace = pace
        self._clock = clock
        self._slots = asyncio.Semaphore(pace.at_once)
        self._probe = asyncio.Lock()
        self._opens = 0.0
        self._failing: set[str] = set()
        self._probes = 0
        self._back = asyncio.Event()

    def _is_down(self) -> bool:
        return len(self._failing) >= DOWN_AFTER

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        """A place to send one message from, once there is one."""
        while True:
            await self._until_open()
            if self._is_down():
                async with self._probe:
                    if not self._is_down():
                        continue
                    await self._until_open()
                    async with self._slots:
                        yield
                        return
            async with self._slots:
                if not self._is_down() and self._clock() >= self._opens:
                    yield
                    return

    async def _until_open(self) -> None:
        while (wait := self._opens - self._clock()) > 0:  # noqa: ASYNC110 — it sleeps until a known time
            await asyncio.sleep(wait)

    def pause(self, seconds: float) -> None:
        self._opens = max(self._opens, self._clock() + seconds)

    def failed(self, chat: str) -> None:
        self._failing.add(chat)
        if self._is_down():
            self._probes += 1
            self.pause(self._pace.backoff(self._probes))

    def succeeded(self, chat: str) -> None:
        if self._is_down():
            self._back.set()
            self._back = asyncio.Event()
            self._failing.clear()
        self._failing.discard(chat)
        self._probes = 0

    async def rest(self, seconds: float) -> None:
        """Wait so long, or until the channel is back: then nobody waits out what the outage earned them."""
        back = self._back
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await back.wait()


@dataclass
class _Chat:
    """The messages of one chat in hand, a heap by id."""

    waiting: list[tuple[int, Posted]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    failures: int = 0
    doubts: int = 0
    """Times in a row that the head may have been sent or not."""

    def drop(self) -> list[Posted]:
        dropped = [posted for _, posted in self.waiting]
        self.waiting.clear()
        return dropped


class Delivery:
    """Sends what is posted on the channels that have a Sender. `clock` (unix seconds) stands for all clocks."""

    def __init__(
        self,
        database: Database,
        senders: Iterable[Sender],
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.owner = secrets.token_hex(8)
        self._database = database
        self._senders = {sender.channel: sender for sender in senders}
        self._pace = pace or Pace()
        self._clock = clock or time.time
        # Leases and pauses are not to last an hour longer because somebody has set the machine's clock.
        self._steady = clock or time.monotonic
        self._ahead = 0.0 if clock else time.time() - time.monotonic()
        self._given_clock = clock is not None
        self._gates = {channel: _Gate(self._pace, self._steady) for channel in self._senders}
        self._chats: dict[tuple[str, str], _Chat] = {}
        self._held: set[int] = set()
        self._marks: list[Mark] = []
        self._marking = asyncio.Lock()
        self._marks_due = asyncio.Event()
        self._marks_full = asyncio.Event()
        self._poked = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []
        self._closing = False

    def lease(self, channel: str) -> Lease | None:
        """The lease under which to post what will be handed over; None when others deliver this channel."""
        if channel not in self._senders or self._closing or not self._running:
            return None
        return self._lease()

    def _now(self) -> float:
        """The time by which leases run (unix seconds): the database's, so that all replicas mean the same."""
        return self._steady() + self._ahead

    def _lease(self) -> Lease:
        return Lease(self.owner, self._now() + self._pace.lease)

    async def start(self) -> None:
        """Take what earlier runs left, and go on until `drain`."""
        async with self._database.reading() as records:
            await self._set_clock(records)
        await self._sweep()
        self._running = [
            asyncio.create_task(_forever(self._sweep, self._next_sweep), name="delivery sweep"),
            asyncio.create_task(_forever(self._tend, self._next_tend), name="delivery tend"),
            asyncio.create_task(_forever(self._flush, self._next_flush), name="delivery marks"),
        ]

    def hand(self, posted: Iterable[Posted]) -> None:
        """Messages posted under our lease, now committed."""
        for one in posted:
            if self._closing or one.id in self._held:
                continue
            self._held.add(one.id)
            key = (one.channel, one.chat)
            chat = self._chats.setdefault(key, _Chat())
            heapq.heappush(chat.waiting, (one.id, one))
            if chat.task is None:
                chat.task = asyncio.create_task(self._run(key, chat), name=f"delivery {one.channel}")

    @property
    def busy(self) -> bool:
        """Whether replies are on their way just now."""
        return bool(self._chats)

    def poke(self) -> None:
        """Something waits in the outbox: look now."""
        self._poked.set()

    async def drain(self, timeout: float) -> bool:  # noqa: ASYNC109 — what is unsent then is kept, not cancelled
        """Stop taking, send what is in hand for up to `timeout` seconds, put the rest back. Whether all was sent."""
        self._closing = True
        await _cancelled(self._running[:2])
        tasks = [chat.task for chat in self._chats.values() if chat.task is not None]
        left: set[asyncio.Task[None]] = set()
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=timeout)
            await _cancelled(left)
        await _cancelled(self._running[2:])
        self._running.clear()
        await self._flush()
        async with self._database.transaction() as records:
            await records.connection.run(outbox.release, self.owner)
        self._chats.clear()
        self._held.clear()
        return not left

    async def _run(self, key: tuple[str, str], chat: _Chat) -> None:
        gate = self._gates[key[0]]
        while chat.waiting:
            pause: _Pause | None
            async with gate.passage():
                if not chat.waiting:
                    break
                _, posted = heapq.heappop(chat.waiting)
                try:
                    pause = await self._try(posted, chat, gate)
                except BaseException:
                    heapq.heappush(chat.waiting, (posted.id, posted))
                    raise
            if pause is not None:
                await (gate.rest(pause.seconds) if pause.early else asyncio.sleep(pause.seconds))
        del self._chats[key]

    async def _try(self, posted: Posted, chat: _Chat, gate: _Gate) -> _Pause | None:
        """Send one message; how long its chat has to rest, None to go on."""
        try:
            posted = await self._with_target(posted)
            message = await sending(self._senders[posted.channel].send(posted), posted, self._clock())
        except Later as later:
            heapq.heappush(chat.waiting, (posted.id, posted))
            if later.scope == "channel":
                gate.pause(later.seconds)
                return None
            return _Pause(later.seconds, early=False)
        except Unreachable:
            gate.failed(posted.chat)
            return self._again(posted, chat, "unreachable")
        except Uncertain:
            chat.doubts += 1
            return self._again(posted, chat, "uncertain", last=chat.doubts >= UNCERTAIN_TRIES)
        except Blocked:
            gate.succeeded(posted.chat)
            await self._block(posted, chat)
        except Refused as refused:
            gate.succeeded(posted.chat)
            self._mark(posted, "dropped", reason=f"refused: {refused.reason}")
        except Exception as error:  # noqa: BLE001 — one bad message must not stop its chat
            kind = type(error).__name__
            LOG.error("message %d on %s: %s", posted.id, posted.channel, kind)  # noqa: TRY400 — its text may quote people
            return self._again(posted, chat, type(error).__name__, last=posted.attempts + 1 >= FAULT_TRIES)
        else:
            gate.succeeded(posted.chat)
            self._mark(posted, "sent", message=message or posted.target_message)
        chat.failures = chat.doubts = 0
        return None

    def _again(self, posted: Posted, chat: _Chat, reason: str, *, last: bool = False) -> _Pause | None:
        attempts = posted.attempts + 1
        if last:
            chat.doubts = 0
            self._mark(posted, "dropped", reason=f"{reason}: {attempts} tries")
            return None
        tried = replace(posted, attempts=attempts)
        heapq.heappush(chat.waiting, (tried.id, tried))
        self._add(Mark(posted.id, "sending", attempts, self._clock(), reason=reason))
        chat.failures += 1
        return _Pause(self._pace.backoff(chat.failures), early=True)

    async def _with_target(self, posted: Posted) -> Posted:
        """An edited question's answer is sought only now: the one to be edited may have left a moment ago."""
        if posted.replaces != "answer" or posted.target_message is not None or posted.answers_message is None:
            return posted
        try:
            await self._flush()
            async with self._database.reading() as records:
                target = await records.sent_message_of(posted.channel, posted.chat, posted.answers_message)
        except RecordsError:
            return posted
        return replace(posted, target_message=target)

    async def _block(self, posted: Posted, chat: _Chat) -> None:
        now = self._clock()
        for one in (posted, *chat.drop()):
            self._mark(one, "dropped", reason="blocked")
        try:
            async with self._database.transaction() as records:
                await records.connection.run(outbox.block, posted.channel, posted.chat, "blocked", now)
        except RecordsError as error:
            LOG.warning("a chat of %s has blocked us, which could not be written: %s", posted.channel, error)
        self._database.unmeet()

    def _mark(
        self, posted: Posted, state: Literal["sent", "dropped"], message: str | None = None, reason: str | None = None
    ) -> None:
        self._add(Mark(posted.id, state, posted.attempts + 1, self._clock(), message, reason))

    def _add(self, mark: Mark) -> None:
        self._marks.append(mark)
        self._marks_due.set()
        if len(self._marks) >= self._pace.marks_most:
            self._marks_full.set()

    async def _flush(self) -> None:
        async with self._marking:
            marks, self._marks = self._marks, []
            self._marks_due.clear()
            self._marks_full.clear()
            if not marks:
                return
            try:
                async with self._database.transaction() as records:
                    await records.connection.run(outbox.mark, marks)
            except BaseException:
                self._marks = marks + self._marks
                self._marks_due.set()
                raise
            self._held.difference_update(mark.id for mark in marks if mark.state != "sending")

    async def _sweep(self) -> None:
        """Claim what waits, as much as there is room for."""
        self._poked.clear()
        while (room := self._pace.in_hand - len(self._held)) > 0 and self._senders:
            most = min(room, 500)
            async with self._database.transaction() as records:
                now, lease = self._now(), self._lease()
                claimed = await records.connection.run(outbox.claim, self._senders, lease, now, most)
            self.hand(claimed)
            if len(claimed) < most:
                return

    async def _tend(self) -> None:
        # Not beside `_flush`: each changes many of the same rows in an order of its own, which is a deadlock.
        async with self._marking, self._database.transaction() as records:
            await self._set_clock(records)
            before = self._clock() - STRAY_AFTER
            strays = await records.connection.run(outbox.tend, self._lease(), set(self._held), before)
        self.hand(strays)

    async def _set_clock(self, records: Records) -> None:
        if not self._given_clock:
            self._ahead = await records.connection.run(outbox.server_time) - time.monotonic()

    async def _next_sweep(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.sweep):
                await self._poked.wait()

    async def _next_tend(self) -> None:
        await asyncio.sleep(self._pace.tend)

    async def _next_flush(self) -> None:
        await self._marks_due.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.marks_after):
                await self._marks_full.wait()


@dataclass(frozen=True)
class _Pause:
    """How long a chat rests; `early`: less, when the channel comes back meanwhile."""

    seconds: float
    early: bool


async def _cancelled(tasks: Iterable[asyncio.Task[None]]) -> None:
    tasks = tuple(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _forever(work: Callable[[], Awaitable[None]], due: Callable[[], Awaitable[None]]) -> None:
    while True:
        await due()
        try:
            await work()
        except Exception as error:  # noqa: BLE001 — whatever it was, the next round tries again
            LOG.warning("delivery: %s failed: %s", getattr(work, "__name__", work), type(error).__name__)
            await asyncio.sleep(1.0)
