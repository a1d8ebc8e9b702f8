"""Before a turn's transaction: files that a citizen sends, and those that a member of the desk asks to see, are looked
into. For every other turn it is one comparison (docs/decisions/0015-files-are-checked-by-content.md)."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from bot.checking.looking import Looking, Wanted
from handlers.complaint.checked import LOOKED_INTO, NOTHING, Checked
from handlers.complaint.files import LARGEST, executable
from handlers.complaint.rules import RULES
from handlers.turn import Turn
from records.complaint_errors import TrackingCodeError
from records.complaints import Complaints
from records.database import Database
from records.errors import RecordsError
from records.staff import Staff
from records.tracking import read_code

LOG = logging.getLogger(__name__)

SENT_SECONDS = 4.0
"""How long a citizen's turn waits for its file, and their next messages with it."""

SHOWN_SECONDS = 15.0
"""How long the desk waits for the files of a complaint; what is not there by then is had by asking again."""

BUDGET_SECONDS = 12.0
WINDOW = 600.0
"""One person's files may hold up turns for so many seconds in so many."""

PEOPLE = 10_000


class CheckingFiles:
    """Prepares turns with files of one messenger. `clock` gives seconds that only grow."""

    def __init__(self, looking: Looking, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._looking = looking
        self._database = database
        self._clock = clock
        self._spent: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    async def __call__(self, turn: Turn) -> Turn:
        """The turn with the verdicts of its files; as it came when it has none. Never raises."""
        if turn.brought is not None or not turn.private:
            return turn
        if turn.button is not None:
            return replace(turn, brought=await self._shown(turn)) if turn.button.startswith("dfiles:") else turn
        wanted = [
            Wanted(turn.channel, one.file_id, one.name)
            for one in turn.attachments
            if one.kind in LOOKED_INTO and not executable(one.name) and one.size <= LARGEST
        ]
        return replace(turn, brought=await self._sent(turn, wanted)) if wanted else turn

    async def _sent(self, turn: Turn, wanted: list[Wanted]) -> Checked:
        """What can be said of a citizen's files without keeping them waiting: else the desk's look will say it."""
        person, began = (turn.channel, turn.person), self._clock()
        since, spent = self._spent.pop(person, (began, 0.0))
        if began - since > WINDOW:
            since, spent = began, 0.0
        checked = NOTHING
        if spent < BUDGET_SECONDS and not self._looking.busy:
            checked = await self._looking.check(wanted, SENT_SECONDS)
        self._spent[person] = (since, spent + self._clock() - began)
        if len(self._spent) > PEOPLE:
            self._spent.popitem(last=False)
        return checked

    async def _shown(self, turn: Turn) -> Checked:
        """The files of the complaint that a member asks for; nothing for whoever is none."""
        try:
            code = read_code((turn.button or "").partition(":")[2])
            async with self._database.reading() as records:
                member = await Staff(records.connection).find(turn.channel, turn.person)
                if member is None:
                    return NOTHING
                complaints = Complaints(records.connection, RULES.vault)
                complaint = await complaints.by_code(code)
                files = await complaints.files(complaint.id) if complaint is not None else ()
        except TrackingCodeError:
            return NOTHING
        except RecordsError as error:
            LOG.warning("the files of a complaint were not read: %s", type(error).__name__)
            return NOTHING
        wanted = [Wanted(one.channel, one.file_id, one.name) for one in files if one.kind in LOOKED_INTO]
        return await self._looking.check(wanted, SHOWN_SECONDS)
