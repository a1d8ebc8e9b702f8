"""An update is confirmed when it is committed, not before; networks come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.messenger.api import MessengerBot, WrongToken, make_bot
from bot.messenger.dialect import BALE, TELEGRAM
from bot.messenger.intake import Intake
from bot.messenger.polling import Polling, PollPace
from bot.standin import Reset, RetryAfter, ServerError, StandIn
from tests.bot.messenger.conftest import TOKEN, Scripted

QUICK = PollPace(
    wait=1,
    first_retry=0.01,
    longest_retry=0.05,
    conflict_retry=0.05,
    again=0.01,
    longest_again=0.05,
    farewell=2.0,
    patience=0.1,
)


@asynccontextmanager
async def polling(
    bot: MessengerBot, engine: Scripted, *, bale: bool = False, **more: Any
) -> AsyncIterator[tuple[asyncio.Task[None], asyncio.Event]]:
    stop = asyncio.Event()
    intake = Intake(bot, BALE if bale else TELEGRAM, engine)
    task = asyncio.create_task(Polling(bot, intake, pace=QUICK, **more).run(stop))
    try:
        yield task, stop
    finally:
        stop.set()
        if not task.done():
            await asyncio.wait_for(task, 10)


def confirmed(api: StandIn) -> int:
    """The highest offset the bot has asked for."""
    return max((int(call.parameters.get("offset", 0)) for call in api.calls_of("getUpdates")), default=0)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 — what is waited for happens in the stand-in
            await asyncio.sleep(0.01)


async def test_updates_come_in_the_order_of_their_chat(telegram: StandIn, bot: MessengerBot) -> None:
    engine = Scripted()
    one, two = telegram.user(7), telegram.user(8)
    for number in range(20):
        await one.send(f"a{number}")
        last = await two.send(f"b{number}")
    async with polling(bot, engine):
        await engine.until(40)
    assert [text for text in engine.texts if text[0] == "a"] == [f"a{number}" for number in range(20)]
    assert [text for text in engine.texts if text[0] == "b"] == [f"b{number}" for number in range(20)]
    assert confirmed(telegram) == last + 1
    telegram.assert_clean()


async def test_nothing_is_confirmed_before_it_is_committed(telegram: StandIn, bot: MessengerBot) -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    engine = Scripted(before=lambda turn: gate if turn.text == "دیر" else None)
    late = await telegram.user(7).send("دیر")
    await telegram.user(8).send("زود")
    async with polling(bot, engine):
        await engine.until(1)
        await asyncio.sleep(0.1)
        assert engine.texts == ["زود"]
        assert confirmed(telegram) <= late
        gate.set_result(None)
        await engine.until(2)
        await until(lambda: confirmed(telegram) > late)


async def test_a_slow_turn_holds_up_only_its_own_chat(telegram: StandIn, bot: MessengerBot) -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    engine = Scripted(before=lambda turn: gate if turn.text == "پرونده" else None)
    slow, other = telegram.user(7), telegram.user(8)
    held = await slow.send("پرونده")
    async with polling(bot, engine):
        await until(lambda: bool(telegram.calls_of("getUpdates")))
        await asyncio.sleep(0.1)
        await slow.send("بعدی")
        for number in range(3):
            await other.send(f"{number}")
            await engine.until(number + 1)
        last = await other.send("آخر")
        await engine.until(4)
        assert engine.texts == ["0", "1", "2", "آخر"]
        assert confirmed(telegram) <= held
        gate.set_result(None)
        await engine.until(6)
        await until(lambda: confirmed(telegram) > last)
    assert engine.texts == ["0", "1", "2", "آخر", "پرونده", "بعدی"]
    telegram.assert_clean()


async def test_the_stop_waits_for_what_is_at_work_and_confirms_it(telegram: StandIn, bot: MessengerBot) -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    engine = Scripted(before=lambda turn: gate if turn.text == "پرونده" else None)
    held = await telegram.user(7).send("پرونده")
    async with polling(bot, engine) as (task, stop):
        await telegram.user(8).send("زود")
        await engine.until(1)
        stop.set()
        await asyncio.sleep(0.2)
        assert not task.done()
        gate.set_result(None)
        await asyncio.wait_for(task, 10)
    assert engine.texts == ["زود", "پرونده"]
    assert confirmed(telegram) > held


async def test_an_update_that_cannot_be_committed_comes_again(
    telegram: StandIn, bot: MessengerBot, caplog: pytest.LogCaptureFixture
) -> None:
    broken = True
    engine = Scripted(fails=lambda turn: broken and turn.chat == "7")
    first = await telegram.user(7).send("یک")
    await telegram.user(7).send("دو")
    await telegram.user(8).send("سه")
    async with polling(bot, engine):
        await engine.until(1)
        await asyncio.sleep(0.1)
        assert engine.texts == ["سه"]
        assert confirmed(telegram) <= first
        broken = False
        await engine.until(3)
    assert engine.texts == ["سه", "یک", "دو"]
    assert caplog.text.count("is tried again") == 1
    assert "یک" not in caplog.text


async def test_an_update_that_cannot_be_read_is_passed_over(
    telegram: StandIn, bot: MessengerBot, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Scripted()
    telegram.updates.push("message", {"message_id": "؟", "chat": 5})
    telegram.updates.push("my_chat_member", {"chat": {}})
    await telegram.user(7).send("سلام")
    async with polling(bot, engine):
        await engine.until(1)
    assert engine.texts == ["سلام"]
    assert "could not be read" in caplog.text


async def test_the_network_goes_and_comes_back(
    telegram: StandIn, bot: MessengerBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    engine = Scripted()
    user = telegram.user(7)
    async with polling(bot, engine):
        await user.send("پیش")
        await engine.until(1)
        async with telegram.down():
            await asyncio.sleep(0.3)
        await user.send("پس")
        await engine.until(2)
        telegram.fail("getUpdates", ServerError(502), times=2)
        telegram.fail("getUpdates", Reset(), times=2)
        await user.send("باز")
        await engine.until(3)
    assert engine.texts == ["پیش", "پس", "باز"]
    outages = [record for record in caplog.records if "out of reach" in record.message]
    assert 1 <= len(outages) <= 3
    assert any("is back" in record.message for record in caplog.records)
    assert TOKEN not in caplog.text


async def test_a_start_without_network_waits_for_it(telegram: StandIn) -> None:
    engine = Scripted()
    bot = make_bot(TELEGRAM, TOKEN, telegram.url)
    calls = 0

    async def connected() -> None:
        nonlocal calls
        calls += 1

    try:
        await telegram.user(7).send("سلام")
        async with telegram.down():
            stop = asyncio.Event()
            run = asyncio.create_task(
                Polling(bot, Intake(bot, TELEGRAM, engine), pace=QUICK, on_connected=connected).run(stop)
            )
            await asyncio.sleep(0.1)
            assert not run.done()
        await engine.until(1)
        stop.set()
        await run
    finally:
        await bot.shutdown()
    assert calls == 1


async def test_a_wrong_token_stops_with_words_for_the_operator(
    telegram: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    bot = make_bot(TELEGRAM, "42:wrong-one", telegram.url)
    try:
        with pytest.raises(WrongToken, match="KHEDMATYAR_TELEGRAM_TOKEN") as wrong:
            await Polling(bot, Intake(bot, TELEGRAM, Scripted()), pace=QUICK).run(asyncio.Event())
    finally:
        await bot.shutdown()
    assert "wrong-one" not in f"{wrong.value!r} {wrong.value.__cause__!r} {caplog.text}"


async def test_too_many_requests_are_waited_for(telegram: StandIn, bot: MessengerBot) -> None:
    engine = Scripted()
    telegram.fail("getUpdates", RetryAfter(1))
    await telegram.user(7).send("سلام")
    async with polling(bot, engine):
        await asyncio.sleep(0.3)
        assert engine.texts == []
        await engine.until(1)


async def test_a_second_poller_is_named(telegram: StandIn, bot: MessengerBot, caplog: pytest.LogCaptureFixture) -> None:
    other = make_bot(TELEGRAM, TOKEN, telegram.url)
    async with other, polling(bot, Scripted()):
        for _ in range(5):
            await other.fetch(None, 0, limit=1)
            await asyncio.sleep(0.05)
    assert caplog.text.count("another program polls") >= 1


async def test_stopping_finishes_the_batch_and_confirms_it(telegram: StandIn, bot: MessengerBot) -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    engine = Scripted(before=lambda turn: gate)
    last = await telegram.user(7).send("سلام")
    async with polling(bot, engine) as (task, stop):
        await until(lambda: bool(telegram.calls_of("getUpdates")))
        await asyncio.sleep(0.05)
        stop.set()
        await asyncio.sleep(0.05)
        assert not task.done()
        gate.set_result(None)
        await task
    assert engine.texts == ["سلام"]
    assert confirmed(telegram) == last + 1


async def test_a_pressed_button_is_answered_with_its_notice(telegram: StandIn, bot: MessengerBot) -> None:
    engine = Scripted(notice="ثبت شد")
    user = telegram.user(7)
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("بله", callback_data="rate:1")]])
    await bot.send_message(7, "x", reply_markup=keyboard)
    async with polling(bot, engine):
        await user.press(user.messages[0], "بله")
        assert (await user.callback_answer())["text"] == "ثبت شد"
        await user.press_data(4000, "old")
        await user.callback_answer()
    assert [turn.button for turn in engine.taken] == ["rate:1", "old"]
    telegram.assert_clean()


async def test_bale_is_polled_too(bale: StandIn, bale_bot: MessengerBot) -> None:
    engine = Scripted()
    user = bale.user(7)
    async with polling(bale_bot, engine, bale=True):
        await user.send("سلام")
        await engine.until(1)
        await user.press_data(1, "a")
        await user.callback_answer()
    assert [turn.channel for turn in engine.taken] == ["bale", "bale"]
    bale.assert_clean()


async def test_who_blocks_is_told_and_waited_for(telegram: StandIn, bot: MessengerBot) -> None:
    seen: list[tuple[str, bool]] = []
    stop = asyncio.Event()

    async def told(membership: Any) -> None:
        if not seen:
            seen.append(("failed", False))
            raise ConnectionError
        seen.append((membership.chat, membership.present))

    intake = Intake(bot, TELEGRAM, Scripted(), on_membership=told)
    run = asyncio.create_task(Polling(bot, intake, pace=QUICK).run(stop))
    user = telegram.user(7)
    user.block()
    user.unblock()
    await until(lambda: len(seen) == 3)
    stop.set()
    await run
    assert seen == [("failed", False), ("7", False), ("7", True)]
