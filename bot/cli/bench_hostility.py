"""The whole service, from the intake on, under updates that no honest client sends, on a stand-in that checks it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select, text

from bot.channels import intake_of, messengers, senders_of
from bot.logs import frames
from bot.messenger.api import connect
from bot.messenger.intake import Intake
from bot.metrics import METRICS, UPDATES
from bot.service import Service, opened
from bot.settings import Settings
from bot.standin import StandIn
from bot.standin.hostile import GROUP, PEOPLE, STAFF, Json
from bot.standin.world import Query
from knowledge.finder.finder import Finder
from records.staff import Role, Staff
from records.tables import UNSENT, outbox

ABREAST = 16
"""Updates that are handled side by side, as polling does."""

FORGED = "never was in chat"

SETTLED = 60.0
"""Seconds until the outbox must be empty after the last update."""


@dataclass
class Suffered:
    """What came of it. `raised`: updates whose handling raised, by kind and place; `errors`: what was logged at
    ERROR; `violations`: calls that break the Bot API's rules; `unsent`: messages still in the outbox; `kinds`: updates
    by how they were read; `failed`: turns whose handler failed (the citizen got an apology)."""

    updates: int = 0
    seconds: float = 0.0
    raised: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    unsent: int = 0
    failed: int = 0
    examples: list[Json] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.raised or self.errors or self.violations or self.unsent or self.failed)


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(f"{record.name}: {record.getMessage()}")


@dataclass(frozen=True)
class Ring:
    """A service to be attacked and the stand-in it talks to."""

    api: StandIn
    service: Service
    intake: Intake


@asynccontextmanager
async def ring(finder: Finder, folder: Path, platform: str = "telegram") -> AsyncIterator[Ring]:
    """The service with one messenger and some staff; updates are handed to `intake`, replies go to the stand-in."""
    async with StandIn(platform="bale" if platform == "bale" else "telegram", record=False) as api:
        for person in PEOPLE:
            api.user(person)
        api.group(GROUP)
        values: Json = {
            f"{platform}_token": api.token,
            f"{platform}_api_url": api.url,
            "web_port": 0,
            "messages_per_minute": 0,
            "database_url": f"sqlite:///{folder / 'hostile.sqlite'}",
            "admins": (f"{platform}:{STAFF[0]}",),
        }
        settings = Settings(_env_file=None, **values)
        some = messengers(settings)
        try:
            senders, couriers = senders_of(some)
            async with opened(settings, finder, senders, couriers) as service:
                await connect(some[0].bot, some[0].dialect)
                intake = intake_of(service, some[0])
                await _staffed(service, platform)
                yield Ring(api, service, intake)
                await intake.close()
        finally:
            for one in some:
                await one.bot.shutdown()


async def _staffed(service: Service, platform: str) -> None:
    async with service.database.transaction() as records:
        staff = Staff(records.connection)
        roles: tuple[Role, ...] = ("officer", "editor")
        for person, role in zip(STAFF[1:], roles, strict=True):
            await staff.put(platform, str(person), role, at=datetime.now(UTC))


async def suffer(on: Ring, updates: Iterable[Json]) -> Suffered:
    """Hand over updates and wait until all they led to has been sent."""
    result = Suffered()
    errors = _Errors()
    channel = on.intake.dialect.channel
    before = {kind: METRICS.updates.value(channel, kind) for kind in UPDATES}
    failed = METRICS.turns.value(channel, "failed")
    already, calls = len(on.api.violations), sum(on.api.counts.values())
    gate = asyncio.Semaphore(ABREAST)
    root = logging.getLogger()
    root.addHandler(errors)
    started = time.perf_counter()

    async def one(raw: Json) -> None:
        try:
            _expect(on.api, raw)
            # As it would come: through JSON, and a copy, for reading changes it.
            await on.intake.handle(json.loads(json.dumps(raw)))
        except Exception as error:  # noqa: BLE001 — that is what is counted here
            where = f"{type(error).__name__} {' < '.join(frames(error.__traceback__)[:-5:-1])}"
            result.raised[where] = result.raised.get(where, 0) + 1
            if len(result.examples) < 20:
                result.examples.append(raw)
        finally:
            gate.release()

    running: set[asyncio.Task[None]] = set()
    try:
        for raw in updates:
            await gate.acquire()
            result.updates += 1
            task = asyncio.create_task(one(raw))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        await on.intake.close()
        result.unsent = await _settled(on.service)
    finally:
        root.removeHandler(errors)
    result.seconds = time.perf_counter() - started
    result.errors = errors.told
    result.violations = [
        f"{one.method}: {one.field}: {one.reason}"
        for one in on.api.violations[already:]
        # A forged update names a message that never was: to try an edit of it, or to answer it, is what is right.
        if FORGED not in one.reason
    ]
    result.kinds = {kind: int(METRICS.updates.value(channel, kind) - was) for kind, was in before.items()}
    result.failed = int(METRICS.turns.value(channel, "failed") - failed)
    result.calls = sum(on.api.counts.values()) - calls
    return result


def _expect(api: StandIn, raw: Json) -> None:
    """Queries are made known to the stand-in, so that it takes an answer to them."""
    for kind, known in (("callback_query", api.world.callbacks), ("inline_query", api.world.inline_queries)):
        query = raw.get(kind)
        if isinstance(query, dict) and isinstance(name := query.get("id"), str):
            known[name] = Query(name, query, time.monotonic())


async def _settled(service: Service) -> int:
    """Wait until the outbox is empty; how many messages are left in it after a minute."""
    until = time.monotonic() + SETTLED
    while True:
        async with service.database.reading() as records:
            rows = await records.connection.execute(select(func.count()).select_from(outbox).where(text(UNSENT)))
        left = int(rows[0][0])
        if not left or time.monotonic() > until:
            return left
        await asyncio.sleep(0.05)
