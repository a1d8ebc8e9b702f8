"""The sender of announcements. One process at a time has the seat; it claims a recipient, sends, writes down.

A row is `sending` from a commit just before the call to the commit of what became of it, which goes with the next
claim: a process that is killed leaves as many rows in doubt as calls were in flight. They are `unknown` from the next
taking of the seat on, and nobody writes to them again by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from bot.broadcast.meter import Meter
from bot.broadcast.tempo import Tempo
from bot.delivery import Blocked, Later, Refused, SendError, Uncertain, Unreachable
from handlers.reply import PART, Album, Part
from knowledge.workdays import TEHRAN
from records import ledger
from records.announcement_values import Announcement, Claimed, Claims, Outcome, RowState
from records.database import Database
from records.errors import RecordsError
from records.ledger import NotSeatedError, Sent, Watched
from records.outbox import Posted
from records.sole import Sole

LOG = logging.getLogger(__name__)

DOWN_AFTER = 3
"""Recipients failed at, with no success between, from which the messenger is taken to be the trouble, not they."""

LOOK_EVERY = 1.0
"""Seconds between looks at what is not sending; they cost a step to the database each."""

FORGET = 0.8
"""How much of other replicas' pace is still believed at the next look when it falls."""

AMENDED_AT_ONCE = 25
TOO_MANY_REFUSED = "پیام‌رسان متن یا فایل را پشت سر هم نپذیرفت."


class Carrier(Protocol):
    """Announcements in one messenger (bot.messenger.courier.Courier)."""

    channel: str

    async def send(self, posted: Posted) -> str | None:
        """Send; the messages' ids. Raises a SendError."""

    async def amend(self, chat: str, message: str, part: Part) -> bool:
        """Put a message right; False when it cannot be. Raises a SendError."""

    async def recall(self, chat: str, message: str, instead: Part) -> bool:
        """Take messages away; False when that failed. Raises a SendError."""


class Look(Protocol):
    """How announcements are shown (handlers.announcements.show)."""

    def part(self, announcement: Announcement) -> Part:
        """What people get."""

    def recalled(self) -> Part:
        """What stands where a message could not be taken away."""

    def progress(self, watched: Watched, rate: float) -> Part:
        """What the desk sees; `rate` in messages a second."""


