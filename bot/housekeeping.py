"""The daily sweep inside a running service: what has been kept long enough is deleted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from bot.settings import Settings
from records.database import Database
from records.errors import DatabaseUnavailableError
from records.retention import Periods, Purged, purge

LOG = logging.getLogger(__name__)

FIRST = 300.0
"""Seconds from the start to the first sweep: a start has better things to do."""

EVERY = 86_400.0
AGAIN = 600.0
"""Seconds to the next try when the database was away."""

SWEEP_LOCK = 0x6B687377
"""PostgreSQL advisory lock: one replica sweeps."""


def periods(settings: Settings) -> Periods:
    """How long the settings keep what."""
    return Periods(
        messages=settings.keep_messages,
        conversations=settings.keep_conversations,
        misses=settings.keep_misses,
        people=settings.keep_people,
        complainants=settings.keep_complainants,
        complaints=settings.keep_complaints,
        deliveries=settings.keep_deliveries,
    )


async def sweep(database: Database, now: datetime, kept: Periods) -> Purged | None:
    """Delete what has been kept long enough; None when another process is at it.

    Raises:
        DatabaseUnavailableError: it cannot be reached; the rest is deleted next time.
    """
    async with database.sole(SWEEP_LOCK) as sole:
        return await purge(database, now, kept) if sole is not None else None


async def keep_sweeping(
    database: Database,
    kept: Periods,
    *,
    first: float = FIRST,
    every: float = EVERY,
    clock: Callable[[], datetime] | None = None,
) -> None:
    """Sweep `first` seconds from now and then once a day, until cancelled."""
    pause = first
    while True:
        await asyncio.sleep(pause)
        pause = every
        try:
            swept = await sweep(database, clock() if clock else datetime.now(UTC), kept)
        except DatabaseUnavailableError as error:
            LOG.warning("no sweep: %s", error.reason)
            pause = min(AGAIN, every)
        except Exception:
            # A fault in one sweep must not end all of them for good.
            LOG.exception("the sweep failed")
        else:
            if swept is not None:
                counts = {name: count for name, count in asdict(swept).items() if count}
                LOG.info("swept: %s", counts or "nothing")
