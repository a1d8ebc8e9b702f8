"""`khedmatyar bench broadcast --simulate`: an announcement to many, with the real ledger and a clock that is not waited
for. Told: how the ledger is written, what a message costs, memory, the database's size, the time at the real pace.
`--live` is another bench (bot.cli.bench_live)."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, insert, make_url, text

from bot.broadcast import Broadcaster, Tempo
from handlers.reply import Part, say
from knowledge.errors import KhedmatyarError
from records import ledger
from records.announcement_tables import subscribers
from records.announcement_values import Announcement, Body
from records.announcements import Announcements
from records.database import Database
from records.ledger import Watched
from records.outbox import Posted
from records.staff import Staff
from records.tables import people

SEEDED_AT_ONCE = 10_000
CLAIMED_AT_ONCE = 50
"""Rows of one claim here; the real sender claims one, and waits 40 ms between two."""

NOON = 1_795_336_200.0
LONG = 0.5


class SimulationError(KhedmatyarError):
    """The simulation cannot be run as it was asked for."""


@dataclass(frozen=True)
class Simulated:
    """What came out. Times in seconds, sizes in MB. `longest_batch`: the longest transaction that wrote the ledger."""

    database: str
    recipients: int
    seed_seconds: float
    plan_seconds: float
    plan_batches: int
    longest_batch: float
    send_seconds: float
    cpu_ms_per_message: float
    simulated_hours: float
    rate: float
    size_before_mb: float
    size_planned_mb: float
    size_after_mb: float
    rss_before_mb: float
    rss_early_mb: float
    rss_after_mb: float
    sent: int
    left: int


class SimulatedClock:
    """The waits between two messages move it at once; longer waits wait for that, or for nothing to move any more."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait in simulated time."""
        until = self.now + seconds
        if seconds < LONG:
            self.now = until
            await asyncio.sleep(0)
            return
        while self.now < until:
            before = self.now
            await asyncio.sleep(0.05)
            if self.now == before:
                self.now = until


