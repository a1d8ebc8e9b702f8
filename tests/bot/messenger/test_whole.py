"""The real engine, outbox and delivery between the two ends of a messenger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.delivery import Delivery
from bot.engine import Engine
from bot.messenger.api import MessengerBot
from bot.messenger.dialect import BALE, TELEGRAM, Dialect
from bot.messenger.intake import Intake
from bot.messenger.polling import Polling
from bot.messenger.sender import MessengerSender
from bot.standin import StandIn
from handlers.reply import Button, Reply, message, say
from handlers.visit import Visit
from records.database import Database
from tests.bot.desk import FAST, office
from tests.bot.messenger.conftest import joined
from tests.bot.messenger.test_polling import QUICK
from tests.records.backends import fresh_database


async def echo(visit: Visit) -> Reply:
    """Counts the turns of the chat; a press edits the message, an edit edits the answer."""
    await asyncio.sleep(0)
    visit.state.made += 1
    if visit.turn.button is not None:
        changed = message(f"*{visit.state.made}* {visit.turn.button}", replaces="pressed")
        return Reply(changed.parts, notice="ثبت شد")
    return message(
        say(f"{visit.state.made}: {visit.turn.text}"),
        buttons=((Button("بله", data="yes"),),),
        replaces="answer" if visit.turn.edited else None,
    )


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database("sqlite", tmp_path) as prepared:
        yield prepared


@asynccontextmanager
async def running(database: Database, bot: MessengerBot, dialect: Dialect) -> AsyncIterator[None]:
    delivery = Delivery(database, [MessengerSender(bot, dialect)], pace=FAST)
    await delivery.start()
    stop = asyncio.Event()
    intake = Intake(bot, dialect, Engine(database, office(), echo, delivery))
    run = asyncio.create_task(Polling(bot, intake, pace=QUICK).run(stop))
    try:
        yield
    finally:
        stop.set()
        await run
        await delivery.drain(5)


@pytest.mark.parametrize("platform", ["telegram", "bale"])
async def test_a_conversation(database: Database, platform: str) -> None:
    dialect = TELEGRAM if platform == "telegram" else BALE
    api = StandIn(platform="telegram" if platform == "telegram" else "bale", token="42:very-secret")  # noqa: S106
    async with api, joined(dialect, api.url) as bot, running(database, bot, dialect):
        user = api.user(7)
        await user.send("پهپاد <b> *")
        answer = await user.next_message()
        assert answer.text in ("1: پهپاد <b> *", "1: پهپاد <b> ∗")
        await user.press(answer, "بله")
        assert (await user.callback_answer())["text"] == "ثبت شد"
        pressed = await user.next_message()
        assert pressed.message_id == answer.message_id
        assert pressed.text.endswith(" yes")
        question = user.messages[0]
        await user.edit(question, "مجوز پهپاد")
        edited = await user.next_message()
        assert edited.message_id == answer.message_id
        assert edited.text == "3: مجوز پهپاد"
    api.assert_clean()


async def test_a_second_delivery_is_not_answered_twice(database: Database, telegram: StandIn) -> None:
    user = telegram.user(7)
    async with joined(TELEGRAM, telegram.url) as bot, running(database, bot, TELEGRAM):
        first = await user.send("یک")
        await user.next_message()
        telegram.redeliver(first)
        await user.send("دو")
        assert (await user.next_message()).text == "2: دو"
    assert [shown.text for shown in user.messages if shown.by_bot] == ["1: یک", "2: دو"]
    telegram.assert_clean()


async def test_what_came_while_the_network_was_away_is_answered(database: Database, telegram: StandIn) -> None:
    user = telegram.user(7)
    async with joined(TELEGRAM, telegram.url) as bot, running(database, bot, TELEGRAM):
        await user.send("یک")
        await user.next_message()
        async with telegram.down():
            await user.send("دو")
            await asyncio.sleep(0.2)
        assert (await user.next_message()).text == "2: دو"
    telegram.assert_clean()
