"""The overlay's store: changes of staff with version, author, reason and time, and the facts they add up to.

Functions over a synchronous connection, brought to the database by a `Link`. A subject, a field and their JSON are
texts here: what they mean is the catalogue's business. Writers follow one another, so that versions are committed in
their order and whoever has seen one has seen all before it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, text, update

from records.errors import RecordsError
from records.link import Link, fetch
from records.overlay_tables import changes, drafts, entries, facts, verdicts
from records.staff_tables import staff
from records.tables import misses, votes

ChangeKind = Literal["chat", "excel", "phrase", "undo", "yaml"]
Verdict = Literal["phrase", "rejected"]

LOCK = 0x6B686F76
"""PostgreSQL advisory lock under which the overlay is changed."""

KEPT_DRAFTS = 86_400.0
"""Seconds that an unconfirmed change can still be confirmed."""

EDITORS = ("admin", "editor")
REASON_LENGTH = 500


class Stale(RecordsError):  # noqa: N818 — an outcome
    """Somebody else has changed a field meanwhile; `places`: subject and field of each."""

    def __init__(self, places: Sequence[tuple[str, str]]) -> None:
        self.places = tuple(places)
        super().__init__("در این میان کس دیگری همین را عوض کرده است. لطفاً از نو ببینید.")


Given = tuple[str, str, str | None, str | None]
"""An entry as others give it: subject, field, before, after."""


class Entry(NamedTuple):
    """One field changed: JSON before and after; None is «as the repository has it»."""

    subject: str
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Change:
    """One change. `author`: as the audit names them; `name`: what to call them; `undone_by`, `undoes`: changes."""

    id: int
    at: datetime
    author: str
    name: str
    kind: ChangeKind
    reason: str
    undoes: int | None
    undone_by: int | None
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class StoredFact:
    """One field as staff have it."""

    subject: str
    field: str
    value: str
    change: int
    name: str
    at: datetime


@dataclass(frozen=True)
class Stand:
    """The overlay at one moment: the newest version, its facts, and who may edit (channel, person)."""

    version: int
    facts: tuple[StoredFact, ...]
    editors: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Draft:
    """A change not yet confirmed."""

    id: int
    kind: ChangeKind
    reason: str
    edits: tuple[Entry, ...]


@dataclass(frozen=True)
class Miss:
    """A question that was not met, and what it was answered with."""

    id: int
    at: datetime
    kind: str
    question: str
    codes: tuple[str, ...]


class Overlay:
    """The store within one transaction."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def version(self) -> tuple[int, frozenset[tuple[str, str]]]:
        """The newest change (0 for none), and who may edit: what a replica asks every second."""
        return await self._link.run(_version)

    async def lock(self) -> None:
        """Let nobody else change the overlay, or hold this lock for another end, until the transaction ends."""
        await self._link.run(_lock)

    async def stand(self) -> Stand:
        """The overlay as it stands."""
        return await self._link.run(_stand)

    async def before(self, version: int) -> tuple[Entry, ...]:
        """What stood at a version in every field that was changed since: entries with their `before` alone."""
        return await self._link.run(_before, version)

    async def apply(
        self,
        edits: Iterable[Given],
        *,
        author: str,
        name: str,
        kind: ChangeKind,
        reason: str,
        at: datetime,
    ) -> int:
        """Make a change; its version.

        Raises:
            Stale: a field is not as the edit found it. Nothing was changed.
        """
        row = {"at": at.timestamp(), "author": author, "name": name, "kind": kind, "reason": reason[:REASON_LENGTH]}
        return await self._link.run(_apply, tuple(Entry(*one) for one in edits), row)

    async def undo(self, change: int, *, author: str, name: str, at: datetime) -> int | None:
        """Take a change back, as a change of its own; its version. None when it is none or undone already.

        Raises:
            Stale: a field of it has been changed again since.
        """
        return await self._link.run(_undo, change, {"at": at.timestamp(), "author": author, "name": name})

    async def change(self, change: int) -> Change | None:
        """A change with its entries."""
        found = await self._link.run(_changes, changes.c.id == change, 0, 1)
        return found[0] if found else None

    async def changes(self, offset: int = 0, limit: int = 10) -> tuple[Change, ...]:
        """The newest changes first, with their entries."""
        return await self._link.run(_changes, None, offset, limit)

    async def keep_draft(
        self, edits: Iterable[Given], *, author: str, kind: ChangeKind, reason: str, at: datetime
    ) -> int:
        """Keep a change until its author confirms it; its id. Drafts of yesterday are dropped."""
        packed = json.dumps([list(one) for one in edits], ensure_ascii=False)
        row = {
            "at": at.timestamp(), "author": author, "kind": kind, "reason": reason[:REASON_LENGTH], "edits": packed
        }  # fmt: skip
        return await self._link.run(_keep_draft, row)

    async def take_draft(self, draft: int, author: str) -> Draft | None:
        """The draft, taken out; None when it is not this author's, or not there any more."""
        rows = await self._link.execute(
            delete(drafts)
            .where(drafts.c.id == draft, drafts.c.author == author)
            .returning(drafts.c.id, drafts.c.kind, drafts.c.reason, drafts.c.edits)
        )
        if not rows:
            return None
        row = rows[0]
        return Draft(row.id, row.kind, row.reason, tuple(Entry(*one) for one in json.loads(row.edits)))

    async def to_tell(self, version: int, at: datetime) -> bool:
        """Whether this replica is the one to tell the admins that a version is broken."""
        rows = await self._link.execute(
            update(changes)
            .where(changes.c.id == version, changes.c.told_at.is_(None))
            .values(told_at=at.timestamp())
            .returning(changes.c.id)
        )
        return bool(rows)

    async def misses(self, since: datetime, limit: int = 2000) -> tuple[Miss, ...]:
        """Missed questions that nobody has dealt with, newest first."""
        return await self._link.run(_misses, since.timestamp(), limit)

    async def asked(self) -> dict[str, int]:
        """How often each service was voted on: the trace that questions about it leave."""
        counted = func.sum(votes.c.up + votes.c.down).label("times")
        rows = await self._link.execute(select(votes.c.subject, counted).group_by(votes.c.subject))
        return {row.subject: int(row.times) for row in rows}

    async def judge(
        self, ids: Collection[int], verdict: Verdict, *, author: str, at: datetime, change: int | None = None
    ) -> int:
        """Mark missed questions as dealt with; how many were not before."""
        return await self._link.run(_judge, tuple(ids), verdict, author, at.timestamp(), change)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _version(connection: Connection) -> tuple[int, frozenset[tuple[str, str]]]:
    newest = connection.scalar(select(func.max(changes.c.id))) or 0
    members = fetch(
        connection,
        select(staff.c.channel, staff.c.person).where(staff.c.removed_at.is_(None), staff.c.role.in_(EDITORS)),
    )
    return newest, frozenset((row.channel, row.person) for row in members)


