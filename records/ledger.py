"""The ledger: one row per recipient of an announcement. Written in batches, claimed a row at a time, never twice.

All functions are for the one process that has the seat; whoever lost it gets NotSeatedError before anything is begun.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)

from records import outbox
from records.announcement_tables import announcements, ledger, seat, subscribers, tallies, watchers
from records.announcement_values import (
    OUT,
    QUIETS,
    Announcement,
    Claimed,
    Claims,
    Outcome,
    RowState,
    Tally,
    closed_at,
)
from records.announcements import find, joined, read, wanted
from records.errors import RecordsError
from records.link import fetch
from records.outbox import Draft
from records.tables import outbox as outbox_table
from records.tables import people

SEAT = 1
SEAT_LOCK = 0x6B686261
"""PostgreSQL advisory lock of the process that sends announcements."""

REASON_LIMIT = 100
_COUNTED: frozenset[RowState] = frozenset({"sent", "unknown", "blocked", "failed", "withdrawn"})
# Written out, not bound, and beside the one state asked for: SQLite takes the partial index only for its own condition.
_OPEN = ledger.c.state.in_([literal_column("'waiting'"), literal_column("'sending'")])
_WAITING = ledger.c.state == literal_column("'waiting'")
_SENDING = ledger.c.state == literal_column("'sending'")


class NotSeatedError(RecordsError):
    """Another process sends announcements now."""

    def __init__(self) -> None:
        super().__init__("برنامه‌ی دیگری فرستادن اطلاعیه‌ها را به دست گرفته است.")


@dataclass(frozen=True)
class Sent:
    """A recipient who has the announcement. `chat` is None for somebody who was forgotten."""

    channel: str
    person: str
    chat: str | None
    message: str


@dataclass(frozen=True)
class Watched:
    """A message that shows the progress of an announcement."""

    announcement: Announcement
    tally: Tally
    channel: str
    chat: str
    message: str
    shown: str


def take_seat(connection: Connection, owner: str, now: float) -> int:
    """Be the process that sends. What the one before had begun is unknown from here on: how many rows that were."""
    values = {"owner": owner, "at": now}
    if not connection.execute(update(seat).where(seat.c.id == SEAT).values(values)).rowcount:
        connection.execute(insert(seat).values(id=SEAT, **values))
    _steady(connection)
    begun = (
        update(ledger)
        .where(ledger.c.announcement.in_(_known(connection)), _OPEN, _SENDING, ledger.c.owner.is_distinct_from(owner))
        .values(state="unknown", reason="interrupted", at=now)
        .returning(ledger.c.announcement)
    )
    lost = Counter(row.announcement for row in connection.execute(begun))
    for announcement, count in lost.items():
        _add(connection, announcement, {"unknown": count})
    return lost.total()


def plan(connection: Connection, number: int, most: int) -> bool:
    """Write the rows of the next `most` subscribers that an announcement is for; True when all are written. The place
    it has come to is kept in the same transaction: a crash in between repeats nothing and leaves nobody out."""
    _steady(connection)
    row = connection.execute(select(announcements).where(announcements.c.id == number).with_for_update()).first()
    if row is None or row.planned or row.state not in ("running", "paused"):
        return True
    announcement = read(row)
    channel, person = row.plan_channel, row.plan_person
    made = 0
    while channel is not None:
        mine = and_(subscribers.c.channel == channel, subscribers.c.person > person)
        last = connection.scalar(
            select(subscribers.c.person).where(mine).order_by(subscribers.c.person).offset(most - 1).limit(1)
        )
        made += _write(connection, announcement, channel, person, last)
        if last is not None:
            person = last
            break
        channel = connection.scalar(select(func.min(subscribers.c.channel)).where(subscribers.c.channel > channel))
        person = ""
    _add(connection, number, {"total": made})
    values = {"planned": True} if channel is None else {"plan_channel": channel, "plan_person": person}
    connection.execute(update(announcements).where(announcements.c.id == number).values(values))
    if channel is None and row.plan_channel and connection.dialect.name == "postgresql":
        # A table that grew by so much in a minute is read by statistics of before: whole, for a single row.
        connection.execute(text("ANALYZE announcement_ledger"))
    return channel is None


def _write(connection: Connection, announcement: Announcement, channel: str, after: str, upto: str | None) -> int:
    """Rows of those of one channel after a person, up to another. Both tables are told the same limits: whichever is
    read first, only that stretch of it is. Once it has started, those who have a row already are passed over."""
    limits = [
        and_(table.c.channel == channel, table.c.person > after, true() if upto is None else table.c.person <= upto)
        for table in (subscribers, people)
    ]
    if announcement.started_at is not None:
        limits.append(~exists().where(
            ledger.c.announcement == announcement.id,
            ledger.c.channel == subscribers.c.channel,
            ledger.c.person == subscribers.c.person,
        ))  # fmt: skip
    quiet = literal_column("0") if announcement.kind == "urgent" else subscribers.c.quiet
    chosen = (
        select(
            literal_column(str(int(announcement.id))),
            subscribers.c.channel,
            subscribers.c.person,
            literal_column("'waiting'"),
            quiet,
            literal_column("0"),
            literal_column("0"),
        )
        .select_from(joined())
        .where(*limits, wanted(announcement.audience, announcement.kind), people.c.blocked_at.is_(None))
    )
    columns = ["announcement", "channel", "person", "state", "quiet", "attempts", "not_before"]
    return connection.execute(insert(ledger).from_select(columns, chosen)).rowcount


def unplanned(connection: Connection) -> list[int]:
    """Approved announcements whose ledger is not written whole."""
    chosen = select(announcements.c.id).where(
        announcements.c.state.in_(("running", "paused")), ~announcements.c.planned
    )
    return [row.id for row in fetch(connection, chosen.order_by(announcements.c.id))]


def claim(  # noqa: PLR0917 — who, when, where and how many
    connection: Connection, owner: str, now: float, hour: int, channels: Sequence[str], most: int
) -> Claims:
    """Up to `most` recipients whose turn it is, of one announcement, urgent ones first; each row is `sending` when this
    commits. Those who do not want it any more, or have blocked the bot, are written down as such instead.

    `hour`: of the day in Tehran; `channels`: those that can be written to now, in the order to try.

    Raises:
        NotSeatedError: another process sends.
    """
    hold_seat(connection, owner)
    due = and_(announcements.c.state == "running", or_(announcements.c.due_at.is_(None), announcements.c.due_at <= now))
    running = fetch(
        connection, select(announcements).where(due).order_by(announcements.c.kind.desc(), announcements.c.id)
    )
    for row in running:
        announcement = read(row)
        if announcement.started_at is None:
            _start(connection, announcement, now)
        while keys := _next(connection, row.id, now, hour, channels, most):
            claimed = _begin(connection, announcement, owner, now, hour, keys)
            if claimed:
                return Claims(tuple(claimed), {row.id: announcement})
    return Claims()


def _start(connection: Connection, announcement: Announcement, now: float) -> None:
    """It begins. Of one that waited for its hour the ledger is gone through once more, from the start, for those who
    have subscribed since it was approved (`plan` writes them); who no longer wants it is left out when claimed."""
    values: dict[str, object] = {"started_at": now}
    if announcement.due_at is not None:
        values |= {"planned": False, "plan_channel": "", "plan_person": ""}
    connection.execute(update(announcements).where(announcements.c.id == announcement.id).values(values))


def mark(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Write what became of claimed rows. A row that was taken for unknown meanwhile is put right."""
    if not outcomes:
        return
    of = {(one.claimed.announcement, one.claimed.channel, one.claimed.person): one for one in outcomes}
    mine = [row for keys in _alike(of) for row in fetch(connection, _held(keys))]
    deltas: dict[int, Counter[str]] = {}
    rows = []
    for row in mine:
        outcome = of[row.announcement, row.channel, row.person]
        if row.owner != outcome.claimed.owner or (row.state == "unknown" and outcome.state == "waiting"):
            continue
        count = deltas.setdefault(row.announcement, Counter())
        count[row.state] -= 1
        count[outcome.state] += 1
        rows.append(_row(outcome))
    if rows:
        connection.execute(_MARK, rows if len(rows) > 1 else rows[0])
    for number, count in deltas.items():
        _add(connection, number, {name: count[name] for name in _COUNTED})
    for outcome in outcomes:
        if outcome.state == "blocked":
            outbox.block(connection, outcome.claimed.channel, outcome.claimed.chat, "blocked", outcome.at)


