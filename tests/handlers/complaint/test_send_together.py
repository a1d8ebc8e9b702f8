"""500 presses of «ثبت» at once, by two processes on one PostgreSQL: no complaint twice, none lost."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from handlers.turn import Attachment
from handlers.visit import Conversation, Office
from records.database import Database
from tests.handlers.complaint.conftest import NOW
from tests.handlers.complaint.talk import Talk
from tests.handlers.desk.desk import GROUP
from tests.handlers.together import Press, pressed_together
from tests.records.backends import fresh_url

DRAFTS = 50
EACH = 10
CODE = re.compile(r"Q\d\d-\w{3}-\w{3}-\w{4}")
STORY = "شکایت دارم، شهرداری سه ماه است چاله‌ی جلوی مدرسه‌ی کوچه‌ی ما را پر نکرده"


@pytest.mark.parametrize("way", ["engine", "bare"])
async def test_500_presses_by_two_processes(way: str, tmp_path: Path, office: Office) -> None:
    async with fresh_url("postgresql", tmp_path) as url:
        database = Database.open(url)
        try:
            await database.prepare()
            pressed = {chat: await _draft(database, office, chat) for chat in map(str, range(1000, 1000 + DRAFTS))}
            chats = [chat for chat in pressed for _ in range(EACH)]
            random.Random(5).shuffle(chats)  # noqa: S311 — a test's own dice
            presses = [(str(number), chat, pressed[chat]) for number, chat in enumerate(chats)]
            assert len(presses) == 500
            await _look(
                database, presses, await pressed_together(presses, "tests.handlers.complaint.presser", url, way)
            )
            if way == "engine":
                await _nothing_is_open(database)
        finally:
            await database.close()


async def _draft(database: Database, office: Office, chat: str) -> str:
    """A draft with files in this chat, up to its review; the data of its «ثبت»."""
    talk = Talk(database, office, NOW, chat)
    await talk.say(STORY)
    data = talk.data_of("ثبت بدون شماره")
    await talk.send(*(Attachment("photo", f"{chat}-{number}", album="a") for number in range(2)))
    await talk.send(Attachment("location", place=(36.0, 50.0)))
    async with database.transaction() as records:
        await records.keep_conversation("telegram", chat, talk.memory, NOW)
    return data


async def _look(database: Database, presses: Sequence[Press], answers: Sequence[str]) -> None:
    async with database.reading() as records:
        link = records.connection
        complaints = await link.execute(
            text("SELECT c.id, c.code, c.draft, w.person FROM complaints c JOIN complainants w ON w.complaint = c.id")
        )
        files = await link.execute(text("SELECT complaint, file_id, latitude FROM complaint_files ORDER BY id"))
        filed = await link.execute(text("SELECT complaint FROM complaint_history"))
        cards = await link.execute(text("SELECT part FROM outbox WHERE chat = :desk"), {"desk": GROUP})
    code_of = {f"csend:{row.draft}": row.code for row in complaints}
    assert len(complaints) == len(set(code_of.values())) == DRAFTS
    assert [set(CODE.findall(answer)) for answer in answers] == [{code_of[data]} for _, _, data in presses]
    assert {row.person: f"csend:{row.draft}" for row in complaints} == {chat: data for _, chat, data in presses}
    assert Counter((row.complaint, row.file_id, row.latitude) for row in files) == Counter(
        (row.id, *sent)
        for row in complaints
        for sent in ((f"{row.person}-0", None), (f"{row.person}-1", None), ("", 36.0))
    )
    assert Counter(row.complaint for row in filed) == Counter(row.id for row in complaints)
    told = Counter(code for row in cards for code in set(CODE.findall(row.part)))
    assert told == Counter(row.code for row in complaints)


async def _nothing_is_open(database: Database) -> None:
    async with database.reading() as records:
        rows = await records.connection.execute(text("SELECT state FROM conversations"))
    memories = [Conversation.model_validate_json(row.state) for row in rows]
    assert len(memories) == DRAFTS
    assert not any(memory.topic or memory.draft.get("draft") for memory in memories)
