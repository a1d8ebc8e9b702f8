"""What an operator watches, counted on both databases; and the switch that every process sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from records.complaint_tables import complaints
from records.database import Database
from records.gauges import gauges
from records.outbox import Draft, Lease
from records.switches import Pause, read_pause, set_pause
from tests.records.backends import BACKENDS, fresh_database

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = date(2026, 11, 22)


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


def _complain(connection: Connection, number: int, state: str, look_by: date, answer_by: date) -> None:
    row = {
        "code": f"c{number}", "draft": f"d{number}", "body": "", "story": "", "named": False, "state": state,
        "state_at": 0.0, "at": 0.0, "look_by": look_by, "answer_by": answer_by, "reopened": 0,
    }  # fmt: skip
    connection.execute(insert(complaints), row)


async def test_an_empty_database(database: Database) -> None:
    async with database.reading() as records:
        seen = await records.connection.run(gauges, AT.timestamp(), TODAY)
    assert seen.outbox == {}
    assert seen.oldest == 0
    assert seen.late == {"look": 0, "answer": 0}
    assert seen.recipients["total"] == 0
    assert not seen.paused
    assert (seen.locks is None) == database.lone


async def test_what_waits_is_counted(database: Database) -> None:
    late, soon = TODAY - timedelta(days=1), TODAY + timedelta(days=3)
    now = AT.timestamp()
    async with database.transaction() as records:
        await records.post("telegram", "1", Draft("{}"), at=AT - timedelta(seconds=90))
        await records.post("telegram", "2", Draft("{}", not_before=now + 60), at=AT - timedelta(hours=1))
        await records.post("telegram", "3", Draft("{}"), at=AT, lease=Lease("me", now + 60))
        for number, (state, look, answer) in enumerate(
            [("new", late, soon), ("new", soon, soon), ("taken", late, late), ("closed", late, late)]
        ):
            await records.connection.run(_complain, number, state, look, answer)
        for hours in (1, 23, 25):
            await records.miss("web", "declined", "؟", decision="decline", at=AT - timedelta(hours=hours))
    async with database.reading() as records:
        seen = await records.connection.run(gauges, now, TODAY)
    assert seen.outbox == {"waiting": 2, "sending": 1}
    assert seen.oldest == 90
    assert seen.complaints == {"new": 2, "taken": 1, "closed": 1}
    assert seen.late == {"look": 1, "answer": 1}
    assert seen.misses == {"declined": 2}


async def test_the_pause_is_set_seen_and_lifted(database: Database) -> None:
    async def switch(wanted: Pause) -> bool:
        async with database.transaction() as records:
            return await records.connection.run(set_pause, wanted)

    async with database.reading() as records:
        assert await records.connection.run(read_pause) == Pause(on=False)
    assert not await switch(Pause(on=False, at=AT))
    assert await switch(Pause(on=True, reason="ر" * 300, who="operator", at=AT))
    assert not await switch(Pause(on=True, reason="دیگر", who="other", at=AT))
    async with database.reading() as records:
        assert await records.connection.run(read_pause) == Pause(True, "دیگر", "other", AT)
    assert await switch(Pause(on=False, at=AT))
    async with database.reading() as records:
        assert not (await records.connection.run(read_pause)).on


async def test_many_readers_do_not_stand_in_each_others_way(database: Database) -> None:
    """More readers than connections and threads: each comes to its end."""
    going = 0
    most = 0

    async def look() -> None:
        nonlocal going, most
        async with database.reading() as records:
            await records.connection.run(read_pause)
            going += 1
            most = max(most, going)
            await asyncio.sleep(0.01)
            await records.connection.run(read_pause)
            going -= 1

    async with asyncio.timeout(20):
        await asyncio.gather(*(look() for _ in range(40)))
    assert most > 1
    load = database.load()
    assert load.in_use == 0
    assert load.open >= 1
