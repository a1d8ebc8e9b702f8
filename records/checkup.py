"""Is the database sound? What is wrong with it, without changing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Table, and_, func, inspect, literal_column, or_, select, text

from records.database import Database
from records.holdings import unhurried
from records.schema import is_being_copied, stored_revision, whole_metadata
from records.sealing import PLAIN_TEXT, keys_in_use
from records.tables import REVISION, outbox
from records.vault import EncryptedVault, Vault

STUCK_SECONDS = 3600.0
"""A message that could have left an hour ago is stuck."""

REFERENCES = (
    ("announcement_ledger", "announcement", "announcements", "id"),
    ("announcement_tallies", "announcement", "announcements", "id"),
    ("announcement_watchers", "announcement", "announcements", "id"),
    ("announcement_choices", "announcement", "announcements", "id"),
    ("overlay_changes", "undoes", "overlay_changes", "id"),
    ("overlay_changes", "undone_by", "overlay_changes", "id"),
)
"""References that no foreign key guards."""


@dataclass(frozen=True)
class Finding:
    """Something found. `problem`: it needs mending; `notice`: it is worth knowing. `what` is Persian."""

    kind: Literal["problem", "notice"]
    name: str
    what: str


async def check_up(database: Database, now: float, vault: Vault) -> tuple[Finding, ...]:
    """Everything found, the worst first: damage, broken references, the schema, stuck messages, keys. Reads every page
    of an SQLite file.

    Raises:
        DatabaseUnavailableError: it cannot be reached.
    """
    async with database.reading() as records:
        link = records.connection
        found = await link.run(_soundness)
        schema = await link.run(_schema)
    if schema and schema[0].kind == "problem":
        return (*found, *schema)
    async with database.reading() as records:
        link = records.connection
        found += await link.run(_orphans)
        found += await link.run(_stuck, now)
    found += schema
    found += _keys(await keys_in_use(database), vault)
    return tuple(sorted(found, key=lambda one: one.kind != "problem"))


def _problem(name: str, what: str) -> Finding:
    return Finding("problem", name, what)


def _soundness(connection: Connection) -> list[Finding]:
    unhurried(connection)
    if connection.dialect.name == "sqlite":
        said = connection.execute(text("PRAGMA integrity_check(20)")).scalars().all()
        found = [_problem("integrity", f"فایل آسیب دیده است: {one}") for one in said if one != "ok"]
        broken: dict[tuple[str, str], int] = {}
        for row in connection.execute(text("PRAGMA foreign_key_check")):
            broken[row[0], row[2]] = broken.get((row[0], row[2]), 0) + 1
        return found + [
            _problem("references", f"{count} سطر از {table} به سطری از {other} اشاره دارد که نیست.")
            for (table, other), count in broken.items()
        ]
    invalid = connection.execute(
        text(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE NOT (i.indisvalid AND i.indisready) AND c.relnamespace = current_schema()::regnamespace "
            "UNION ALL SELECT conname FROM pg_constraint "
            "WHERE NOT convalidated AND connamespace = current_schema()::regnamespace"
        )
    ).scalars()
    return [_problem("integrity", f"نمایه یا قید {name} معتبر نیست؛ REINDEX یا VALIDATE لازم است.") for name in invalid]


def _schema(connection: Connection) -> list[Finding]:
    stored = stored_revision(connection)
    if is_being_copied(connection):
        return [_problem("copying", "انتقال یا بازگردانی نیمه‌کاره مانده است؛ همان فرمان را دوباره اجرا کنید.")]
    if stored is None:
        return [_problem("schema", "جدول‌ها ساخته نشده‌اند: khedmatyar db upgrade")]
    if stored != REVISION:
        return [_problem("schema", f"ویرایش {stored} است و برنامه {REVISION} می‌خواهد: khedmatyar db upgrade")]
    return [_problem("schema", f"با آنچه برنامه می‌شناسد یکی نیست: {one}") for one in _differences(connection)]


def _differences(connection: Connection) -> Iterator[str]:
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 — only this check needs alembic
    from alembic.migration import MigrationContext  # noqa: PLC0415 — as above

    metadata = whole_metadata()

    def ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return kind != "table" or name in metadata.tables

    context = MigrationContext.configure(connection, opts={"include_object": ours})
    for one in compare_metadata(context, metadata):
        first = one[0] if isinstance(one, list) else one
        yield " ".join(str(getattr(part, "name", part)) for part in first[:4] if part is not None)


def _orphans(connection: Connection) -> list[Finding]:
    tables = whole_metadata().tables
    there = set(inspect(connection).get_table_names())
    found = []
    for name, column, other, key in REFERENCES:
        if name in there and other in there:
            table, parent = tables[name], tables[other].alias("parent")
            lost = (
                select(func.count())
                .select_from(table.outerjoin(parent, table.c[column] == parent.c[key]))
                .where(table.c[column].is_not(None), parent.c[key].is_(None))
            )
            if count := connection.scalar(lost):
                found.append(_problem("orphans", f"{count} سطر از {name} به {other} نبوده اشاره دارد ({column})."))
    return found


def _stuck(connection: Connection, now: float) -> list[Finding]:
    since = now - STUCK_SECONDS
    table: Table = outbox
    overdue = or_(
        and_(table.c.state == literal_column("'waiting'"), table.c.not_before < since, table.c.created_at < since),
        and_(table.c.state == literal_column("'sending'"), func.coalesce(table.c.lease_until, 0.0) < since),
    )
    rows = connection.execute(
        select(table.c.channel, func.count(), func.min(table.c.created_at)).where(overdue).group_by(table.c.channel)
    )
    return [
        _problem(
            "outbox",
            f"{count} پیام {channel} بیش از یک ساعت است که نرفته (کهنه‌ترین: {(now - oldest) / 3600:.0f} ساعت).",
        )
        for channel, count, oldest in rows
    ]


def _keys(used: Mapping[str, int], vault: Vault) -> list[Finding]:
    known = vault.identities if isinstance(vault, EncryptedVault) else frozenset[str]()
    current = vault.identity if isinstance(vault, EncryptedVault) else None
    found = []
    for identity, count in sorted(used.items()):
        if identity == PLAIN_TEXT:
            if current is not None:
                found.append(Finding("notice", "keys", f"{count} نوشته رمز نشده است: khedmatyar db encrypt"))
        elif identity not in known:
            found.append(_problem("keys", f"{count} نوشته با کلید {identity} رمز شده است که در دست نیست."))
        elif identity != current:
            found.append(
                Finding("notice", "keys", f"{count} نوشته با کلید کهنه‌ی {identity} است: khedmatyar db encrypt")
            )
    return found
