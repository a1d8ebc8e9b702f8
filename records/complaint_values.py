"""What the store of complaints takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from records.complaint_states import State

What = Literal["filed", "state", "note", "files", "mobile", "anonymous", "named", "rated", "assigned", "seen"]

CITIZEN = "citizen"
"""Who did it, in the history, when it was the complainant."""


@dataclass(frozen=True)
class Complainant:
    """Who complains and where they are answered. `name` and `mobile` as given."""

    channel: str
    person: str
    chat: str
    name: str | None = None
    mobile: str | None = None


@dataclass(frozen=True)
class ComplaintFile:
    """A file, recording or place of a complaint. `size` in bytes; `place`: latitude and longitude in degrees."""

    channel: str
    kind: str
    file_id: str = ""
    name: str = ""
    size: int = 0
    place: tuple[float, float] | None = None


@dataclass(frozen=True)
class NewComplaint:
    """What is filed. `draft` names the draft, which can be filed once."""

    draft: str
    jalali_year: int
    subject: str | None
    body: str
    story: str
    named: bool
    complainant: Complainant
    look_by: date
    answer_by: date
    files: Sequence[ComplaintFile] = ()


@dataclass(frozen=True)
class Complaint:
    """A complaint as the desk may see it: nothing in here tells who complained."""

    id: int
    code: str
    subject: str | None
    body: str
    story: str = field(repr=False)
    named: bool
    state: State
    at: datetime
    state_at: datetime
    look_by: date
    answer_by: date
    reopened: int = 0
    rating: int | None = None
    whose: str | None = None
    duplicate_of: int | None = None


@dataclass(frozen=True)
class Event:
    """One row of a complaint's history."""

    at: datetime
    who: str
    what: What
    before: State | None
    after: State | None
    said: str | None
    public: bool


@dataclass(frozen=True)
class Change:
    """A change of state: of which complaint, from what it was seen in to what it shall be, and by whom. `said`: the
    word that goes with it; `whose` it is when it is not ours; `duplicate_of`: id of the complaint it repeats."""

    complaint: int
    before: State
    after: State
    who: str
    at: datetime
    said: str | None = None
    public: bool = True
    whose: str | None = None
    duplicate_of: int | None = None


@dataclass(frozen=True)
class Filed:
    """The complaint of a draft; `fresh`: this very call filed it."""

    complaint: Complaint
    fresh: bool
