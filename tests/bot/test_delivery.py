"""Delivery: order per chat under every failure, pauses, blocked chats, outages, batches and restarts."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.delivery import Blocked, Delivery, Later, Pace, Refused, Uncertain, Unreachable
from handlers.reply import PART, message
from records.database import Database
from records.link import Rows
from records.outbox import Draft
from tests.bot.desk import AT, FAST, FakeSender, Outcome
from tests.records.backends import BACKENDS, fresh_database


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


def draft(words: str) -> Draft:
    return Draft(PART.dump_json(message(words).parts[0]).decode())


async def post(
    database: Database, delivery: Delivery | None, *texts: str, chat: str = "1", channel: str = "telegram"
) -> None:
    """Post in one transaction; with a delivery, under its lease and handed over, as the engine does."""
    async with database.transaction() as records:
        lease = delivery.lease(channel) if delivery else None
        posted = await records.post(channel, chat, *map(draft, texts), at=AT, lease=lease)
    if delivery is not None:
        delivery.hand(one for one in posted if one.claimed)


async def rows(database: Database, query: str) -> Rows:
    async with database.reading() as records:
        return await records.connection.execute(text(query))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 — it looks at what has no event
            await asyncio.sleep(0.005)


async def started(database: Database, *senders: FakeSender, pace: Pace = FAST) -> Delivery:
    delivery = Delivery(database, senders, pace=pace)
    await delivery.start()
    return delivery


async def test_handed_over_is_sent_in_order_and_marked(database: Database) -> None:
    sender = FakeSender()
    delivery = await started(database, sender)
    await post(database, delivery, "a", "b")
    await post(database, delivery, "c")
    assert await delivery.drain(20)
    assert sender.texts() == ["a", "b", "c"]
    states = await rows(database, "SELECT state, sent_message, attempts FROM outbox ORDER BY id")
    assert [tuple(row) for row in states] == [("sent", f"m{n}", 1) for n in (1, 2, 3)]


async def test_left_by_an_earlier_run_is_sent_at_start(database: Database) -> None:
    await post(database, None, "a", "b")
    sender = FakeSender()
    delivery = await started(database, sender)
    assert await delivery.drain(20)
    assert sender.texts() == ["a", "b"]


async def test_waiting_rows_are_swept(database: Database) -> None:
    sender = FakeSender()
    delivery = await started(database, sender)
    await post(database, None, "by staff")
    await until(lambda: sender.texts() == ["by staff"])
    await delivery.drain(20)


@pytest.mark.parametrize("failure", [Unreachable(), Uncertain(), ValueError("secret words"), Later(0.01, "chat")])
async def test_failure_is_tried_again_before_the_next(database: Database, failure: Exception) -> None:
    sender = FakeSender()
    sender.outcomes["1"].extend([failure, failure])
    delivery = await started(database, sender)
    await post(database, delivery, "a", "b")
    assert await delivery.drain(20)
    assert [words for _, words in sender.tried] == ["a", "a", "a", "b"]
    [first, _] = await rows(database, "SELECT attempts FROM outbox ORDER BY id")
    assert first.attempts == (1 if isinstance(failure, Later) else 3)


@pytest.mark.parametrize(("failure", "tries"), [(Uncertain(), 10), (ValueError("x"), 5), (Refused("bad"), 1)])
async def test_given_up_is_dropped_with_its_reason(database: Database, failure: Exception, tries: int) -> None:
    sender = FakeSender()
    sender.outcomes["1"].extend([failure] * tries)
    delivery = await started(database, sender)
    await post(database, delivery, "a", "b")
    assert await delivery.drain(20)
    assert sender.texts() == ["b"]
    [first, second] = await rows(database, "SELECT state, reason, attempts FROM outbox ORDER BY id")
    assert (first.state, first.attempts) == ("dropped", tries)
    assert first.reason
    assert second.state == "sent"


@pytest.mark.parametrize("scope", ["chat", "channel"])
async def test_later_is_kept_to_exactly(database: Database, scope: str) -> None:
    """Nothing goes to the chat (or the channel) before the time is over; another chat only waits for a channel."""
    sender = FakeSender()
    pause = 0.3
    sender.outcomes["1"].append(Later(pause, "channel" if scope == "channel" else "chat"))
    delivery = await started(database, sender)
    began = time.time()
    await post(database, delivery, "a")
    await until(lambda: len(sender.tried) == 1)
    await post(database, delivery, "other", chat="2")
    await until(lambda: bool(sender.texts("2")))
    if scope == "channel":
        assert time.time() >= began + pause
    else:
        assert sender.texts() == []
    await until(lambda: bool(sender.texts()))
    assert time.time() >= began + pause
    assert [words for chat, words in sender.tried if chat == "1"] == ["a", "a"]
    await delivery.drain(20)


async def test_blocked_drops_the_chat_and_marks_the_person(database: Database) -> None:
    async with database.transaction() as records:
        await records.met("telegram", "p1", "1", AT)
        await records.met("telegram", "p2", "2", AT)
    sender = FakeSender()
    sender.outcomes["1"].append(Blocked())
    await post(database, None, "a", "b", "c")
    await post(database, None, "x", chat="2")
    delivery = await started(database, sender)
    assert await delivery.drain(20)
    assert (sender.texts(), sender.texts("2")) == ([], ["x"])
    dropped = await rows(database, "SELECT reason FROM outbox WHERE state = 'dropped'")
    assert [row.reason for row in dropped] == ["blocked"] * 3
    blocked = await rows(database, "SELECT person FROM people WHERE blocked_at IS NOT NULL")
    assert [row.person for row in blocked] == ["p1"]


async def test_outage_loses_nothing_and_keeps_order(database: Database) -> None:
    sender = FakeSender()
    sender.down = Unreachable()
    delivery = await started(database, sender)
    for word in "abc":
        for chat in range(12):
            await post(database, delivery, word, chat=str(chat))
    await until(lambda: len(sender.tried) > 20)
    assert sender.sent == []
    sender.down = None
    assert await delivery.drain(20)
    assert {chat: sender.texts(str(chat)) for chat in range(12)} == {chat: ["a", "b", "c"] for chat in range(12)}


async def test_channel_that_is_down_holds_up_no_other(database: Database) -> None:
    stuck, well = FakeSender("telegram"), FakeSender("bale")
    stuck.down = Unreachable()
    delivery = await started(database, stuck, well)
    for chat in range(10):
        await post(database, delivery, "a", chat=str(chat))
        await post(database, delivery, "a", chat=str(chat), channel="bale")
    await until(lambda: len(well.sent) == 10)
    assert not await delivery.drain(0.05)


async def test_undelivered_at_shutdown_is_sent_by_the_next_run(database: Database) -> None:
    sender = FakeSender()
    sender.down = Unreachable()
    delivery = await started(database, sender)
    await post(database, delivery, "a", "b")
    assert not await delivery.drain(0.05)
    await post(database, delivery, "after the end")
    sender.down = None
    assert await (await started(database, sender)).drain(20)
    assert sender.texts() == ["a", "b", "after the end"]


async def test_no_more_at_once_than_allowed(database: Database) -> None:
    sender = FakeSender()
    for chat in range(30):
        await post(database, None, "a", chat=str(chat))
    delivery = await started(database, sender)
    assert await delivery.drain(20)
    assert len(sender.sent) == 30
    assert sender.most_busy <= FAST.at_once


async def test_marks_are_written_together(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = FakeSender()
    pace = replace(FAST, marks_after=30.0, marks_most=1000, sweep=30.0, tend=30.0)
    delivery = await started(database, sender, pace=pace)
    for chat in range(20):
        await post(database, delivery, "a", chat=str(chat))
    await until(lambda: len(sender.sent) == 20)
    assert await rows(database, "SELECT id FROM outbox WHERE state = 'sent'") == []
    transactions: list[int] = []
    true_transaction = database.transaction

    def counted() -> object:
        transactions.append(1)
        return true_transaction()

    monkeypatch.setattr(database, "transaction", counted)
    await delivery._flush()
    assert len(await rows(database, "SELECT id FROM outbox WHERE state = 'sent'")) == 20
    assert len(transactions) == 1
    await delivery.drain(20)


async def test_full_batch_of_marks_does_not_wait(database: Database) -> None:
    sender = FakeSender()
    delivery = await started(database, sender, pace=replace(FAST, marks_after=600.0, marks_most=5))
    await post(database, delivery, *"abcde")
    async with asyncio.timeout(20):
        while len(await rows(database, "SELECT id FROM outbox WHERE state = 'sent'")) < 5:  # noqa: ASYNC110 — as above
            await asyncio.sleep(0.005)
    await delivery.drain(20)


async def test_backoff_grows_to_its_limit() -> None:
    pace = Pace(first_retry=1.0, longest_retry=300.0)
    waits = [pace.backoff(tries) for tries in (1, 4, 9, 1000)]
    assert 0.75 <= waits[0] <= 1.25
    assert 6 <= waits[1] <= 10
    assert all(225 * 0.75 <= wait <= 300 for wait in waits[2:])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared SQLite file to copy."""
    path = tmp_path_factory.mktemp("prepared") / "records.db"

    async def prepare() -> None:
        database = Database.open(f"sqlite:///{path}")
        await database.prepare()
        await database.close()

    asyncio.run(prepare())
    return path


