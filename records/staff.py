"""Who works at the desk: roles, bureaus, one-time invitations, and the record of what they did.

Functions over a synchronous connection, brought to the database by a `Link`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from records.database import Database
from records.errors import RecordsError
from records.link import Link, fetch
from records.staff_tables import audit, invitations, staff, staff_bureaus
from records.tables import people

Role = Literal["admin", "officer", "editor"]
ROLES: tuple[Role, ...] = get_args(Role)

CHANNELS = frozenset({"telegram", "bale"})
"""Where a person's id says who they are. Web and terminal have no identities."""

VALID_FOR = timedelta(hours=48)
"""How long an invitation can be accepted."""

TOKEN_BYTES = 16
NAME_LENGTH = 120
DETAIL_LENGTH = 200

_PERSON = re.compile(r"(?:(?P<channel>[a-z]+):)?(?P<person>[0-9]{1,20})")


class LastAdminError(RecordsError):
    """The desk would be left without an admin."""

    def __init__(self) -> None:
        super().__init__("آخرین مدیر را نمی‌شود برداشت.")


class StaffIdError(RecordsError):
    """A text that is no user id."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"«{text}» شناسه‌ی کاربر نیست؛ نمونه: 123456 یا bale:123456")


@dataclass(frozen=True)
class Member:
    """Somebody of the desk. `bureaus`: slugs, of an officer; `person`: the messenger's id."""

    id: int
    channel: str
    person: str
    name: str
    role: Role
    bureaus: tuple[str, ...] = ()
    removed: bool = False

    @property
    def who(self) -> str:
        """How histories and the audit name them."""
        return f"staff:{self.id}"

    @property
    def shown(self) -> str:
        """What to call them."""
        return self.name or f"{self.channel}:{self.person}"


@dataclass(frozen=True)
class Entry:
    """One row of the audit. `target`: a tracking code, a member, an export."""

    at: datetime
    who: str
    what: str
    target: str
    detail: str = ""


def read_person(text: str) -> tuple[str, str]:
    """Channel and person of an id: `bale:123`, or `123` for Telegram.

    Raises:
        StaffIdError: it is neither.
    """
    found = _PERSON.fullmatch(text.strip())
    channel = (found["channel"] or "telegram") if found else ""
    if found is None or channel not in CHANNELS:
        raise StaffIdError(text)
    return channel, found["person"]


async def seed_admins(database: Database, ids: Iterable[str], at: datetime | None = None) -> int:
    """Make the operator's ids admins, at every start; how many were made. Somebody the desk knows already, be they
    removed, is left as they are, unless the desk has no admin at all.

    Raises:
        StaffIdError: one of the ids is none.
    """
    wanted = [read_person(one) for one in ids]
    moment = (at or datetime.now(UTC)).timestamp()
    async with database.transaction() as records:
        return await records.connection.run(_seed, wanted, moment)


