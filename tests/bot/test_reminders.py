"""Reminders leave once: at 80% of a term, at its end also to admins; and what a citizen did reaches the holder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from bot.reminders import keep_reminding, remind
from handlers.complaint.rules import store
from handlers.desk.rules import DESK
from handlers.turn import Turn
from handlers.visit import Office, Visit
from knowledge.catalogue import Catalogue
from knowledge.finder.finder import Finder
from records.complaint_values import CITIZEN, Change, Complaint
from records.database import Database
from tests.handlers.desk.desk import CatalogueOnly, Desk
from tests.records.backends import BACKENDS, fresh_database

ADMIN, OFFICER, OTHER = "1", "10", "11"


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


@pytest.fixture
async def desk(database: Database, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(DESK, "chat", None)
    desk = Desk(database, Office(cast("Finder", CatalogueOnly(catalogue))))
    await desk.join(ADMIN, "admin")
    await desk.join(OFFICER, "officer", "urban")
    await desk.join(OTHER, "officer", "urban")
    return desk


async def take(desk: Desk, complaint: Complaint) -> None:
    from handlers import desk as desk_topic

    async with desk.database.transaction() as records:
        turn = Turn("telegram", "t", OFFICER, OFFICER, desk.now, button=f"dtake:{complaint.code}")
        await desk_topic.TOPIC.buttons["dtake"](Visit(turn, desk.office, records), (complaint.code,))


async def move(desk: Desk, complaint: Complaint, change: Change) -> None:
    async with desk.database.transaction() as records:
        await store(Visit(Turn("telegram", "m", "7", "7", desk.now), desk.office, records)).move(change)


async def counts(desk: Desk, words: str) -> dict[str, int]:
    return {chat: sum(words in one for one in await desk.told(chat)) for chat in (ADMIN, OFFICER, OTHER)}


async def test_soon_then_late_each_once(desk: Desk) -> None:
    complaint = await desk.file()
    term = (await case_due(desk, complaint)) - desk.now
    assert await remind(desk.database, desk.now + term * 0.79) == 0
    for _ in range(3):
        await remind(desk.database, desk.now + term * 0.81)
    assert await counts(desk, "رو به پایان") == {ADMIN: 0, OFFICER: 1, OTHER: 1}
    for _ in range(3):
        await remind(desk.database, desk.now + term + timedelta(minutes=1))
    assert await counts(desk, "مهلت گذشت") == {ADMIN: 1, OFFICER: 1, OTHER: 1}
    assert await counts(desk, "رو به پایان") == {ADMIN: 0, OFFICER: 1, OTHER: 1}


async def test_late_at_first_sight_is_late_alone(desk: Desk) -> None:
    await desk.file()
    await remind(desk.database, desk.now + timedelta(days=60))
    assert await counts(desk, "رو به پایان") == {ADMIN: 0, OFFICER: 0, OTHER: 0}
    assert await counts(desk, "مهلت گذشت") == {ADMIN: 1, OFFICER: 1, OTHER: 1}


async def test_a_new_stage_is_reminded_of_anew_and_only_its_holder(desk: Desk) -> None:
    complaint = await desk.file()
    await remind(desk.database, desk.now + timedelta(days=60))
    desk.wait(days=1)
    await take(desk, complaint)
    await remind(desk.database, desk.now + timedelta(days=60))
    assert await counts(desk, "مهلت گذشت") == {ADMIN: 2, OFFICER: 2, OTHER: 1}


async def test_nothing_of_what_is_settled(desk: Desk) -> None:
    complaint = await desk.file()
    await move(desk, complaint, Change(complaint.id, "new", "withdrawn", CITIZEN, desk.now))
    await remind(desk.database, desk.now + timedelta(days=60))
    assert await counts(desk, "مهلت") == {ADMIN: 0, OFFICER: 1, OTHER: 1}, "only the first card speaks of a term"


async def test_the_holder_hears_of_the_citizen_once(desk: Desk) -> None:
    complaint = await desk.file()
    await take(desk, complaint)
    async with desk.database.transaction() as records:
        visit = Visit(Turn("telegram", "n", "7", "7", desk.now), desk.office, records)
        await store(visit).note(complaint.id, CITIZEN, "کوچه‌ی سوم", desk.now)
        await store(visit).note(complaint.id, "staff:2", "داخلی", desk.now, public=False)
    for _ in range(3):
        await remind(desk.database, desk.now)
    assert await counts(desk, "شهروند توضیح افزود") == {ADMIN: 0, OFFICER: 1, OTHER: 0}


async def test_reopened_begins_a_term_again(desk: Desk) -> None:
    complaint = await desk.file()
    await take(desk, complaint)
    await move(desk, complaint, Change(complaint.id, "taken", "answered", "staff:2", desk.now))
    desk.wait(days=30)
    await move(desk, complaint, Change(complaint.id, "answered", "reopened", CITIZEN, desk.now, said="نشد"))
    await remind(desk.database, desk.now)
    assert await counts(desk, "دوباره باز شد") == {ADMIN: 0, OFFICER: 1, OTHER: 0}
    assert await counts(desk, "مهلت گذشت") == {ADMIN: 0, OFFICER: 0, OTHER: 0}
    assert await case_due(desk, complaint) > desk.now + timedelta(days=8)


async def test_two_processes_remind_once(desk: Desk) -> None:
    for number in range(20):
        await desk.file(person=str(100 + number))
    late = desk.now + timedelta(days=60)
    posted = await asyncio.gather(*(remind(desk.database, late) for _ in range(4)))
    assert sum(posted) == 20 * 3
    assert await counts(desk, "مهلت گذشت") == {ADMIN: 20, OFFICER: 20, OTHER: 20}


async def test_it_goes_on_and_pokes(desk: Desk) -> None:
    await desk.file()
    poked = asyncio.Event()
    late = desk.now + timedelta(days=60)
    running = asyncio.create_task(keep_reminding(desk.database, poked.set, 0.01, lambda: late))
    await asyncio.wait_for(poked.wait(), 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await counts(desk, "مهلت گذشت") == {ADMIN: 1, OFFICER: 1, OTHER: 1}


async def case_due(desk: Desk, complaint: Complaint) -> datetime:
    from handlers.desk.rules import cases

    async with desk.database.transaction() as records:
        visit = Visit(Turn("telegram", "d", "1", "1", desk.now), desk.office, records)
        return (await cases(visit).open(await desk.complaint(complaint.code))).due
