"""All rows of a database brought into another one, whichever kinds they are, and proved the same by count and checksum.

The unit of copying is one table: it is there whole, with a row in the table `COPYING` that says so, or not at all. So
a copy that was killed goes on at the table where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import (
    BigInteger,
    Connection,
    Double,
    Float,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from records.database import Database
from records.errors import BackupError, CopyMismatchError, TargetNotEmptyError, UnfitValueError
from records.holdings import (
    RowValues,
    Source,
    Sum,
    Summing,
    filled,
    highest_of,
    reflect,
    sequence_of,
    sum_of,
    unhurried,
)
from records.schema import BASE, COPYING, is_being_copied, migrate

COPY_LOCK = 0x6B686370
"""PostgreSQL advisory lock: one copies into a database at a time."""

NUL = "\x00"
SHOWN = 24
"""So much of a key names a row in an error."""

Told = Callable[[str, int], None]
"""Hears the name of a table and how many of its rows are copied."""


@dataclass
class Copied:
    """What was copied. `resumed`: tables found done; `mended`: texts that lost NUL signs, which PostgreSQL cannot
    hold."""

    sums: dict[str, Sum] = field(default_factory=dict)
    resumed: tuple[str, ...] = ()
    mended: int = 0


async def copy(source: Source, target: Database, told: Told = lambda _table, _rows: None) -> Copied:
    """Copy everything into an empty database, or go on with a copy of the same that was cut short; then prove it.

    Raises:
        TargetNotEmptyError: the target holds records that no unfinished copy brought there.
        UnfitValueError: the target cannot hold a value; nothing is lost, mend the source and begin again.
        CopyMismatchError: the two differ; the target stays marked as unfinished, and the next try begins anew.
    """
    async with target.sole(COPY_LOCK) as sole:
        if sole is None:
            raise BackupError("انتقال یا بازگردانی دیگری در همین پایگاه داده در کار است.")
        done = await _begin(source, target)
        if done is None or not await _sound(source, target, done):
            await _wipe(source, target)
            done = {}
        copied = Copied(resumed=tuple(done), sums=dict(done))
        for name in source.columns:
            if name not in done:
                await _copy_table(source, target, name, copied, told)
        await _prove(source, target, copied)
        return copied


async def _begin(source: Source, target: Database) -> dict[str, Sum] | None:
    """The tables that an earlier try has done; None when it left something to be swept away."""
    async with target.transaction() as records:
        link = records.connection
        marked = await link.run(is_being_copied)
        if not marked and (holding := await link.run(filled)):
            raise TargetNotEmptyError(holding)
        await link.run(migrate, source.revision) if not marked else None
        return await link.run(_mark, marked)


def _mark(connection: Connection, marked: bool) -> dict[str, Sum] | None:
    if not marked:
        connection.execute(
            text(
                f"CREATE TABLE {COPYING} (name VARCHAR(64) PRIMARY KEY, rows BIGINT NOT NULL, digest CHAR(64) NOT NULL)"
            )
        )
        return {}
    rows = connection.execute(text(f"SELECT name, rows, digest FROM {COPYING}"))  # noqa: S608 — a constant
    done = {row.name: Sum(row.rows, row.digest) for row in rows}
    return None if set(filled(connection)) - set(done) else done


async def _sound(source: Source, target: Database, done: Mapping[str, Sum]) -> bool:
    """Whether what an earlier try copied is still what the source holds, of the same schema."""
    if await target.revision() != source.revision:
        return False
    async with target.reading() as records:
        found = await records.connection.run(reflect)
    for name, was in done.items():
        if name not in source.columns or name not in found.tables:
            return False
        summing = Summing()
        async for rows in source.pages(found.tables[name], source.columns[name]):
            summing.add([_fit(target, found.tables[name], source.columns[name], row)[0] for row in rows])
        if summing.sum != was:
            return False
    return True


async def _wipe(source: Source, target: Database) -> None:
    """Begin anew: every table of an unfinished copy is dropped and made again."""
    async with target.transaction() as records:
        link = records.connection
        await link.run(unhurried)
        await link.run(migrate, BASE)
        await link.run(migrate, source.revision)
        await link.execute(text(f"DELETE FROM {COPYING}"))  # noqa: S608 — a constant


async def _copy_table(source: Source, target: Database, name: str, copied: Copied, told: Told) -> None:
    columns = source.columns[name]
    async with target.transaction() as records:
        link = records.connection
        await link.run(unhurried)
        found = await link.run(reflect)
        table = _table(found, name, columns)
        own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
        summing, later = Summing(), list[dict[str, object]]()
        async for page in source.pages(table, columns):
            rows = []
            for row in page:
                fit, mended = _fit(target, table, columns, row)
                copied.mended += mended
                rows.append(fit)
            summing.add(rows)
            values = [dict(zip(columns, row, strict=True)) for row in rows]
            later += _put_off(table, own, values)
            try:
                await link.run(_insert, table, values)
            except IntegrityError as error:
                raise BackupError(
                    f"سطرهای جدول {name} در مقصد پذیرفته نشد ({type(error.orig).__name__})؛ نخست «khedmatyar db check» "
                    "را روی مبدأ اجرا کنید."
                ) from None
            told(name, summing.count)
        await link.run(_set_later, table, later)
        copied.sums[name] = summing.sum
        made = {"name": name, "rows": summing.sum.count, "digest": summing.sum.digest}
        await link.execute(text(f"INSERT INTO {COPYING} VALUES (:name, :rows, :digest)"), made)  # noqa: S608 — a constant


def _table(found: MetaData, name: str, columns: tuple[str, ...]) -> Table:
    table = found.tables.get(name)
    if table is None or set(columns) - set(table.columns.keys()):
        raise BackupError(f"جدول {name} در مقصد به همان شکل نیست.")
    return table


def _put_off(table: Table, own: list[str], rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """References of a table to itself are written when all its rows are there."""
    later = []
    keys = [key.name for key in table.primary_key.columns]
    for row in rows:
        for column in own:
            if row[column] is not None:
                later.append({"in_column": column, "value": row[column], **{f"in_{key}": row[key] for key in keys}})
                row[column] = None
    return later


def _insert(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    connection.execute(insert(table), rows)


def _set_later(connection: Connection, table: Table, later: list[dict[str, object]]) -> None:
    for one in later:
        column = str(one.pop("in_column"))
        value = one.pop("value")
        keys = [key == one[f"in_{key.name}"] for key in table.primary_key.columns]
        connection.execute(update(table).where(*keys).values({column: value}))


def _fit(target: Database, table: Table, columns: tuple[str, ...], row: RowValues) -> tuple[RowValues, int]:
    """The row as the target can hold it, and in how many texts NUL signs were left out."""
    if target.file is not None:
        return row, 0
    mended = 0
    fit = list(row)
    for place, (name, value) in enumerate(zip(columns, row, strict=True)):
        kind = table.c[name].type
        if isinstance(value, str) and NUL in value:
            fit[place] = value.replace(NUL, "")
            mended += 1
        if (reason := _unfit(kind, fit[place])) is not None:
            keys = ", ".join(str(row[columns.index(key.name)])[:SHOWN] for key in table.primary_key.columns)
            raise UnfitValueError(table.name, keys, name, reason)
    return tuple(fit), mended


def _unfit(kind: object, value: object) -> str | None:
    """Why PostgreSQL would refuse a value: SQLite heeds neither lengths nor ranges nor kinds."""
    if isinstance(kind, String):
        if value is not None and not isinstance(value, str):
            return f"نوشته نیست ({type(value).__name__})"
        if isinstance(value, str) and kind.length is not None and len(value) > kind.length:
            return f"درازتر از {kind.length} نویسه است"
    if isinstance(kind, Integer) and value is not None:
        bits = 63 if isinstance(kind, BigInteger) else 15 if isinstance(kind, SmallInteger) else 31
        if not isinstance(value, int):
            return f"عدد نیست ({type(value).__name__})"
        if not -(1 << bits) <= value < 1 << bits:
            return "بزرگ‌تر از اندازه‌ی ستون است"
    if isinstance(kind, Double | Float) and value is not None and not isinstance(value, float):
        return f"عدد نیست ({type(value).__name__})"
    return None


async def _prove(source: Source, target: Database, copied: Copied) -> None:
    """Read everything back; the same: set the sequences and take the mark away."""
    wrong = []
    async with target.transaction() as records:
        link = records.connection
        await link.run(unhurried)
        found = await link.run(reflect)
        for name, columns in source.columns.items():
            if await sum_of(link, found.tables[name], columns) != copied.sums[name]:
                wrong.append(name)
        wrong += [name for name in await link.run(filled) if name not in source.columns]
        if not wrong:
            await link.run(set_highest, found, source.highest)
            await link.execute(text(f"DROP TABLE {COPYING}"))
    if wrong:
        async with target.transaction() as records:
            await records.connection.execute(text(f"DELETE FROM {COPYING}"))  # noqa: S608 — a constant
        raise CopyMismatchError(tuple(wrong))


def set_highest(connection: Connection, found: MetaData, highest: Mapping[str, int]) -> None:
    """Have new rows numbered after `highest` and after every row that is there."""
    for table in found.sorted_tables:
        keys = list(table.primary_key.columns)
        if len(keys) != 1 or not isinstance(keys[0].type, Integer):
            continue
        most = max(highest.get(table.name, 0), connection.scalar(select(func.coalesce(func.max(keys[0]), 0))) or 0)
        if not most:
            continue
        if connection.dialect.name == "postgresql":
            if (sequence := sequence_of(connection, table)) is not None:
                connection.execute(
                    text("SELECT setval(CAST(:sequence AS regclass), :most)"), {"sequence": sequence, "most": most}
                )
        elif table.name in highest_of(connection, found):
            connection.execute(
                text("UPDATE sqlite_sequence SET seq = :most WHERE name = :name"), {"most": most, "name": table.name}
            )
        elif _is_numbered(connection, table.name):
            connection.execute(
                text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :most)"),
                {"most": most, "name": table.name},
            )


def _is_numbered(connection: Connection, name: str) -> bool:
    made: str = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": name}) or ""
    return "AUTOINCREMENT" in made.upper()
