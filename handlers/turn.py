"""What comes in: one Turn, whatever the channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Channel = Literal["telegram", "bale", "web", "terminal"]
AttachmentKind = Literal["photo", "voice", "audio", "video", "document", "sticker", "location", "contact", "other"]


@dataclass(frozen=True)
class Attachment:
    """Something sent beside or instead of text. `album`: the messenger's id of the group it was sent in; `size` in
    bytes; `phone` of a contact, `place` (latitude, longitude in degrees) of a location."""

    kind: AttachmentKind
    file_id: str = ""
    name: str = ""
    size: int = 0
    album: str | None = None
    phone: str | None = None
    place: tuple[float, float] | None = None


@dataclass(frozen=True)
class Turn:
    """One update of one person in one chat.

    `update`: the messenger's id of the update, unique within the channel; a second delivery bears the same.
    `message`: the messenger's id of the citizen's message or, when `button` is set, of the message that bears the
    pressed button. `text` holds a caption too. `at` is aware (UTC). `private`: a chat of this person alone.
    `brought`: what was fetched or worked out for the turn before its transaction began (`bot.upkeep.preparing`,
    `bot.checking.preparing`).
    """

    channel: Channel
    update: str
    chat: str
    person: str
    at: datetime
    text: str = ""
    button: str | None = None
    message: str | None = None
    attachments: tuple[Attachment, ...] = ()
    edited: bool = False
    forwarded: bool = False
    forwarded_from: str | None = None
    private: bool = True
    name: str = ""
    brought: object = None
