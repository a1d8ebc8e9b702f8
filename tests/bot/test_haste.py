"""Who writes faster than people do: told once, nothing of theirs done or lost, nobody else held up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.engine import Engine
from bot.haste import QUIET, Haste
from bot.metrics import METRICS
from handlers.reply import Reply, message
from handlers.turn import Turn
from handlers.visit import Visit
from records.database import Database
from tests.bot.desk import AT, office, text_of, turn
from tests.records.backends import fresh_database


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database("sqlite", tmp_path) as prepared:
        yield prepared


async def _count(visit: Visit) -> Reply:
    visit.state.made += 1
    return message(f"{visit.state.made}")


async def test_the_one_too_many_is_told_once_and_their_draft_waits(database: Database) -> None:
    clock = Clock()
    engine = Engine(database, office(), _count, haste=Haste(3, clock=clock))
    before = METRICS.turns.value("telegram", "hasty")
    said = [(await engine.take(turn(number))).posted for number in range(6)]
    assert [[text_of(one) for one in posted] for posted in said[:3]] == [["1"], ["2"], ["3"]]
    [told] = said[3]
    assert "یک دقیقه صبر کنید" in text_of(told)
    assert said[4:] == [(), ()]
    assert METRICS.turns.value("telegram", "hasty") == before + 3
    assert (await engine.take(turn(7, "", button="cnew"))).notice
    [other] = (await engine.take(turn(8, chat="2"))).posted
    assert text_of(other) == "1"
    clock.now += QUIET
    [goes_on] = (await engine.take(turn(9))).posted
    assert text_of(goes_on) == "4"


async def test_what_was_told_comes_once_when_the_update_comes_again(database: Database) -> None:
    clock = Clock()
    engine = Engine(database, office(), _count, haste=Haste(1, clock=clock))
    await engine.take(turn(1))
    assert len((await engine.take(turn(2))).posted) == 1
    clock.now += QUIET * 2
    assert (await engine.take(turn(2))).repeated


def test_after_a_minute_of_silence_they_are_told_again() -> None:
    clock = Clock()
    haste = Haste(60, clock=clock)
    verdicts = [haste.judge(turn(number)) for number in range(62)]
    assert verdicts == ["go"] * 60 + ["tell", "pass_over"]
    for _ in range(605):
        # Ten a second: one in ten is done, one a minute is told.
        clock.now += 0.1
        verdicts.append(haste.judge(turn(1)))
    assert 59 <= verdicts[62:].count("go") <= 62
    assert verdicts[62:].count("tell") == 1


def test_groups_the_web_and_zero_have_no_pace() -> None:
    haste = Haste(1, clock=Clock())
    group = Turn("telegram", "1", "-100", "p1", AT, "x", private=False)
    assert {haste.judge(group) for _ in range(5)} == {"go"}
    assert {haste.judge(turn(1, channel="web")) for _ in range(5)} == {"go"}
    free = Haste(0, clock=Clock())
    assert {free.judge(turn(1)) for _ in range(500)} == {"go"}
