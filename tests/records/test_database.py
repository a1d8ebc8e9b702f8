"""Addresses, migrations and transactions, on both databases."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from records.database import Database
from records.errors import DatabaseAddressError, DatabaseUnavailableError, SchemaTooNewError
from records.schema import MIGRATIONS
from records.tables import REVISION, metadata
from tests.records.backends import BACKENDS, fresh_database, fresh_url


@pytest.fixture(params=BACKENDS)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    async with fresh_url(request.param, tmp_path) as address:
        yield address


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


@pytest.mark.parametrize(
    "address",
    ["", "khedmatyar.db", "mysql://root@127.0.0.1/x", "sqlite://", "sqlite:///:memory:", "postgresql://a:b:c@:x"],
)
def test_bad_address(address: str) -> None:
    with pytest.raises(DatabaseAddressError):
        Database.open(address)


def test_address_error_keeps_the_password() -> None:
    with pytest.raises(DatabaseAddressError) as raised:
        Database.open("mysql://root:sesame@127.0.0.1/x")
    assert "sesame" not in str(raised.value)


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"])
async def test_any_sqlite_driver_and_a_new_folder(driver: str, tmp_path: Path) -> None:
    database = Database.open(f"{driver}:///{tmp_path}/new/deep/records.db")
    await database.prepare()
    await database.close()
    assert (tmp_path / "new/deep/records.db").exists()


async def test_unreachable_server() -> None:
    database = Database.open("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailableError):
        await database.prepare()
    await database.close()


async def test_prepare_is_idempotent_and_makes_what_the_tables_say(url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def differences(connection: Connection) -> list[object]:
        ours = metadata.tables.keys()
        options = {"include_object": lambda _o, name, kind, _r, _c: kind != "table" or name in ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    database = Database.open(url)
    await database.prepare()
    await database.prepare()
    async with database.reading() as records:
        assert await records.connection.run(differences) == []
        rows = await records.connection.execute(text("SELECT version_num FROM alembic_version"))
    assert [row[0] for row in rows] == [REVISION]
    await database.close()


def test_revision_is_the_newest_migration() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


async def test_processes_prepare_at_once(url: str) -> None:
    code = (
        "import asyncio, sys\n"
        "from records.database import Database\n"
        "async def main():\n"
        "    database = Database.open(sys.argv[1])\n"
        "    await database.prepare()\n"
        "    await database.close()\n"
        "asyncio.run(main())\n"
    )
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", code, url) for _ in range(4)]
    assert [await process.wait() for process in processes] == [0] * 4


async def test_newer_schema_is_refused(database: Database) -> None:
    async with database.transaction() as records:
        await records.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNewError, match="9999"):
        await database.prepare()


async def test_exception_rolls_back(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as records:
            await records.connection.execute(text("INSERT INTO updates VALUES ('web', '1', 0)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.reading() as records:
        assert await records.connection.execute(text("SELECT * FROM updates")) == []


async def test_reading_does_not_wait_for_a_writer_nor_write(database: Database) -> None:
    async with database.transaction() as writer:
        await writer.connection.execute(text("INSERT INTO updates VALUES ('web', '1', 0)"))
        async with database.reading() as reader:
            assert await reader.connection.execute(text("SELECT * FROM updates")) == []
    async with database.reading() as reader:
        await reader.connection.execute(text("DELETE FROM updates"))
    async with database.reading() as reader:
        assert len(await reader.connection.execute(text("SELECT * FROM updates"))) == 1


async def test_cancelled_transaction_leaves_the_database_usable(database: Database) -> None:
    started = asyncio.Event()

    async def stuck() -> None:
        async with database.transaction() as records:
            await records.connection.execute(text("INSERT INTO updates VALUES ('web', '1', 0)"))
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stuck())
    await started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with database.transaction() as records:
        assert await records.connection.execute(text("SELECT * FROM updates")) == []


async def test_another_process_holds_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.database.BUSY_MS", 1)
    async with fresh_database("sqlite", tmp_path) as one:
        two = Database.open(f"sqlite:///{tmp_path / 'records.db'}")
        async with one.transaction() as records:
            await records.connection.execute(text("INSERT INTO updates VALUES ('web', '1', 0)"))
            with pytest.raises(DatabaseUnavailableError):
                async with two.transaction() as others:
                    await others.connection.execute(text("SELECT 1"))
        await two.close()
