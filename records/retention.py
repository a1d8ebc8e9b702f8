"""How long records are kept, and the job that deletes what has been kept long enough.

The audit of the desk is not among them: its rows cannot be deleted and name no citizen. Neither are the members that
its rows name, though they were removed: who did it must be known as long as that it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)

from records.announcement_tables import announcements, choices, ledger, subscribers
from records.complaint_states import OPEN
from records.complaint_tables import complainants, complaints
from records.database import Database
from records.overlay_tables import drafts
from records.schema import whole_metadata
from records.staff_tables import blocks, invitations
from records.tables import conversations, misses, outbox, people, updates

UPDATES = timedelta(days=3)
"""Messengers deliver an update again for a day at most."""

UNSENT = timedelta(days=30)

AT_ONCE = 2000
"""Rows deleted in one transaction, so that no turn waits long for it."""

COMPLAINTS_AT_ONCE = 200
"""Complaints in one transaction: each has rows in several tables."""


@dataclass(frozen=True)
class Periods:
    """Days that each kind of record is kept; 0: for ever.

    `messages` sent (never fewer than the two days in which they can be edited); `conversations`, drafts of complaints
    included, since the last turn; `misses`: questions not met; `people` who have neither written nor subscribed;
    `complainants`: name, number and chat, since the complaint was settled, and blocks since they were laid;
    `complaints` whole, since they were settled; `deliveries`: who was sent an announcement, since it ended.
    """

    messages: int = 2
    conversations: int = 90
    misses: int = 365
    people: int = 730
    complainants: int = 730
    complaints: int = 0
    deliveries: int = 90


@dataclass(frozen=True)
class Purged:
    """How many rows were deleted (or would be). `blocks`: those that are lifted; `anonymized`: complaints
    whose complainant was; `complaints`: those deleted with all that belongs to them."""

    updates: int = 0
    messages: int = 0
    conversations: int = 0
    misses: int = 0
    people: int = 0
    deliveries: int = 0
    choices: int = 0
    invitations: int = 0
    drafts: int = 0
    blocks: int = 0
    anonymized: int = 0
    complaints: int = 0


@dataclass(frozen=True)
class _Rule:
    name: str
    table: Table
    old: ColumnElement[bool]
    work: Callable[[Connection, Table, ColumnElement[bool]], int]
    at_once: int


async def due(database: Database, now: datetime, periods: Periods | None = None) -> Purged:
    """What `purge` would delete."""
    async with database.reading() as records:
        counts = {rule.name: await records.connection.run(_count, rule) for rule in _rules(now, periods or Periods())}
    return Purged(**counts)


async def purge(database: Database, now: datetime, periods: Periods | None = None) -> Purged:
    """Delete what has been kept long enough, a little at a time. Several processes may do so at once."""
    counts = {}
    for rule in _rules(now, periods or Periods()):
        deleted, done = 0, rule.at_once
        while done >= rule.at_once:
            async with database.transaction() as records:
                done = await records.connection.run(rule.work, rule.table, rule.old)
            deleted += done
        counts[rule.name] = deleted
    return Purged(**counts)


def _count(connection: Connection, rule: _Rule) -> int:
    return connection.scalar(select(func.count()).select_from(rule.table).where(rule.old)) or 0


def _rules(now: datetime, periods: Periods) -> Iterator[_Rule]:
    def before(days: float) -> float:
        return (now - timedelta(days=days)).timestamp()

    def rule(
        name: str,
        table: Table,
        old: ColumnElement[bool],
        work: Callable[[Connection, Table, ColumnElement[bool]], int] = _delete_some,
        at_once: int = AT_ONCE,
    ) -> _Rule:
        return _Rule(name, table, old, work, at_once)

    settled = before(max(periods.messages, 2))
    yield rule("updates", updates, updates.c.at < before(UPDATES.days))
    yield rule(
        "messages",
        outbox,
        or_(
            outbox.c.state.in_(("sent", "dropped")) & (func.coalesce(outbox.c.sent_at, outbox.c.created_at) < settled),
            outbox.c.created_at < before(UNSENT.days),
        )
        & (outbox.c.created_at < settled),
    )
    if periods.conversations:
        idle = before(periods.conversations)
        yield rule("conversations", conversations, conversations.c.at < idle)
        yield rule("invitations", invitations, invitations.c.expires_at < idle)
        yield rule("drafts", drafts, drafts.c.at < idle)
    if periods.misses:
        yield rule("misses", misses, misses.c.at < before(periods.misses))
    if periods.people:
        wanting = exists().where(
            subscribers.c.channel == people.c.channel,
            subscribers.c.person == people.c.person,
            subscribers.c.wants != "none",
        )
        yield rule("people", people, (people.c.last_at < before(periods.people)) & ~wanting)
    if periods.deliveries:
        ended = select(announcements.c.id).where(announcements.c.finished_at < before(periods.deliveries))
        yield rule("deliveries", ledger, ledger.c.announcement.in_(ended))
        yield rule("choices", choices, choices.c.announcement.in_(ended))
    if periods.complainants:
        yield rule("blocks", blocks, blocks.c.at < before(periods.complainants))
        theirs = select(complaints.c.id).where(_settled(before(periods.complainants)))
        yield rule("anonymized", complainants, complainants.c.complaint.in_(theirs), _anonymize, COMPLAINTS_AT_ONCE)
    if periods.complaints:
        old = _settled(before(periods.complaints))
        yield rule("complaints", complaints, old, _delete_complaints, COMPLAINTS_AT_ONCE)


def _settled(since: float) -> ColumnElement[bool]:
    return complaints.c.state.not_in(sorted(OPEN)) & (complaints.c.state_at < since)


def _delete_some(connection: Connection, table: Table, old: ColumnElement[bool]) -> int:
    keys = tuple(table.primary_key.columns)
    some = select(*keys).where(old).limit(AT_ONCE)
    return connection.execute(delete(table).where(tuple_(*keys).in_(some))).rowcount


def _anonymize(connection: Connection, table: Table, old: ColumnElement[bool]) -> int:
    """As a complainant's own `forget`: the complaint stays, nobody's name does."""
    some = connection.scalars(select(table.c.complaint).where(old).limit(COMPLAINTS_AT_ONCE)).all()
    connection.execute(update(complaints).where(complaints.c.id.in_(some)).values(named=False))
    return connection.execute(delete(table).where(table.c.complaint.in_(some))).rowcount


def _delete_complaints(connection: Connection, table: Table, old: ColumnElement[bool]) -> int:
    """Delete complaints with every row of other tables that refers to them; duplicates and blocks stay."""
    some = connection.scalars(select(table.c.id).where(old).order_by(table.c.id).limit(COMPLAINTS_AT_ONCE)).all()
    connection.execute(update(table).where(table.c.duplicate_of.in_(some)).values(duplicate_of=None))
    connection.execute(update(blocks).where(blocks.c.complaint.in_(some)).values(complaint=None))
    for referring in reversed(whole_metadata().sorted_tables):
        columns: list[ColumnElement[Any]] = [
            key.parent
            for key in referring.foreign_keys
            if key.column is table.c.id and referring not in {table, blocks}
        ]
        for column in columns:
            connection.execute(delete(referring).where(column.in_(some)))
    return connection.execute(delete(table).where(table.c.id.in_(some))).rowcount