class Staff:
    """The store within one transaction."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def find(self, channel: str, person: str) -> Member | None:
        """Who this is at the desk; None for everybody else."""
        found = await self._link.run(
            _members,
            and_(staff.c.channel == channel, staff.c.person == person, staff.c.removed_at.is_(None)),
        )
        return found[0] if found else None

    async def get(self, member: int) -> Member | None:
        """A member by id, also one who was removed."""
        found = await self._link.run(_members, staff.c.id == member)
        return found[0] if found else None

    async def all(self) -> tuple[Member, ...]:
        """Everybody at work: admins first, then by name."""
        found = await self._link.run(_members, staff.c.removed_at.is_(None))
        return tuple(sorted(found, key=lambda one: (ROLES.index(one.role), one.shown)))

    async def officers(self, bureau: str) -> tuple[Member, ...]:
        """The officers of a bureau."""
        return tuple(one for one in await self.all() if one.role == "officer" and bureau in one.bureaus)

    async def admins(self) -> tuple[Member, ...]:
        """All admins."""
        return tuple(one for one in await self.all() if one.role == "admin")

    async def put(
        self, channel: str, person: str, role: Role, *, bureaus: Collection[str] = (), at: datetime, name: str = ""
    ) -> Member:
        """Add a person or change what they are.

        Raises:
            LastAdminError: the only admin would be one no more.
        """
        return await self._link.run(_put, (channel, person), role, bureaus, at=at.timestamp(), name=name)

    async def rename(self, member: int, name: str) -> None:
        """Write down what a member is called."""
        await self._link.execute(update(staff).where(staff.c.id == member).values(name=name[:NAME_LENGTH]))

    async def remove(self, member: int, at: datetime) -> bool:
        """Take a member off the desk; False when they are not there.

        Raises:
            LastAdminError: it is the only admin.
        """
        return await self._link.run(_remove, member, at.timestamp())

    async def invite(self, role: Role, bureaus: Collection[str], by: int, at: datetime) -> str:
        """A token that makes whoever brings it first a member. Only its hash is kept."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        row = {
            "token": _hashed(token),
            "role": role,
            "bureaus": ",".join(sorted(bureaus)),
            "invited_by": by,
            "at": at.timestamp(),
            "expires_at": (at + VALID_FOR).timestamp(),
        }
        await self._link.execute(insert(invitations).values(row))
        return token

    async def accept(self, token: str, channel: str, person: str, *, at: datetime, name: str = "") -> Member | None:
        """The member that the bearer has become; None when the token is unknown, used or too old, when it comes on
        a channel without identities, or when they are a member already (then it can still be used)."""
        return await self._link.run(_accept, token, channel, person, at=at.timestamp(), name=name)

    async def log(self, who: str, what: str, target: str, at: datetime, detail: str = "") -> None:
        """Add a row to the audit. `detail` must hold no personal data."""
        row = {"at": at.timestamp(), "who": who, "what": what, "target": target, "detail": detail[:DETAIL_LENGTH]}
        await self._link.execute(insert(audit).values(row))

    async def trail(self, *, target: str | None = None, offset: int = 0, limit: int = 20) -> tuple[Entry, ...]:
        """The newest rows of the audit first; of one `target` when given."""
        chosen = select(audit) if target is None else select(audit).where(audit.c.target == target)
        rows = await self._link.execute(chosen.order_by(audit.c.id.desc()).offset(offset).limit(limit))
        return tuple(
            Entry(datetime.fromtimestamp(row.at, UTC), row.who, row.what, row.target, row.detail) for row in rows
        )

    async def chats(self, members: Sequence[Member]) -> tuple[tuple[str, str], ...]:
        """Channel and private chat of each: the chat last written from, else the one that bears the person's id."""
        if not members:
            return ()
        wanted = [and_(people.c.channel == one.channel, people.c.person == one.person) for one in members]
        rows = await self._link.execute(select(people.c.channel, people.c.person, people.c.chat).where(or_(*wanted)))
        known = {(row.channel, row.person): row.chat for row in rows}
        return tuple((one.channel, known.get((one.channel, one.person), one.person)) for one in members)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _members(connection: Connection, condition: Any) -> tuple[Member, ...]:
    rows = fetch(connection, select(staff).where(condition).order_by(staff.c.id))
    if not rows:
        return ()
    of: dict[int, list[str]] = {row.id: [] for row in rows}
    chosen = select(staff_bureaus).where(staff_bureaus.c.staff.in_(of)).order_by(staff_bureaus.c.bureau)
    for row in fetch(connection, chosen):
        of[row.staff].append(row.bureau)
    return tuple(_member(row, of[row.id]) for row in rows)


def _member(row: Row[Any], bureaus: Iterable[str]) -> Member:
    return Member(row.id, row.channel, row.person, row.name, row.role, tuple(bureaus), row.removed_at is not None)


