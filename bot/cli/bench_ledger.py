"""What became of each update, read from the database after a run: nothing may be missing, twice or out of its order."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it has no types of its own, nor stubs here

_UPDATES = "SELECT update_id FROM updates WHERE update_id <> '0'"
_REPLIES = """
SELECT id, chat, update_id, place, state, sent_message, replaces, target_message FROM outbox ORDER BY id
"""
_LEFT = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending')"
FIRST_UPDATE = 1000
"""The stand-in counts its updates from here."""


@dataclass(frozen=True)
class Found:
    """`lost`: updates that were taken (200) but not remembered, replies not sent, and updates that the messenger gave
    up. `twice`: replies decided twice for one update. `out_of_order`: replies decided, or messages sent, before those
    of an earlier one of their chat (updates that came late on purpose are not counted). `shown_twice`: messages a chat
    got more than once: a process that dies, or a connection that breaks, between a message and its mark doubles it."""

    updates: int
    replies: int
    lost: int
    twice: int
    out_of_order: int
    shown_twice: int
    dropped: int


class Books:
    """The database of a run, whichever it is."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        if self._url.startswith("sqlite:///"):
            return await asyncio.to_thread(self._of_file, query)
        connection = await asyncpg.connect(self._url, timeout=10)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    def _of_file(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._url.removeprefix("sqlite:///"), timeout=30)) as connection:
            return connection.execute(query).fetchall()

    async def settled(self, seconds: float) -> None:
        """Wait until all that was decided has been sent and nothing new comes, at most so long."""
        deadline = time.monotonic() + seconds
        known = -1
        while time.monotonic() < deadline:
            ((left,),) = await self.rows(_LEFT)
            ((updates,),) = await self.rows("SELECT count(*) FROM updates")
            if left == 0 and updates == known:
                return
            known = updates
            await asyncio.sleep(2.0)


async def books(url: str, report: dict[str, Any]) -> Found:
    """What is to be found out, with the messenger's own report."""
    open_books = Books(url)
    updates = {int(number) for (number,) in await open_books.rows(_UPDATES)}
    replies = await open_books.rows(_REPLIES)
    sent = [row for row in replies if row[4] == "sent"]
    missing = len(set(range(FIRST_UPDATE, report["last_update"] + 1)) - updates)
    unsent = sum(row[4] in ("waiting", "sending") for row in replies)
    decided = Counter((row[2], row[3]) for row in replies)
    fresh = Counter(row[1] for row in sent if row[7] is None)
    shown = Counter({chat: int(count) for chat, count in report["shown"].items()})
    return Found(
        updates=len(updates),
        replies=len(replies),
        lost=missing + unsent,
        twice=sum(count - 1 for count in decided.values()),
        out_of_order=_disorder(replies, late=report["swapped"]),
        shown_twice=sum((shown - fresh).values()),
        dropped=sum(row[4] == "dropped" for row in replies),
    )


def _disorder(replies: Sequence[tuple[Any, ...]], late: int) -> int:
    """Replies of a chat whose message stands before that of an earlier reply; and those decided before an earlier
    update's, but the `late` ones that the messenger itself brought late."""
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    messages: defaultdict[str, list[int]] = defaultdict(list)
    for _, chat, update, _, state, message, _, target in replies:
        numbers[chat].append(int(update or 0))
        if state == "sent" and target is None and message and str(message).isdecimal():
            messages[chat].append(int(message))
    wrong = sum(earlier > later for row in numbers.values() for earlier, later in itertools.pairwise(row) if later)
    sent = sum(earlier > later for row in messages.values() for earlier, later in itertools.pairwise(row))
    return max(0, wrong - late) + sent
