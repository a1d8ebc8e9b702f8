"""The schema and its migrations: which revision a database bears, and how it gets to another.

Functions over one connection inside one transaction: what fails leaves the schema as it was, on SQLite too.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, inspect, text

from records.errors import RecordsError, SchemaTooNewError
from records.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x6B68646D
"""PostgreSQL advisory lock under which the schema is changed."""

COPYING = "unfinished_copy"
"""The table that stands in a database while it is being copied into: no migration makes it, no service runs on it."""

BASE = "base"


def whole_metadata() -> MetaData:
    """Every table of the program, whichever module declares it."""
    package = importlib.import_module("records")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.endswith("_tables"):
            importlib.import_module(f"records.{module.name}")
    return metadata


def stored_revision(connection: Connection) -> str | None:
    """The revision of the schema; None for a database without one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def is_being_copied(connection: Connection) -> bool:
    """Whether a move or restore into this database has begun and not ended."""
    return inspect(connection).has_table(COPYING)


def chain() -> tuple[str, ...]:
    """All revisions that the program knows, the oldest first."""
    return tuple(script.revision for script in reversed(list(_scripts(_config()).walk_revisions())))


def refuse_unknown(revision: str | None) -> None:
    """SchemaTooNewError for a revision that is not in the chain."""
    if revision is not None and revision not in chain():
        raise SchemaTooNewError(revision)


def migrate(connection: Connection, to: str) -> tuple[str | None, str | None]:
    """Bring the schema to a revision (`base`: none at all), up or down, one process at a time; before and after.

    Raises:
        SchemaTooNewError: the database bears a revision that the program does not know.
        RecordsError: `to` is no revision.
    """
    # Alembic takes 0.2 s to import, and almost every start finds the schema up to date.
    from alembic import command  # noqa: PLC0415 — see above

    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    before = stored_revision(connection)
    known = chain()
    refuse_unknown(before)
    if to not in (*known, BASE):
        raise RecordsError(f"ویرایش «{to}» شناخته نیست؛ شناخته‌ها: {BASE}، {'، '.join(known)}")
    config = _config()
    config.attributes["connection"] = connection
    here = known.index(before) if before else -1
    there = known.index(to) if to != BASE else -1
    if there > here:
        command.upgrade(config, to)
    elif there < here:
        command.downgrade(config, to)
    return before, None if to == BASE else to


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 — as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _scripts(config: Config) -> ScriptDirectory:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 — as above

    return ScriptDirectory.from_config(config)