class _Nowhere:
    channel = "telegram"

    def __init__(self, recipients: int) -> None:
        self.sent = 0
        self.rss_early = 0.0
        self._early = max(1, recipients // 10)

    async def send(self, _posted: Posted) -> str | None:
        await asyncio.sleep(0)
        self.sent += 1
        if self.sent == self._early:
            self.rss_early = _rss()
        return str(self.sent)

    async def amend(self, _chat: str, _message: str, _part: Part) -> bool:
        await asyncio.sleep(0)
        return True

    async def recall(self, _chat: str, _message: str, _instead: Part) -> bool:
        await asyncio.sleep(0)
        return True


class _Bare:
    def part(self, announcement: Announcement) -> Part:
        return Part((say(announcement.body.text),))

    def recalled(self) -> Part:
        return Part((say("-"),))

    def progress(self, watched: Watched, rate: float) -> Part:
        return Part((say(f"{watched.tally.sent} {rate}"),))


def broadcast_command(  # noqa: PLR0917 — typer reads the options from the arguments
    simulate: Annotated[
        bool,
        typer.Option("--simulate", help="Send to nobody, on a clock that is not waited for; nothing else is done."),
    ] = False,
    live: Annotated[
        bool,
        typer.Option("--live", help="Two replicas on PostgreSQL, live chats, a stand-in; the sending one is killed."),
    ] = False,
    recipients: Annotated[int, typer.Option(min=100, help="Subscribers of the announcement.")] = 100_000,
    database: Annotated[
        str | None,
        typer.Option(help="An empty PostgreSQL database (postgresql://…); by default a temporary SQLite file."),
    ] = None,
    rate: Annotated[float, typer.Option(min=1, help="Messages a second of the simulated messenger.")] = 25.0,
    live_rate: Annotated[float, typer.Option(min=0.5, help="With --live: live turns a second.")] = 8.0,
    seconds: Annotated[float, typer.Option(min=5, help="With --live: seconds measured before it goes out.")] = 60.0,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """An announcement to many recipients, simulated (ledger, memory, database, time) or live over a stand-in."""
    if simulate == live:
        raise SimulationError("یکی از --simulate و --live را بدهید. این فرمان به هیچ‌کس پیام نمی‌فرستد.")
    if live:
        from bot.cli.bench_live import measured_live  # noqa: PLC0415 — only this one loads the stand-in

        _told("an announcement beside live answers", asdict(measured_live(recipients, live_rate, seconds)), json_out)
        return
    with ExitStack() as stack:
        if database is None:
            folder = stack.enter_context(TemporaryDirectory(prefix="khedmatyar-bench-"))
            database = f"sqlite:///{Path(folder) / 'broadcast.sqlite'}"
        found = asyncio.run(_simulated(database, recipients, rate))
    _told("a simulated announcement", asdict(found), json_out)


def _told(title: str, found: dict[str, Any], json_out: bool) -> None:
    if json_out:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}
        typer.echo(json.dumps({"machine": machine, **found}, ensure_ascii=False))
        return
    table = Table(title=title)
    table.add_column("")
    table.add_column("measured", justify="right")
    for name, value in found.items():
        table.add_row(name.replace("_", " "), _shown(value))
    Console(highlight=False).print(table)


def _shown(value: float | str | dict[str, float]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return ", ".join(f"{name} {one:,.0f}" for name, one in value.items())
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


async def _simulated(url: str, recipients: int, rate: float) -> Simulated:
    database = Database.open(url)
    try:
        await database.prepare()
        await _refuse_used(database)
        began = time.perf_counter()
        for numbers in _batches(recipients):
            async with database.transaction() as records:
                await records.connection.run(_seed, numbers)
        seeded = time.perf_counter() - began
        before, rss_before = await _size(database, url), _rss()
        number, batches = await _planned(database)
        planned = await _size(database, url)
        carrier = _Nowhere(recipients)
        clock = SimulatedClock()
        tempo = Tempo(rate=rate, claim=CLAIMED_AT_ONCE, at_once=CLAIMED_AT_ONCE)
        sender = Broadcaster(database, [carrier], _Bare(), tempo=tempo, clock=clock, sleep=clock.sleep)
        began, cpu = time.perf_counter(), time.process_time()
        sender.start()
        while not await _done(database, number):  # noqa: ASYNC110 — another task sends
            await asyncio.sleep(0.25)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        await sender.stop()
        async with database.reading() as records:
            tally = await Announcements(records.connection).tally(number)
        return Simulated(
            database=make_url(url).get_backend_name(),
            recipients=recipients,
            seed_seconds=seeded,
            plan_seconds=sum(batches),
            plan_batches=len(batches),
            longest_batch=max(batches),
            send_seconds=took,
            cpu_ms_per_message=1000 * cpu / recipients,
            simulated_hours=(clock.now - NOON) / 3600,
            rate=rate,
            size_before_mb=before,
            size_planned_mb=planned,
            size_after_mb=await _size(database, url),
            rss_before_mb=rss_before,
            rss_early_mb=carrier.rss_early,
            rss_after_mb=_rss(),
            sent=tally.sent,
            left=tally.left,
        )
    finally:
        await database.close()


async def _refuse_used(database: Database) -> None:
    async with database.reading() as records:
        used = await records.connection.execute(text("SELECT 1 FROM people LIMIT 1"))
    if used:
        raise SimulationError("این پایگاه داده خالی نیست؛ شبیه‌سازی یک پایگاه داده‌ی خالی می‌خواهد.")


async def _planned(database: Database) -> tuple[int, list[float]]:
    """The announcement, approved, and the seconds of each transaction that wrote its ledger."""
    at = datetime.fromtimestamp(NOON, UTC)
    async with database.transaction() as records:
        author = await Staff(records.connection).put("telegram", "1", "admin", at=at)
        store = Announcements(records.connection)
        draft = await store.create(author.id, at)
        draft = await store.change(draft, body=Body("آب شهر از ساعت ۱۰ تا ۱۴ فردا قطع است. " * 5))
        approved = await store.approve(draft, author.id, at)
    took: list[float] = []
    done = False
    while not done:
        began = time.perf_counter()
        async with database.transaction() as records:
            done = await records.connection.run(ledger.plan, approved.id, Tempo().plan)
        took.append(time.perf_counter() - began)
    return approved.id, took


async def _done(database: Database, number: int) -> bool:
    async with database.reading() as records:
        found = await Announcements(records.connection).get(number)
    return found is not None and found.state == "done"


def _batches(recipients: int) -> Iterator[range]:
    for start in range(0, recipients, SEEDED_AT_ONCE):
        yield range(start, min(recipients, start + SEEDED_AT_ONCE))


def _seed(connection: Connection, numbers: range) -> None:
    ids = [str(1_000_000_000 + number) for number in numbers]
    whole = {"channel": "telegram", "first_at": NOON, "last_at": NOON, "blocked_at": None}
    connection.execute(insert(people), [{**whole, "person": one, "chat": one} for one in ids])
    wants = {"channel": "telegram", "wants": "all", "urgent_only": False, "quiet": 0, "county": "", "at": NOON}
    connection.execute(insert(subscribers), [{**wants, "person": one} for one in ids])


async def _size(database: Database, url: str) -> float:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        files = (Path(parsed.database), Path(f"{parsed.database}-wal"))
        return sum(file.stat().st_size for file in files if file.exists()) / 1e6
    async with database.reading() as records:
        rows = await records.connection.execute(text("SELECT pg_database_size(current_database())"))
    return float(rows[0][0]) / 1e6


def _rss() -> float:
    """Resident memory in MB; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    lines = (line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS"))
    return int(next(lines).split()[1]) / 1024
