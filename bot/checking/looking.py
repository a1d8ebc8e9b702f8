"""Files fetched from the messengers as far as needed, and judged; what was judged once is remembered in the process."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from telegram.error import BadRequest, TelegramError

from bot.checking.content import HEAD, verdict_of, whole_needed
from bot.messenger.api import MessengerBot
from handlers.complaint.checked import Checked, Verdict
from handlers.complaint.files import LARGEST

LOG = logging.getLogger(__name__)

AT_ONCE = 4
"""Files in memory at a time, each of at most `LARGEST` bytes."""

TRIES = 2
REMEMBERED = 4096


@dataclass(frozen=True)
class Wanted:
    """A file to be looked into: where the messenger keeps it, and the name it was sent by."""

    channel: str
    file_id: str
    name: str

    @property
    def key(self) -> tuple[str, str]:
        """What its verdict is remembered by."""
        return self.channel, self.file_id


class Looking:
    """Looks into files of these messengers (by channel)."""

    def __init__(self, bots: Mapping[str, MessengerBot]) -> None:
        self._bots = bots
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._known: OrderedDict[tuple[str, str, str], Verdict] = OrderedDict()

    @property
    def busy(self) -> bool:
        """Whether the next file would have to wait."""
        return self._at_once.locked()

    async def check(self, wanted: Iterable[Wanted], seconds: float) -> Checked:
        """The verdicts that could be had in so many seconds. Never raises."""
        verdicts: dict[tuple[str, str], Verdict] = {}

        async def look(one: Wanted) -> None:
            verdict = await self._verdict(one)
            if verdict is not None:
                verdicts[one.key] = verdict

        tasks = [asyncio.create_task(look(one)) for one in wanted if one.channel in self._bots and one.file_id]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return Checked(verdicts)

    async def _verdict(self, one: Wanted) -> Verdict | None:
        # Of a text it is the name that makes a script: the same file by another name is looked into again.
        key = (*one.key, one.name)
        known = self._known.get(key)
        if known is not None:
            return known
        async with self._at_once:
            content = await self._content(one)
            if content is None:
                return None
            verdict = await asyncio.to_thread(verdict_of, content, one.name)
        self._known[key] = verdict
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return verdict

    async def _content(self, one: Wanted) -> bytes | None:
        for left in reversed(range(TRIES)):
            try:
                return await self._bots[one.channel].download(one.file_id, LARGEST, enough=_enough)
            except BadRequest as refusal:
                LOG.info("a file of %s is not given: %s", one.channel, type(refusal).__name__)
                return None
            except (TelegramError, KeyError, TypeError, ValueError) as error:
                if not left:
                    LOG.warning("a file of %s was not fetched: %s", one.channel, type(error).__name__)
        return None


def _enough(beginning: bytes | bytearray) -> bool:
    return len(beginning) >= HEAD and not whole_needed(beginning)
