"""500 presses of «برداشتن» at once, by two processes on one PostgreSQL: nothing twice, nothing lost."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text as sql

from handlers.desk.rules import DESK
from handlers.visit import Office
from records.database import Database
from tests.handlers.desk.desk import Desk
from tests.handlers.together import Press, pressed_together
from tests.records.backends import fresh_url

PRESSES = 500
COMPLAINTS = 60
OFFICERS = [str(number) for number in range(100, 110)]


async def test_500_presses_by_two_processes(tmp_path: Path, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DESK, "chat", None)
    async with fresh_url("postgresql", tmp_path) as url:
        database = Database.open(url)
        try:
            await database.prepare()
            desk = Desk(database, office)
            for officer in OFFICERS:
                await desk.join(officer, "officer", "urban")
            codes = [(await desk.file(person=str(1000 + number))).code for number in range(COMPLAINTS)]
            pairs = [(code, officer) for code in codes for officer in OFFICERS]
            random.Random(5).shuffle(pairs)  # noqa: S311 — a test's own dice
            presses = [(str(number), *pair) for number, pair in enumerate(pairs[:PRESSES])]
            await _look(desk, codes, presses, await pressed_together(presses, "tests.handlers.desk.presser", url))
        finally:
            await database.close()


async def _look(desk: Desk, codes: Sequence[str], presses: Sequence[Press], notices: Sequence[str]) -> None:
    pressed = {code for _, code, _ in presses}
    won = [
        (code, officer) for (_, code, officer), notice in zip(presses, notices, strict=True) if notice == "برداشتید."
    ]
    lost = [notice for notice in notices if notice != "برداشتید."]
    assert sorted(code for code, _ in won) == sorted(pressed)
    assert len(lost) == PRESSES - len(pressed)
    assert all("برداشته است" in notice for notice in lost)
    async with desk.database.reading() as records:
        rows = await records.connection.execute(
            sql(
                "SELECT c.code, s.person, d.version, c.state FROM desk_cases d "
                "JOIN complaints c ON c.id = d.complaint JOIN staff s ON s.id = d.holder"
            )
        )
        history = await records.connection.execute(sql("SELECT count(*) FROM complaint_history WHERE after = 'taken'"))
        audited = await records.connection.execute(sql("SELECT count(*) FROM audit WHERE what = 'take'"))
    assert {(row.code, row.person) for row in rows} == set(won)
    assert {(row.version, row.state) for row in rows} == {(3, "taken")}
    assert history[0][0] == audited[0][0] == len(pressed)
    for number, code in enumerate(codes):
        assert len(await desk.told(str(1000 + number))) == (code in pressed)