def _stand(connection: Connection) -> Stand:
    if connection.dialect.name == "postgresql":
        # Version and facts are two statements: they must see the same overlay.
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": LOCK})
    newest, members = _version(connection)
    rows = fetch(
        connection,
        select(facts.c.subject, facts.c.field, facts.c.value, facts.c.change, changes.c.name, changes.c.at)
        .join(changes, changes.c.id == facts.c.change)
        .order_by(facts.c.subject, facts.c.field),
    )
    stored = (StoredFact(row.subject, row.field, row.value, row.change, row.name, _moment(row.at)) for row in rows)
    return Stand(newest, tuple(stored), members)


def _before(connection: Connection, version: int) -> tuple[Entry, ...]:
    rows = fetch(
        connection,
        select(entries.c.subject, entries.c.field, entries.c.before)
        .where(entries.c.change > version)
        .order_by(entries.c.change, entries.c.place),
    )
    earliest: dict[tuple[str, str], Entry] = {}
    for row in rows:
        earliest.setdefault((row.subject, row.field), Entry(row.subject, row.field, row.before, None))
    return tuple(earliest.values())


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def _apply(connection: Connection, edits: Sequence[Entry], row: dict[str, Any]) -> int:
    _lock(connection)
    subjects = {one.subject for one in edits}
    standing: dict[tuple[str, str], str] = {}
    for some in _some(sorted(subjects)):
        rows = fetch(connection, select(facts.c.subject, facts.c.field, facts.c.value).where(facts.c.subject.in_(some)))
        standing |= {(one.subject, one.field): one.value for one in rows}
    stale = [(one.subject, one.field) for one in edits if standing.get((one.subject, one.field)) != one.before]
    if stale:
        raise Stale(stale)
    version: int = connection.execute(insert(changes).values(row).returning(changes.c.id)).scalar_one()
    if edits:
        connection.execute(
            insert(entries),
            [{"change": version, "place": place, **one._asdict()} for place, one in enumerate(edits)],
        )
    for one in edits:
        key = and_(facts.c.subject == one.subject, facts.c.field == one.field)
        connection.execute(delete(facts).where(key))
        if one.after is not None:
            fact = {"subject": one.subject, "field": one.field, "value": one.after, "change": version}
            connection.execute(insert(facts).values(fact))
    return version