Key = tuple[int, str, str]
"""Announcement, channel and person."""


def _alike(keys: Iterable[Key]) -> list[list[Key]]:
    """The keys, those of one announcement and channel together."""
    groups: dict[tuple[int, str], list[Key]] = {}
    for key in keys:
        groups.setdefault(key[:2], []).append(key)
    return list(groups.values())


def _of(keys: Sequence[Key]) -> ColumnElement[bool]:
    """Rows of the ledger with these keys, all of one announcement and channel. Not by comparing tuples: for those
    SQLite reads the whole table."""
    number, channel, _ = keys[0]
    people_of_them = [key[2] for key in keys]
    return and_(ledger.c.announcement == number, ledger.c.channel == channel, ledger.c.person.in_(people_of_them))


def _held(keys: Sequence[Key]) -> Select[tuple[int, str, str, str, str | None]]:
    return (
        select(ledger.c.announcement, ledger.c.channel, ledger.c.person, ledger.c.state, ledger.c.owner)
        .where(_of(keys), or_(_SENDING, ledger.c.state == "unknown"))
        .with_for_update()
    )


_MARK = (
    update(ledger)
    .where(
        ledger.c.announcement == bindparam("in_announcement"),
        ledger.c.channel == bindparam("in_channel"),
        ledger.c.person == bindparam("in_person"),
    )
    .values(
        state=bindparam("in_state"),
        at=bindparam("in_at"),
        message=bindparam("in_message"),
        reason=bindparam("in_reason"),
        attempts=bindparam("in_attempts"),
        not_before=bindparam("in_not_before"),
    )
)


