"""Announcements as the desk makes them and people read them. How they are sent is in `records.ledger`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from records.announcement_tables import announcements, ledger, subscribers, subscriptions, tallies, watchers
from records.announcement_values import BODY, OUT, Announcement, Audience, Body, Kind, StaleError, State, Tally
from records.link import Link
from records.tables import people

DRAFT: tuple[State, ...] = ("draft",)

_MOVES: dict[State, tuple[State, ...]] = {
    "draft": ("asked", "dropped"),
    "asked": ("draft", "dropped"),
    "running": ("paused", "stopped"),
    "paused": ("running", "stopped"),
}


class Announcements:
    """The store within one transaction."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def create(self, author: int, at: datetime) -> Announcement:
        """An empty draft. Drafts of the author that were left lying are dropped."""
        return await self._link.run(_create, author, at.timestamp())

    async def get(self, number: int) -> Announcement | None:
        """An announcement by its number."""
        return await self._link.run(find, number)

    async def draft_of(self, author: int) -> Announcement | None:
        """What a member is composing."""
        rows = await self._link.execute(
            select(announcements)
            .where(announcements.c.author == author, announcements.c.state == "draft")
            .order_by(announcements.c.id.desc())
            .limit(1)
        )
        return read(rows[0]) if rows else None

    async def change(
        self,
        seen: Announcement,
        *,
        body: Body | None = None,
        kind: Kind | None = None,
        audience: Audience | None = None,
        due_at: datetime | None = None,
        at_once: bool = False,
    ) -> Announcement:
        """Change what a draft says, whom it is for and when it goes; `at_once` takes its hour away.

        Raises:
            StaleError: it is no draft any more, or was changed meanwhile.
        """
        values: dict[str, object] = {}
        if body is not None:
            values["body"] = BODY.dump_json(body).decode()
        if kind is not None:
            values["kind"] = kind
        if audience is not None:
            values |= {"audience": audience.kind, "bureaus": _listed(audience.bureaus), "county": audience.county}
        if due_at is not None or at_once:
            values["due_at"] = due_at.timestamp() if due_at is not None else None
        return await self._link.run(_change, seen, DRAFT, {**values, "version": seen.version + 1})

    async def move(
        self, seen: Announcement, to: State, *, reason: str = "", at: datetime | None = None
    ) -> Announcement:
        """Bring it into another state; StaleError when it is not as it was seen, or cannot come into that one."""
        if to not in _MOVES.get(seen.state, ()):
            raise StaleError
        values: dict[str, object] = {"state": to, "reason": reason}
        if to == "stopped" and at is not None:
            values["finished_at"] = at.timestamp()
        return await self._link.run(_change, seen, _as(seen), values)

    async def approve(self, seen: Announcement, by: int, at: datetime) -> Announcement:
        """Let it go: from now on it is being sent, or will be at its hour. The ledger is empty yet (`ledger.plan`).

        Raises:
            StaleError: it is not as it was seen; of two who approve at once, one gets this.
        """
        return await self._link.run(_approve, seen, by, at.timestamp())

    async def propose(self, seen: Announcement, body: Body | None, by: int) -> Announcement:
        """Keep what it should say instead (None: nothing) until `edit`; StaleError as above."""
        dumped = None if body is None else BODY.dump_json(body).decode()
        values = {"pending": dumped, "pending_by": by, "version": seen.version + 1}
        return await self._link.run(_change, seen, OUT, values)

    async def edit(self, seen: Announcement) -> Announcement:
        """Say what was proposed from now on, and put right what went out; StaleError as above, or nothing was."""
        if seen.pending is None:
            raise StaleError
        body = BODY.dump_json(seen.pending).decode()
        values = {"body": body, "pending": None, "version": seen.version + 1, **_amending("edit")}
        changed = await self._link.run(_change, seen, OUT, values)
        await self._link.execute(update(tallies).where(tallies.c.announcement == seen.id).values(amended=0))
        return changed

    async def recall(self, seen: Announcement, at: datetime) -> Announcement:
        """Send it to nobody any more and take back what went out; StaleError as above."""
        values = {"state": "recalled", "finished_at": at.timestamp(), "reason": "", **_amending("recall")}
        changed = await self._link.run(_change, seen, OUT, values)
        await self._link.execute(update(tallies).where(tallies.c.announcement == seen.id).values(amended=0))
        return changed

    async def again(self, seen: Announcement) -> Announcement:
        """Have it go on, when it was done, to those that `ledger.again` has wait once more; StaleError as above."""
        values = {"state": "running", "finished_at": None} if seen.state == "done" else {"state": seen.state}
        return await self._link.run(_change, seen, ("running", "paused", "done"), values)

    async def latest(
        self, now: datetime, *, bureau: str | None = None, offset: int = 0, limit: int = 5
    ) -> tuple[tuple[Announcement, ...], int]:
        """What people can read, the newest first, and how many there are; of one bureau when given."""
        published = and_(
            announcements.c.state.in_(OUT),
            or_(announcements.c.due_at.is_(None), announcements.c.due_at <= now.timestamp()),
            true() if bureau is None else announcements.c.bureaus.contains(f",{bureau},"),
        )
        return await self._listed(published, offset, limit)

    async def at_work(
        self, author: int | None, *, offset: int = 0, limit: int = 8
    ) -> tuple[tuple[Announcement, ...], int]:
        """What the desk sees, the newest first: all but drafts and dropped ones; of one author when given."""
        chosen = and_(
            announcements.c.state.not_in(("draft", "dropped")),
            true() if author is None else announcements.c.author == author,
        )
        return await self._listed(chosen, offset, limit)

    async def tally(self, number: int) -> Tally:
        """How far it is."""
        rows = await self._link.execute(select(tallies).where(tallies.c.announcement == number))
        return Tally(*rows[0][1:]) if rows else Tally()

    async def recipients(self, audience: Audience, kind: Kind) -> int:
        """How many people it would go to now."""
        counted = (
            select(func.count()).select_from(joined()).where(wanted(audience, kind), people.c.blocked_at.is_(None))
        )
        rows = await self._link.execute(counted)
        return int(rows[0][0])

    async def counted(self, number: int) -> Mapping[str, int]:
        """The ledger's rows by state, counted one by one."""
        rows = await self._link.execute(
            select(ledger.c.state, func.count().label("number"))
            .where(ledger.c.announcement == number)
            .group_by(ledger.c.state)
        )
        return {row.state: row.number for row in rows}

    async def watch(self, number: int, channel: str, chat: str, message: str) -> None:
        """Show the progress in this message from now on, instead of another one of the chat."""
        key = and_(watchers.c.announcement == number, watchers.c.channel == channel, watchers.c.chat == chat)
        await self._link.execute(delete(watchers).where(key))
        row = {
            "announcement": number,
            "channel": channel,
            "chat": chat,
            "message": message,
            "posted": None,
            "shown": "",
        }
        await self._link.execute(insert(watchers).values(row))

    async def _listed(
        self, chosen: ColumnElement[bool], offset: int, limit: int
    ) -> tuple[tuple[Announcement, ...], int]:
        total = await self._link.execute(select(func.count()).select_from(announcements).where(chosen))
        rows = await self._link.execute(
            select(announcements).where(chosen).order_by(announcements.c.id.desc()).offset(offset).limit(limit)
        )
        return tuple(read(row) for row in rows), int(total[0][0])


