"""What the operator sets for the desk, and when the stages of a case are due."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from handlers.complaint.rules import RULES
from handlers.visit import Visit
from knowledge.workdays import due, end_of
from records.desk import Cases
from records.desk_values import Stage
from records.staff import CHANNELS, Staff, StaffIdError

_CHAT = re.compile(r"(?:(?P<channel>[a-z]+):)?(?P<chat>-?[0-9]{1,20})")


@dataclass
class DeskRules:
    """`chat`: channel and id of the staff's group, which is told of every new complaint."""

    chat: tuple[str, str] | None = None


DESK = DeskRules()
"""Set once at the start of the program, by `handlers.desk.set_up`."""


def read_chat(text: str) -> tuple[str, str]:
    """Channel and chat of the desk's group: `-100123` (Telegram) or `bale:123`; StaffIdError when it is neither."""
    found = _CHAT.fullmatch(text.strip())
    channel = (found["channel"] or "telegram") if found else ""
    if found is None or channel not in CHANNELS:
        raise StaffIdError(text)
    return channel, found["chat"]


def term(stage: Stage, since: datetime, promised: date | None = None) -> datetime:
    """When a stage is due: on the day that the citizen was promised, else by the booklet's days, in working days."""
    if promised is not None:
        return end_of(promised)
    deadlines = RULES.deadlines
    match stage:
        case "look":
            return due(since, deadlines.days("look"))
        case "answer":
            return due(since, deadlines.days("answer"))
        case "letters":
            return due(since, deadlines.days("letters", "reply", "answer"))
        case "inspection":
            return due(since, deadlines.days("inspection", "reply", "answer"))
        case "again":
            return due(since, deadlines.days("look", "answer"))


def cases(visit: Visit) -> Cases:
    """The cases within the visit's transaction."""
    return Cases(visit.records.connection, term, RULES.vault)


def staff(visit: Visit) -> Staff:
    """The members within the visit's transaction."""
    return Staff(visit.records.connection)