def _other_admin(connection: Connection, but: int) -> bool:
    """Whether there is another admin. The rows stay locked: of two who remove each other, one finds nobody left."""
    rows = fetch(
        connection,
        select(staff.c.id)
        .where(staff.c.role == "admin", staff.c.removed_at.is_(None))
        .order_by(staff.c.id)
        .with_for_update(),
    )
    return any(row.id != but for row in rows)


def _put(
    connection: Connection, whose: tuple[str, str], role: Role, bureaus: Collection[str], *, at: float, name: str
) -> Member:
    channel, person = whose
    key = and_(staff.c.channel == channel, staff.c.person == person)
    before = connection.execute(select(staff).where(key).with_for_update()).first()
    bureaus = sorted(set(bureaus)) if role == "officer" else []
    if before is None:
        row = {"channel": channel, "person": person, "name": name[:NAME_LENGTH], "role": role, "at": at}
        member: int = connection.execute(insert(staff).values(row).returning(staff.c.id)).scalar_one()
    else:
        member = before.id
        was_admin = before.role == "admin" and before.removed_at is None
        if was_admin and role != "admin":
            if not _other_admin(connection, member):
                raise LastAdminError
            _withdraw_invitations(connection, member, at)
        values = {"role": role, "removed_at": None, "name": name[:NAME_LENGTH] or before.name}
        connection.execute(update(staff).where(staff.c.id == member).values(values))
        connection.execute(delete(staff_bureaus).where(staff_bureaus.c.staff == member))
    if bureaus:
        connection.execute(insert(staff_bureaus), [{"staff": member, "bureau": bureau} for bureau in bureaus])
    return _members(connection, staff.c.id == member)[0]


def _remove(connection: Connection, member: int, at: float) -> bool:
    others = _other_admin(connection, member)
    row = connection.execute(
        select(staff).where(staff.c.id == member, staff.c.removed_at.is_(None)).with_for_update()
    ).first()
    if row is None:
        return False
    if row.role == "admin" and not others:
        raise LastAdminError
    connection.execute(update(staff).where(staff.c.id == member).values(removed_at=at))
    connection.execute(delete(staff_bureaus).where(staff_bureaus.c.staff == member))
    _withdraw_invitations(connection, member, at)
    return True


def _withdraw_invitations(connection: Connection, member: int, at: float) -> None:
    """What somebody who is no admin any more has invited is void."""
    unused = and_(invitations.c.invited_by == member, invitations.c.used_at.is_(None))
    connection.execute(update(invitations).where(unused).values(expires_at=at))


def _seed(connection: Connection, wanted: Sequence[tuple[str, str]], at: float) -> int:
    anybody = _other_admin(connection, -1)
    made = 0
    for channel, person in dict.fromkeys(wanted):
        known = connection.scalar(
            select(func.count()).select_from(staff).where(staff.c.channel == channel, staff.c.person == person)
        )
        if known and anybody:
            continue
        _put(connection, (channel, person), "admin", (), at=at, name="")
        made += 1
    return made


def _accept(connection: Connection, token: str, channel: str, person: str, *, at: float, name: str) -> Member | None:
    if channel not in CHANNELS:
        return None
    here = and_(staff.c.channel == channel, staff.c.person == person, staff.c.removed_at.is_(None))
    if _members(connection, here):
        return None
    used = (
        update(invitations)
        .where(invitations.c.token == _hashed(token), invitations.c.used_at.is_(None), invitations.c.expires_at > at)
        .values(used_at=at)
        .returning(invitations.c.token, invitations.c.role, invitations.c.bureaus)
    )
    invitation = connection.execute(used).first()
    if invitation is None:
        return None
    bureaus = [slug for slug in invitation.bureaus.split(",") if slug]
    member = _put(connection, (channel, person), invitation.role, bureaus, at=at, name=name)
    mark = update(invitations).where(invitations.c.token == invitation.token).values(used_by=member.id)
    connection.execute(mark)
    return member
