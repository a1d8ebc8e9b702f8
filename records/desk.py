"""Cases: what the desk knows of a complaint, who has it in hand, until when, and who was reminded.

Nothing in here tells who complained; `block` and `is_blocked` alone look at it, inside the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, false, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from records.complaint_errors import ChangedError
from records.complaint_states import OPEN, State
from records.complaint_tables import complainants, complaint_history, complaints
from records.complaint_values import CITIZEN, Complaint
from records.desk_values import Case, Heard, Listed, Plan, Reminder, ReminderKind, Show, Stage, Wanted, bureau_of
from records.link import Link, fetch
from records.staff_tables import blocks, cases, reminders
from records.vault import PLAIN, Vault

AT_ONCE = 200
SEARCHED = 5000
"""How many complaints, the newest, a search by words reads: stories are sealed, only reading finds a word."""

_SHOWN: dict[Show, tuple[State, ...]] = {
    "open": ("new", "taken", "in_progress", "reopened"),
    "new": ("new", "reopened"),
    "mine": ("new", "taken", "in_progress", "reopened"),
    "late": ("new", "taken", "in_progress", "reopened"),
    "answered": ("answered",),
    "closed": ("closed", "not_ours", "duplicate", "withdrawn"),
}


class Cases:
    """The store within one transaction."""

    def __init__(self, link: Link, plan: Plan, vault: Vault = PLAIN) -> None:
        self._link = link
        self._plan = plan
        self._vault = vault

    async def open(self, complaint: Complaint) -> Case:
        """The case of a complaint, made when it has none yet."""
        due = self._plan("look", complaint.at, complaint.look_by)
        return await self._link.run(_open, complaint, due.timestamp())

    async def lock(self, complaint: int) -> Case | None:
        """The case, with nobody else changing it or the complaint until the transaction ends."""
        return await self._link.run(_lock, complaint)

    async def change(self, case: Case, **values: object) -> Case:
        """Write `holder`, `bureau`, `spam` or `answered_at` (unix seconds) of a case as it was seen.

        Raises:
            ChangedError: somebody changed it meanwhile.
        """
        return await self._link.run(_change, case, values)

    async def enter(self, case: Case, stage: Stage, at: datetime, promised: date | None = None) -> Case:
        """Begin a stage now; ChangedError when somebody changed the case meanwhile."""
        due = self._plan(stage, at, promised)
        values = {"stage": stage, "stage_at": at.timestamp(), "due_at": due.timestamp()}
        return await self._link.run(_change, case, values)

    async def release(self, member: int) -> None:
        """Take everything out of a member's hand."""
        await self._link.execute(
            update(cases).where(cases.c.holder == member).values(holder=None, version=cases.c.version + 1)
        )

    async def queue(
        self, wanted: Wanted, now: datetime, *, offset: int = 0, limit: int = 8
    ) -> tuple[tuple[Listed, ...], int]:
        """A page of cases, the first due first, and how many there are."""
        rows, total = await self._link.run(_queue, wanted, now.timestamp(), offset, limit)
        return tuple(self._listed(row) for row in rows), total

    async def search(self, wanted: Wanted, words: Sequence[str], normalize: Any, limit: int = 24) -> tuple[Listed, ...]:
        """Cases, the newest first, in whose text or authority every word stands, as `normalize` writes both."""
        found: list[Listed] = []
        before = None
        read = 0
        while read < SEARCHED and len(found) < limit:
            rows = await self._link.run(_newest, wanted, before, AT_ONCE)
            if not rows:
                break
            for row in rows:
                listed = self._listed(row)
                text = normalize(f"{listed.body} {listed.story}")
                if all(word in text for word in words):
                    found.append(listed)
            before = rows[-1].id
            read += len(rows)
        return tuple(found[:limit])

    async def all(self, wanted: Wanted, limit: int) -> tuple[Listed, ...]:
        """The newest cases, for exports and figures."""
        rows = await self._link.run(_newest, wanted, None, limit)
        return tuple(self._listed(row) for row in rows)

    async def adopt(self) -> int:
        """Make cases of complaints that have none; begin the stage of those that were reopened. How many."""
        missing, reopened = await self._link.run(_astray)
        for row in missing:
            due = self._plan("look", _moment(row.at), row.look_by)
            await self._link.run(_adopt, row.id, row.subject, row.at, due.timestamp())
        for row in reopened:
            due = self._plan("again", _moment(row.state_at), None)
            values = {"stage": "again", "stage_at": row.state_at, "due_at": due.timestamp()}
            await self._link.run(_set, row.id, values)
        return len(missing) + len(reopened)

    async def reminders(self, now: datetime, remind_at: float) -> tuple[Reminder, ...]:
        """Whom nobody was reminded of yet: cases past `remind_at` of their term and cases past its end. Each is given
        once: it is remembered in this transaction."""
        rows = await self._link.run(_remind, now.timestamp(), remind_at)
        return tuple(Reminder(kind, row.code, row.state, _case(row)) for kind, row in rows)

    async def heard(self) -> tuple[Heard, ...]:
        """What citizens did with filed complaints since this was last asked."""
        rows = await self._link.run(_heard)
        return tuple(Heard(row.code, _case(row), row.what, row.after) for row in rows)

    async def block(self, complaint: int, by: int, at: datetime) -> bool:
        """Take no more complaints from whoever filed this one; False when that is not known any more."""
        return await self._link.run(_block, complaint, by, at.timestamp())

    async def unblock(self, complaint: int) -> bool:
        """Lift the block that was laid over this complaint."""
        gone = await self._link.run(_unblock, complaint)
        return bool(gone)

    async def forget(self, channel: str, person: str) -> bool:
        """Cut the tie between a person and the complaint they were blocked over; the block stays. Whether there is
        one."""
        return await self._link.run(_forget, channel, person) > 0

    async def is_blocked(self, channel: str, person: str) -> bool:
        """Whether a person's complaints are not taken any more."""
        rows = await self._link.execute(
            select(blocks.c.at).where(blocks.c.channel == channel, blocks.c.person == person)
        )
        return bool(rows)

    def _listed(self, row: Row[Any]) -> Listed:
        return Listed(
            case=_case(row),
            code=row.code,
            subject=row.subject,
            body=row.body,
            story=self._vault.opened(row.story),
            state=row.state,
            at=_moment(row.at),
            rating=row.rating,
        )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _case(row: Row[Any]) -> Case:
    return Case(
        complaint=row.complaint,
        bureau=row.bureau,
        holder=row.holder,
        version=row.version,
        stage=row.stage,
        stage_at=_moment(row.stage_at),
        due=_moment(row.due_at),
        spam=row.spam,
        answered_at=None if row.answered_at is None else _moment(row.answered_at),
    )


