"""What a database holds, table by table as it stands there: rows in order of their keys, counts and checksums.

The tables are read from the database itself, not from the program's declarations: a backup of an older schema is read
as it was made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    Connection,
    Date,
    MetaData,
    Table,
    bindparam,
    inspect,
    select,
    text,
    tuple_,
)

from records.errors import BackupError, UnfinishedCopyError
from records.link import Link
from records.schema import COPYING, is_being_copied, stored_revision

PAGE = 1000
"""Rows read and written at once."""

NOT_OURS = frozenset({"alembic_version", COPYING, "sqlite_sequence"})

RowValues = tuple[Any, ...]


@dataclass(frozen=True)
class Sum:
    """What a table holds: its rows counted, and SHA-256 of each added up (order does not matter), in hex."""

    count: int
    digest: str


@dataclass
class Summing:
    """A sum in the making."""

    count: int = 0
    total: int = 0

    def add(self, rows: Sequence[RowValues]) -> None:
        """Take rows in, in any order."""
        for row in rows:
            self.total += int.from_bytes(hashlib.sha256(encoded(row).encode()).digest(), "big")
        self.count += len(rows)

    @property
    def sum(self) -> Sum:
        return Sum(self.count, f"{self.total % (1 << 256):064x}")


class Source(Protocol):
    """What can be copied: `revision` of its schema, `columns` of its tables, `highest` id ever given in each."""

    @property
    def revision(self) -> str: ...
    @property
    def columns(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def highest(self) -> Mapping[str, int]: ...

    def pages(self, table: Table, columns: tuple[str, ...]) -> AsyncIterator[list[RowValues]]:
        """All rows of a table, some at a time; `columns` in order."""


def encoded(row: RowValues) -> str:
    """One row as JSON, the same from either database."""
    return json.dumps(row, ensure_ascii=True, separators=(",", ":"), default=_iso)


def decoded(line: str, table: Table, columns: tuple[str, ...]) -> RowValues:
    """The row that `encoded` wrote."""
    values = json.loads(line)
    kinds = [table.c[name].type for name in columns]
    return tuple(
        date.fromisoformat(value) if isinstance(kind, Date) and value is not None else value
        for value, kind in zip(values, kinds, strict=True)
    )


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a value that the copy does not know: {type(value).__name__}")


def reflect(connection: Connection) -> MetaData:
    """The tables as they stand in the database, but those of the machinery."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name not in NOT_OURS)
    return found


def columns_of(found: MetaData) -> dict[str, tuple[str, ...]]:
    """The columns of each table, the tables that others refer to first."""
    return {table.name: tuple(column.name for column in table.columns) for table in found.sorted_tables}


def highest_of(connection: Connection, found: MetaData) -> dict[str, int]:
    """The highest number ever given as an id, for each table that numbers its rows: such a number must not come back,
    even when its row is gone."""
    if connection.dialect.name == "sqlite":
        if not inspect(connection).has_table("sqlite_sequence"):
            return {}
        rows = connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
        return {row.name: row.seq for row in rows if row.name in found.tables}
    highest = {}
    for table in found.sorted_tables:
        if (sequence := sequence_of(connection, table)) is not None:
            last, called = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608 — the server's own name for it
            highest[table.name] = last if called else 0
    return highest


def sequence_of(connection: Connection, table: Table) -> str | None:
    """The name of the PostgreSQL sequence that numbers a table's rows; None when nothing does."""
    keys = list(table.primary_key.columns)
    if len(keys) != 1:
        return None
    found: str | None = connection.scalar(
        text("SELECT pg_get_serial_sequence(quote_ident(:table), :column)"),
        {"table": table.name, "column": keys[0].name},
    )
    return found


def unhurried(connection: Connection) -> None:
    """Lift the limits that protect turns from slow statements, for this transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def still(connection: Connection) -> None:
    """See the database as it is now until the transaction ends, whatever others write. Must come first in it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    unhurried(connection)


async def pages_of(link: Link, table: Table, columns: tuple[str, ...]) -> AsyncIterator[list[RowValues]]:
    """All rows of a table by its primary key, some at a time."""
    keys = list(table.primary_key.columns)
    if not keys:
        raise BackupError(f"جدول {table.name} کلید اصلی ندارد.")
    wanted = select(*(table.c[name] for name in columns), *keys).order_by(*keys).limit(PAGE)
    last: RowValues | None = None
    while True:
        after = wanted if last is None else wanted.where(tuple_(*keys) > tuple_(*_bound(keys, last)))
        rows = await link.execute(after)
        if not rows:
            return
        yield [tuple(row[: len(columns)]) for row in rows]
        last = tuple(rows[-1][len(columns) :])


def _bound(keys: Sequence[Column[Any]], values: RowValues) -> list[Any]:
    return [
        bindparam(f"last_{place}", value, key.type) for place, (key, value) in enumerate(zip(keys, values, strict=True))
    ]


class DatabaseSource:
    """An open transaction as the source; made by `of`. Its sight of the database must not change meanwhile."""

    def __init__(self, link: Link, revision: str, found: MetaData, highest: dict[str, int]) -> None:
        self._link = link
        self._found = found
        self.revision = revision
        self.columns: Mapping[str, tuple[str, ...]] = columns_of(found)
        self.highest: Mapping[str, int] = highest

    @staticmethod
    async def of(link: Link) -> DatabaseSource:
        """What a transaction sees.

        Raises:
            BackupError: there is no schema in it.
            UnfinishedCopyError: it is itself half copied.
        """
        revision = await link.run(stored_revision)
        if revision is None:
            raise BackupError("پایگاه داده‌ی خدمت‌یار در آن نیست.")
        if await link.run(is_being_copied):
            raise UnfinishedCopyError
        found = await link.run(reflect)
        return DatabaseSource(link, revision, found, await link.run(highest_of, found))

    def table(self, name: str) -> Table:
        """One of its tables."""
        return self._found.tables[name]

    async def pages(self, table: Table, columns: tuple[str, ...]) -> AsyncIterator[list[RowValues]]:
        async for rows in pages_of(self._link, self._found.tables[table.name], columns):
            yield rows

    async def sums(self) -> dict[str, Sum]:
        """The sum of every table."""
        return {name: await sum_of(self._link, self.table(name), columns) for name, columns in self.columns.items()}


async def sum_of(link: Link, table: Table, columns: tuple[str, ...]) -> Sum:
    """The sum of one table."""
    summing = Summing()
    async for rows in pages_of(link, table, columns):
        summing.add(rows)
    return summing.sum


def filled(connection: Connection) -> tuple[str, ...]:
    """The tables that hold rows."""
    found = reflect(connection)
    return tuple(
        table.name
        for table in found.sorted_tables
        if connection.execute(select(text("1")).select_from(table).limit(1)).first() is not None
    )
