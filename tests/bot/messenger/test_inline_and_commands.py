"""Inline cards and published commands, as the stand-in takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from bot.messenger.api import MessengerBot
from bot.messenger.commands import publish_commands
from bot.messenger.dialect import TELEGRAM
from bot.messenger.inline import results
from bot.messenger.intake import Intake
from bot.messenger.polling import Polling
from bot.messenger.updates import Chosen
from bot.standin import Blocked, StandIn
from handlers.inline import InlineCard
from handlers.reply import Button, Heading, say
from tests.bot.messenger.conftest import Scripted
from tests.bot.messenger.test_polling import QUICK


def card(code: str = "1005") -> InlineCard:
    link = ((Button("باز کردن", url="https://t.me/khedmatyar_bot?start=s_1005"),),)
    return InlineCard(code, "پهپاد", "دفتر فنی", (Heading("پهپاد <x>", 1), say("متن")), link)


def cards(query: str) -> Sequence[InlineCard]:
    if query == "خراب":
        raise LookupError
    return (card(),) if query else ()


def test_at_most_ten_and_only_what_telegram_takes() -> None:
    assert len(results([card(str(number)) for number in range(30)], TELEGRAM)) == 10
    assert results([card("ن" * 33), InlineCard("1", "x", "y", ())], TELEGRAM) == []


async def test_a_query_is_answered_and_a_choice_told(telegram: StandIn, bot: MessengerBot) -> None:
    chosen: list[Chosen] = []
    told = asyncio.Event()

    async def tell(one: Chosen) -> None:
        chosen.append(one)
        told.set()

    stop = asyncio.Event()
    intake = Intake(bot, TELEGRAM, Scripted(), cards=cards, on_chosen=tell)
    run = asyncio.create_task(Polling(bot, intake, pace=QUICK).run(stop))
    user = telegram.user(7)
    await user.inline("")
    assert await user.inline_answer() == []
    await user.inline("پهپاد")
    (shown,) = await user.inline_answer()
    assert (shown["id"], shown["title"], shown["description"]) == ("1005", "پهپاد", "دفتر فنی")
    assert shown["input_message_content"]["message_text"] == "<b>پهپاد &lt;x&gt;</b>\n\nمتن"
    await user.choose_inline("1005")
    await asyncio.wait_for(told.wait(), 10)
    stop.set()
    await run
    assert (chosen[0].person, chosen[0].result, chosen[0].text) == ("7", "1005", "پهپاد")
    telegram.assert_clean()


async def test_a_query_that_cannot_be_answered_stops_nothing(
    telegram: StandIn, bot: MessengerBot, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Scripted()
    intake = Intake(bot, TELEGRAM, engine, cards=cards)
    stop = asyncio.Event()
    run = asyncio.create_task(Polling(bot, intake, pace=QUICK).run(stop))
    user = telegram.user(7)
    await user.inline("خراب")
    await user.send("سلام")
    await engine.until(1)
    stop.set()
    await run
    assert "inline query" in caplog.text


async def test_commands_are_published_where_they_differ(telegram: StandIn, bot: MessengerBot) -> None:
    public = [("start", "شروع"), ("help", "راهنما")]
    staff = {"-1005": [*public, ("desk", "میز")]}
    telegram.group(-1005)
    await publish_commands(bot, public, staff)
    assert len(telegram.calls_of("setMyCommands")) == 3
    await publish_commands(bot, public, staff)
    assert len(telegram.calls_of("setMyCommands")) == 3
    await publish_commands(bot, public[:1], staff)
    assert len(telegram.calls_of("setMyCommands")) == 5
    telegram.assert_clean()


async def test_an_unknown_staff_chat_is_passed_over(
    telegram: StandIn, bot: MessengerBot, caplog: pytest.LogCaptureFixture
) -> None:
    telegram.group(-1005)

    def refuse(method: str, parameters: Mapping[str, Any], _at: float) -> None:
        if str(parameters["scope"].get("chat_id")) == "-9":
            telegram.fail(method, Blocked("Forbidden: bot is not a member of the supergroup chat"))

    telegram.on_call = refuse
    await publish_commands(bot, [("start", "شروع")], {"-9": [("desk", "میز")], "-1005": [("desk", "میز")]})
    assert "-9" in caplog.text
    assert telegram.calls_of("setMyCommands")[-1].parameters["scope"]["chat_id"] in (-1005, "-1005")
