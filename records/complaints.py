"""The store of complaints: filed once a draft, changed only along the allowed transitions, every change on record.

Functions over a synchronous connection, brought to the database by a `Link`; a caller that takes several steps takes
them in one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from records.complaint_errors import ChangedError, CodesExhaustedError, TransitionError
from records.complaint_states import REOPENINGS, check
from records.complaint_tables import complainants, complaint_files, complaint_history, complaints
from records.complaint_values import (
    CITIZEN,
    Change,
    Complainant,
    Complaint,
    ComplaintFile,
    Event,
    Filed,
    NewComplaint,
    What,
)
from records.link import Link
from records.tracking import new_code
from records.vault import PLAIN, Vault

DRAWS = 8
"""How many tracking codes are drawn before giving up."""

BODY_LENGTH = 120


class Complaints:
    """The store within one transaction."""

    def __init__(self, link: Link, vault: Vault = PLAIN, draw: Callable[[int], str] = new_code) -> None:
        self._link = link
        self._vault = vault
        self._draw = draw

    async def file(self, new: NewComplaint, at: datetime) -> Filed:
        """File a draft, or find what it was filed as. Two that file one draft at once get the same complaint.

        Raises:
            CodesExhaustedError: no free code in eight draws.
        """
        row, fresh = await self._link.run(_file, self._vault, self._draw, new, at.timestamp())
        return Filed(self._complaint(row), fresh)

    async def by_code(self, code: str) -> Complaint | None:
        """The complaint with this code (as `read_code` writes it)."""
        return await self._one(complaints.c.code == code)

    async def by_draft(self, draft: str) -> Complaint | None:
        """The complaint that this draft was filed as."""
        return await self._one(complaints.c.draft == draft)

    async def is_of(self, complaint: int, channel: str, person: str) -> bool:
        """Whether this person filed the complaint."""
        rows = await self._link.execute(
            select(complainants.c.complaint).where(
                complainants.c.complaint == complaint,
                complainants.c.channel == channel,
                complainants.c.person == person,
            )
        )
        return bool(rows)

    async def of_person(
        self, channel: str, person: str, *, offset: int = 0, limit: int = 8
    ) -> tuple[tuple[Complaint, ...], int]:
        """A page of a person's complaints, the newest first, and how many there are."""
        mine = (complainants.c.channel == channel) & (complainants.c.person == person)
        total = (await self._link.execute(select(func.count()).select_from(complainants).where(mine)))[0][0]
        rows = await self._link.execute(
            select(complaints)
            .join(complainants, complainants.c.complaint == complaints.c.id)
            .where(mine)
            .order_by(complaints.c.at.desc(), complaints.c.id.desc())
            .offset(offset)
            .limit(limit)
        )
        return tuple(self._complaint(row) for row in rows), total

    async def filed_since(self, channel: str, person: str, since: datetime) -> int:
        """How many complaints a person has filed since then."""
        rows = await self._link.execute(
            select(func.count()).where(
                complainants.c.channel == channel,
                complainants.c.person == person,
                complainants.c.at >= since.timestamp(),
            )
        )
        return int(rows[0][0])

    async def same(self, channel: str, person: str, story: str, since: datetime) -> Complaint | None:
        """A complaint of this person with the same words filed since then and not withdrawn."""
        rows = await self._link.execute(
            select(complaints)
            .join(complainants, complainants.c.complaint == complaints.c.id)
            .where(
                complainants.c.channel == channel,
                complainants.c.person == person,
                complainants.c.at >= since.timestamp(),
                complainants.c.fingerprint == _fingerprint(channel, person, story),
                complaints.c.state != "withdrawn",
            )
            .order_by(complaints.c.id.desc())
            .limit(1)
        )
        return self._complaint(rows[0]) if rows else None

    async def files(self, complaint: int) -> tuple[ComplaintFile, ...]:
        """What was sent with it, in order."""
        rows = await self._link.execute(
            select(complaint_files).where(complaint_files.c.complaint == complaint).order_by(complaint_files.c.id)
        )
        return tuple(
            ComplaintFile(
                row.channel,
                row.kind,
                row.file_id,
                row.name,
                row.size,
                None if row.latitude is None else (row.latitude, row.longitude),
            )
            for row in rows
        )

    async def history(self, complaint: int, *, public: bool = True) -> tuple[Event, ...]:
        """What happened to it, oldest first; `public`: only what the citizen sees."""
        chosen = select(complaint_history).where(complaint_history.c.complaint == complaint)
        if public:
            chosen = chosen.where(complaint_history.c.public)
        rows = await self._link.execute(chosen.order_by(complaint_history.c.id))
        return tuple(
            Event(
                _moment(row.at),
                row.who,
                cast("What", row.what),
                row.before,
                row.after,
                None if row.said is None else self._vault.opened(row.said),
                row.public,
            )
            for row in rows
        )

    async def move(self, change: Change) -> Complaint:
        """Change the state and put it on record.

        Raises:
            TransitionError: this state may not follow that one, or it was reopened as often as may be.
            ChangedError: the complaint is no longer in the state it was seen in.
        """
        row = await self._link.run(_move, self._vault, change)
        return self._complaint(row)

    async def note(self, complaint: int, who: str, text: str, at: datetime, *, public: bool = True) -> None:
        """Add a word to the history."""
        await self._link.run(_log, self._vault, complaint, who, "note", at=at.timestamp(), said=text, public=public)

    async def add_files(self, complaint: int, who: str, files: Sequence[ComplaintFile], at: datetime) -> None:
        """Add files, on record."""
        await self._link.run(_add_files, self._vault, complaint, who, files, at=at.timestamp())

    async def log(self, complaint: int, who: str, what: What, at: datetime, *, public: bool = False) -> None:
        """Put on record something that changes nothing: that it was seen, or to whom it was given."""
        await self._link.run(_log, self._vault, complaint, who, what, at=at.timestamp(), public=public)

    async def set_mobile(self, complaint: int, mobile: str, at: datetime) -> None:
        """Mend the complainant's mobile; the history says that, not what it was."""
        await self._link.run(_set_mobile, self._vault, complaint, mobile, at.timestamp())

    async def set_anonymous(self, complaint: int, at: datetime) -> None:
        """Take the complainant's name off."""
        await self._link.run(_set_anonymous, self._vault, complaint, at.timestamp())

    async def rate(self, complaint: int, stars: int, at: datetime) -> None:
        """Keep the citizen's rating, 1 to 5."""
        if not 1 <= stars <= 5:
            raise ValueError(f"a rating is 1 to 5: {stars}")
        await self._link.run(_rate, self._vault, complaint, stars, at.timestamp())

    async def contact(self, complaint: int) -> tuple[str | None, str | None]:
        """Name and mobile as the desk may see them: nothing of an anonymous complainant."""
        rows = await self._link.execute(
            select(complainants.c.name, complainants.c.mobile)
            .join(complaints, complaints.c.id == complainants.c.complaint)
            .where(complaints.c.id == complaint, complaints.c.named)
        )
        return (self._opened(rows[0].name), self._opened(rows[0].mobile)) if rows else (None, None)

    async def complainant(self, complaint: int) -> Complainant | None:
        """Who complained: to write to them and to show them their own. Not for the desk."""
        rows = await self._link.execute(select(complainants).where(complainants.c.complaint == complaint))
        if not rows:
            return None
        row = rows[0]
        return Complainant(row.channel, row.person, row.chat, self._opened(row.name), self._opened(row.mobile))

    async def forget(self, channel: str, person: str) -> int:
        """Cut the tie between a person and their complaints, which remain without anybody's name. How many."""
        return await self._link.run(_forget, channel, person)

    async def _one(self, condition: object) -> Complaint | None:
        rows = await self._link.execute(select(complaints).where(condition))  # type: ignore[arg-type]  # a column's comparison
        return self._complaint(rows[0]) if rows else None

    def _opened(self, stored: str | None) -> str | None:
        return None if stored is None else self._vault.opened(stored)

    def _complaint(self, row: Row[tuple[object, ...]]) -> Complaint:
        return Complaint(
            id=row.id,
            code=row.code,
            subject=row.subject,
            body=row.body,
            story=self._vault.opened(row.story),
            named=row.named,
            state=row.state,
            at=_moment(row.at),
            state_at=_moment(row.state_at),
            look_by=row.look_by,
            answer_by=row.answer_by,
            reopened=row.reopened,
            rating=row.rating,
            whose=row.whose,
            duplicate_of=row.duplicate_of,
        )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _fingerprint(channel: str, person: str, story: str) -> str:
    return hashlib.sha256("\0".join((channel, person, " ".join(story.split()))).encode()).hexdigest()


