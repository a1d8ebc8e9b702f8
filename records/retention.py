"""How long records are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select, tuple_

from records.database import Database
from records.tables import conversations, outbox, updates

UPDATES = timedelta(days=3)
"""Messengers deliver an update again for a day at most."""

SETTLED = timedelta(days=2)
"""Sent messages can be edited by their id for 48 hours."""

UNSENT = timedelta(days=30)
CONVERSATIONS = timedelta(days=90)

AT_ONCE = 2000
"""Rows deleted in one transaction, so that no turn waits long for it."""


@dataclass(frozen=True)
class Purged:
    """How many rows were deleted."""

    updates: int
    messages: int
    conversations: int


async def purge(database: Database, now: datetime) -> Purged:
    """Delete what is no longer needed, a little at a time."""

    def before(age: timedelta) -> float:
        return (now - age).timestamp()

    settled = outbox.c.state.in_(("sent", "dropped"))
    return Purged(
        await _delete(database, updates, updates.c.at < before(UPDATES)),
        await _delete(
            database,
            outbox,
            or_(
                settled & (func.coalesce(outbox.c.sent_at, outbox.c.created_at) < before(SETTLED)),
                outbox.c.created_at < before(UNSENT),
            )
            & (outbox.c.created_at < before(SETTLED)),
        ),
        await _delete(database, conversations, conversations.c.at < before(CONVERSATIONS)),
    )


async def _delete(database: Database, table: Table, old: ColumnElement[bool]) -> int:
    deleted = 0
    while True:
        async with database.transaction() as records:
            count = await records.connection.run(_delete_some, table, old)
        deleted += count
        if count < AT_ONCE:
            return deleted


def _delete_some(connection: Connection, table: Table, old: ColumnElement[bool]) -> int:
    keys = tuple(table.primary_key.columns)
    some = select(*keys).where(old).limit(AT_ONCE)
    return connection.execute(delete(table).where(tuple_(*keys).in_(some))).rowcount
