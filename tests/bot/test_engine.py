"""One update, one transaction: on both databases, side by side, with failing handlers and killed processes."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.delivery import Delivery
from bot.engine import Engine
from handlers.reply import PART, Part, Reply, message, say
from handlers.visit import Visit
from records.database import Database
from records.outbox import Draft
from tests.bot.desk import AT, FAST, FakeSender, NoFinder, office, text_of, turn
from tests.records.backends import BACKENDS, fresh_database, fresh_url

KILLED = Path(__file__).parent / "killed.py"


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


async def count(visit: Visit) -> Reply:
    """Says how many turns the chat has made; waits in between, so that others could come in."""
    made = visit.state.made
    await asyncio.sleep(0)
    visit.state.made = made + 1
    return message(f"{visit.state.made}")


async def test_turn_keeps_state_and_posts(database: Database) -> None:
    engine = Engine(database, office(), count)
    first, second = await engine.take(turn(1)), await engine.take(turn(2))
    assert [text_of(posted) for taken in (first, second) for posted in taken.posted] == ["1", "2"]
    assert not first.repeated
    async with database.reading() as records:
        assert [text_of(posted) for posted in await records.unread("telegram", "1")] == ["1", "2"]


async def test_repeats_do_nothing_even_when_they_race(database: Database) -> None:
    engines = [Engine(database, office(), count) for _ in range(2)]
    taken = await asyncio.gather(*(engines[n % 2].take(turn(1)) for n in range(6)))
    assert sorted(one.repeated for one in taken) == [False] + [True] * 5
    async with database.reading() as records:
        assert [text_of(posted) for posted in await records.unread("telegram", "1")] == ["1"]


async def test_turns_of_one_chat_are_handled_in_order(database: Database) -> None:
    seen: list[str] = []

    async def note(visit: Visit) -> Reply:
        seen.append(visit.turn.text)
        await asyncio.sleep(0.001 * (5 - len(seen)))
        return await count(visit)

    engine = Engine(database, office(), note)
    taken = await asyncio.gather(*(engine.take(turn(n, str(n))) for n in range(5)))
    assert seen == list("01234")
    assert [text_of(one.posted[0]) for one in taken] == list("12345")
    assert engine._locks == {}


async def test_concurrent_turns_lose_no_state(database: Database) -> None:
    """Two engines, as two replicas would be: nothing but the database keeps them apart."""
    engines = [Engine(database, office(), count) for _ in range(2)]
    await asyncio.gather(*(engines[n % 2].take(turn(n, chat=str(n // 2 % 20))) for n in range(200)))
    for chat in range(20):
        async with database.reading() as records:
            posted = await records.unread("telegram", str(chat))
        assert [text_of(one) for one in posted] == [str(n) for n in range(1, 11)]


async def test_state_is_written_only_when_changed(database: Database) -> None:
    async def idle(visit: Visit) -> Reply:
        return message("سلام")

    engine = Engine(database, office(), idle)
    await engine.take(turn(1))
    async with database.reading() as records:
        rows = await records.connection.execute(text("SELECT state FROM conversations WHERE version > 0"))
    assert rows == []


async def test_failing_handler_is_rolled_back_and_apologizes(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(visit: Visit) -> Reply:
        visit.state.made = 7
        await visit.records.vote("13011", helpful=True, at=AT)
        await visit.records.post("telegram", "desk", Draft("{}"), at=AT)
        raise ValueError(visit.turn.text)

    engine = Engine(database, office(), fail)
    with caplog.at_level(logging.ERROR, "bot.engine"):
        taken = await engine.take(turn(1, "کد ملی من ۱۲۳"))
    [apology] = taken.posted
    assert text_of(apology).startswith("مشکلی پیش آمد و این پیام انجام نشد.")
    [record] = caplog.records
    code = text_of(apology).rpartition(" ")[2]
    assert str(int(code)) in record.getMessage()
    assert "ValueError" in record.getMessage()
    assert "کد ملی" not in caplog.text
    async with database.reading() as records:
        assert await records.connection.execute(text("SELECT * FROM votes")) == []
        assert await records.connection.execute(text("SELECT * FROM conversations WHERE version > 0")) == []
    assert (await engine.take(turn(1))).repeated


async def test_statement_that_fails_apologizes_too(database: Database) -> None:
    async def fail(visit: Visit) -> Reply:
        await visit.records.connection.execute(text("SELECT * FROM nowhere"))
        return Reply()

    engine = Engine(database, office(), fail)
    taken = await engine.take(turn(1))
    assert "کد خطا" in text_of(taken.posted[0])


async def test_damaged_state_starts_anew(database: Database) -> None:
    async with database.transaction() as records:
        await records.conversation("telegram", "1")
        await records.keep_conversation("telegram", "1", '{"step": "many"}', AT)
    taken = await Engine(database, office(), count).take(turn(1))
    assert text_of(taken.posted[0]) == "1"


async def test_finder_is_asked_before_the_transaction_and_only_questions(database: Database) -> None:
    at_hand = office()
    engine = Engine(database, at_hand, count)
    finder = at_hand.finder
    assert isinstance(finder, NoFinder)
    async with database.transaction():
        waiting = asyncio.create_task(engine.take(turn(1, "پرسش")))
        await asyncio.sleep(0)
        assert finder.asked == ["پرسش"]
    await waiting
    await engine.take(turn(2, "/start"))
    await engine.take(turn(3, "متن دکمه", button="more:1"))
    assert finder.asked == ["پرسش"]


async def test_pressed_button_edits_its_message_once(database: Database) -> None:
    async def two(visit: Visit) -> Reply:
        return Reply((Part((say("یک"),), replaces="pressed"), Part((say("دو"),), replaces="pressed")), notice="باشد")

    taken = await Engine(database, office(), two).take(turn(1, button="more:1", message="m9"))
    assert [posted.target_message for posted in taken.posted] == ["m9", None]
    assert [posted.answers_message for posted in taken.posted] == [None, None]
    assert taken.notice == "باشد"


async def test_edited_question_edits_its_answer(database: Database) -> None:
    async def answer(visit: Visit) -> Reply:
        return message(visit.turn.text, replaces="answer" if visit.turn.edited else None)

    sender = FakeSender()
    delivery = Delivery(database, [sender], pace=FAST)
    await delivery.start()
    engine = Engine(database, office(), answer, delivery)
    await engine.take(turn(1, "پرسش", message="q"))
    await engine.take(turn(2, "پرسش بهتر", message="q", edited=True))
    await delivery.drain(10)
    assert sender.sent == [("1", "پرسش", None), ("1", "پرسش بهتر", "m1")]
    taken = await engine.take(turn(3, "بهترین پرسش", message="q", edited=True))
    assert taken.posted[0].target_message == "m2"


async def test_message_to_another_chat_leaves_with_the_turn(database: Database) -> None:
    async def tell_the_desk(visit: Visit) -> Reply:
        part = PART.dump_json(message("شکایت تازه").parts[0]).decode()
        await visit.records.post("telegram", "desk", Draft(part), at=visit.turn.at)
        return message("ثبت شد")

    sender = FakeSender()
    delivery = Delivery(database, [sender], pace=FAST)
    await delivery.start()
    await Engine(database, office(), tell_the_desk, delivery).take(turn(1))
    async with asyncio.timeout(20):
        while not sender.texts("desk"):  # noqa: ASYNC110 — it looks at what has no event
            await asyncio.sleep(0.01)
    await delivery.drain(10)
    assert sender.texts() == ["ثبت شد"]


async def test_channel_without_sender_fetches_its_own(database: Database) -> None:
    sender = FakeSender()
    delivery = Delivery(database, [sender], pace=FAST)
    await delivery.start()
    await Engine(database, office(), count, delivery).take(turn(1, channel="web"))
    await delivery.drain(10)
    async with database.transaction() as records:
        [posted] = await records.unread("web", "1")
        await records.mark_sent({posted.id: str(posted.id)}, AT)
        assert await records.sent_message_of("web", "1", "q1") == str(posted.id)
    assert sender.tried == []


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("point", ["in handler", "before hand-over", "before send", "after send", "none"])
async def test_killed_process_loses_nothing_and_repeats_nothing(backend: str, point: str, tmp_path: Path) -> None:
    async with fresh_url(backend, tmp_path) as url:
        sent = tmp_path / "sent"
        database = Database.open(url)
        await database.prepare()

        async def run(kill: str) -> int:
            process = await asyncio.create_subprocess_exec(sys.executable, str(KILLED), url, str(sent), kill)
            return await process.wait()

        assert await run(point) == (0 if point == "none" else -9)
        assert await run("none") == 0
        texts = sent.read_text().split()
        assert set(texts) == {"1"}
        assert len(texts) == (2 if point == "after send" else 1)
        async with database.reading() as records:
            states = await records.connection.execute(text("SELECT state FROM outbox"))
            seen = await records.connection.execute(text("SELECT state FROM conversations"))
        assert [row.state for row in states] == ["sent"]
        assert [row.state for row in seen] == ['{"made":1}']
        await database.close()
