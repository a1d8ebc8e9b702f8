"""The memory of an editor's dialogue: which field of which subject is being written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from handlers.visit import Visit

TOPIC_NAME = "upkeep"
KEY = "upkeep"
KEPT = timedelta(hours=2)


class Writing(BaseModel):
    """What the next text is: a new value of a `field`, or the service to which the missed question belongs (`miss`)."""

    model_config = ConfigDict(extra="ignore")
    at: datetime
    kind: Literal["field", "miss"]
    subject: str = ""
    field: str = ""
    miss: int = 0


def recall(visit: Visit) -> Writing | None:
    """What is being written in this chat; None when nothing is, or for too long."""
    if visit.state.topic != TOPIC_NAME:
        return None
    try:
        writing = Writing.model_validate(visit.state.draft.get(KEY))
    except ValidationError:
        return None
    return writing if visit.turn.at - writing.at <= KEPT else None


def remember(
    visit: Visit, kind: Literal["field", "miss"], *, subject: str = "", field: str = "", miss: int = 0
) -> None:
    """Wait for a text."""
    writing = Writing(at=visit.turn.at, kind=kind, subject=subject, field=field, miss=miss)
    visit.state.topic = TOPIC_NAME
    visit.state.draft = {**visit.state.draft, KEY: writing.model_dump(mode="json", exclude_defaults=True)}


def clear(visit: Visit) -> None:
    """It is over; what the editor was doing as a citizen goes on."""
    draft = {key: value for key, value in visit.state.draft.items() if key != KEY}
    visit.state.draft = draft
    if visit.state.topic == TOPIC_NAME:
        visit.state.topic = "complaint" if draft.get("draft") or draft.get("asking") else None
