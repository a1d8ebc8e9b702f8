"""The kill switch: while the service is paused, citizens get a notice with other ways to go, and staff go on working.

The switch stands in the database (`khedmatyar pause`); every process looks every two seconds. A citizen's turn is
remembered as handled and changes nothing: an open draft is there when the service goes on.
"""

from __future__ import annotations

import asyncio
import logging

from bot.metrics import METRICS
from handlers.contacts import contact_items
from handlers.reply import Reply, message
from handlers.visit import Visit
from records.database import Database
from records.errors import RecordsError
from records.staff import CHANNELS, Staff
from records.switches import Pause, read_pause

LOG = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds from one look at the switch to the next; with a look's own time well under five."""

NOTICE = (
    "خدمت‌یار برای مدتی کوتاه پاسخ نمی‌دهد و از این بابت پوزش می‌خواهیم. آنچه پیش‌تر نوشته‌اید نگه داشته شده است؛ لطفاً"
    " کمی بعد دوباره بنویسید. اگر کارتان فوری است:"
)
PASSING = "خدمت‌یار برای مدتی کوتاه پاسخ نمی‌دهد؛ لطفاً کمی بعد دوباره تلاش کنید."


async def handle_paused(visit: Visit) -> Reply:
    """The notice; the visit's state stays as it is."""
    reply = message(NOTICE, contact_items())
    return reply if visit.turn.button is None else Reply(reply.parts, notice=PASSING)


class Pausing:
    """What this process knows of the switch. `refresh` reads it once, `run` again and again until cancelled."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pause = Pause(on=False)

    @property
    def on(self) -> bool:
        """Whether the service was paused at the last look."""
        return self._pause.on

    async def is_for(self, visit: Visit) -> bool:
        """Whether this turn gets the notice: staff never do."""
        if not self._pause.on:
            return False
        turn = visit.turn
        if turn.channel not in CHANNELS:
            return True
        return await Staff(visit.records.connection).find(turn.channel, turn.person) is None

    async def refresh(self) -> None:
        """Look at the switch.

        Raises:
            RecordsError: the database is out of reach; what was last known holds.
        """
        async with self._database.reading() as records:
            seen = await records.connection.run(read_pause)
        if seen.on is not self._pause.on:
            LOG.warning("the service is paused" if seen.on else "the service goes on")
        self._pause = seen
        METRICS.paused.set(float(seen.on))

    async def run(self) -> None:
        """Look every two seconds."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.refresh()
            except RecordsError:
                # Others tell that the database is away; the switch stays as it was.
                LOG.debug("the pause could not be read")
            except Exception as error:  # noqa: BLE001 — the next look tries again
                LOG.warning("the pause could not be read: %s", type(error).__name__)
