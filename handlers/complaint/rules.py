"""What the operator may set, the vault in use, and who is told of a complaint that was filed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from handlers.visit import Visit
from knowledge.workdays import Deadlines, load_deadlines
from records.complaint_values import Complaint
from records.complaints import Complaints
from records.vault import PLAIN, Vault

Filed = Callable[[Visit, Complaint], Awaitable[None]]
"""Called inside the transaction that filed a complaint: what it posts goes out when, and only when, that commits."""

Refuse = Callable[[Visit], Awaitable[str | None]]
"""Asked before a complaint is filed: why none is taken from this person; None when one is."""


@dataclass
class Rules:
    """`per_day`: most complaints of a person in 24 hours; `deadlines`: what is promised and how long the desk has;
    `filed`: hooks of the desk."""

    per_day: int = 5
    vault: Vault = PLAIN
    deadlines: Deadlines = field(default_factory=load_deadlines)
    filed: list[Filed] = field(default_factory=list)
    refuses: list[Refuse] = field(default_factory=list)


RULES = Rules()
"""Set once at the start of the program, before the first turn."""


def store(visit: Visit) -> Complaints:
    """The complaints within the visit's transaction."""
    return Complaints(visit.records.connection, RULES.vault)
