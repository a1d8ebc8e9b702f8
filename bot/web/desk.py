"""What the web chat needs of whoever answers: the engine in service, a scripted desk in tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from handlers.reply import Part
from handlers.turn import Turn

PictureForm = Literal["png", "pdf"]


@dataclass(frozen=True)
class Shown:
    """A message for the page. Ids grow with time; `edits` is the id of the earlier message this one takes the place
    of."""

    id: int
    part: Part
    edits: int | None = None


class Desk(Protocol):
    """Answers the turns of the web chat and keeps what was said."""

    async def take(self, turn: Turn) -> str | None:
        """Handle a turn once, whatever number of times it comes; the passing notice for the page, if any."""
        ...

    async def shown(self, chat: str, after: int) -> Sequence[Shown]:
        """The messages of a chat with ids above `after`, oldest first; 0 for all that is kept."""
        ...

    def picture(self, code: str, form: PictureForm) -> bytes | None:
        """The drawn workflow of a service; None when there is none. Called in a worker thread, and
        often: it keeps what it drew."""
        ...

    def picture_title(self, code: str) -> str:
        """What the drawing of a service shows, for those who cannot see it."""
        ...

    async def ready(self) -> bool:
        """Whether turns can be handled now (the database answers)."""
        ...
