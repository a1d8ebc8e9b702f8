"""The memory of the complaint dialogue in one chat: the draft, what else is being asked, what was done last."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from handlers.visit import Visit

TOPIC_NAME = "complaint"
KEPT = timedelta(days=7)
"""How long an unfinished draft is kept."""

STALE = timedelta(hours=6)
"""After so long a text is no longer taken as meant for the draft before it was offered again."""

RECENT = timedelta(hours=1)
"""How long corrections of what was just done are understood."""

Step = Literal["story", "subject", "review", "name"]
Want = Literal["note", "reason"]


class _Kept(BaseModel):
    model_config = ConfigDict(extra="ignore")


class DraftFile(_Kept):
    """One file, recording or place that was sent for a complaint. `size` in bytes."""

    channel: str
    kind: str
    file_id: str = ""
    name: str = ""
    size: int = 0
    place: tuple[float, float] | None = None


class Piece(_Kept):
    """A text of the story and the message it came in."""

    text: str
    message: str | None = None


class Draft(_Kept):
    """A complaint not yet filed. `heard`: what was said before the story (it may name the subject); `body`: the name
    of the authority complained of; `sure`: the subject was taken or chosen; `elsewhere`: whose work it really is;
    `hinted`: the subject was asked for or heard once, so that the next text is the story whatever it looks like."""

    id: str = Field(default_factory=lambda: secrets.token_hex(8))
    touched: datetime
    step: Step = "story"
    heard: tuple[Piece, ...] = ()
    pieces: tuple[Piece, ...] = ()
    subject: str | None = None
    sure: bool = False
    offered: tuple[str, ...] = ()
    body: str = ""
    elsewhere: str = ""
    context: str | None = None
    files: tuple[DraftFile, ...] = ()
    albums: tuple[str, ...] = ()
    named: bool = False
    name: str = ""
    mobile: str = ""
    hinted: bool = False
    editing: bool = False
    spoken: bool = False
    warned: bool = False
    again: bool = False

    @property
    def text(self) -> str:
        """The story as it will be filed."""
        return "\n".join(piece.text for piece in (*self.heard, *self.pieces))


class Asking(_Kept):
    """Something asked about a complaint that was filed: a note, or why it should be opened again."""

    want: Want
    code: str
    at: datetime
    albums: tuple[str, ...] = ()


class Last(_Kept):
    """What was last done, for corrections and questions soon after."""

    done: Literal["filed", "cancelled"]
    at: datetime
    code: str = ""
    albums: tuple[str, ...] = ()


class Memory(_Kept):
    """All of it; kept as JSON in `visit.state.draft`. `pending`: what was said for another complaint while a draft was
    open."""

    draft: Draft | None = None
    asking: Asking | None = None
    last: Last | None = None
    pending: str = ""
    pending_subject: str | None = None


def recall(visit: Visit) -> Memory:
    """The memory of this chat: empty when another dialogue wrote there or it cannot be read; without a draft that is
    too old to be kept."""
    try:
        memory = Memory.model_validate(visit.state.draft)
    except ValidationError:
        memory = Memory()
    now = visit.turn.at
    if memory.draft is not None and now - memory.draft.touched > KEPT:
        memory.draft = None
    if memory.asking is not None and now - memory.asking.at > STALE:
        memory.asking = None
    if memory.last is not None and now - memory.last.at > RECENT:
        memory.last = None
    return memory


def remember(visit: Visit, memory: Memory) -> None:
    """Write the memory back; the dialogue is open while a draft or a question is."""
    open_now = memory.draft is not None or memory.asking is not None
    if open_now:
        visit.state.topic = TOPIC_NAME
    elif visit.state.topic == TOPIC_NAME:
        visit.state.topic = None
    visit.state.draft = memory.model_dump(mode="json", exclude_none=True)
