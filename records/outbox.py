"""The outbox: what is to be said. Functions over one connection; the order of a chat is the order of ids.

A row is posted in the transaction that decided it. `Lease` names the process that has it in hand; a row whose lease ran
out (or whose owner is gone) is claimed by another.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    false,
    insert,
    literal_column,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from records.tables import outbox, people

CLAIM_LOCK = 0x6B68636C
"""PostgreSQL advisory lock that keeps claims of several replicas apart: else two could share out one chat."""

REASON_LIMIT = 200


@dataclass(frozen=True)
class Lease:
    """A process (a random name of this run) and how long it has a row in hand (unix seconds)."""

    owner: str
    until: float


@dataclass(frozen=True)
class Draft:
    """A message to be posted. `part`: JSON of a `handlers.reply.Part`. `replaces`, `target_message`: edit that message
    (`answer` without a target: the one that answered `answers_message`, looked for when it is sent).
    `not_before` (unix seconds) puts it off."""

    part: str
    replaces: str | None = None
    target_message: str | None = None
    answers_message: str | None = None
    not_before: float = 0.0


@dataclass(frozen=True)
class Posted:
    """A row of the outbox. `place`: its place in the reply, from 0. `claimed`: it was posted under the given lease."""

    id: int
    channel: str
    chat: str
    place: int
    part: str
    replaces: str | None
    target_message: str | None
    answers_message: str | None
    attempts: int
    created_at: float
    claimed: bool = False


@dataclass(frozen=True)
class Mark:
    """What became of a row. `state` sending: still in hand, one more try failed."""

    id: int
    state: Literal["sending", "sent", "dropped"]
    attempts: int
    at: float
    message: str | None = None
    reason: str | None = None


def _state(table: FromClause, *states: str) -> ColumnElement[bool]:
    # Written out, not bound: SQLite takes the partial index only when it can see that the states are the index's.
    return table.c.state.in_([literal_column(f"'{state}'") for state in states])


def _unsent(table: FromClause) -> ColumnElement[bool]:
    return _state(table, "waiting", "sending")


_COLUMNS = (
    outbox.c.id,
    outbox.c.channel,
    outbox.c.chat,
    outbox.c.place,
    outbox.c.part,
    outbox.c.replaces,
    outbox.c.target_message,
    outbox.c.answers_message,
    outbox.c.attempts,
    outbox.c.created_at,
)
_CHAT = and_(outbox.c.channel == bindparam("in_channel"), outbox.c.chat == bindparam("in_chat"))
_POST = insert(outbox).returning(outbox.c.id, outbox.c.place)
_TAKEN_BY_OTHERS = (
    select(outbox.c.id)
    .where(
        _CHAT,
        _unsent(outbox),
        outbox.c.not_before <= bindparam("now"),
        outbox.c.owner.is_distinct_from(bindparam("me")),
    )
    .limit(1)
)
_MARK = (
    update(outbox)
    .where(outbox.c.id == bindparam("in_id"))
    .values(
        state=bindparam("state"),
        attempts=bindparam("attempts"),
        sent_at=bindparam("sent_at"),
        sent_message=bindparam("sent_message"),
        reason=bindparam("reason"),
    )
)
_ANSWERED_BY = (
    select(outbox.c.sent_message)
    .where(_CHAT, outbox.c.answers_message == bindparam("in_message"), outbox.c.sent_message.is_not(None))
    .where(outbox.c.place == 0)
    .order_by(outbox.c.id.desc())
    .limit(1)
)
_UNREAD = (
    select(*_COLUMNS)
    .where(_CHAT, outbox.c.id > bindparam("after_id"), outbox.c.state != literal_column("'dropped'"))
    .order_by(outbox.c.id)
)
_RENEW = (
    update(outbox)
    .where(outbox.c.owner == bindparam("me"), _state(outbox, "sending"))
    .values(lease_until=bindparam("until"))
    .returning(outbox.c.id, outbox.c.created_at)
)
_MINE = select(outbox.c.id, outbox.c.created_at).where(
    outbox.c.owner == bindparam("me"), _unsent(outbox), _state(outbox, "sending")
)
_BY_IDS = select(*_COLUMNS).where(outbox.c.id.in_(bindparam("ids", expanding=True))).order_by(outbox.c.id)
_RELEASE = (
    update(outbox)
    .where(outbox.c.owner == bindparam("me"), _state(outbox, "sending"))
    .values(state="waiting", owner=None, lease_until=None)
)
_DROP_CHAT = update(outbox).where(_CHAT, _unsent(outbox)).values(state="dropped", reason=bindparam("in_reason"))
_BLOCK = (
    update(people)
    .where(people.c.channel == bindparam("in_channel"), people.c.chat == bindparam("in_chat"))
    .values(blocked_at=bindparam("at"))
)
_DELETE_CHAT = delete(outbox).where(_CHAT)


def post(
    connection: Connection,
    channel: str,
    chat: str,
    drafts: Sequence[Draft],
    now: float,
    *,
    update_id: str | None = None,
    lease: Lease | None = None,
) -> list[Posted]:
    """Post messages to a chat, in order.

    With a lease they are in the lessee's hand at once, unless an earlier message of the chat is in another's: then
    (and without a lease) they wait to be claimed.
    """
    if not drafts:
        return []
    claimed = (
        lease is not None
        and not connection.execute(
            _TAKEN_BY_OTHERS, {"in_channel": channel, "in_chat": chat, "now": now, "me": lease.owner}
        ).first()
    )
    rows = [
        {
            "channel": channel,
            "chat": chat,
            "update_id": update_id,
            "place": place,
            "part": draft.part,
            "replaces": draft.replaces,
            "target_message": draft.target_message,
            "answers_message": draft.answers_message,
            "state": "sending" if claimed else "waiting",
            "attempts": 0,
            "not_before": draft.not_before,
            "owner": lease.owner if lease and claimed else None,
            "lease_until": lease.until if lease and claimed else None,
            "created_at": now,
        }
        for place, draft in enumerate(drafts)
    ]
    ids = {row.place: row.id for row in connection.execute(_POST, rows if len(rows) > 1 else rows[0])}
    return [
        Posted(
            ids[place],
            channel,
            chat,
            place,
            draft.part,
            draft.replaces,
            draft.target_message,
            draft.answers_message,
            0,
            now,
            claimed,
        )
        for place, draft in enumerate(drafts)
    ]


def claim(connection: Connection, channels: Iterable[str], lease: Lease, now: float, most: int) -> list[Posted]:
    """Take in hand up to `most` messages that nobody has: due ones that wait, and those whose lease has run out (on
    SQLite: those of any other owner, for there is one process). Never one that another's earlier message holds back."""
    lone = connection.dialect.name == "sqlite"
    if not lone:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CLAIM_LOCK})
    rows = connection.execute(
        _claiming(lone),
        {"channels": sorted(channels), "now": now, "me": lease.owner, "until": lease.until, "most": most},
    ).all()
    return sorted((_posted(row) for row in rows), key=lambda posted: posted.id)