def _some(subjects: Sequence[str], most: int = 500) -> Iterable[Sequence[str]]:
    return (subjects[at : at + most] for at in range(0, len(subjects), most))


def _undo(connection: Connection, change: int, row: dict[str, Any]) -> int | None:
    _lock(connection)
    found = _changes(connection, changes.c.id == change, 0, 1)
    if not found or found[0].undone_by is not None:
        return None
    back = [Entry(one.subject, one.field, one.after, one.before) for one in reversed(found[0].entries)]
    reason = f"بازگرداندن تغییر {change}"
    version = _apply(connection, back, {**row, "kind": "undo", "reason": reason, "undoes": change})
    connection.execute(update(changes).where(changes.c.id == change).values(undone_by=version))
    connection.execute(delete(verdicts).where(verdicts.c.change == change))
    return version


def _changes(connection: Connection, condition: Any, offset: int, limit: int) -> tuple[Change, ...]:
    chosen = select(changes) if condition is None else select(changes).where(condition)
    rows = fetch(connection, chosen.order_by(changes.c.id.desc()).offset(offset).limit(limit))
    of: dict[int, list[Entry]] = {row.id: [] for row in rows}
    if of:
        found = fetch(
            connection, select(entries).where(entries.c.change.in_(of)).order_by(entries.c.change, entries.c.place)
        )
        for one in found:
            of[one.change].append(Entry(one.subject, one.field, one.before, one.after))
    return tuple(_change(row, of[row.id]) for row in rows)


def _change(row: Row[Any], of: Iterable[Entry]) -> Change:
    return Change(
        row.id, _moment(row.at), row.author, row.name, row.kind, row.reason, row.undoes, row.undone_by, tuple(of)
    )


def _keep_draft(connection: Connection, row: dict[str, Any]) -> int:
    connection.execute(delete(drafts).where(drafts.c.at < row["at"] - KEPT_DRAFTS))
    made: int = connection.execute(insert(drafts).values(row).returning(drafts.c.id)).scalar_one()
    return made


def _misses(connection: Connection, since: float, limit: int) -> tuple[Miss, ...]:
    rows = fetch(
        connection,
        select(misses.c.id, misses.c.at, misses.c.kind, misses.c.question, misses.c.codes)
        .outerjoin(verdicts, verdicts.c.miss == misses.c.id)
        .where(misses.c.at >= since, verdicts.c.miss.is_(None))
        .order_by(misses.c.id.desc())
        .limit(limit),
    )
    return tuple(Miss(row.id, _moment(row.at), row.kind, row.question, tuple(json.loads(row.codes))) for row in rows)


def _judge(  # noqa: PLR0917 — one row's columns
    connection: Connection, ids: Sequence[int], verdict: Verdict, author: str, at: float, change: int | None
) -> int:
    _lock(connection)
    judged = 0
    for some in (ids[start : start + 500] for start in range(0, len(ids), 500)):
        known = {row.miss for row in fetch(connection, select(verdicts.c.miss).where(verdicts.c.miss.in_(some)))}
        fresh = [one for one in dict.fromkeys(some) if one not in known]
        if fresh:
            row = {"verdict": verdict, "author": author, "at": at, "change": change}
            connection.execute(insert(verdicts), [{"miss": one, **row} for one in fresh])
        judged += len(fresh)
    return judged
