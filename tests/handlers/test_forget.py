"""`/forget`: the person goes, the complaint stays without anybody's name."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text as sql

from handlers.complaint import RULES
from records.complaint_values import Complainant, Complaint, NewComplaint
from records.complaints import Complaints
from tests.handlers.chat import Chat, text

STORY = "شهرداری سه ماه است چاله را پر نکرده"


async def file(chat: Chat, person: str) -> Complaint:
    async with chat.database.transaction() as records:
        new = NewComplaint(
            draft=f"draft{person}", jalali_year=1405, subject=None, body="شهرداری", story=STORY, named=True,
            complainant=Complainant("telegram", person, person, "زهرا", "09120000000"),
            look_by=date(2026, 11, 27), answer_by=date(2026, 11, 30),
        )  # fmt: skip
        return (await Complaints(records.connection, RULES.vault).file(new, chat.now)).complaint


async def test_forgetting_takes_the_name_off_complaints_and_keeps_them(chat: Chat) -> None:
    mine, others = await file(chat, chat.person), await file(chat, "8")
    asked = text(await chat.say("/forget"))
    assert "کد پیگیری" in asked
    await chat.press("بله")
    async with chat.database.reading() as records:
        store = Complaints(records.connection, RULES.vault)
        kept = await store.by_code(mine.code)
        assert kept is not None
        assert (kept.story, kept.state, kept.named) == (STORY, "new", False)
        assert await store.complainant(mine.id) is None
        assert await store.contact(mine.id) == (None, None)
        assert [event.what for event in await store.history(mine.id)] == ["filed"]
        other = await store.complainant(others.id)
        assert other is not None
        assert other.name == "زهرا"
        for table in ("people", "complainants"):
            rows = await records.connection.execute(sql(f"SELECT person FROM {table}"))  # noqa: S608 — the names above
            assert chat.person not in [row[0] for row in rows]
    assert mine.code not in text(await chat.say("/mycomplaints"))
    seen = text(await chat.say(f"/track {mine.code}"))
    assert STORY not in seen


async def test_thinking_better_of_it_keeps_all(chat: Chat) -> None:
    mine = await file(chat, chat.person)
    await chat.say("/forget")
    await chat.press("نه")
    async with chat.database.reading() as records:
        assert await Complaints(records.connection, RULES.vault).complainant(mine.id) is not None
