"""Once a week, on Saturday morning, editors are told what was not met."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from handlers.desk.post import draft
from handlers.masking import mask
from handlers.reply import Button, Heading, Items, Part, say
from knowledge.overlay.likeness import grouped
from knowledge.persian import persian_digits
from knowledge.workdays import TEHRAN
from records.database import Database
from records.errors import DatabaseUnavailableError
from records.overlay import EDITORS, Overlay
from records.staff import Staff

LOG = logging.getLogger(__name__)

EVERY = 600.0
"""Seconds from one look at the clock to the next."""

SATURDAY, HOUR = 5, 8
SHOWN = 7
TITLE = "پرسش‌های بی‌پاسخ هفته"
NONE = "این هفته پرسش بی‌پاسخی نماند 🌱"
WHO = "program"


async def summarize(database: Database, now: datetime) -> int:
    """Post this week's summary where it is due and has not been posted; how many messages. Replicas may do this at
    once: what one has posted, the others find done.

    Raises:
        DatabaseUnavailableError: it cannot be reached; nothing is forgotten.
    """
    here = now.astimezone(TEHRAN)
    if here.weekday() != SATURDAY or here.hour < HOUR:
        return 0
    target = f"misses {here.date().isoformat()}"
    async with database.reading() as records:
        if await Staff(records.connection).trail(target=target, limit=1):
            return 0
        rows = await Overlay(records.connection).misses(now - timedelta(days=7))
    groups = await asyncio.to_thread(grouped, [(row.id, row.question) for row in rows])
    lines = tuple(f"{mask(group.first)[:120]} ({persian_digits(group.count)} بار)" for group in groups[:SHOWN])
    told = (say(f"{persian_digits(len(rows))} پرسش، {persian_digits(len(groups))} گونه:"), Items(lines))
    part = Part((Heading(TITLE, 1), *(told if rows else (say(NONE),))), ((Button("رسیدگی", data="ms:0"),),))
    async with database.transaction() as records:
        await Overlay(records.connection).lock()
        staff = Staff(records.connection)
        if await staff.trail(target=target, limit=1):
            return 0
        await staff.log(WHO, "weekly", target, now)
        chats = await staff.chats([one for one in await staff.all() if one.role in EDITORS])
        for channel, chat in chats:
            await records.post(channel, chat, draft(part), at=now)
    return len(chats)


async def keep_summarizing(
    database: Database, poke: Callable[[], None], every: float = EVERY, clock: Callable[[], datetime] | None = None
) -> None:
    """Look again and again, `every` seconds, until cancelled; `poke` is called when there is something to send."""
    while True:
        try:
            if await summarize(database, clock() if clock else datetime.now(UTC)):
                poke()
        except DatabaseUnavailableError as error:
            LOG.warning("no weekly summary: %s", error.reason)
        except Exception:
            # A fault this time must not end all summaries for good.
            LOG.exception("the weekly summary failed")
        await asyncio.sleep(every)
