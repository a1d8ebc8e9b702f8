"""The running catalogue follows the overlay: a version number is asked for every second, on every replica; a new one
makes a new office, which replaces the old in one reference."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from handlers.desk.post import draft
from handlers.reply import Heading, Items, Part, say
from handlers.visit import Office
from knowledge.catalogue import Catalogue
from knowledge.errors import DataError, Problem
from knowledge.overlay.edition import Edition, Fact, sound
from knowledge.persian import persian_digits
from records.database import Database
from records.errors import RecordsError
from records.overlay import Overlay, Stand, StoredFact
from records.staff import Staff

LOG = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds from one look at the version to the next; a replica is behind by this and the time to build."""

TOLD = 10
BROKEN = "تغییرهای کارمندان با هم نمی‌خواند"
KEPT = "نسخه‌ی {version} به کار نیفتاد و برنامه با نسخه‌ی پیش از آن کار می‌کند. تغییر را با /changes برگردانید:"


class Holder(Protocol):
    """Whoever serves turns from an office (bot.engine.Engine)."""

    office: Office


class Watcher:
    """Keeps `holder.office` on the newest overlay that holds together. `poke` is called when there is news to send."""

    def __init__(
        self,
        database: Database,
        holder: Holder,
        base: Catalogue,
        poke: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._database = database
        self._holder = holder
        self._base = base
        self._poke = poke
        self._clock = clock or (lambda: datetime.now(UTC))
        self._seen: int | None = None

    async def refresh(self) -> bool:
        """Look once; whether another catalogue is in service now. What does not hold together is left out and told to
        the admins: at the start bureau by bureau, later as a whole.

        Raises:
            RecordsError: the database is out of reach; what runs goes on running.
        """
        async with self._database.reading() as records:
            version, editors = await Overlay(records.connection).version()
        self._note(editors)
        if version == self._seen or (self._seen is None and version == 0):
            self._seen = version
            return False
        async with self._database.reading() as records:
            stand = await Overlay(records.connection).stand()
        edition, problems = await asyncio.to_thread(self._edition, stand)
        if problems:
            await self._tell(stand.version, problems)
        self._seen = stand.version
        if edition is None:
            return False
        old = self._holder.office
        finder = await asyncio.to_thread(old.finder.with_catalogue, edition.catalogue, edition.phrases)
        self._holder.office = Office(finder, old.handles, edition, old.editors)
        LOG.info("the catalogue is now version %d of the overlay", edition.version)
        return True

    async def begin(self) -> None:
        """Look for the first time, before turns are taken. Whatever is wrong with the overlay, the bot starts.

        Raises:
            RecordsError: the database is out of reach.
        """
        try:
            await self.refresh()
        except RecordsError:
            raise
        except Exception:
            LOG.exception("the overlay could not be laid over the catalogue; the repository's runs")

    async def run(self, every: float = EVERY) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.refresh()
            except RecordsError as error:
                LOG.warning("the overlay was not looked at: %s", type(error).__name__)
            except Exception:
                # The catalogue that runs is sound; whatever went wrong must not end the looking.
                LOG.exception("the overlay could not be laid over the catalogue")

    def _edition(self, stand: Stand) -> tuple[Edition | None, Sequence[Problem]]:
        """The edition to run, None to go on with the one that runs, and what is wrong."""
        facts, problems = _facts(stand.facts)
        if not problems:
            try:
                return Edition.of(self._base, facts, stand.version), ()
            except DataError as error:
                problems = list(error.problems)
        if self._seen is None:
            return sound(self._base, facts, stand.version)[0], problems
        return None, problems

    def _note(self, editors: frozenset[tuple[str, str]]) -> None:
        known = self._holder.office.editors
        if known != editors:
            known.clear()
            known.update(editors)

    async def _tell(self, version: int, problems: Sequence[Problem]) -> None:
        LOG.error("version %d of the overlay does not hold together: %s", version, problems[0])
        now = self._clock()
        part = Part((
            Heading(BROKEN, 1),
            say(KEPT.format(version=persian_digits(version))),
            Items(tuple(str(problem)[:300] for problem in problems[:TOLD])),
        ))  # fmt: skip
        async with self._database.transaction() as records:
            if not await Overlay(records.connection).to_tell(version, now):
                return
            staff = Staff(records.connection)
            for channel, chat in await staff.chats(await staff.admins()):
                await records.post(channel, chat, draft(part), at=now)
        self._poke()


def facts_of(stored: Iterable[StoredFact]) -> dict[tuple[str, str], Fact]:
    """Stored facts as facts of an edition; one that is no JSON is left out."""
    return _facts(stored)[0]


def _facts(stored: Iterable[StoredFact]) -> tuple[dict[tuple[str, str], Fact], list[Problem]]:
    facts: dict[tuple[str, str], Fact] = {}
    problems: list[Problem] = []
    for one in stored:
        try:
            facts[one.subject, one.field] = Fact(json.loads(one.value), one.name, one.at, one.change)
        except ValueError:
            problems.append(Problem("overlay", one.subject, one.field, "مقدار خوانده نمی‌شود"))
    return facts, problems
