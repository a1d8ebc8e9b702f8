"""The front door: commands, stale buttons, things that are no text."""

from __future__ import annotations

import re

import pytest

from handlers.menu import FORGOTTEN, HELLO, KEPT, NOTHING_OPEN, TRY, UNKNOWN
from handlers.reply import Heading
from handlers.router import BUTTONS, COMMANDS, CONTACT, NOT_READ, STICKER, TOPICS
from handlers.show import STALE
from handlers.turn import Attachment
from knowledge.models import BOOKLET
from knowledge.persian import text_problems
from tests.handlers.chat import Chat, labels, only, text


async def test_start_says_what_it_can_do_in_two_lines(chat: Chat) -> None:
    reply = await chat.say("/start")
    assert text(reply).split("\n") == [HELLO, TRY]
    assert labels(reply) == ["فهرست خدمات", "شکایت‌های من", "اطلاعیه‌ها", "راهنما"]


async def test_a_deep_link_opens_its_card(chat: Chat) -> None:
    reply = await chat.say("/start foreign-04")
    assert only(reply).blocks[0] == Heading(chat.office.catalogue.service("foreign-04").title, 1)
    assert text(await chat.say("/start foreign-9999")).startswith(HELLO)


async def test_about_tells_source_edition_and_limits(chat: Chat) -> None:
    said = text(await chat.say("/about"))
    assert BOOKLET in said
    assert "هزینه" in said


@pytest.mark.parametrize("said", ["/nothing", "/", "/ start", "/start_x@bot y", "/ستاد"])
async def test_an_unknown_command_gets_the_menu(chat: Chat, said: str) -> None:
    reply = await chat.say(said)
    assert text(reply) == UNKNOWN
    assert "فهرست خدمات" in labels(reply)


async def test_a_command_may_name_the_bot_and_be_in_capitals(chat: Chat) -> None:
    assert text(await chat.say("/START@khedmatyar_bot")).startswith(HELLO)


@pytest.mark.parametrize(
    "data",
    [
        *("", "x", "s", "s:none-01", "s:foreign-02:abc", "law:zzz-9", "pic:", "pdf:none", "link:q", "none:x", "🙂"),
        *("a" * 64, "s:foreign-02:0:bs-<b>", "DROP TABLE", "s:foreign-02:99"),
    ],
)
async def test_a_stale_or_forged_button_harms_nothing(chat: Chat, data: str) -> None:
    reply = await chat.press_data(data)
    assert reply.parts or reply.notice


async def test_an_unknown_verb_says_so_and_shows_the_menu(chat: Chat) -> None:
    reply = await chat.press_data("zzz:1")
    assert reply.notice == STALE
    assert "فهرست خدمات" in labels(reply)


async def test_forget_asks_first_and_then_forgets(chat: Chat) -> None:
    await chat.say("برای فیلم‌برداری هوایی با پهپاد مجوز پرواز می‌خواهم")
    await chat.say("/forget")
    assert text(await chat.press("نه")) == KEPT
    assert chat.state.service == "security-02"
    await chat.say("/forget")
    assert text(await chat.press("بله")) == FORGOTTEN
    assert chat.state.service is None


async def test_cancel_with_nothing_open(chat: Chat) -> None:
    assert text(await chat.say("/cancel")) == NOTHING_OPEN


async def test_cancel_puts_an_open_complaint_away(chat: Chat) -> None:
    await chat.say("از شهرداری شکایت دارم")
    assert chat.state.topic == "complaint"
    assert "ثبت نشد" in text(await chat.say("/cancel"))
    assert chat.state.topic is None


async def test_a_sticker_and_odd_things_get_a_word(chat: Chat) -> None:
    assert text(await chat.send(Attachment("sticker", "x"))) == STICKER
    assert text(await chat.send(Attachment("contact", phone="+989120000000"))) == CONTACT
    assert text(await chat.send(Attachment("other"))) == NOT_READ


def test_every_verb_and_command_stands_once() -> None:
    verbs = [verb for topic in TOPICS for verb in topic.buttons]
    names = [command.name for topic in TOPICS for command in topic.commands]
    assert len(verbs) == len(set(verbs)) == len(BUTTONS)
    assert len(names) == len(set(names)) == len(COMMANDS)
    assert all(re.fullmatch(r"[a-z]+", verb) for verb in verbs)


def test_every_command_has_a_clean_persian_description() -> None:
    for command in COMMANDS.values():
        assert re.fullmatch(r"[a-z_]{1,32}", command.name)
        assert 1 <= len(command.description) <= 256
        assert text_problems(command.description) == []
