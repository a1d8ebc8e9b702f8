"""`khedmatyar bench broadcast --live`: two replicas of the real program on PostgreSQL answer live chats while an
announcement goes out over the stand-in; then the replica that sends is killed.

Measured at the stand-in: live answers before and during the announcement, messages in any second (a window that slides,
over all chats and to one), and how long nothing was announced after the kill. The ledger is asked whether it adds up.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, insert

from bot.cli.bench_conversation import BenchError
from bot.cli.bench_live_messenger import FIRST_RECIPIENT
from bot.cli.bench_load import TOKEN, WARM_UP, Messenger, script
from bot.cli.bench_proxy import RoundRobin
from bot.cli.bench_replicas import Replica, environment_of, free_port, own_database, point_hook, rows, started
from bot.cli.finder import ready_finder
from bot.standin.load import LoadPlan, percentiles
from records import ledger
from records.announcement_tables import subscribers
from records.announcement_values import Body
from records.announcements import Announcements
from records.database import Database
from records.staff import Staff
from records.tables import people

DONE_WITHIN = 3600.0
IN_FLIGHT = 0.5
"""Seconds after the kill in which calls of the killed process may still come to be read."""

_HOLDER = f"""
SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND objid = {ledger.SEAT_LOCK} AND granted AND datname = current_database()
"""  # noqa: S608 — a number of our own

Message = Sequence[float]
"""When (unix seconds) and to which chat."""


@dataclass(frozen=True)
class Live:
    """What came out. Milliseconds of live answers without the announcement, with it, and after the kill; most messages
    in any second overall, of the announcement alone, and to one recipient of it; seconds from the kill to the next
    announced message. `unknown`: recipients in doubt; `twice`: those who got it more than once; `missing`: those marked
    sent who did not get it."""

    recipients: int
    live_rate: float
    without_ms: dict[str, float]
    with_ms: dict[str, float]
    after_kill_ms: dict[str, float]
    most_in_a_second: int
    most_announced_in_a_second: int
    most_to_one_recipient: int
    announced_a_second: float
    takeover_seconds: float
    sent: int
    unknown: int
    left: int
    twice: int
    missing: int


class LiveMessenger(Messenger):
    """The stand-in's process."""

    def __init__(self, plan: LoadPlan, recipients: int) -> None:
        super().__init__(plan, 0.0)
        self._command = (
            *(sys.executable, "-m", "bot.cli.bench_live_messenger"),
            *("--load", str(plan), "--recipients", str(recipients)),
        )


def measured_live(recipients: int, rate: float, seconds: float) -> Live:
    """One run: `seconds` without the announcement, then it goes out to so many, and at half of them comes the kill.
    `rate`: live turns a second."""
    with TemporaryDirectory(prefix="khedmatyar-bench-") as name:
        lines = Path(name) / "script.jsonl"
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in script(ready_finder().catalogue))
        lines.write_text(text, encoding="utf-8")
        plan = LoadPlan(rate=rate, chats=max(200, int(rate * 30)), seconds=DONE_WITHIN, warmup=WARM_UP,
                        patience=60.0, start=180.0, script=str(lines))  # fmt: skip
        return asyncio.run(_run(recipients, plan, seconds, Path(name)))


