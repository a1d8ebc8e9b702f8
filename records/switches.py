"""The pause: set by an operator for every process that shares the database. Functions over one connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from records.switch_tables import switches

PAUSE = "pause"
REASON_LIMIT, WHO_LIMIT = 200, 80

_READ = select(switches).where(switches.c.name == PAUSE)


@dataclass(frozen=True)
class Pause:
    """The switch as it was last set: `on`, why, by whom and when."""

    on: bool
    reason: str = ""
    who: str = ""
    at: datetime | None = None


def read_pause(connection: Connection) -> Pause:
    """The switch; off when it was never set."""
    row = connection.execute(_READ).first()
    if row is None:
        return Pause(on=False)
    return Pause(row.on, row.reason, row.who, datetime.fromtimestamp(row.at, UTC))


def set_pause(connection: Connection, wanted: Pause) -> bool:
    """Set the switch; False when it already stood so (then reason, who and time are set anew all the same)."""
    before = connection.execute(_READ.with_for_update()).first()
    row = {
        "on": wanted.on,
        "reason": wanted.reason[:REASON_LIMIT],
        "who": wanted.who[:WHO_LIMIT],
        "at": (wanted.at or datetime.now(UTC)).timestamp(),
    }
    if before is None:
        connection.execute(insert(switches), {"name": PAUSE, **row})
        return wanted.on
    connection.execute(update(switches).where(switches.c.name == PAUSE).values(**row))
    return bool(before.on) is not wanted.on
