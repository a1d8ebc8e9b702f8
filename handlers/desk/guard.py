"""Who may do what. To everybody else the desk does not exist: its commands are unknown, its buttons are stale."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Collection

from handlers.desk.rules import staff
from handlers.reply import Reply, message
from handlers.topic import Command, Handler
from handlers.visit import Visit
from records.desk_values import Case
from records.staff import CHANNELS, Member, Role

ROLE_NAMES: dict[Role, str] = {"admin": "مدیر", "officer": "کارشناس", "editor": "ویراستار"}
PRIVATE_ONLY = "این کار را در گفت‌وگوی خصوصی با خودم انجام دهید."

DESK_ROLES: frozenset[Role] = frozenset({"admin", "officer"})
ADMIN: frozenset[Role] = frozenset({"admin"})

Inner = Callable[[Visit, Member, tuple[str, ...]], Awaitable[Reply]]
"""A handler of somebody who may use it."""


async def member_of(visit: Visit) -> Member | None:
    """Who at the desk this turn is of."""
    turn = visit.turn
    if turn.channel not in CHANNELS:
        return None
    member = await staff(visit).find(turn.channel, turn.person)
    if member is not None and not member.name and turn.name:
        await staff(visit).rename(member.id, turn.name)
        member = dataclasses.replace(member, name=turn.name)
    return member


def command(name: str, inner: Inner, roles: Collection[Role]) -> Command:
    """A hidden command for these roles."""

    async def guarded(visit: Visit, words: tuple[str, ...]) -> Reply:
        member = await member_of(visit)
        if member is None or member.role not in roles:
            from handlers import menu  # noqa: PLC0415 — the menu counts on the desk

            return menu.unknown_command()
        return await inner(visit, member, words) if visit.turn.private else message(PRIVATE_ONLY)

    return Command(name, "میز کار", guarded, "hidden")


def button(inner: Inner, roles: Collection[Role], *, anywhere: bool = False) -> Handler:
    """A button for these roles. `anywhere`: also in the desk's group."""

    async def guarded(visit: Visit, parts: tuple[str, ...]) -> Reply:
        member = await member_of(visit)
        if member is None or member.role not in roles:
            return stale()
        return await inner(visit, member, parts) if anywhere or visit.turn.private else Reply(notice=PRIVATE_ONLY)

    return guarded


def stale() -> Reply:
    """What the router answers to a button that it does not know."""
    from handlers import menu, show  # noqa: PLC0415 — as above

    return dataclasses.replace(message(show.STALE, buttons=menu.menu_rows()), notice=show.STALE)


def may_see(member: Member, case: Case) -> bool:
    """Whether a member may see a case: admins all, officers those of their bureaus and those in their hand."""
    if member.role == "admin":
        return True
    return member.role == "officer" and (case.bureau in member.bureaus or case.holder == member.id)


def may_work(member: Member, case: Case) -> bool:
    """Whether a member may act on a case: whoever has it in hand, and admins."""
    return may_see(member, case) and (member.role == "admin" or case.holder == member.id)


async def log(visit: Visit, member: Member, what: str, target: str, detail: str = "") -> None:
    """Put on the audit what a member did or saw."""
    await staff(visit).log(member.who, what, target, visit.turn.at, detail)
