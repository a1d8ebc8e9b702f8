"""Complaints taken by a program that is killed again and again: every code that a citizen saw is there, once and whole;
nothing is filed twice; no draft is lost."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.standin import StandIn
from handlers.complaint.draft import Draft, Memory
from handlers.visit import Conversation
from records.database import Database
from tests.e2e.hunted import Hunted
from tests.e2e.intakes import CODE, Intake
from tests.e2e.running import PATIENCE
from tests.records.backends import BACKENDS, fresh_url

LOG = logging.getLogger(__name__)
INTAKES = int(os.environ.get("KHEDMATYAR_TEST_KILL_INTAKES", "16"))
AT_ONCE = 8
EVENTS = int(os.environ.get("KHEDMATYAR_TEST_KILL_EVENTS", "60"))
"""Events between two kills in the mean; an intake makes about thirty."""

DESK = -100_500

# `finder` trains when the data has changed: else each process would do that by itself.
pytestmark = pytest.mark.usefixtures("finder")


@pytest.mark.parametrize("backend", BACKENDS)
async def test_killed_while_complaints_are_taken(backend: str, api: StandIn, tmp_path: Path) -> None:
    desk = api.group(DESK)
    async with fresh_url(backend, tmp_path) as url:
        database = Database.open(url)
        try:
            await database.prepare()
            program = Hunted(
                api, _settings(api, url), tmp_path, seed=f"{backend} {INTAKES}", every=EVENTS, grave=_is_filing
            )
            intakes = [Intake(number, api, backend) for number in range(1, INTAKES + 1)]
            async with program.hunt():
                await _all(intakes, Intake.begin)
            left = [one for one in intakes if not one.ended]
            filed = [one for one in intakes if one.ended and one.ends != "cancelled"]
            async with program.hunt():
                await asyncio.gather(
                    _all([one for one in left if one.returns_soon], Intake.finish),
                    _all([one for one in filed if one.insists], Intake.insist),
                )
            left = [one for one in intakes if not one.ended]
            drafts = await _drafts(database)
            for one in left:
                _is_whole(one, drafts.get(str(one.person.id)))
            assert set(drafts) == {str(one.person.id) for one in left}
            async with program.calm():
                await _all(left, Intake.finish)
                await _all([one for one in intakes if one.ends != "cancelled"], Intake.insist)
                await _until_all_sent(database)
            figures = await _look(database, intakes)
            assert await _drafts(database) == {}
        finally:
            await database.close()
    told = {code for shown in desk.chat.events for code in CODE.findall(shown.text)}
    assert told == {code for one in intakes for code in one.codes}
    assert program.kills > 1
    assert figures["updates"] == len(api.updates.log)
    api.assert_clean()
    figures |= {"handed again": sum(count > 1 for count in program.handed.values())}
    LOG.info("%s: %d intakes, %d kills, %d drafts alive, %s", backend, INTAKES, program.kills, len(left), figures)


def _is_filing(what: Mapping[str, Any]) -> bool:
    """Whether it is a «ثبت» handed out, or a message with a code."""
    pressed = what.get("callback_query", {}).get("data", "")
    return pressed.startswith("csend:") or CODE.search(str(what.get("text", ""))) is not None


def _settings(api: StandIn, url: str) -> dict[str, str]:
    return {
        "KHEDMATYAR_TELEGRAM_TOKEN": api.token,
        "KHEDMATYAR_TELEGRAM_API_URL": api.url,
        "KHEDMATYAR_WEB_PORT": "0",
        "KHEDMATYAR_DATABASE_URL": url,
        "KHEDMATYAR_MESSAGES_PER_MINUTE": "0",
        "KHEDMATYAR_DESK_CHAT": str(DESK),
    }


async def _all(intakes: Iterable[Intake], act: Callable[[Intake], Awaitable[None]]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(intake: Intake) -> None:
        async with gate:
            await act(intake)

    async with asyncio.TaskGroup() as group:
        for intake in intakes:
            group.create_task(one(intake))


async def _drafts(database: Database) -> dict[str, Draft]:
    """The open drafts, by chat."""
    async with database.reading() as records:
        rows = await records.connection.execute(text("SELECT chat, state FROM conversations"))
    memories = {row.chat: Memory.model_validate(Conversation.model_validate_json(row.state).draft) for row in rows}
    return {chat: memory.draft for chat, memory in memories.items() if memory.draft is not None}


def _is_whole(intake: Intake, draft: Draft | None) -> None:
    """All that was sent for it stands in the draft."""
    assert draft is not None, f"the draft of {intake.number} is lost"
    assert [piece.text for piece in (*draft.heard, *draft.pieces)] == intake.told.pieces
    assert [(file.kind, file.file_id, file.place) for file in draft.files] == intake.told.files
    assert draft.named == intake.told.named


async def _until_all_sent(database: Database) -> None:
    async with asyncio.timeout(2 * PATIENCE):
        while True:
            async with database.reading() as records:
                rows = await records.connection.execute(text("SELECT DISTINCT state FROM outbox"))
            if [row.state for row in rows] == ["sent"]:
                return
            await asyncio.sleep(0.1)


async def _look(database: Database, intakes: list[Intake]) -> dict[str, int]:
    """The whole database against what the people sent and saw; how much there was of it."""
    async with database.reading() as records:
        link = records.connection
        complaints = await link.execute(
            text("SELECT c.id, c.code, c.story, c.named, c.state, w.person, w.name, w.mobile FROM complaints c "
                 "JOIN complainants w ON w.complaint = c.id")
        )  # fmt: skip
        files = await link.execute(text("SELECT * FROM complaint_files ORDER BY id"))
        history = await link.execute(text("SELECT complaint, what FROM complaint_history"))
        counts = await link.execute(
            text("SELECT (SELECT count(*) FROM complaints) AS filed, (SELECT count(*) FROM complainants) AS known, "
                 "(SELECT count(*) FROM complaint_files) AS sent, (SELECT count(*) FROM updates) AS handled")
        )  # fmt: skip
        twice = await link.execute(
            text("SELECT update_id FROM outbox WHERE update_id IS NOT NULL "
                 "GROUP BY channel, chat, update_id, place HAVING count(*) > 1")
        )  # fmt: skip
        cards = await link.execute(text("SELECT part FROM outbox WHERE chat = :desk"), {"desk": str(DESK)})
    of: dict[int, list[object]] = {row.id: [] for row in complaints}
    for row in files:
        place = None if row.latitude is None else (row.latitude, row.longitude)
        of[row.complaint].append((row.kind, row.file_id, place))
    kept = {row.person: (row.story, of[row.id], bool(row.named), row.name, row.mobile, row.state) for row in complaints}
    wanted = {
        str(one.person.id): (
            "\n".join(one.told.pieces), one.told.files, one.told.named, one.name if one.told.named else None,
            one.told.mobile, "new",
        )
        for one in intakes if one.ends != "cancelled"
    }  # fmt: skip
    assert kept == wanted
    (total,) = counts
    assert (total.filed, total.known, total.sent) == (len(wanted), len(wanted), len(files))
    codes = {row.person: {row.code} for row in complaints}
    seen = {str(one.person.id): one.codes for one in intakes}
    assert {person: shown for person, shown in seen.items() if shown} == codes
    assert len({row.code for row in complaints}) == len(wanted)
    assert Counter((row.complaint, row.what) for row in history) == Counter((row.id, "filed") for row in complaints)
    assert twice == []
    # The desk was told of each once.
    told = Counter(code for row in cards for code in set(CODE.findall(row.part)))
    assert told == Counter(row.code for row in complaints)
    return {
        "codes seen": sum(len(shown) for shown in seen.values()),
        "complaints": len(complaints),
        "files": len(files),
        "updates": total.handled,
    }