def _get(connection: Connection, complaint: int) -> Row[tuple[object, ...]]:
    row = connection.execute(select(complaints).where(complaints.c.id == complaint)).first()
    if row is None:
        raise ChangedError(complaint)
    return row


def _of_draft(connection: Connection, draft: str) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(complaints).where(complaints.c.draft == draft)).first()


def _file(
    connection: Connection, vault: Vault, draw: Callable[[int], str], new: NewComplaint, at: float
) -> tuple[Row[tuple[object, ...]], bool]:
    for _ in range(DRAWS):
        if (found := _of_draft(connection, new.draft)) is not None:
            return found, False
        try:
            # Of two that file one draft at once, the slower waits here and then finds the other's row.
            with connection.begin_nested():
                complaint = _insert(connection, vault, draw(new.jalali_year), new, at)
        except IntegrityError:
            continue
        return _get(connection, complaint), True
    raise CodesExhaustedError


def _insert(connection: Connection, vault: Vault, code: str, new: NewComplaint, at: float) -> int:
    row = {
        "code": code,
        "draft": new.draft,
        "subject": new.subject,
        "body": new.body[:BODY_LENGTH],
        "story": vault.sealed(new.story),
        "named": new.named,
        "state": "new",
        "state_at": at,
        "at": at,
        "look_by": new.look_by,
        "answer_by": new.answer_by,
        "reopened": 0,
    }
    complaint: int = connection.execute(insert(complaints).values(row).returning(complaints.c.id)).scalar_one()
    who = new.complainant
    row = {
        "complaint": complaint,
        "channel": who.channel,
        "person": who.person,
        "chat": who.chat,
        "name": None if who.name is None or not new.named else vault.sealed(who.name),
        "mobile": None if who.mobile is None else vault.sealed(who.mobile),
        "fingerprint": _fingerprint(who.channel, who.person, new.story),
        "at": at,
    }
    connection.execute(insert(complainants).values(row))
    _insert_files(connection, complaint, new.files, at)
    _log(connection, vault, complaint, CITIZEN, "filed", at=at, after="new", public=True)
    return complaint


