"""Announcements: what people read and get (`citizen`), and how the desk makes and steers them (`compose`, `manage`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from handlers import menu
from handlers.announcements import citizen, compose, manage
from handlers.announcements.citizen import CUE, about, ask_to_subscribe, latest
from handlers.announcements.rules import RULES, STAFF, AnnouncementRules, may_steer, store
from handlers.announcements.show import Looks
from handlers.desk.guard import PRIVATE_ONLY, member_of, stale
from handlers.reply import Reply, message
from handlers.topic import Command, Handler, Topic
from handlers.visit import Visit
from records.announcement_values import OUT, Announcement, StaleError, State
from records.staff import Member

__all__ = [
    "CUE",
    "RULES",
    "TOPIC",
    "AnnouncementRules",
    "Looks",
    "about",
    "ask_to_subscribe",
    "latest",
    "leave",
    "take",
]

Steer = Callable[[Visit, Member, Announcement, tuple[str, ...]], Awaitable[Reply]]
"""A button of one announcement, pressed by somebody who may."""


async def take(visit: Visit) -> Reply | None:
    """What a member writes while composing; None when nothing is being composed here."""
    memory = compose.recall(visit)
    if memory is None or visit.turn.edited:
        return None
    member = await member_of(visit)
    one = await store(visit).get(memory.number)
    if member is None or member.role not in STAFF or one is None:
        compose.clear(visit)
        return None
    try:
        reply = await _taken(visit, member, memory, one)
    except StaleError as error:
        return message(str(error))
    if reply is None:
        compose.clear(visit)
    return reply


async def _taken(visit: Visit, member: Member, memory: compose.Memory, one: Announcement) -> Reply | None:
    composing = one.state == "draft" and one.author == member.id
    match memory.step:
        case "edit" if one.state in OUT and may_steer(member, one):
            return await manage.take_edit(visit, member, one)
        case "when" if composing:
            return await compose.take_when(visit, one)
        case "body" if composing:
            return await compose.take_body(visit, memory, one)
        case _:
            return None


def leave(visit: Visit) -> None:
    """A command ends the composing; the draft is still there, under its buttons."""
    compose.clear(visit)


async def _announce(visit: Visit, words: tuple[str, ...]) -> Reply:
    """`/announce` begins one; `/announce list` shows those at work."""
    member = await member_of(visit)
    if member is None or member.role not in STAFF:
        return menu.unknown_command()
    if not visit.turn.private:
        return message(PRIVATE_ONLY)
    return await manage.listing(visit, member, ()) if words else await compose.begin(visit, member)


async def _list(visit: Visit, parts: tuple[str, ...]) -> Reply:
    member = await member_of(visit)
    if member is None or member.role not in STAFF or not visit.turn.private:
        return stale()
    return await manage.listing(visit, member, parts)


def _button(inner: Steer, states: Collection[State], *, own: bool = False) -> Handler:
    """A button of the desk: for its members alone, while the announcement is in one of these states. `own`: the
    author's alone."""

    async def guarded(visit: Visit, parts: tuple[str, ...]) -> Reply:
        member = await member_of(visit)
        number = parts[0] if parts else ""
        if member is None or member.role not in STAFF or not visit.turn.private:
            return stale()
        known = number.isascii() and number.isdecimal() and len(number) < 10
        one = await store(visit).get(int(number)) if known else None
        if one is None or one.state not in states:
            return stale()
        if one.author != member.id if own else not may_steer(member, one):
            return stale()
        try:
            return await inner(visit, member, one, parts[1:])
        except StaleError as error:
            return Reply(notice=str(error))

    return guarded


_DRAFT: tuple[State, ...] = ("draft",)
_ASKED: tuple[State, ...] = ("asked",)
_RUNNING: tuple[State, ...] = ("running",)
_PAUSED: tuple[State, ...] = ("paused",)
_UNSENT = (*_DRAFT, *_ASKED)
_UNDER_WAY = (*_RUNNING, *_PAUSED)
_WORKED: tuple[State, ...] = (*_ASKED, *OUT, "recalled", "dropped")

TOPIC = Topic(
    commands=(
        Command("announcements", "اطلاعیه‌ها", latest),
        Command("announce", "فرستادن اطلاعیه", _announce, "hidden"),
    ),
    buttons={
        "news": latest,
        "nby": citizen.by_bureau,
        "nopen": citizen.open_one,
        "nset": citizen.settings,
        "nyes": citizen.yes,
        "nno": citizen.no,
        "nstop": citizen.stop,
        "nback": citizen.back,
        "nvote": citizen.vote,
        "nwlist": _list,
        "nwaud": _button(compose.audience, _DRAFT, own=True),
        "nwwhen": _button(compose.when, _DRAFT, own=True),
        "nwnow": _button(compose.now, _DRAFT, own=True),
        "nwkind": _button(compose.kind, _DRAFT, own=True),
        "nwbare": _button(compose.bare, _DRAFT, own=True),
        "nwshow": _button(compose.show, _DRAFT, own=True),
        "nwprev": _button(compose.preview, _DRAFT, own=True),
        "nwok": _button(compose.confirm, _DRAFT, own=True),
        "nwdrop": _button(compose.drop, _UNSENT, own=True),
        "nwyes": _button(manage.approve, _ASKED),
        "nwno": _button(manage.refuse, _ASKED),
        "nwsee": _button(manage.see, _WORKED),
        "nwpause": _button(manage.pause, _RUNNING),
        "nwgo": _button(manage.resume, _PAUSED),
        "nwstop": _button(manage.stop, _UNDER_WAY),
        "nwagain": _button(manage.again, (*_UNDER_WAY, "done")),
        "nwedit": _button(manage.edit, OUT),
        "nwrecall": _button(manage.recall, OUT),
    },
)
