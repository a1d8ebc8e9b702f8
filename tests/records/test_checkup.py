"""The check finds what is wrong, says where, and finds nothing in a sound database."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from records.checkup import Finding, check_up
from records.database import Database
from records.schema import COPYING, chain
from records.vault import PLAIN, EncryptedVault
from tests.records.backends import BACKENDS, fresh_database
from tests.records.filling import fill
from tests.records.test_vault import KEY

NOW = 1_800_000_000.0


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


async def run(database: Database, *statements: str) -> None:
    async with database.transaction() as records:
        for statement in statements:
            await records.connection.execute(text(statement))


async def names(database: Database) -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in await check_up(database, NOW, PLAIN)}


async def test_a_new_database_is_sound(database: Database) -> None:
    assert await check_up(database, NOW, PLAIN) == ()


async def test_rows_that_refer_to_nothing(database: Database) -> None:
    await fill(database, 3)
    await run(
        database,
        "UPDATE overlay_changes SET undoes = NULL, undone_by = NULL",
        *(f"DELETE FROM announcement_{one}" for one in ("ledger", "tallies", "watchers", "choices")),  # noqa: S608
        "DELETE FROM outbox",
    )
    assert await names(database) == set()
    await run(database, "INSERT INTO announcement_choices VALUES (777, 't', '1', 1)")
    assert await names(database) == {("problem", "orphans")}


async def test_messages_that_do_not_leave(database: Database) -> None:
    rows = (
        "INSERT INTO outbox (channel, chat, place, part, state, attempts, not_before, lease_until, created_at) VALUES "
    )
    fine = (
        f"('t', '1', 0, '', 'waiting', 0, {NOW - 60}, NULL, 0), ('t', '1', 0, '', 'sending', 0, 0, {NOW - 60}, 0), "
        "('t', '1', 0, '', 'sent', 0, 0, NULL, 0), ('t', '1', 0, '', 'dropped', 0, 0, NULL, 0)"
    )
    await run(database, rows + fine)
    assert await names(database) == set()
    await run(database, rows + f"('bale', '1', 0, '', 'waiting', 0, {NOW - 3700}, NULL, {NOW - 7200})")
    (found,) = await check_up(database, NOW, PLAIN)
    assert found.name == "outbox"
    assert "1 پیام bale" in found.what
    assert "2 ساعت" in found.what


async def test_another_schema(database: Database) -> None:
    await run(database, "ALTER TABLE votes ADD COLUMN odd INTEGER")
    found = await check_up(database, NOW, PLAIN)
    assert [one.name for one in found] == ["schema"]
    assert "odd" in found[0].what
    await run(database, "ALTER TABLE votes DROP COLUMN odd")
    await database.prepare(chain()[1])
    assert await names(database) == {("problem", "schema")}
    assert "khedmatyar db upgrade" in (await check_up(database, NOW, PLAIN))[0].what


async def test_an_unfinished_copy(database: Database) -> None:
    await run(database, f"CREATE TABLE {COPYING} (name VARCHAR(64) PRIMARY KEY)")
    assert await names(database) == {("problem", "copying")}


async def test_plain_texts_beside_a_key_are_told(database: Database) -> None:
    await run(database, "INSERT INTO conversations VALUES ('t', '1', '{}', 0, 1)")
    assert await names(database) == set()
    found = await check_up(database, NOW, EncryptedVault(KEY))
    assert found == (Finding("notice", "keys", "1 نوشته رمز نشده است: khedmatyar db encrypt"),)


async def test_a_damaged_file_and_broken_references(tmp_path: Path) -> None:
    async with fresh_database("sqlite", tmp_path) as database:
        await fill(database, 40)
        assert database.file is not None
        file = database.file
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM complaints WHERE id = 3")
        connection.commit()
        page_size = connection.execute("PRAGMA page_size").fetchone()[0]
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_updates_at'").fetchone()[0]
    database = Database.open(f"sqlite:///{file}")
    assert ("problem", "references") in await names(database)
    await database.disconnect()
    raw = bytearray(file.read_bytes())
    raw[(page - 1) * page_size + 8 : page * page_size] = bytes(page_size - 8)
    file.write_bytes(raw)
    assert ("problem", "integrity") in await names(database)
    await database.close()