class Broadcaster:
    """Sends what the desk has approved. `busy` tells whether live answers are on their way; `poke` has the outbox
    looked at; `clock` gives unix seconds, `sleep` waits."""

    def __init__(
        self,
        database: Database,
        carriers: Iterable[Carrier],
        look: Look,
        *,
        tempo: Tempo | None = None,
        meter: Meter | None = None,
        busy: Callable[[], bool] = lambda: False,
        poke: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.seated = False
        self._owner = ""
        self._database = database
        self._carriers = {carrier.channel: carrier for carrier in carriers}
        self._look = look
        self._tempo = tempo or Tempo()
        self._meter = meter or Meter(self._tempo.rate, self._tempo.per_chat, clock)
        self._busy = busy
        self._poke_outbox = poke
        self._clock = clock
        self._sleep = sleep
        self._places = asyncio.Semaphore(self._tempo.at_once)
        self._flying: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._writing = asyncio.Lock()
        self._parts: dict[tuple[int, int], tuple[str, int]] = {}
        self._failures: Counter[str] = Counter()
        self._failing: dict[str, set[str]] = {}
        self._refused: Counter[int] = Counter()
        self._turn = 0
        self._looks = 0.0
        self._amending = False
        self._poked = asyncio.Event()
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._rates: dict[int, tuple[float, int]] = {}
        self._heard: tuple[float, int] | None = None
        self._others = 0.0

    def start(self) -> None:
        """Take the seat as soon as it is free, and send until `stop`. Without a carrier there is nothing to do."""
        if self._carriers and self._running is None:
            self._running = asyncio.create_task(self._run(), name="broadcast")

    async def stop(self) -> None:
        """Begin nothing more, wait a little for what is in flight, write it down, leave the seat."""
        self._stopping.set()
        self._poked.set()
        if self._running is not None:
            await self._running

    def poke(self) -> None:
        """Something was approved, resumed, edited or recalled: look now."""
        self._poked.set()

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self._database.sole(ledger.SEAT_LOCK) as sole:
                    if sole is not None:
                        await self._reign(sole)
            except NotSeatedError:
                LOG.info("another process sends announcements now")
            except (RecordsError, SQLAlchemyError, OSError) as error:
                LOG.warning("announcements: %s", type(error).__name__)
            await self._rest(self._tempo.takeover)

    async def _reign(self, sole: Sole) -> None:
        # A new name each time: what was claimed in a transaction whose commit broke off is in doubt, too.
        self._owner = secrets.token_hex(8)
        async with self._database.transaction() as records:
            lost = await records.connection.run(ledger.take_seat, self._owner, self._clock())
        if lost:
            LOG.warning("%d announcements were in flight when their sender died; whether they arrived is unknown", lost)
        self.seated = True
        beside = [
            asyncio.create_task(self._beside(self._plan, self._tempo.idle), name="broadcast plan"),
            asyncio.create_task(self._beside(self._tell, self._tempo.progress), name="broadcast progress"),
            asyncio.create_task(self._beside(self._hear, self._tempo.idle), name="broadcast hearing"),
        ]
        try:
            while not self._stopping.is_set() and await self._looked(sole):
                if not self._amending and not await self._send_next():
                    await self._flush()
                    await self._finish()
                    await self._rest(self._tempo.idle)
        finally:
            self.seated = False
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await self._land()

    async def _looked(self, sole: Sole) -> bool:
        """Now and then: is the seat still ours, and is there something to amend? A round of amending, if so."""
        now = time.monotonic()
        if not self._amending and now < self._looks and not self._poked.is_set():
            return True
        self._looks = now + LOOK_EVERY
        self._poked.clear()
        if not await sole.held():
            return False
        self._amending = await self._amend()
        return True

    async def _beside(self, work: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            try:
                await work()
            except (RecordsError, SQLAlchemyError, OSError) as error:
                LOG.warning("announcements, beside the sending: %s", type(error).__name__)
            await self._sleep(pause)

    async def _rest(self, seconds: float) -> None:
        """Wait so long, or until poked."""
        self._poked.clear()
        if self._stopping.is_set():
            return
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._poked.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _land(self) -> None:
        """What is in flight comes down: whatever is still up after a while is in doubt."""
        if self._flying:
            _, late = await asyncio.wait(self._flying, timeout=self._tempo.drain)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with suppress(RecordsError, SQLAlchemyError, OSError):
            await self._flush()

    async def _send_next(self) -> bool:
        """Wait for a slot, claim, begin to send. False when nobody's turn it is."""
        channels = self._open_channels()
        if not channels:
            return False
        await self._places.acquire()
        try:
            await self._slot()
            claims = await self._claim(channels)
        except BaseException:
            self._places.release()
            raise
        if not claims.rows:
            self._places.release()
            return False
        for announcement in claims.announcements.values():
            self._prepare(announcement)
        for number, claimed in enumerate(claims.rows):
            if number:
                await self._places.acquire()
                await self._slot()
            announcement = claims.announcements[claimed.announcement]
            part, weight = self._parts[announcement.id, announcement.version]
            self._meter.take(weight)
            task = asyncio.create_task(self._send(claimed, part), name="broadcast send")
            self._flying.add(task)
            task.add_done_callback(self._landed)
        return True

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._places.release()

    def _open_channels(self) -> list[str]:
        """The channels that may be written to, another one first each time: none waits for the other's million."""
        names = sorted(self._carriers)
        self._turn += 1
        turned = names[self._turn % len(names) :] + names[: self._turn % len(names)]
        return [name for name in turned if not self._meter.opens_in(name)]

    async def _slot(self) -> None:
        """Wait until a message may leave: the messengers' pace, and live answers first."""
        patience = self._tempo.patience
        while (wait := self._meter.wait()) > 0 or (self._busy() and patience > 0):
            step = wait or min(0.01, patience)
            patience -= 0 if wait else step
            await self._sleep(step)

    async def _claim(self, channels: Sequence[str]) -> Claims:
        now = self._clock()
        hour = datetime.fromtimestamp(now, UTC).astimezone(TEHRAN).hour
        async with self._writing:
            outcomes = self._outcomes
            async with self._database.transaction() as records:
                await records.connection.run(ledger.hold_seat, self._owner)
                await records.connection.run(ledger.mark, outcomes)
                claims = await records.connection.run(ledger.claim, self._owner, now, hour, channels, self._tempo.claim)
            self._written(outcomes)
        return claims

    async def _flush(self) -> None:
        async with self._writing:
            outcomes = self._outcomes
            if outcomes:
                async with self._database.transaction() as records:
                    await records.connection.run(ledger.mark, outcomes)
                self._written(outcomes)

    def _written(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes = self._outcomes[len(outcomes) :]
        if any(one.state == "blocked" for one in outcomes):
            self._database.unmeet()

    def _prepare(self, announcement: Announcement) -> None:
        key = (announcement.id, announcement.version)
        if key not in self._parts:
            part = self._look.part(announcement)
            weight = len(part.file.files) + 1 if isinstance(part.file, Album) else 1
            self._parts = {**dict(list(self._parts.items())[-15:]), key: (PART.dump_json(part).decode(), weight)}

    async def _send(self, claimed: Claimed, part: str) -> None:
        chat = (claimed.channel, claimed.chat)
        try:
            while (wait := self._meter.chat_wait(chat)) > 0:
                await self._sleep(wait)
            self._meter.written(chat)
            outcome = await self._outcome(claimed, part)
        except asyncio.CancelledError:
            self._outcomes = [*self._outcomes, self._of(claimed, "unknown", reason="stopped")]
            raise
        self._outcomes = [*self._outcomes, outcome]

    async def _outcome(self, claimed: Claimed, part: str) -> Outcome:
        channel = claimed.channel
        posted = Posted(_id(claimed), channel, claimed.chat, 0, part, None, None, None, claimed.attempts, self._clock())
        try:
            message = await self._carriers[channel].send(posted)
        except SendError as error:
            return await self._failed(claimed, error)
        except Exception as error:  # noqa: BLE001 — one recipient must not stop the others
            kind = type(error).__name__
            LOG.error("announcement %d on %s: %s", claimed.announcement, channel, kind)  # noqa: TRY400 — may quote people
            return await self._refuse(claimed, "unknown", kind)
        self._worked(channel)
        self._refused[claimed.announcement] = 0
        return self._of(claimed, "sent", message=message)

    async def _failed(self, claimed: Claimed, error: SendError) -> Outcome:
        match error:
            case Later(seconds=seconds):
                self._meter.pause(claimed.channel, seconds)
                return self._of(claimed, "waiting")
            case Blocked():
                self._worked(claimed.channel)
                return self._of(claimed, "blocked")
            case Uncertain():
                return self._of(claimed, "unknown", reason="no answer in time")
            case Refused(reason=reason):
                return await self._refuse(claimed, "failed", f"refused: {reason}")
            case _:
                return self._again(claimed)

    def _of(
        self, claimed: Claimed, state: RowState, *, message: str | None = None, reason: str | None = None
    ) -> Outcome:
        return Outcome(claimed, state, self._clock(), message, reason, claimed.attempts)

    def _again(self, claimed: Claimed) -> Outcome:
        """The messenger has not taken it: leave it alone for a while. Tries count unless it fails at everybody."""
        channel = claimed.channel
        self._failures[channel] += 1
        failing = self._failing.setdefault(channel, set())
        failing.add(claimed.chat)
        down = len(failing) >= DOWN_AFTER
        now = self._clock()
        self._meter.pause(channel, self._tempo.backoff(self._failures[channel]))
        attempts = claimed.attempts + (not down)
        if attempts >= self._tempo.tries:
            self._worked(channel)
            return Outcome(claimed, "failed", now, None, "unreachable", attempts)
        # Others first: is it this recipient, or the messenger?
        later = now if down else now + self._tempo.backoff(attempts)
        return Outcome(claimed, "waiting", now, None, "unreachable", attempts, later)

    def _worked(self, channel: str) -> None:
        self._failures[channel] = 0
        self._failing.pop(channel, None)

    async def _refuse(self, claimed: Claimed, state: RowState, reason: str) -> Outcome:
        self._worked(claimed.channel)
        self._refused[claimed.announcement] += 1
        if self._refused[claimed.announcement] >= self._tempo.refusals:
            self._refused[claimed.announcement] = 0
            with suppress(RecordsError, SQLAlchemyError):
                async with self._database.transaction() as records:
                    await records.connection.run(ledger.pause, claimed.announcement, TOO_MANY_REFUSED)
        return self._of(claimed, state, reason=reason)

    async def _amend(self) -> bool:
        """Put right or take back the next few of what went out; False when there is nothing to amend."""
        async with self._database.reading() as records:
            found = await records.connection.run(ledger.amendable, AMENDED_AT_ONCE)
        if found is None:
            return False
        announcement, rows = found
        done: Sent | None = None
        count = 0
        for one in rows:
            if self._meter.opens_in(one.channel) or self._stopping.is_set():
                break
            if one.chat is not None and one.channel in self._carriers:
                await self._slot()
                self._meter.take()
                self._meter.written((one.channel, one.chat))
                changed = await self._amend_one(announcement, one, one.chat)
                if changed is None:
                    break
                count += changed
            done = one
        if done is not None or not rows:
            async with self._database.transaction() as records:
                await records.connection.run(ledger.amended, self._owner, announcement, done, count)
        else:
            await self._rest(max(0.05, self._meter.opens_in(rows[0].channel)))
        return True

    async def _amend_one(self, announcement: Announcement, one: Sent, chat: str) -> bool | None:
        """Whether it was changed; None when it has to be tried again. Doing it twice does no harm."""
        carrier = self._carriers[one.channel]
        try:
            if announcement.amend == "recall":
                return await carrier.recall(chat, one.message, self._look.recalled())
            return await carrier.amend(chat, one.message, self._look.part(announcement))
        except Later as later:
            self._meter.pause(one.channel, later.seconds)
        except (Unreachable, Uncertain):
            self._failures[one.channel] += 1
            self._meter.pause(one.channel, self._tempo.backoff(self._failures[one.channel]))
        except SendError:
            return False
        return None

    async def _plan(self) -> None:
        """Write the ledgers of what was approved. Between two batches live turns have the database to themselves."""
        async with self._database.reading() as records:
            numbers = await records.connection.run(ledger.unplanned)
        for number in numbers:
            done = False
            while not done:
                began = time.perf_counter()
                async with self._database.transaction() as records:
                    done = await records.connection.run(ledger.plan, number, self._tempo.plan)
                self._poked.set()
                await self._sleep(min(1.0, time.perf_counter() - began))

    async def _hear(self) -> None:
        """Take what other replicas answer out of the budget: all that is put into the outbox, less what leaves here."""
        now, lived = self._clock(), self._meter.lived
        since, before = self._heard or (now, lived)
        self._heard = (now, lived)
        if now <= since:
            return
        async with self._database.reading() as records:
            posted = await records.connection.run(ledger.answers_since, tuple(self._carriers), since, now)
        rate = max(0.0, (posted - (lived - before)) / (now - since))
        # At once up, gradually down: answers come unevenly, and the messengers count each second.
        self._others = max(rate, self._others * FORGET)
        self._meter.elsewhere(self._others)

    async def _finish(self) -> None:
        if self._flying:
            return
        async with self._database.transaction() as records:
            done = await records.connection.run(ledger.finish, self._clock())
        if done:
            await self._tell()

    async def _tell(self) -> None:
        """Edit the progress messages of the desk where something has changed."""
        async with self._database.reading() as records:
            watched = await records.connection.run(ledger.watched)
        told = False
        for one in watched:
            told = await self._tell_one(one) or told
        if told:
            self._poke_outbox()

    async def _tell_one(self, one: Watched) -> bool:
        announcement, tally = one.announcement, one.tally
        over = announcement.state in {"done", "stopped", "recalled", "dropped"} and announcement.amend is None
        shown = f"{announcement.state}/{announcement.amend or ''}/{tally.left}/{tally.sent}/{tally.amended}"
        if shown == one.shown and not over:
            return False
        part = PART.dump_json(self._look.progress(one, self._rate(announcement.id, tally.sent))).decode()
        async with self._database.transaction() as records:
            await records.connection.run(ledger.show, one, part, shown, self._clock(), last=over)
        return True

    def _rate(self, number: int, sent: int) -> float:
        """Messages a second since the last look."""
        now = self._clock()
        before = self._rates.get(number)
        self._rates = {**dict(list(self._rates.items())[-15:]), number: (now, sent)}
        if before is None or now <= before[0]:
            return 0.0
        return max(0.0, (sent - before[1]) / (now - before[0]))


def _id(claimed: Claimed) -> int:
    """A number for the sender to know a recipient's message by, should it have to go on with it."""
    key = f"{claimed.announcement}/{claimed.channel}/{claimed.person}".encode()
    return int.from_bytes(blake2b(key, digest_size=7).digest())
