"""The kill switch: citizens get the notice, staff work on, drafts stay, every process sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.engine import Engine
from bot.metrics import METRICS
from bot.pausing import EVERY, Pausing
from handlers.reply import Reply, message
from handlers.visit import Visit
from records.database import Database
from records.staff import Staff
from records.switches import Pause, set_pause
from tests.bot.desk import AT, office, text_of, turn
from tests.records.backends import BACKENDS, fresh_database


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


async def _draft(visit: Visit) -> Reply:
    """A dialogue that goes one step further with each turn."""
    visit.state.topic = "complaint"
    visit.state.made += 1
    return message(f"{visit.state.made}")


async def _switch(database: Database, *, on: bool) -> None:
    async with database.transaction() as records:
        await records.connection.run(set_pause, Pause(on, "راز اپراتور", "operator", AT))


async def test_citizens_get_the_notice_and_lose_nothing(database: Database) -> None:
    replicas = [Pausing(database), Pausing(database)]
    engines = [Engine(database, office(), _draft, pausing=pausing) for pausing in replicas]
    assert text_of((await engines[0].take(turn(1))).posted[0]) == "1"
    await _switch(database, on=True)
    for pausing in replicas:
        await pausing.refresh()
    assert METRICS.paused.value() == 1
    before = METRICS.turns.value("telegram", "paused")
    for number, engine in enumerate(engines):
        [posted] = (await engine.take(turn(2 + number))).posted
        told = text_of(posted)
        assert "111" in told or "۱۱۱" in told
        assert "128" in told or "۱۲۸" in told
        assert "راز" not in told
    pressed = await engines[0].take(turn(4, "", button="cnew"))
    assert pressed.notice
    assert METRICS.turns.value("telegram", "paused") == before + 3
    assert (await engines[1].take(turn(2))).repeated
    await _switch(database, on=False)
    for pausing in replicas:
        await pausing.refresh()
    # The draft goes on where it stood.
    assert text_of((await engines[1].take(turn(5))).posted[0]) == "2"


async def test_staff_work_on(database: Database) -> None:
    async with database.transaction() as records:
        await Staff(records.connection).put("telegram", "p7", "officer", at=datetime.now(UTC))
    await _switch(database, on=True)
    pausing = Pausing(database)
    await pausing.refresh()
    engine = Engine(database, office(), _draft, pausing=pausing)
    assert text_of((await engine.take(turn(1, chat="7"))).posted[0]) == "1"
    assert text_of((await engine.take(turn(2, chat="8"))).posted[0]) != "1"
    # The web chat has no identities: whoever writes there is a citizen.
    assert text_of((await engine.take(turn(3, chat="7", channel="web"))).posted[0]) != "1"


async def test_a_database_that_is_away_leaves_the_switch_as_it_was(database: Database) -> None:
    await _switch(database, on=True)
    pausing = Pausing(database)
    await pausing.refresh()
    assert pausing.on
    assert EVERY < 5


def test_the_commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KHEDMATYAR_DATABASE_URL", f"sqlite:///{tmp_path / 'office.sqlite'}")
    runner = CliRunner()

    def said(*words: str) -> str:
        done = runner.invoke(app, list(words))
        assert done.exit_code == 0, done.output
        return done.output

    assert "پاسخ می‌دهد" in said("status")
    assert "۱۱۱" in said("pause", "--reason", "آزمایش نمودار")
    told = said("status")
    assert "متوقف است" in told
    assert "آزمایش نمودار" in told
    assert '"paused": true' in said("status", "--json")
    assert "از پیش متوقف" in said("pause", "--reason", "دیگر")
    assert "دوباره پاسخ می‌دهد" in said("resume")
    assert "متوقف نبود" in said("resume")
    assert runner.invoke(app, ["pause"]).exit_code == 2