failures = st.sampled_from([Unreachable(), Uncertain(), Later(0.001), Later(0.001, "chat"), ValueError("x")])


@settings(max_examples=25, deadline=None)
@given(
    messages=st.lists(st.tuples(st.sampled_from("123"), st.booleans()), min_size=1, max_size=14),
    outcomes=st.dictionaries(st.sampled_from("123"), st.lists(failures | st.none(), max_size=6), max_size=3),
)
def test_any_failures_keep_the_order_of_each_chat(
    prepared: Path, messages: list[tuple[str, bool]], outcomes: dict[str, list[Outcome]]
) -> None:
    """Handed over or swept, whatever fails: every chat gets all of its messages, once each, in order."""

    async def deliver(path: Path) -> FakeSender:
        database = Database.open(f"sqlite:///{path}")
        sender = FakeSender()
        for chat, steps in outcomes.items():
            # Four faults of one message at most: the fifth would drop it.
            sender.outcomes[chat].extend(step for n, step in enumerate(steps) if n < 4)
        pace = replace(FAST, first_retry=0.001, longest_retry=0.004)
        delivery = await started(database, sender, pace=pace)
        for number, (chat, handed) in enumerate(messages):
            await post(database, delivery if handed else None, str(number), chat=chat)
        await until(lambda: len(sender.sent) == len(messages))
        assert await delivery.drain(20)
        await database.close()
        return sender

    with TemporaryDirectory() as folder:
        copy = Path(shutil.copy(prepared, folder))
        sender = asyncio.run(deliver(copy))
    for chat in "123":
        assert sender.texts(chat) == [str(number) for number, (to, _) in enumerate(messages) if to == chat]


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_clock_that_is_set_lengthens_no_lease_and_no_pause(
    database: Database, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    true_time = time.time
    ahead = 0.0
    monkeypatch.setattr(time, "time", lambda: true_time() + ahead)
    sender = FakeSender()
    sender.outcomes["1"].append(Later(0.3))
    delivery = await started(database, sender)
    await post(database, delivery, "first")
    await until(lambda: len(sender.tried) == 1)
    ahead = 3600.0 * hours
    await until(lambda: sender.texts() == ["first"])
    lease = delivery.lease("telegram")
    assert lease is not None
    if not database.lone:
        # Other replicas go by the server's clock; on SQLite there are none.
        assert abs(lease.until - true_time()) < 120
    await post(database, None, "left by another")
    delivery.poke()
    await until(lambda: sender.texts() == ["first", "left by another"])
    await delivery.drain(20)
