"""What an announcement is, and what became of it: the values that the stores of announcements hand out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from pydantic import TypeAdapter

from records.errors import RecordsError

State = Literal["draft", "asked", "running", "paused", "done", "stopped", "recalled", "dropped"]
STATES: tuple[State, ...] = get_args(State)
"""draft → asked (for approval) → running ⇄ paused → done; running or paused → stopped; what went out → recalled;
draft or asked → dropped."""

OUT: tuple[State, ...] = ("running", "paused", "done", "stopped")
"""Those that people have, or are getting."""

RowState = Literal["waiting", "sending", "sent", "unknown", "blocked", "failed", "withdrawn"]
Kind = Literal["normal", "urgent"]
AudienceKind = Literal["everyone", "bureaus", "county"]
Wants = Literal["none", "some", "all"]
Amend = Literal["edit", "recall"]

QUIETS = (0, 2208, 2307, 2110)
"""The quiet hours one can choose: 2208 for 22 to 8 (the default), 0 for none."""
QUIET = 2208


class StaleError(RecordsError):
    """Somebody changed the announcement meanwhile, or it is in another state."""

    def __init__(self) -> None:
        super().__init__("این اطلاعیه در این فاصله تغییر کرده است.")


@dataclass(frozen=True)
class FileRef:
    """A file that a member sent on a channel, known there by its id."""

    channel: str
    kind: str
    file_id: str


@dataclass(frozen=True)
class Body:
    """What is said. `options`: those of a poll, whose question is the text."""

    text: str = ""
    files: tuple[FileRef, ...] = ()
    options: tuple[str, ...] = ()


BODY = TypeAdapter(Body)


@dataclass(frozen=True)
class Audience:
    """Whom it is for: every subscriber, subscribers of some bureaus (slugs), or of a county."""

    kind: AudienceKind = "everyone"
    bureaus: tuple[str, ...] = ()
    county: str = ""


@dataclass(frozen=True)
class Announcement:
    """One announcement. `author`, `approved_by`: members of the desk. `planned`: its ledger is written whole."""

    id: int
    author: int
    state: State
    version: int
    body: Body
    kind: Kind
    audience: Audience
    created_at: datetime
    due_at: datetime | None = None
    approved_by: int | None = None
    approved_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    planned: bool = False
    amend: Amend | None = None
    reason: str = ""
    pending: Body | None = None
    pending_by: int | None = None


@dataclass(frozen=True)
class Tally:
    """How many recipients there are and what became of them."""

    total: int = 0
    sent: int = 0
    unknown: int = 0
    blocked: int = 0
    failed: int = 0
    withdrawn: int = 0
    amended: int = 0

    @property
    def left(self) -> int:
        """Those whose turn is still to come, or is just now."""
        return self.total - self.sent - self.unknown - self.blocked - self.failed - self.withdrawn


@dataclass(frozen=True)
class Subscriber:
    """What a person wants. `asked`: they were asked, whatever they said."""

    wants: Wants = "none"
    bureaus: tuple[str, ...] = ()
    urgent_only: bool = False
    quiet: int = QUIET
    county: str = ""
    asked: bool = False


@dataclass(frozen=True)
class Claimed:
    """One recipient whose turn it is: the row is `sending`, by `owner`."""

    owner: str
    announcement: int
    channel: str
    person: str
    chat: str
    attempts: int


@dataclass(frozen=True)
class Outcome:
    """What became of a claimed row. `not_before` (unix seconds): when one that waits again may be tried."""

    claimed: Claimed
    state: RowState
    at: float
    message: str | None = None
    reason: str | None = None
    attempts: int = 0
    not_before: float = 0.0


@dataclass(frozen=True)
class Claims:
    """What to send now, of which announcements (by number)."""

    rows: tuple[Claimed, ...] = ()
    announcements: dict[int, Announcement] = field(default_factory=dict)


def closed_at(quiet: int, hour: int) -> bool:
    """Whether an hour of the day lies within these quiet hours."""
    start, end = divmod(quiet, 100)
    if start == end:
        return False
    return start <= hour < end if start < end else hour >= start or hour < end
