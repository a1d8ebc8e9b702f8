"""The desk's tables: up, down, up again, and as the models say, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from records import staff_tables
from records.database import Database
from records.schema import MIGRATIONS
from records.tables import metadata
from tests.records.backends import BACKENDS, fresh_url

TABLES = {
    table.name
    for table in (
        staff_tables.staff,
        staff_tables.staff_bureaus,
        staff_tables.invitations,
        staff_tables.audit,
        staff_tables.cases,
        staff_tables.reminders,
        staff_tables.blocks,
    )
}


@pytest.mark.parametrize("backend", BACKENDS)
async def test_up_down_up(backend: str, tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    def migrate(connection: Connection, revision: str) -> set[str]:
        config.attributes["connection"] = connection
        (command.upgrade if revision == "head" else command.downgrade)(config, revision)
        return set(inspect(connection).get_table_names())

    def differences(connection: Connection) -> list[object]:
        options = {"include_object": lambda _o, name, kind, _r, _c: kind != "table" or name in TABLES}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        return [one for one in found if any(f"'{name}'" in str(one) for name in TABLES)]

    async with fresh_url(backend, tmp_path) as url:
        database = Database.open(url)
        try:
            for revision, there in (("head", TABLES), ("0002", set()), ("head", TABLES)):
                async with database.transaction() as records:
                    assert await records.connection.run(migrate, revision) & TABLES == there
            async with database.reading() as records:
                assert await records.connection.run(differences) == []
        finally:
            await database.close()
