"""The memory of the desk's dialogue in a member's chat: something being written, or somebody being made a member."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from handlers.visit import Visit

TOPIC_NAME = "desk"
KEY = "desk"
"""Where the memory stands in the chat's draft, beside what the member may be doing as a citizen."""

KEPT = timedelta(hours=12)

WritingKind = Literal["answer", "ask", "note", "whose", "twin"]


class Writing(BaseModel):
    """A text about a complaint: asked for while `text` is empty, then shown as a preview whose button bears `key`."""

    model_config = ConfigDict(extra="ignore")
    kind: WritingKind
    code: str
    stamp: str
    text: str = ""
    key: str = Field(default_factory=lambda: secrets.token_hex(4))


class Hiring(BaseModel):
    """A member being made or changed. `target`: `channel:person`, `invite` for an invitation; asked for while empty."""

    model_config = ConfigDict(extra="ignore")
    target: str = ""
    name: str = ""
    role: str = ""
    bureaus: tuple[str, ...] = ()


class Memory(BaseModel):
    """One of the two."""

    model_config = ConfigDict(extra="ignore")
    at: datetime
    writing: Writing | None = None
    hiring: Hiring | None = None


def recall(visit: Visit) -> Memory | None:
    """What is going on in this chat; None when nothing is, or for too long."""
    if visit.state.topic != TOPIC_NAME:
        return None
    try:
        memory = Memory.model_validate(visit.state.draft.get(KEY))
    except ValidationError:
        return None
    return memory if visit.turn.at - memory.at <= KEPT else None


def remember(visit: Visit, *, writing: Writing | None = None, hiring: Hiring | None = None) -> None:
    """Begin or go on."""
    memory = Memory(at=visit.turn.at, writing=writing, hiring=hiring)
    visit.state.topic = TOPIC_NAME
    visit.state.draft = {**visit.state.draft, KEY: memory.model_dump(mode="json", exclude_defaults=True)}


def clear(visit: Visit) -> None:
    """It is over; what the member was doing as a citizen goes on."""
    draft = {key: value for key, value in visit.state.draft.items() if key != KEY}
    visit.state.draft = draft
    if visit.state.topic == TOPIC_NAME:
        visit.state.topic = "complaint" if draft.get("draft") or draft.get("asking") else None
