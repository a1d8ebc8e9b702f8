"""Which keys the stored texts are sealed with, and sealing them anew: at the first key, and when a key is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Table, Text, case, func, literal, select, text, tuple_, type_coerce, update

from records.complaint_tables import complainants, complaint_history, complaints
from records.database import Database
from records.errors import UnknownKeyError
from records.holdings import unhurried
from records.tables import conversations, outbox
from records.vault import MARK, EncryptedVault, Vault, key_of

COLUMNS: Mapping[Table, tuple[str, ...]] = {
    complaints: ("story",),
    complainants: ("name", "mobile"),
    complaint_history: ("said",),
    conversations: ("state",),
    outbox: ("part",),
}
"""Every column that is sealed."""

PAGE = 200
"""Rows sealed in one transaction, so that no turn waits long for it."""

IDENTITY = 8
PLAIN_TEXT = "-"
"""How texts that no key has sealed are counted."""


@dataclass(frozen=True)
class Sealed:
    """How many texts were sealed anew (or would be), by the id of the key they bore (`PLAIN_TEXT`: none)."""

    done: Mapping[str, int]


async def keys_in_use(database: Database) -> dict[str, int]:
    """How many texts bear each key's id; `PLAIN_TEXT`: none."""
    async with database.reading() as records:
        return await records.connection.run(_keys_in_use)


async def refuse_unknown_keys(database: Database, vault: Vault) -> None:
    """Look at the newest complaint and conversation alone: a program that was started without its key, or with another,
    is told so at once and not by every citizen.

    Raises:
        UnknownKeyError: they were sealed with a key that is not at hand.
        DamagedSecretError: they do not open with the key that sealed them.
    """
    async with database.reading() as records:
        for text_ in await records.connection.run(_newest):
            vault.opened(text_)


async def reseal(database: Database, vault: EncryptedVault, *, dry_run: bool = False) -> Sealed:
    """Seal with the vault's key what is plain or bears an older key. The program may run meanwhile with the same keys;
    killed in the middle, it goes on when it is run again.

    Raises:
        UnknownKeyError: there are texts of a key that is not at hand; nothing was changed.
        DamagedSecretError: a text does not open any more; those before it are done.
    """
    used = await keys_in_use(database)
    for identity in used:
        if identity != PLAIN_TEXT and identity not in vault.identities:
            raise UnknownKeyError(identity)
    if dry_run:
        return Sealed({name: count for name, count in used.items() if name != vault.identity})
    done: Counter[str] = Counter()
    for table in COLUMNS:
        last: tuple[object, ...] | None = None
        while True:
            async with database.transaction() as records:
                last = await records.connection.run(_reseal_some, vault, table, last, done)
            if last is None:
                break
    return Sealed(done)


async def forget_old_pages(database: Database) -> None:
    """Have SQLite write its file anew, so that no plain text stays in pages that are free. Needs as much room again,
    and nobody else at work."""
    if database.file is not None:
        await database.vacuum()


def _raw(column: Column[str]) -> Column[str]:
    return type_coerce(column, Text)  # type: ignore[return-value]  # a column in all that is done with it here


def _each() -> Iterator[tuple[Table, Column[str]]]:
    for table, names in COLUMNS.items():
        for name in names:
            yield table, table.c[name]


def _keys_in_use(connection: Connection) -> dict[str, int]:
    unhurried(connection)
    used: Counter[str] = Counter()
    for table, column in _each():
        raw = _raw(column)
        head = func.substr(raw, 1, len(MARK))
        identity = case((head == MARK, func.substr(raw, len(MARK) + 1, IDENTITY)), else_=literal(PLAIN_TEXT)).label(
            "identity"
        )
        rows = connection.execute(
            select(identity, func.count())
            .select_from(table)
            .where(raw.is_not(None), raw != "")
            .group_by(text("identity"))
        )
        for name, count in rows:
            used[name] += count
    return dict(used)


def _newest(connection: Connection) -> list[str]:
    latest = (
        select(_raw(complaints.c.story)).order_by(complaints.c.id.desc()).limit(1),
        select(_raw(conversations.c.state)).order_by(conversations.c.at.desc()).limit(1),
    )
    return [found for statement in latest if (found := connection.scalar(statement)) is not None]


def _reseal_some(
    connection: Connection,
    vault: EncryptedVault,
    table: Table,
    last: tuple[object, ...] | None,
    done: Counter[str],
) -> tuple[object, ...] | None:
    """Seal a page of rows after the key `last`; the last key of the page, None after the last page."""
    unhurried(connection)
    keys = list(table.primary_key.columns)
    columns = [table.c[name] for name in COLUMNS[table]]
    page = select(*keys, *(_raw(column) for column in columns)).order_by(*keys).limit(PAGE)
    if last is not None:
        page = page.where(
            tuple_(*keys) > tuple_(*(literal(value, key.type) for key, value in zip(keys, last, strict=True)))
        )
    rows = connection.execute(page).all()
    for row in rows:
        here = [key == value for key, value in zip(keys, row, strict=False)]
        for column, stored in zip(columns, row[len(keys) :], strict=True):
            if not stored or (identity := key_of(stored)) == vault.identity:
                continue
            # Only if nobody has written it meanwhile: what a running program writes is sealed with the new key.
            changed = connection.execute(
                update(table)
                .where(*here, _raw(column) == stored)
                .values({column.name: type_coerce(literal(vault.sealed(vault.opened(stored))), Text)})
            )
            done[PLAIN_TEXT if identity is None else identity] += changed.rowcount
    return tuple(rows[-1][: len(keys)]) if rows else None
