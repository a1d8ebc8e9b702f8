"""The whole chain of migrations up, down and up again; who upgrades, who refuses."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text

from records.database import Database
from records.errors import RecordsError, SchemaTooNewError, SchemaTooOldError, UnfinishedCopyError
from records.schema import BASE, COPYING, chain, migrate, whole_metadata
from records.tables import REVISION
from tests.records.backends import BACKENDS, fresh_url
from tests.records.filling import fill, sums

Shape = Mapping[str, Any]


@pytest.fixture(params=BACKENDS)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    async with fresh_url(request.param, tmp_path) as address:
        yield address


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database.open(url)
    yield opened
    await opened.close()


def shape(connection: Connection) -> Shape:
    """Tables with their columns, keys, indexes; triggers and functions."""
    seen = inspect(connection)
    whole: dict[str, Any] = {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(name)],
            seen.get_pk_constraint(name)["constrained_columns"],
            sorted((key["name"], key["referred_table"]) for key in seen.get_foreign_keys(name)),
            sorted((str(index["name"]), tuple(index["column_names"])) for index in seen.get_indexes(name)),
            sorted(tuple(one["column_names"]) for one in seen.get_unique_constraints(name)),
        )
        for name in sorted(seen.get_table_names())
    }
    if connection.dialect.name == "sqlite":
        extra = "SELECT type || name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1"
    else:
        extra = (
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT proname FROM pg_proc p "
            "JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' ORDER BY 1"
        )
    whole["beside"] = list(connection.execute(text(extra)).scalars())
    return whole


async def seen(database: Database) -> Shape:
    async with database.reading() as records:
        return await records.connection.run(shape)


async def test_the_chain_goes_up_down_and_up_a_step_at_a_time(database: Database) -> None:
    steps = (BASE, *chain())
    shapes: list[Shape] = []
    for step in steps[1:]:
        await database.prepare(step)
        shapes.append(await seen(database))
    assert steps[-1] == REVISION
    assert set(shapes[-1]) - {"alembic_version", "beside"} == set(whole_metadata().tables)
    for step, before in zip(reversed(steps[:-1]), [*reversed(shapes[:-1]), None], strict=True):
        await database.prepare(step)
        after = await seen(database)
        if before is None:
            assert after == {"alembic_version": after["alembic_version"], "beside": []}
        else:
            assert after == before, step
    await database.prepare()
    assert await seen(database) == shapes[-1]


async def test_the_chain_goes_down_and_up_with_rows_in_every_table(database: Database) -> None:
    for step in chain():
        await database.prepare(step)
        async with database.transaction() as records:
            await records.connection.run(migrate, BASE)
        await database.prepare(step)
        await fill(database, 3)
    full = await sums(database)
    assert all(one.count >= 3 for one in full.values())
    await database.prepare(BASE)
    await database.prepare()
    assert all(one.count == 0 for one in (await sums(database)).values())


async def test_a_failed_migration_leaves_the_schema_as_it_was(database: Database) -> None:
    await database.prepare(chain()[0])
    before = await seen(database)
    async with database.transaction() as records:
        await records.connection.execute(text("CREATE TABLE complaint_history (id INTEGER PRIMARY KEY)"))
    with pytest.raises(Exception, match="complaint_history"):
        await database.prepare()
    async with database.transaction() as records:
        await records.connection.execute(text("DROP TABLE complaint_history"))
    assert await seen(database) == before
    await database.prepare()


async def test_processes_upgrade_an_old_schema_at_once(url: str, database: Database) -> None:
    await database.prepare(chain()[1])
    code = (
        "import asyncio, sys\n"
        "from records.database import Database\n"
        "async def main():\n"
        "    database = Database.open(sys.argv[1])\n"
        "    await database.prepare()\n"
        "    await database.close()\n"
        "asyncio.run(main())\n"
    )
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", code, url) for _ in range(2)]
    assert [await process.wait() for process in processes] == [0, 0]
    assert await database.revision() == REVISION


async def test_who_may_run_on_an_old_schema(database: Database) -> None:
    await database.ready()
    assert await database.revision() == REVISION
    await database.prepare(chain()[1])
    if database.file is not None:
        await database.ready()
        assert await database.revision() == REVISION
    else:
        with pytest.raises(SchemaTooOldError, match="khedmatyar db upgrade"):
            await database.ready()
        assert await database.revision() == chain()[1]
        await database.prepare()
        await database.ready()


async def test_a_newer_schema_is_refused_both_ways(database: Database) -> None:
    await database.prepare()
    async with database.transaction() as records:
        await records.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for work in (database.ready(), database.prepare(), database.prepare(BASE)):
        with pytest.raises(SchemaTooNewError, match="9999"):
            await work
    assert await database.revision() == "9999"


async def test_a_half_copied_database_is_not_run_on(database: Database) -> None:
    await database.prepare()
    async with database.transaction() as records:
        await records.connection.execute(text(f"CREATE TABLE {COPYING} (name VARCHAR(64) PRIMARY KEY)"))
    with pytest.raises(UnfinishedCopyError):
        await database.ready()


async def test_an_unknown_revision_is_named(database: Database) -> None:
    with pytest.raises(RecordsError, match="banana"):
        await database.prepare("banana")
