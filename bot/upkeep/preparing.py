"""What an editor's turn needs before its transaction begins: the file fetched and read, phrases tried. Nobody waits
for a lock meanwhile (docs/decisions/0013-overlay.md)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from telegram.error import TelegramError

from bot.messenger.api import MessengerBot
from handlers.turn import Attachment, Turn
from handlers.upkeep.excel import sheet_of, tried_phrases
from handlers.upkeep.missed import RECENT, phrase_of
from handlers.visit import Office
from knowledge.finder.finder import AddedPhrase
from knowledge.finder.phrases import label
from knowledge.overlay.edition import Edition, Fact
from knowledge.overlay.package import SIZE_LIMIT, TOO_BIG, RefusedFileError
from knowledge.overlay.reading import Book, Reading, open_book, read_book
from knowledge.overlay.trial import Trial, tried
from records.database import Database
from records.errors import RecordsError
from records.overlay import Overlay

LOG = logging.getLogger(__name__)

FETCH_SECONDS = 30.0


class Preparing:
    """Prepares turns of one messenger. `office` gives the one in service."""

    def __init__(self, bot: MessengerBot, database: Database, office: Callable[[], Office]) -> None:
        self._bot = bot
        self._database = database
        self._office = office
        self._one_at_a_time = asyncio.Semaphore(1)

    async def __call__(self, turn: Turn) -> Turn:
        """The turn with what was brought for it; as it came for whoever is no editor. Never raises: what could not be
        brought is missing, and the handler says so."""
        if not turn.private or (turn.channel, turn.person) not in self._office().editors:
            return turn
        sheet = sheet_of(turn)
        trying = turn.button is not None and turn.button.startswith("msok:")
        if sheet is None and not trying:
            return turn
        try:
            async with self._one_at_a_time:
                brought = await self._read(sheet) if sheet is not None else await self._try(turn.button or "")
        except Exception as error:  # noqa: BLE001 — the turn itself must come through; its text may quote people
            LOG.warning("an editor's turn could not be prepared: %s", type(error).__name__)
            return turn
        return replace(turn, brought=brought)

    async def _read(self, sheet: Attachment) -> Reading | None:
        if sheet.size > SIZE_LIMIT:
            return Reading(refused=TOO_BIG)
        try:
            data = await self._bot.download(sheet.file_id, SIZE_LIMIT, FETCH_SECONDS)
        except TelegramError as error:
            LOG.warning("an editor's file was not fetched: %s", type(error).__name__)
            return None
        if data is None:
            return Reading(refused=TOO_BIG)
        try:
            book = await asyncio.to_thread(open_book, data)
        except RefusedFileError as refusal:
            return Reading(refused=str(refusal))
        edition = await self._edition_of(book)
        reading = await asyncio.to_thread(read_book, book, edition)
        return replace(reading, batch=await asyncio.to_thread(tried_phrases, self._office(), reading))

    async def _edition_of(self, book: Book) -> Edition:
        """The edition that the file was made of, so that what others changed meanwhile is not taken for an edit."""
        running = self._office().edition
        if book.version is None or book.version >= running.version:
            return running
        try:
            async with self._database.reading() as records:
                older = await Overlay(records.connection).before(book.version)
        except RecordsError:
            return running
        facts = dict(running.facts)
        for one in older:
            if one.before is None:
                facts.pop((one.subject, one.field), None)
            else:
                facts[one.subject, one.field] = Fact(json.loads(one.before))
        return await asyncio.to_thread(Edition.of, running.base, facts, book.version)

    async def _try(self, button: str) -> Trial | None:
        miss, _, code = button.removeprefix("msok:").partition(":")
        office = self._office()
        if not miss.isdecimal() or code not in office.catalogue:
            return None
        async with self._database.reading() as records:
            rows = await Overlay(records.connection).misses(datetime.now(UTC) - RECENT)
        text = phrase_of(rows, int(miss))
        if text is None:
            return None
        new = AddedPhrase(text, label("service", code))
        return await asyncio.to_thread(tried, office.finder, office.edition.phrases, new, missed=True)
