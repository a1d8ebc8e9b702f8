"""What an operator watches, counted in the database: one look, a few milliseconds. Functions over one connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, text

from records.announcement_tables import announcements, tallies
from records.complaint_states import OPEN
from records.complaint_tables import complaints
from records.switches import read_pause
from records.tables import UNSENT, misses, outbox

DAY = 86_400.0

_UNSENT = (
    select(outbox.c.state, func.count(), func.min(outbox.c.created_at).filter(outbox.c.not_before <= bindparam("now")))
    # Written out, as the partial index is: SQLite takes it only so.
    .where(text(UNSENT))
    .group_by(outbox.c.state)
)
_COMPLAINTS = select(complaints.c.state, func.count()).group_by(complaints.c.state)
_ANNOUNCEMENTS = select(announcements.c.state, func.count()).group_by(announcements.c.state)
_MISSES = select(misses.c.kind, func.count()).where(misses.c.at >= bindparam("since")).group_by(misses.c.kind)
_SUMMED = (tallies.c.total, tallies.c.sent, tallies.c.unknown, tallies.c.blocked, tallies.c.failed, tallies.c.withdrawn)
_RECIPIENTS = (
    select(*(func.coalesce(func.sum(column), 0).label(column.name) for column in _SUMMED))
    .select_from(tallies.join(announcements, announcements.c.id == tallies.c.announcement))
    .where(announcements.c.state.in_(("running", "paused")))
)
_WAITING_LOCKS = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@dataclass(frozen=True)
class Gauges:
    """Counts by state. `oldest`: seconds that the oldest due message of the outbox waits. `locks`: transactions of all
    processes that wait for a lock; None where the database does not tell (SQLite)."""

    outbox: Mapping[str, float]
    oldest: float
    complaints: Mapping[str, float]
    late: Mapping[str, float]
    announcements: Mapping[str, float]
    recipients: Mapping[str, float]
    misses: Mapping[str, float]
    locks: int | None
    paused: bool


def gauges(connection: Connection, now: float, today: date) -> Gauges:
    """The state of things at `now` (unix seconds), `today` in the office's time zone."""
    unsent = connection.execute(_UNSENT, {"now": now}).all()
    waiting = [row[2] for row in unsent if row[2] is not None]
    new = complaints.c.state == "new"
    late = {
        "look": select(func.count()).select_from(complaints).where(new, complaints.c.look_by < today),
        "answer": select(func.count())
        .select_from(complaints)
        .where(complaints.c.state.in_(sorted(OPEN)), complaints.c.answer_by < today),
    }
    recipients = connection.execute(_RECIPIENTS).one()
    server = connection.dialect.name == "postgresql"
    return Gauges(
        outbox={row[0]: float(row[1]) for row in unsent},
        oldest=max(0.0, now - min(waiting)) if waiting else 0.0,
        complaints=_counts(connection, _COMPLAINTS),
        late={term: float(connection.scalar(query) or 0) for term, query in late.items()},
        announcements=_counts(connection, _ANNOUNCEMENTS),
        recipients={column.name: float(value) for column, value in zip(_SUMMED, recipients, strict=True)},
        misses=_counts(connection, _MISSES, since=now - DAY),
        locks=int(connection.scalar(_WAITING_LOCKS) or 0) if server else None,
        paused=read_pause(connection).on,
    )


def _counts(connection: Connection, query: Select[Any], **values: float) -> dict[str, float]:
    rows = connection.execute(query, values)
    return {row[0]: float(row[1]) for row in rows}