@cache
def _claiming(lone: bool) -> ReturningUpdate[Any]:
    earlier = outbox.alias("earlier")
    others = outbox.c.owner.is_distinct_from(bindparam("me"))
    held_back = (
        false()
        if lone
        else exists().where(
            earlier.c.channel == outbox.c.channel,
            earlier.c.chat == outbox.c.chat,
            earlier.c.id < outbox.c.id,
            _state(earlier, "sending"),
            earlier.c.owner != bindparam("me"),
            earlier.c.lease_until >= bindparam("now"),
        )
    )
    free = (
        select(outbox.c.id)
        .where(
            outbox.c.channel.in_(bindparam("channels", expanding=True)),
            _unsent(outbox),
            or_(
                and_(_state(outbox, "waiting"), outbox.c.not_before <= bindparam("now")),
                and_(_state(outbox, "sending"), others, true() if lone else outbox.c.lease_until < bindparam("now")),
            ),
            ~held_back,
        )
        .order_by(outbox.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
    return (
        update(outbox)
        .where(outbox.c.id.in_(free))
        .values(state="sending", owner=bindparam("me"), lease_until=bindparam("until"))
        .returning(*_COLUMNS)
    )


def tend(connection: Connection, lease: Lease, held: set[int], before: float) -> list[Posted]:
    """Renew the lease of all that this owner has, and give back those posted before `before` that are in its name but
    not among `held`: their transaction was committed, yet nobody came to hand them over."""
    if connection.dialect.name == "sqlite":
        mine = connection.execute(_MINE, {"me": lease.owner}).all()
    else:
        mine = connection.execute(_RENEW, {"me": lease.owner, "until": lease.until}).all()
    strays = [row.id for row in mine if row.id not in held and row.created_at < before]
    return [_posted(row) for row in connection.execute(_BY_IDS, {"ids": strays})] if strays else []


def server_time(connection: Connection) -> float:
    """The time of the database's clock (unix seconds); on SQLite that is ours."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0)


def release(connection: Connection, owner: str) -> None:
    """Put back what this owner still has in hand, so that another can claim it at once."""
    connection.execute(_RELEASE, {"me": owner})


def mark(connection: Connection, marks: Sequence[Mark]) -> None:
    """Write what became of rows."""
    if not marks:
        return
    connection.execute(
        _MARK,
        [
            {
                "in_id": one.id,
                "state": one.state,
                "attempts": one.attempts,
                "sent_at": one.at if one.state == "sent" else None,
                "sent_message": one.message,
                "reason": one.reason[:REASON_LIMIT] if one.reason else None,
            }
            for one in marks
        ],
    )


def mark_sent(connection: Connection, messages: Mapping[int, str | None], now: float) -> None:
    """Mark rows that a channel without a sender has shown: row id → the channel's id of the message."""
    mark(connection, [Mark(row, "sent", 1, now, message) for row, message in messages.items()])


def answered_by(connection: Connection, channel: str, chat: str, message: str) -> str | None:
    """The bot's message that answers a citizen's message, if it has been sent."""
    found: str | None = connection.scalar(_ANSWERED_BY, {"in_channel": channel, "in_chat": chat, "in_message": message})
    return found


def unread(connection: Connection, channel: str, chat: str, after_id: int = 0) -> list[Posted]:
    """All messages of a chat after a row id, in order: how a channel without a sender gets its own."""
    rows = connection.execute(_UNREAD, {"in_channel": channel, "in_chat": chat, "after_id": after_id})
    return [_posted(row) for row in rows]


def block(connection: Connection, channel: str, chat: str, reason: str, now: float) -> None:
    """The chat cannot be written to: drop all that waits for it and mark its people."""
    connection.execute(_DROP_CHAT, {"in_channel": channel, "in_chat": chat, "in_reason": reason[:REASON_LIMIT]})
    connection.execute(_BLOCK, {"in_channel": channel, "in_chat": chat, "at": now})


def delete_chat(connection: Connection, channel: str, chat: str) -> None:
    """Delete all messages to a chat, sent or not."""
    connection.execute(_DELETE_CHAT, {"in_channel": channel, "in_chat": chat})


def _posted(row: Row[*tuple[Any, ...]]) -> Posted:
    return Posted(*row)
