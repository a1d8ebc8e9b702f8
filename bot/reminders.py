"""What the desk is told by the clock: terms that run out, terms that are over, and what citizens did meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from handlers.complaint.rules import RULES
from handlers.desk.nudge import heard_part, reminder_part
from handlers.desk.post import draft
from handlers.desk.rules import term
from handlers.reply import Part
from records.database import Database
from records.desk import Cases
from records.desk_values import Case
from records.errors import DatabaseUnavailableError
from records.session import Records
from records.staff import Member, Staff

LOG = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds from one look at the clock to the next."""


async def remind(database: Database, now: datetime) -> int:
    """Post what is due, each once: at 80% of a term to whoever has the case in hand (else to the bureau's officers),
    at its end also to the admins, and what citizens did to whoever has it in hand. How many messages were posted.

    Several processes may do this at once: what one has posted, the others find done.

    Raises:
        DatabaseUnavailableError: it cannot be reached; nothing is forgotten.
    """
    async with database.transaction() as records:
        cases = Cases(records.connection, term, RULES.vault)
        await cases.adopt()
        posted = 0
        for heard in await cases.heard():
            posted += await _post(records, await _holders(records, heard.case), heard_part(heard), now)
        for reminder in await cases.reminders(now, RULES.deadlines.remind_at):
            told = list(await _holders(records, reminder.case))
            if reminder.kind == "late":
                told += [one for one in await Staff(records.connection).admins() if one not in told]
            posted += await _post(records, told, reminder_part(reminder, now), now)
    return posted


async def keep_reminding(
    database: Database, poke: Callable[[], None], every: float = EVERY, clock: Callable[[], datetime] | None = None
) -> None:
    """Remind again and again, `every` seconds, until cancelled; `poke` is called when there is something to send."""
    while True:
        try:
            if await remind(database, clock() if clock else datetime.now(UTC)):
                poke()
        except DatabaseUnavailableError as error:
            LOG.warning("no reminders: %s", error.reason)
        except Exception:
            # A fault in one case must not end all reminders for good.
            LOG.exception("reminders failed")
        await asyncio.sleep(every)


async def _holders(records: Records, case: Case) -> Sequence[Member]:
    """Who is to be told of a case: its holder, else the bureau's officers, else the admins."""
    staff = Staff(records.connection)
    holder = await staff.get(case.holder) if case.holder is not None else None
    if holder is not None and not holder.removed:
        return (holder,)
    return await staff.officers(case.bureau) or await staff.admins()


async def _post(records: Records, members: Sequence[Member], part: Part, now: datetime) -> int:
    chats = await Staff(records.connection).chats(members)
    for channel, chat in chats:
        await records.post(channel, chat, draft(part), at=now)
    return len(chats)
