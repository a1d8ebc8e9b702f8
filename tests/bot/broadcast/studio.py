"""What the tests of sending share: subscribers, an approved announcement, a carrier that can fail, a clock."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from bot.broadcast import Broadcaster, Meter, Tempo
from handlers.reply import PART, Part, plain_text, say
from records import ledger
from records.announcement_tables import ledger as rows_of_ledger
from records.announcement_tables import subscribers
from records.announcement_values import Announcement, Audience, Body, Kind, State, Tally
from records.announcements import Announcements
from records.database import Database
from records.ledger import Watched
from records.outbox import Posted
from records.staff import Staff
from records.tables import people

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
"""Twelve o'clock in Tehran."""

NIGHT = datetime(2026, 11, 22, 19, 30, tzinfo=UTC)
"""Eleven in the evening there."""


class Clock:
    """Time that goes on only where somebody waits for it: the one who waits for the least moves it."""

    def __init__(self, at: datetime = NOON) -> None:
        self.now = at.timestamp()
        self._waiting: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        self._waiting.append(until)
        try:
            while self.now < until:
                # Real time for what is no waiting: the database, the network.
                await asyncio.sleep(0.0005)
                if min(self._waiting) == until:
                    self.now = max(self.now, until)
        finally:
            self._waiting.remove(until)


Result = Exception | None


@dataclass
class Carried:
    at: float
    chat: str
    text: str


@dataclass
class FakeCarrier:
    """Records what it carries; `outcomes` of a chat, in order, come before success."""

    clock: Callable[[], float]
    channel: str = "telegram"
    sent: list[Carried] = field(default_factory=list)
    tried: list[Carried] = field(default_factory=list)
    amended: dict[str, str] = field(default_factory=dict)
    recalled: list[str] = field(default_factory=list)
    outcomes: defaultdict[str, deque[Result]] = field(default_factory=lambda: defaultdict(deque))
    always: dict[str, Exception] = field(default_factory=dict)
    before: Callable[[str], None] = lambda chat: None
    gate: asyncio.Event | None = None

    async def send(self, posted: Posted) -> str | None:
        text = plain_text(PART.validate_json(posted.part).blocks)
        self.before(posted.chat)
        self.tried.append(Carried(self.clock(), posted.chat, text))
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        if (error := self.always.get(posted.chat)) is not None:
            raise error
        outcome = self.outcomes[posted.chat].popleft() if self.outcomes[posted.chat] else None
        if outcome is not None:
            raise outcome
        self.sent.append(Carried(self.clock(), posted.chat, text))
        return f"m{posted.chat}"

    async def amend(self, chat: str, message: str, part: Part) -> bool:
        assert message == f"m{chat}"
        await asyncio.sleep(0)
        self.amended[chat] = plain_text(part.blocks)
        return True

    async def recall(self, chat: str, message: str, instead: Part) -> bool:
        assert message == f"m{chat}"
        await asyncio.sleep(0)
        self.recalled.append(chat)
        return bool(instead.blocks)

    def chats(self) -> list[str]:
        return [one.chat for one in self.sent]


class PlainLook:
    """Shows the bare text."""

    def part(self, announcement: Announcement) -> Part:
        return Part((say(announcement.body.text),))

    def recalled(self) -> Part:
        return Part((say("gone"),))

    def progress(self, watched: Watched, rate: float) -> Part:
        return Part((say(f"{watched.announcement.state} {watched.tally.sent} {rate:.0f}"),))


def people_of(connection: Connection, channel: str, numbers: Iterable[int], quiet: int, wants: str) -> None:
    at = NOON.timestamp()
    rows = [str(number) for number in numbers]
    connection.execute(
        insert(people),
        [
            {"channel": channel, "person": one, "chat": one, "first_at": at, "last_at": at, "blocked_at": None}
            for one in rows
        ],
    )
    connection.execute(
        insert(subscribers),
        [
            {
                "channel": channel,
                "person": one,
                "wants": wants,
                "urgent_only": False,
                "quiet": quiet,
                "county": "",
                "at": at,
            }
            for one in rows
        ],
    )


@dataclass
class Studio:
    """A database with subscribers, and broadcasters on it."""

    database: Database
    clock: Clock

    async def subscribe(
        self, numbers: Iterable[int], *, channel: str = "telegram", quiet: int = 2208, wants: str = "all"
    ) -> None:
        async with self.database.transaction() as records:
            await records.connection.run(people_of, channel, numbers, quiet, wants)

    async def announce(
        self,
        text: str = "آب قطع است",
        *,
        kind: Kind = "normal",
        audience: Audience | None = None,
        due_at: datetime | None = None,
        plan: bool = True,
    ) -> int:
        at = datetime.fromtimestamp(self.clock.now, UTC)
        async with self.database.transaction() as records:
            staff = Staff(records.connection)
            author = await staff.find("telegram", "900") or await staff.put("telegram", "900", "admin", at=at)
            store = Announcements(records.connection)
            made = await store.create(author.id, at)
            made = await store.change(made, body=Body(text), kind=kind, audience=audience, due_at=due_at)
            await store.approve(made, author.id, at)
            if plan:
                assert await records.connection.run(ledger.plan, made.id, 100_000)
        return made.id

    async def get(self, number: int) -> Announcement:
        async with self.database.reading() as records:
            found = await Announcements(records.connection).get(number)
        assert found is not None
        return found

    async def move(self, number: int, to: State) -> None:
        async with self.database.transaction() as records:
            store = Announcements(records.connection)
            found = await store.get(number)
            assert found is not None
            await store.move(found, to, at=datetime.fromtimestamp(self.clock.now, UTC))

    async def tally(self, number: int) -> Tally:
        """The tally, which must be what the ledger's rows say."""
        async with self.database.reading() as records:
            store = Announcements(records.connection)
            tally, counted = await store.tally(number), await store.counted(number)
        assert tally.total == sum(counted.values())
        assert tally.left == counted.get("waiting", 0) + counted.get("sending", 0)
        for name in ("sent", "unknown", "blocked", "failed", "withdrawn"):
            assert getattr(tally, name) == counted.get(name, 0), name
        return tally

    async def states(self, number: int) -> dict[str, str]:
        async with self.database.reading() as records:
            rows = await records.connection.execute(
                select(rows_of_ledger.c.person, rows_of_ledger.c.state).where(rows_of_ledger.c.announcement == number)
            )
        return {row.person: row.state for row in rows}

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(120):
            while not reached():  # noqa: ASYNC110 — what is waited for happens elsewhere
                await asyncio.sleep(0.002)

    async def until_state(self, number: int, *states: State) -> Announcement:
        async with asyncio.timeout(120):
            while True:
                found = await self.get(number)
                if found.state in states and found.amend is None:
                    return found
                await asyncio.sleep(0.005)

    @asynccontextmanager
    async def sending(
        self, *carriers: FakeCarrier, tempo: Tempo | None = None, meter: Meter | None = None
    ) -> AsyncIterator[Broadcaster]:
        made = Broadcaster(
            self.database,
            carriers,
            PlainLook(),
            tempo=tempo or Tempo(plan=50),
            meter=meter,
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        made.start()
        try:
            yield made
        finally:
            await made.stop()
