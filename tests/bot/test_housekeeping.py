"""The daily sweep: by the settings, by one replica, and not ended by a bad day."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot import housekeeping
from bot.housekeeping import SWEEP_LOCK, keep_sweeping, periods, sweep
from bot.settings import Settings
from records.database import Database
from records.errors import DatabaseUnavailableError
from records.retention import Periods, Purged
from tests.records.backends import BACKENDS, fresh_database

NOW = datetime(2028, 1, 1, tzinfo=UTC)


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


async def remember(database: Database, days: float) -> None:
    at = (NOW - timedelta(days=days)).timestamp()
    async with database.transaction() as records:
        await records.connection.execute(text(f"INSERT INTO conversations VALUES ('t', '{days}', '{{}}', {at}, 1)"))  # noqa: S608 — numbers


async def chats(database: Database) -> list[str]:
    async with database.reading() as records:
        return [row[0] for row in await records.connection.execute(text("SELECT chat FROM conversations"))]


def test_the_settings_say_how_long() -> None:
    assert periods(Settings(_env_file=None)) == Periods()
    some = Settings(_env_file=None, keep_conversations=7, keep_complaints=3650)
    assert periods(some) == Periods(conversations=7, complaints=3650)


async def test_the_first_sweep_comes_soon_and_the_next_after_it(database: Database) -> None:
    await remember(database, 100)
    task = asyncio.create_task(keep_sweeping(database, Periods(), first=0, every=0.01, clock=lambda: NOW))
    try:
        async with asyncio.timeout(30):
            while await chats(database):  # noqa: ASYNC110 — what is waited for stands in the database
                await asyncio.sleep(0.01)
            await remember(database, 95)
            await remember(database, 85)
            while await chats(database) != ["85"]:  # noqa: ASYNC110 — as above
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_one_replica_sweeps(tmp_path: Path) -> None:
    async with fresh_database("postgresql", tmp_path) as database:
        await remember(database, 100)
        async with database.sole(SWEEP_LOCK) as mine:
            assert mine is not None
            assert await sweep(database, NOW, Periods()) is None
            assert await chats(database) == ["100"]
        assert await sweep(database, NOW, Periods()) == Purged(conversations=1)


async def test_a_bad_sweep_does_not_end_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad = [DatabaseUnavailableError("away"), ZeroDivisionError()]
    swept = asyncio.Event()

    async def purge(_database: Database, _now: datetime, _kept: Periods) -> Purged:
        if bad:
            raise bad.pop(0)
        swept.set()
        return Purged(misses=3)

    monkeypatch.setattr(housekeeping, "purge", purge)
    with caplog.at_level(logging.INFO):
        async with fresh_database("sqlite", tmp_path) as database:
            task = asyncio.create_task(keep_sweeping(database, Periods(), first=0, every=0.01))
            async with asyncio.timeout(30):
                await swept.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    said = caplog.text
    assert "no sweep: away" in said
    assert "ZeroDivisionError" in said
    assert "{'misses': 3}" in said