def _insert_files(connection: Connection, complaint: int, files: Iterable[ComplaintFile], at: float) -> None:
    rows = [
        {
            "complaint": complaint,
            "at": at,
            "channel": file.channel,
            "kind": file.kind,
            "file_id": file.file_id,
            "name": file.name,
            "size": file.size,
            "latitude": file.place[0] if file.place else None,
            "longitude": file.place[1] if file.place else None,
        }
        for file in files
    ]
    if rows:
        connection.execute(insert(complaint_files), rows)


def _log(
    connection: Connection,
    vault: Vault,
    complaint: int,
    who: str,
    what: What,
    *,
    at: float,
    before: str | None = None,
    after: str | None = None,
    said: str | None = None,
    public: bool = False,
) -> None:
    row = {
        "complaint": complaint,
        "at": at,
        "who": who,
        "what": what,
        "before": before,
        "after": after,
        "said": None if said is None else vault.sealed(said),
        "public": public,
    }
    connection.execute(insert(complaint_history).values(row))


def _move(connection: Connection, vault: Vault, change: Change) -> Row[tuple[object, ...]]:
    check(change.before, change.after)
    at = change.at.timestamp()
    values: dict[str, object] = {"state": change.after, "state_at": at}
    condition = (complaints.c.id == change.complaint) & (complaints.c.state == change.before)
    if change.after == "reopened":
        if _get(connection, change.complaint).reopened >= REOPENINGS:
            raise TransitionError(change.before, change.after)
        values["reopened"] = complaints.c.reopened + 1
        condition &= complaints.c.reopened < REOPENINGS
    if change.after == "not_ours":
        values["whose"] = change.whose
    if change.after == "duplicate":
        values["duplicate_of"] = change.duplicate_of
    if connection.execute(update(complaints).where(condition).values(values)).rowcount != 1:
        raise ChangedError(change.complaint)
    _log(
        connection,
        vault,
        change.complaint,
        change.who,
        "state",
        at=at,
        before=change.before,
        after=change.after,
        said=change.said,
        public=change.public,
    )
    return _get(connection, change.complaint)


def _add_files(
    connection: Connection, vault: Vault, complaint: int, who: str, files: Sequence[ComplaintFile], *, at: float
) -> None:
    _insert_files(connection, complaint, files, at)
    _log(connection, vault, complaint, who, "files", at=at, public=True)


def _set_mobile(connection: Connection, vault: Vault, complaint: int, mobile: str, at: float) -> None:
    connection.execute(
        update(complainants).where(complainants.c.complaint == complaint).values(mobile=vault.sealed(mobile))
    )
    _log(connection, vault, complaint, CITIZEN, "mobile", at=at)


def _set_anonymous(connection: Connection, vault: Vault, complaint: int, at: float) -> None:
    connection.execute(update(complaints).where(complaints.c.id == complaint).values(named=False))
    connection.execute(update(complainants).where(complainants.c.complaint == complaint).values(name=None))
    _log(connection, vault, complaint, CITIZEN, "anonymous", at=at, public=True)


def _rate(connection: Connection, vault: Vault, complaint: int, stars: int, at: float) -> None:
    connection.execute(update(complaints).where(complaints.c.id == complaint).values(rating=stars))
    _log(connection, vault, complaint, CITIZEN, "rated", at=at, said=str(stars))


def _forget(connection: Connection, channel: str, person: str) -> int:
    mine = select(complainants.c.complaint).where(complainants.c.channel == channel, complainants.c.person == person)
    connection.execute(update(complaints).where(complaints.c.id.in_(mine)).values(named=False))
    theirs = (complainants.c.channel == channel) & (complainants.c.person == person)
    return connection.execute(delete(complainants).where(theirs)).rowcount
