"""A database with rows in every table, whichever tables the chain of migrations has made."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Date, Float, Integer, Table, insert, select, update

from records.copying import set_highest
from records.database import Database
from records.holdings import DatabaseSource, Sum, reflect

WORDS = "سلام می‌خواهم پهپاد پرواز بدهم؛ مجوزش با کیست؟ O'Brien \\ % é 😀 <b>&amp;"
Row = dict[str, Any]


async def fill(database: Database, rows: int = 7, seed: int = 1) -> None:
    """Put so many rows into every table, keys of others and of the table itself included."""
    async with database.transaction() as records:
        await records.connection.run(_fill, rows, random.Random(seed))  # noqa: S311 — rows for tests


async def sums(database: Database) -> dict[str, Sum]:
    """Count and checksum of every table."""
    async with database.reading() as records:
        return await (await DatabaseSource.of(records.connection)).sums()


def _fill(connection: Connection, rows: int, chance: random.Random) -> None:
    found = reflect(connection)
    for table in found.sorted_tables:
        made = [_row(connection, table, number, chance) for number in range(1, rows + 1)]
        connection.execute(insert(table), made)
        for key in table.foreign_keys:
            if key.column.table is table:
                # The first row refers to the last: nothing may depend on the order.
                (own,) = table.primary_key.columns
                first, last = (connection.scalar(select(way(own))) for way in (_least, _most))
                connection.execute(update(table).where(own == first).values({key.parent.name: last}))
    # PostgreSQL's sequences do not see keys that are given.
    set_highest(connection, found, {})


def _least(column: Column[Any]) -> Any:
    from sqlalchemy import func

    return func.min(column)


def _most(column: Column[Any]) -> Any:
    from sqlalchemy import func

    return func.max(column)


def _row(connection: Connection, table: Table, number: int, chance: random.Random) -> Row:
    return {column.name: _value(connection, table, column, number, chance) for column in table.columns}


def _value(  # noqa: PLR0911 — a value a kind
    connection: Connection, table: Table, column: Column[Any], number: int, chance: random.Random
) -> Any:
    for key in column.foreign_keys:
        if key.column.table is table:
            return None
        known: Sequence[Any] = connection.scalars(select(key.column).order_by(key.column)).all()
        return known[(number - 1) % len(known)]
    if column.nullable and number % 3 == 0:
        return None
    kind = column.type
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Date):
        return date(2026, 1, 1) + timedelta(days=number)
    if isinstance(kind, Integer):
        return number * 3 if column.primary_key else number
    if isinstance(kind, Float):
        return chance.uniform(1.0, 2e9)
    length = getattr(kind, "length", None)
    text = f"{number} {WORDS}"
    return text[:length] if length else text * chance.randint(1, 20)