def _row(outcome: Outcome) -> dict[str, object]:
    return {
        "in_announcement": outcome.claimed.announcement,
        "in_channel": outcome.claimed.channel,
        "in_person": outcome.claimed.person,
        "in_state": outcome.state,
        "in_at": outcome.at,
        "in_message": outcome.message,
        "in_reason": outcome.reason[:REASON_LIMIT] if outcome.reason else None,
        "in_attempts": outcome.attempts,
        "in_not_before": outcome.not_before,
    }


def finish(connection: Connection, now: float) -> list[int]:
    """Close announcements of which no row waits any more; which."""
    still_open = exists().where(ledger.c.announcement == announcements.c.id, _OPEN)
    closed = (
        update(announcements)
        .where(announcements.c.state == "running", announcements.c.planned, ~still_open)
        .where(or_(announcements.c.due_at.is_(None), announcements.c.due_at <= now))
        .values(state="done", finished_at=now)
        .returning(announcements.c.id)
    )
    _steady(connection)
    return [row.id for row in connection.execute(closed)]


def again(connection: Connection, number: int) -> int:
    """Have those wait once more of whom it is unknown whether they have it; how many. Some may get it twice: that is
    for a member of the desk to decide."""
    doubtful = and_(ledger.c.announcement == number, ledger.c.state == "unknown")
    values = {"state": "waiting", "owner": None, "attempts": 0, "not_before": 0.0, "reason": None, "at": None}
    count = connection.execute(update(ledger).where(doubtful).values(values)).rowcount
    _add(connection, number, {"unknown": -count})
    return count


def pause(connection: Connection, number: int, reason: str) -> bool:
    """Have one that is running wait for the desk; False when it is not running."""
    paused = update(announcements).where(announcements.c.id == number, announcements.c.state == "running")
    return bool(connection.execute(paused.values(state="paused", reason=reason)).rowcount)