_JOINED = select(
    cases,
    complaints.c.id,
    complaints.c.code,
    complaints.c.subject,
    complaints.c.body,
    complaints.c.story,
    complaints.c.state,
    complaints.c.at,
    complaints.c.rating,
).join(complaints, complaints.c.id == cases.c.complaint)


def _insert_new(connection: Connection, table: Any, row: dict[str, object]) -> bool:
    """Insert unless it is there; whether it was inserted."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(row).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return connection.execute(statement).first() is not None


def _open(connection: Connection, complaint: Complaint, due: float) -> Case:
    chosen = select(cases).where(cases.c.complaint == complaint.id)
    row = connection.execute(chosen).first()
    if row is None:
        _adopt(connection, complaint.id, complaint.subject, complaint.at.timestamp(), due)
        row = connection.execute(chosen).one()
    return _case(row)


def _adopt(connection: Connection, complaint: int, subject: str | None, at: float, due: float) -> None:
    row: dict[str, object] = {
        "complaint": complaint,
        "bureau": bureau_of(subject),
        "version": 1,
        "stage": "look",
        "stage_at": at,
        "due_at": due,
        "heard": 0,
        "spam": False,
    }
    _insert_new(connection, cases, row)


def _lock(connection: Connection, complaint: int) -> Case | None:
    # The complaint first, then its case: always in this order, else two could wait for each other.
    fetch(connection, select(complaints.c.id).where(complaints.c.id == complaint).with_for_update(key_share=True))
    row = connection.execute(
        select(cases).where(cases.c.complaint == complaint).with_for_update(key_share=True)
    ).first()
    return None if row is None else _case(row)


def _change(connection: Connection, case: Case, values: Mapping[str, object]) -> Case:
    seen = and_(cases.c.complaint == case.complaint, cases.c.version == case.version)
    changed = connection.execute(update(cases).where(seen).values(**values, version=cases.c.version + 1))
    if changed.rowcount != 1:
        raise ChangedError(case.complaint)
    return _case(connection.execute(select(cases).where(cases.c.complaint == case.complaint)).one())


def _set(connection: Connection, complaint: int, values: Mapping[str, object]) -> None:
    statement = update(cases).where(cases.c.complaint == complaint)
    connection.execute(statement.values(**values, version=cases.c.version + 1))


def _whose(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.bureaus is not None:
        theirs = cases.c.bureau.in_(wanted.bureaus) if wanted.bureaus else false()
        yield or_(theirs, cases.c.holder == wanted.member)
    if wanted.bureau is not None:
        yield cases.c.bureau == wanted.bureau


def _conditions(wanted: Wanted, now: float) -> Iterator[ColumnElement[bool]]:
    yield from _whose(wanted)
    if wanted.show != "all":
        yield complaints.c.state.in_(_SHOWN[wanted.show])
    if wanted.show == "mine":
        yield cases.c.holder == wanted.member
    if wanted.show == "late":
        yield cases.c.due_at < now


def _queue(
    connection: Connection, wanted: Wanted, now: float, offset: int, limit: int
) -> tuple[Sequence[Row[Any]], int]:
    condition = and_(*_conditions(wanted, now), cases.c.complaint.is_not(None))
    counted = (
        select(func.count()).select_from(cases).join(complaints, complaints.c.id == cases.c.complaint).where(condition)
    )
    total: int = connection.execute(counted).scalar_one()
    page = _JOINED.where(condition).order_by(cases.c.due_at, cases.c.complaint).offset(offset).limit(limit)
    return fetch(connection, page), total


def _newest(connection: Connection, wanted: Wanted, before: int | None, limit: int) -> Sequence[Row[Any]]:
    chosen = _JOINED.where(*_conditions(wanted, 0.0))
    if before is not None:
        chosen = chosen.where(complaints.c.id < before)
    return fetch(connection, chosen.order_by(complaints.c.id.desc()).limit(limit))


def _astray(connection: Connection) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]]]:
    missing = select(complaints.c.id, complaints.c.subject, complaints.c.at, complaints.c.look_by).where(
        ~exists().where(cases.c.complaint == complaints.c.id)
    )
    reopened = (
        select(complaints.c.id, complaints.c.state_at)
        .join(cases, cases.c.complaint == complaints.c.id)
        .where(complaints.c.state == "reopened", cases.c.stage != "again")
    )
    return fetch(connection, missing.limit(AT_ONCE)), fetch(connection, reopened.limit(AT_ONCE))


def _remind(connection: Connection, now: float, remind_at: float) -> list[tuple[ReminderKind, Row[Any]]]:
    soon_at = cases.c.stage_at + (cases.c.due_at - cases.c.stage_at) * remind_at
    told = exists().where(
        reminders.c.complaint == cases.c.complaint,
        reminders.c.stage_at == cases.c.stage_at,
        or_(reminders.c.kind == "late", and_(reminders.c.kind == "soon", cases.c.due_at >= now)),
    )
    chosen = _JOINED.where(complaints.c.state.in_(sorted(OPEN)), soon_at <= now, ~told)
    due: list[tuple[ReminderKind, Row[Any]]] = []
    for row in fetch(connection, chosen.order_by(cases.c.due_at).limit(AT_ONCE)):
        kind: ReminderKind = "late" if row.due_at < now else "soon"
        remembered: dict[str, object] = {
            "complaint": row.complaint,
            "stage_at": row.stage_at,
            "kind": kind,
            "at": now,
        }
        # Of two processes that remind at once, the slower finds the row here.
        if _insert_new(connection, reminders, remembered):
            due.append((kind, row))
    return due


def _heard(connection: Connection) -> list[Row[Any]]:
    words = and_(
        complaint_history.c.who == CITIZEN,
        complaint_history.c.what.in_(("note", "files", "state")),
        complaint_history.c.id > cases.c.heard,
    )
    chosen = (
        select(cases, complaints.c.code, complaint_history.c.id, complaint_history.c.what, complaint_history.c.after)
        .join(complaints, complaints.c.id == cases.c.complaint)
        .join(complaint_history, complaint_history.c.complaint == cases.c.complaint)
        .where(words)
        .order_by(complaint_history.c.id)
        .limit(AT_ONCE)
    )
    heard = []
    for row in fetch(connection, chosen):
        newer = and_(cases.c.complaint == row.complaint, cases.c.heard < row.id)
        if connection.execute(update(cases).where(newer).values(heard=row.id)).rowcount:
            heard.append(row)
    return heard


def _block(connection: Connection, complaint: int, by: int, at: float) -> bool:
    who = connection.execute(
        select(complainants.c.channel, complainants.c.person).where(complainants.c.complaint == complaint)
    ).first()
    if who is None:
        return False
    row = {"channel": who.channel, "person": who.person, "complaint": complaint, "blocked_by": by, "at": at}
    _insert_new(connection, blocks, row)
    return True


def _unblock(connection: Connection, complaint: int) -> int:
    theirs = select(complainants.c.channel, complainants.c.person).where(complainants.c.complaint == complaint)
    who = connection.execute(theirs).first()
    over = blocks.c.complaint == complaint
    if who is not None:
        over = or_(over, and_(blocks.c.channel == who.channel, blocks.c.person == who.person))
    return connection.execute(delete(blocks).where(over)).rowcount


def _forget(connection: Connection, channel: str, person: str) -> int:
    theirs = and_(blocks.c.channel == channel, blocks.c.person == person)
    return connection.execute(update(blocks).where(theirs).values(complaint=None)).rowcount