async def _run(recipients: int, plan: LoadPlan, seconds: float, folder: Path) -> Live:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(own_database())
        messenger = await stack.enter_async_context(LiveMessenger(plan, recipients))
        ports = [free_port(), free_port()]
        proxy = await stack.enter_async_context(RoundRobin(ports))
        environment = environment_of(messenger.url, TOKEN, proxy.url, url)
        replicas = [Replica(port, environment, folder / f"{port}.log") for port in ports]
        await stack.enter_async_context(started(replicas))
        database = Database.open(url)
        stack.push_async_callback(database.close)
        for start in range(0, recipients, 5000):
            async with database.transaction() as records:
                await records.connection.run(_subscribe, range(start, min(recipients, start + 5000)))
        await point_hook(messenger.url, TOKEN, proxy.url)
        await messenger.begun()
        await asyncio.sleep(plan.warmup)
        calm = time.time()
        await asyncio.sleep(seconds)
        approved = time.time()
        number = await _approved(database)
        await _until_sent(database, number, recipients // 2)
        [[before]] = await rows(url, _HOLDER)
        # The first to start has taken the seat; whether it had is seen when the lock has gone with it.
        killed = time.time()
        await replicas[0].kill()
        await _until_sent(database, number, recipients)
        ended = time.time()
        if [(before,)] == await rows(url, _HOLDER):
            raise BenchError("the killed replica was not the one that sends")
        async with database.reading() as records:
            tally = await Announcements(records.connection).tally(number)
            rows_sent = await rows(url, "SELECT person FROM announcement_ledger WHERE state = 'sent'")
        report = await messenger.report()
    announced = [one for one in report["messages"] if one[1] >= FIRST_RECIPIENT]
    got = Counter(int(chat) for _, chat in announced)
    next_one = min((at for at, _ in announced if at > killed + IN_FLIGHT), default=float("inf"))
    first = min(at for at, _ in announced)
    return Live(
        recipients=recipients,
        live_rate=plan.rate or 0.0,
        without_ms=_between(report["answers"], calm, approved),
        with_ms=_between(report["answers"], first, killed),
        after_kill_ms=_between(report["answers"], killed, ended),
        most_in_a_second=most_in(at for at, _ in report["messages"] if at >= calm),
        most_announced_in_a_second=most_in(at for at, _ in announced),
        most_to_one_recipient=most_to_one(announced),
        announced_a_second=round(sum(at < killed for at, _ in announced) / (killed - first), 2),
        takeover_seconds=round(next_one - killed, 2),
        sent=tally.sent,
        unknown=tally.unknown,
        left=tally.left,
        twice=sum(count > 1 for count in got.values()),
        missing=sum(not got[int(person)] for (person,) in rows_sent),
    )


def most_in(times: Iterable[float], span: float = 1.0) -> int:
    """Most moments within any `span` seconds."""
    most, window = 0, deque[float]()
    for at in sorted(times):
        window.append(at)
        while window[0] <= at - span:
            window.popleft()
        most = max(most, len(window))
    return most


def most_to_one(messages: Iterable[Message]) -> int:
    """Most messages to one chat within any second."""
    by_chat: defaultdict[float, list[float]] = defaultdict(list)
    for at, chat in messages:
        by_chat[chat].append(at)
    return max((most_in(times) for times in by_chat.values()), default=0)


def _between(answers: Iterable[Message], start: float, end: float) -> dict[str, float]:
    found: dict[str, Any] = percentiles([took for at, took in answers if start <= at < end])
    return {name: found[name] for name in ("p50", "p95", "p99", "max") if name in found}


def _subscribe(connection: Connection, numbers: range) -> None:
    now = time.time()
    ids = [str(FIRST_RECIPIENT + number) for number in numbers]
    person = {"channel": "telegram", "first_at": now, "last_at": now, "blocked_at": None}
    connection.execute(insert(people), [{**person, "person": one, "chat": one} for one in ids])
    wants = {"channel": "telegram", "wants": "all", "urgent_only": False, "quiet": 0, "county": "", "at": now}
    connection.execute(insert(subscribers), [{**wants, "person": one} for one in ids])


async def _approved(database: Database) -> int:
    at = datetime.now(UTC)
    async with database.transaction() as records:
        author = await Staff(records.connection).put("telegram", "1", "admin", at=at)
        store = Announcements(records.connection)
        draft = await store.change(await store.create(author.id, at), body=Body("آب شهر فردا ۱۰ تا ۱۴ قطع است."))
        approved = await store.approve(draft, author.id, at)
        await records.connection.run(ledger.plan, approved.id, 5000)
    return approved.id


async def _until_sent(database: Database, number: int, most: int) -> None:
    """Wait until so many are done with."""
    async with asyncio.timeout(DONE_WITHIN):
        while True:
            async with database.reading() as records:
                tally = await Announcements(records.connection).tally(number)
            if tally.total - tally.left >= most:
                return
            await asyncio.sleep(0.5)