def joined() -> Any:
    """Subscribers with the chats they are written to."""
    return subscribers.join(
        people, and_(people.c.channel == subscribers.c.channel, people.c.person == subscribers.c.person)
    )


def wanted(audience: Audience, kind: Kind) -> ColumnElement[bool]:
    """Whether a subscriber wants such an announcement."""
    willing = subscribers.c.wants != "none"
    if kind == "normal":
        willing = and_(willing, ~subscribers.c.urgent_only)
    match audience.kind:
        case "everyone":
            return willing
        case "county":
            return and_(willing, subscribers.c.county == audience.county)
        case "bureaus":
            chosen = exists().where(
                subscriptions.c.channel == subscribers.c.channel,
                subscriptions.c.person == subscribers.c.person,
                subscriptions.c.bureau.in_(audience.bureaus),
            )
            return and_(willing, case((subscribers.c.wants == "all", True), else_=chosen))


def find(connection: Connection, number: int) -> Announcement | None:
    """An announcement by its number."""
    row = connection.execute(select(announcements).where(announcements.c.id == number)).first()
    return None if row is None else read(row)


def read(row: Row[Any]) -> Announcement:
    """An announcement from its row."""
    return Announcement(
        id=row.id,
        author=row.author,
        state=row.state,
        version=row.version,
        body=BODY.validate_json(row.body),
        kind=row.kind,
        audience=Audience(row.audience, tuple(filter(None, row.bureaus.split(","))), row.county),
        created_at=datetime.fromtimestamp(row.created_at, UTC),
        due_at=_moment(row.due_at),
        approved_by=row.approved_by,
        approved_at=_moment(row.approved_at),
        started_at=_moment(row.started_at),
        finished_at=_moment(row.finished_at),
        planned=row.planned,
        amend=row.amend,
        reason=row.reason,
        pending=None if row.pending is None else BODY.validate_json(row.pending),
        pending_by=row.pending_by,
    )


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def _listed(bureaus: Collection[str]) -> str:
    return f",{','.join(sorted(bureaus))}," if bureaus else ""


def _amending(what: str) -> dict[str, object]:
    return {"amend": what, "amend_channel": "", "amend_person": ""}


def _as(seen: Announcement) -> tuple[State, ...]:
    return (seen.state,)


def _create(connection: Connection, author: int, at: float) -> Announcement:
    left = and_(announcements.c.author == author, announcements.c.state == "draft")
    connection.execute(update(announcements).where(left).values(state="dropped"))
    values = {
        "author": author,
        "state": "draft",
        "version": 1,
        "body": BODY.dump_json(Body()).decode(),
        "kind": "normal",
        "audience": "everyone",
        "bureaus": "",
        "county": "",
        "created_at": at,
        "planned": False,
        "plan_channel": "",
        "plan_person": "",
        "amend_channel": "",
        "amend_person": "",
        "reason": "",
    }
    return read(connection.execute(insert(announcements).values(values).returning(announcements)).one())


def _change(
    connection: Connection, seen: Announcement, states: Collection[State], values: Mapping[str, object]
) -> Announcement:
    row = connection.execute(
        update(announcements)
        .where(
            announcements.c.id == seen.id,
            announcements.c.version == seen.version,
            announcements.c.state == seen.state,
            announcements.c.state.in_(states),
        )
        .values(dict(values))
        .returning(announcements)
    ).first()
    if row is None:
        raise StaleError
    return read(row)


def _approve(connection: Connection, seen: Announcement, by: int, at: float) -> Announcement:
    values = {"state": "running", "approved_by": by, "approved_at": at, "reason": ""}
    approved = _change(connection, seen, ("draft", "asked"), values)
    zeros = dict.fromkeys(("total", "sent", "unknown", "blocked", "failed", "withdrawn", "amended"), 0)
    connection.execute(insert(tallies).values(announcement=seen.id, **zeros))
    return approved
