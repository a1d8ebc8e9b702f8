"""What the desk's store takes and gives: cases, rows of the queue, reminders."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

from records.complaint_states import OPEN, State

Stage = Literal["look", "answer", "letters", "inspection", "again"]
ReminderKind = Literal["soon", "late"]
Show = Literal["open", "new", "mine", "late", "answered", "closed", "all"]

DEFAULT_BUREAU = "performance"
"""Whose a complaint without a subject is: the bureau that the booklet gives complaints to (performance-05)."""


class Plan(Protocol):
    """When a stage is due."""

    def __call__(self, stage: Stage, since: datetime, promised: date | None) -> datetime:
        """The end of a stage that began at `since`; `promised`: the day the citizen was told, for those that have
        one."""
        ...


@dataclass(frozen=True)
class Case:
    """A complaint's case. `holder`: id of the member who has it in hand."""

    complaint: int
    bureau: str
    holder: int | None
    version: int
    stage: Stage
    stage_at: datetime
    due: datetime
    spam: bool = False
    answered_at: datetime | None = None


@dataclass(frozen=True)
class Listed:
    """A row of the queue: the complaint as far as a list shows it, and its case."""

    case: Case
    code: str
    subject: str | None
    body: str
    story: str = field(repr=False)
    state: State
    at: datetime
    rating: int | None

    def late(self, now: datetime) -> bool:
        """Whether the office owes something and the time for it is over."""
        return self.state in OPEN and self.case.due < now


@dataclass(frozen=True)
class Wanted:
    """Which cases: of these bureaus (None: all) or in this member's hand, and of what kind."""

    bureaus: Collection[str] | None
    member: int
    show: Show = "open"
    bureau: str | None = None


@dataclass(frozen=True)
class Reminder:
    """Somebody is to be reminded of a case."""

    kind: ReminderKind
    code: str
    state: State
    case: Case


@dataclass(frozen=True)
class Heard:
    """The citizen did something that the desk was not told of. `after`: the state, for a change of state."""

    code: str
    case: Case
    what: str
    after: State | None


def bureau_of(subject: str | None) -> str:
    """The slug of the bureau a service code belongs to; the complaints' own bureau without one."""
    return subject.rpartition("-")[0] if subject else DEFAULT_BUREAU
