"""One turn being handled: what a handler is given, and the conversation's memory that it may change."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from handlers.turn import Turn
from knowledge.catalogue import Catalogue
from knowledge.finder.finder import Finder, Found
from knowledge.overlay.edition import Edition
from records.session import Records

REMEMBERED = 512
"""Questions whose answers the office keeps at hand."""

LONGEST = 4096
"""Most characters of a text that are read."""


class Answered(BaseModel):
    """An answer that can still be rated, or of which none can still be chosen."""

    model_config = ConfigDict(extra="ignore")
    question: str
    decision: str
    codes: tuple[str, ...] = ()
    rated: bool = False


class Conversation(BaseModel):
    """The memory of one chat; stored as JSON when the turn ends, unknown fields of other versions are dropped.

    `service`: the service last shown; `step`: the number of the step last told, from 1, 0 for none; `offered`: codes
    of the list last shown, in its order; `waiting`: a second need of the same message, not yet answered;
    `topic`: the name of the open dialogue («complaint», …) whose own memory is `draft`; `answers`: by answer id.
    """

    model_config = ConfigDict(extra="ignore")
    at: datetime | None = None
    service: str | None = None
    step: int = 0
    offered: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    question: str = ""
    topic: str | None = None
    draft: dict[str, object] = {}
    subject: str | None = None
    answers: dict[str, Answered] = {}
    made: int = 0


class Office:
    """What the office knows, the same for every chat: the finder with its catalogue, and how the bot is reached.

    `handles`: the bot's user name per channel, for deep links; `edition`: the catalogue with what staff changed in it;
    `editors`: who may (channel, person), as of a second ago. Swapped whole when the catalogue changes; `handles` and
    `editors` are handed on.
    """

    def __init__(
        self,
        finder: Finder,
        handles: dict[str, str] | None = None,
        edition: Edition | None = None,
        editors: set[tuple[str, str]] | None = None,
    ) -> None:
        self.finder = finder
        self.handles = {} if handles is None else handles
        self.editors = set() if editors is None else editors
        self._edition = edition
        self._found: OrderedDict[str, Found] = OrderedDict()

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue that the finder answers from."""
        return self.finder.catalogue

    @property
    def edition(self) -> Edition:
        """The catalogue with what staff changed in it; without upkeep, the repository's."""
        return self._edition or Edition(self.catalogue, self.catalogue)

    def find(self, question: str) -> Found:
        """The finder's word on a question; asked again soon, it is not thought over again."""
        question = question[:LONGEST]
        found = self._found.get(question)
        if found is None:
            found = self._found[question] = self.finder.find(question)
            if len(self._found) > REMEMBERED:
                self._found.popitem(last=False)
        return found


@dataclass
class Visit:
    """One turn with all that a handler may look at (`turn`, `office`) and change (`state`, `records`)."""

    turn: Turn
    office: Office
    records: Records
    state: Conversation = field(default_factory=Conversation)