def amendable(connection: Connection, most: int) -> tuple[Announcement, list[Sent]] | None:
    """The next recipients whose message is to be edited or recalled; None when there is nothing to amend. The list is
    empty, once, when all is done."""
    _steady(connection)
    row = connection.execute(
        select(announcements).where(announcements.c.amend.is_not(None)).order_by(announcements.c.id).limit(1)
    ).first()
    if row is None:
        return None
    key = tuple_(ledger.c.channel, ledger.c.person)
    chosen = (
        select(ledger.c.channel, ledger.c.person, people.c.chat, ledger.c.message)
        .select_from(
            ledger.outerjoin(people, and_(people.c.channel == ledger.c.channel, people.c.person == ledger.c.person))
        )
        .where(
            ledger.c.announcement == row.id,
            key > tuple_(literal(row.amend_channel), literal(row.amend_person)),
            ledger.c.state == "sent",
            ledger.c.message.is_not(None),
        )
        .order_by(ledger.c.channel, ledger.c.person)
        .limit(most)
    )
    return read(row), [Sent(one.channel, one.person, one.chat, one.message) for one in fetch(connection, chosen)]


def amended(connection: Connection, owner: str, seen: Announcement, upto: Sent | None, count: int) -> None:
    """Keep how far the amending has come; `upto` None: it is done. Nothing happens when it was amended anew.

    Raises:
        NotSeatedError: another process sends.
    """
    hold_seat(connection, owner)
    place = {"amend": None} if upto is None else {"amend_channel": upto.channel, "amend_person": upto.person}
    same = and_(
        announcements.c.id == seen.id, announcements.c.version == seen.version, announcements.c.amend == seen.amend
    )
    if connection.execute(update(announcements).where(same).values(place)).rowcount and count:
        _add(connection, seen.id, {"amended": count})


def answers_since(connection: Connection, channels: Sequence[str], since: float, upto: float) -> int:
    """How many answers were put into the outbox of these channels in a stretch of time, by whichever replica."""
    when = and_(outbox_table.c.created_at > since, outbox_table.c.created_at <= upto)
    counted = select(func.count()).select_from(outbox_table).where(when, outbox_table.c.channel.in_(channels))
    return connection.scalar(counted) or 0


def watched(connection: Connection) -> list[Watched]:
    """The messages that show some progress, but those whose last edit has not left yet."""
    unsent = outbox_table.c.state.in_(("waiting", "sending"))
    rows = fetch(
        connection,
        select(watchers).where(~exists().where(outbox_table.c.id == watchers.c.posted, unsent)),
    )
    found = []
    for row in rows:
        announcement = find(connection, row.announcement)
        counts = connection.execute(select(tallies).where(tallies.c.announcement == row.announcement)).first()
        if announcement is not None:
            tally = Tally(*counts[1:]) if counts else Tally()
            found.append(Watched(announcement, tally, row.channel, row.chat, row.message, row.shown))
    return found


def show(connection: Connection, one: Watched, part: str, shown: str, now: float, *, last: bool) -> None:
    """Edit a progress message; `last`: it is not looked after any more."""
    draft = Draft(part, replaces="pressed", target_message=one.message)
    (posted,) = outbox.post(connection, one.channel, one.chat, [draft], now)
    mine = and_(
        watchers.c.announcement == one.announcement.id,
        watchers.c.channel == one.channel,
        watchers.c.chat == one.chat,
        watchers.c.message == one.message,
    )
    if last:
        connection.execute(delete(watchers).where(mine))
    else:
        connection.execute(update(watchers).where(mine).values(posted=posted.id, shown=shown))


