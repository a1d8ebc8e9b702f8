"""What is deleted when, and what never is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from records import retention
from records.complaint_tables import complainants, complaints
from records.database import Database
from records.retention import Periods, due, purge
from records.schema import whole_metadata
from tests.records.backends import BACKENDS, fresh_database
from tests.records.filling import fill, sums

NOW = datetime(2028, 1, 1, tzinfo=UTC)
ALL = Periods(complaints=1)
NEVER_PURGED = {"audit", "staff", "staff_bureaus", "overlay_changes", "overlay_entries", "overlay_facts", "votes"}


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


async def run(database: Database, *statements: str) -> None:
    async with database.transaction() as records:
        for statement in statements:
            await records.connection.execute(text(statement))


async def column(database: Database, statement: str) -> list[object]:
    async with database.reading() as records:
        return [row[0] for row in await records.connection.execute(text(statement))]


def ago(days: float) -> float:
    return (NOW - timedelta(days=days)).timestamp()


async def test_a_dry_run_tells_what_is_then_deleted_and_deletes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 4)
    monkeypatch.setattr(retention, "COMPLAINTS_AT_ONCE", 2)
    await fill(database, 9)
    await run(
        database,
        f"UPDATE complaints SET state = 'closed', state_at = {ago(400)}",  # noqa: S608
        f"UPDATE desk_blocks SET at = CASE WHEN blocked_by <= 9 THEN {ago(800)} ELSE {ago(9)} END",  # noqa: S608
        f"UPDATE announcements SET finished_at = {ago(400)} WHERE id <= 9",  # noqa: S608
        *(f"UPDATE {table} SET at = {ago(800)}" for table in ("updates", "conversations", "misses", "overlay_drafts")),  # noqa: S608
        f"UPDATE outbox SET created_at = {ago(800)}, sent_at = {ago(800)}, state = 'sent'",  # noqa: S608
        "DELETE FROM subscribers WHERE person LIKE '2%'",
        f"UPDATE people SET last_at = {ago(800)}",  # noqa: S608
        f"UPDATE invitations SET expires_at = {ago(800)}",  # noqa: S608
    )
    before = await sums(database)
    planned = await due(database, NOW, ALL)
    assert await sums(database) == before
    assert all(
        count > 0 for name, count in asdict(planned).items() if name not in {"deliveries", "choices", "anonymized"}
    )
    done = await purge(database, NOW, ALL)
    assert done == planned
    assert not any(asdict(await due(database, NOW, ALL)).values())
    after = await sums(database)
    assert {name for name in before if before[name] == after[name]} >= NEVER_PURGED
    assert after["complaints"].count == 0
    assert after["desk_blocks"].count == 9 - done.blocks > 0


@pytest.mark.parametrize("state", ["new", "taken", "in_progress", "reopened", "closed", "answered", "withdrawn"])
async def test_the_name_goes_when_the_complaint_is_long_settled(database: Database, state: str) -> None:
    await fill(database, 2)
    await run(database, f"UPDATE complaints SET named = true, state = '{state}', state_at = {ago(100)}")  # noqa: S608
    assert (await purge(database, NOW, Periods(complainants=101))).anonymized == 0
    done = await purge(database, NOW, Periods(complainants=99))
    settled = state in {"closed", "answered", "withdrawn"}
    assert done.anonymized == (2 if settled else 0)
    async with database.reading() as records:
        assert len(await records.connection.execute(select(complainants))) == (0 if settled else 2)
        kept = await records.connection.execute(select(complaints.c.named, complaints.c.story))
    assert [(row.named, bool(row.story)) for row in kept] == [(not settled, True)] * 2


async def test_complaints_are_kept_for_ever_unless_set(database: Database) -> None:
    await fill(database, 3)
    await run(database, f"UPDATE complaints SET state = 'closed', state_at = {ago(9000)}")  # noqa: S608
    assert (await purge(database, NOW)).complaints == 0
    assert (await purge(database, NOW, ALL)).complaints == 3
    for table in whole_metadata().sorted_tables:
        if any(key.column.table is complaints for key in table.foreign_keys):
            assert await column(database, f"SELECT count(*) FROM {table.name}") == [0], table.name  # noqa: S608


async def test_a_block_outlives_the_complaint_it_was_laid_over_and_ends_with_its_own_term(database: Database) -> None:
    await fill(database, 3)
    await run(
        database,
        f"UPDATE complaints SET state = 'not_ours', state_at = {ago(30)}",  # noqa: S608
        f"UPDATE desk_blocks SET at = {ago(30)}",  # noqa: S608
    )
    kept = await column(database, "SELECT person FROM desk_blocks ORDER BY person")
    assert (await purge(database, NOW, Periods(complainants=31, complaints=29))).complaints == 3
    assert await column(database, "SELECT person FROM desk_blocks ORDER BY person") == kept
    assert await column(database, "SELECT complaint FROM desk_blocks") == [None] * 3
    assert (await due(database, NOW, Periods(complainants=29))).blocks == 3
    assert (await purge(database, NOW, Periods(complainants=29))).blocks == 3
    assert await column(database, "SELECT person FROM desk_blocks") == []


async def test_subscribers_are_kept_however_long_they_are_silent(database: Database) -> None:
    await run(
        database,
        f"INSERT INTO people VALUES ('t', 'wants', '1', 0, {ago(731)}, NULL), ('t', 'not', '2', 0, {ago(731)}, NULL), "  # noqa: S608
        f"('t', 'asked', '3', 0, {ago(731)}, NULL), ('t', 'fresh', '4', 0, {ago(729)}, NULL)",
        "INSERT INTO subscribers (channel, person, wants, urgent_only, quiet, county, at) VALUES "
        "('t', 'wants', 'some', false, 0, '', 0), ('t', 'asked', 'none', false, 0, '', 0)",
    )
    assert (await purge(database, NOW)).people == 2
    assert sorted(map(str, await column(database, "SELECT person FROM people"))) == ["fresh", "wants"]
    assert (await purge(database, NOW + timedelta(days=9000), Periods(people=0))).people == 0


async def test_zero_is_for_ever(database: Database) -> None:
    await fill(database, 3)
    await run(database, f"UPDATE complaints SET state = 'closed', state_at = {ago(9000)}")  # noqa: S608
    forever = Periods(conversations=0, misses=0, people=0, complainants=0, complaints=0, deliveries=0)
    counts = asdict(await due(database, NOW + timedelta(days=40_000), forever))
    assert {name for name, count in counts.items() if count} <= {"updates", "messages"}