def next_rows(number: int, channel: str, quiet: int, now: float, most: int) -> Select[tuple[int, str, str]]:
    """The keys of rows that wait."""
    return (
        select(ledger.c.announcement, ledger.c.channel, ledger.c.person)
        .where(
            ledger.c.announcement == number,
            _OPEN,
            _WAITING,
            ledger.c.channel == channel,
            ledger.c.quiet == quiet,
            ledger.c.not_before <= now,
        )
        .limit(most)
        .with_for_update(skip_locked=True)
    )


def _next(  # noqa: PLR0917 — as above
    connection: Connection, number: int, now: float, hour: int, channels: Sequence[str], most: int
) -> list[tuple[int, str, str]]:
    """Keys of rows that wait. Each column of the index is asked for by one value: whatever the planner believes, it
    takes that index, and a claim costs the same at the millionth row as at the first."""
    for channel in channels:
        for quiet in QUIETS:
            if closed_at(quiet, hour):
                continue
            chosen = next_rows(number, channel, quiet, now, most)
            if rows := fetch(connection, chosen):
                return [(row.announcement, row.channel, row.person) for row in rows]
    return []


def _begin(  # noqa: PLR0917 — the parts of one claim
    connection: Connection,
    announcement: Announcement,
    owner: str,
    now: float,
    hour: int,
    keys: Sequence[tuple[int, str, str]],
) -> list[Claimed]:
    rows = fetch(
        connection,
        select(
            subscribers.c.channel,
            subscribers.c.person,
            people.c.chat,
            people.c.blocked_at,
            subscribers.c.quiet,
            wanted(announcement.audience, announcement.kind).label("wanted"),
        )
        .select_from(joined())
        .where(subscribers.c.channel == keys[0][1], subscribers.c.person.in_([key[2] for key in keys])),
    )
    known = {(row.channel, row.person): row for row in rows}
    begun: list[tuple[int, str, str]] = []
    deltas: Counter[str] = Counter()
    for key in keys:
        row = known.get(key[1:])
        one = update(ledger).where(_of([key]))
        if row is None or not row.wanted or row.blocked_at is not None:
            state = "blocked" if row is not None and row.blocked_at is not None else "withdrawn"
            connection.execute(one.values(state=state, at=now))
            deltas[state] += 1
        elif announcement.kind == "normal" and closed_at(row.quiet, hour):
            connection.execute(one.values(quiet=row.quiet))
        else:
            begun.append(key)
    if deltas:
        _add(connection, announcement.id, deltas)
    if not begun:
        return []
    taken = (
        update(ledger)
        .where(_of(begun))
        .values(state="sending", owner=owner, at=now)
        .returning(ledger.c.channel, ledger.c.person, ledger.c.attempts)
    )
    return [
        Claimed(owner, announcement.id, row.channel, row.person, known[row.channel, row.person].chat, row.attempts)
        for row in connection.execute(taken)
    ]


def _known(connection: Connection) -> list[int]:
    return [
        row.id
        for row in fetch(connection, select(announcements.c.id).where(announcements.c.state.in_((*OUT, "recalled"))))
    ]


def hold_seat(connection: Connection, owner: str) -> None:
    """Make sure of the seat until the commit: whoever takes it waits for what was begun under the old name. To be done
    before any row is touched, as the one who takes the seat locks it first, too.

    Raises:
        NotSeatedError: another process sends.
    """
    _steady(connection)
    if connection.scalar(select(seat.c.owner).where(seat.c.id == SEAT).with_for_update(read=True)) != owner:
        raise NotSeatedError


def _steady(connection: Connection) -> None:
    """Have PostgreSQL go by the indexes, whatever it believes of tables that have just grown by a million rows: else it
    may read all of one to find «a row that waits», or join all of two for a batch of a thousand (both were seen)."""
    if connection.dialect.name == "postgresql":
        connection.execute(_BY_INDEX)


_BY_INDEX = text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
    " set_config('enable_mergejoin', 'off', true)"
)


def _add(connection: Connection, number: int, deltas: Mapping[str, int]) -> None:
    values = {name: tallies.c[name] + count for name, count in deltas.items() if count}
    if values:
        connection.execute(update(tallies).where(tallies.c.announcement == number).values(values))
