"""Parts reach the person as they are meant, and whatever a messenger answers is one of the delivery's outcomes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.delivery import Blocked, Later, Refused, SendError, Uncertain, Unreachable
from bot.messenger.api import MessengerBot
from bot.messenger.dialect import BALE, TELEGRAM
from bot.messenger.request import NotSent
from bot.messenger.sender import ELSEWHERE, NO_PICTURE, MessengerSender, outcome
from bot.standin import Blocked as BlockedFailure
from bot.standin import Reset, ServerError, StandIn, blank_png
from bot.standin import RetryAfter as RetryFailure
from handlers.reply import Button, Flowchart, Heading, Items, Paragraph, Part, Received, Span, say
from tests.bot.messenger.conftest import posted

ROW = ((Button("بله", data="rate:1"), Button("سایت", url="https://example.org/")),)


class Pencil:
    """Draws a blank page; `key` changes when the catalogue does."""

    def __init__(self) -> None:
        self.drawn = 0
        self.version = 1
        self.broken = False

    def key(self, chart: Flowchart) -> str | None:
        return None if chart.code == "none" else f"{chart.code}.{chart.form}.{self.version}"

    def draw(self, chart: Flowchart) -> bytes:
        self.drawn += 1
        if self.broken:
            raise ValueError("no ink")
        return blank_png() if chart.form == "png" else b"%PDF-1.7 ..."


@pytest.fixture
def pencil() -> Pencil:
    return Pencil()


@pytest.fixture
def sender(bot: MessengerBot, pencil: Pencil) -> MessengerSender:
    return MessengerSender(bot, TELEGRAM, pencil)


@pytest.fixture
def bale_sender(bale_bot: MessengerBot, pencil: Pencil) -> MessengerSender:
    return MessengerSender(bale_bot, BALE, pencil)


async def test_a_text_with_buttons(telegram: StandIn, sender: MessengerSender) -> None:
    user = telegram.user(7)
    part = Part((Heading("پهپاد <b>", 1), Paragraph((Span("مسئول: ", "strong"), Span("دفتر & فنی")))), ROW)
    message = await sender.send(posted(part))
    shown = await user.next_message()
    assert message == str(shown.message_id)
    assert shown.text == "پهپاد <b>\n\nمسئول: دفتر & فنی"
    assert [entity["type"] for entity in shown.data["entities"]] == ["bold", "bold"]
    assert shown.labels == ["بله", "سایت"]
    assert telegram.calls_of("sendMessage")[0].parameters["link_preview_options"] == {"is_disabled": True}
    telegram.assert_clean()


async def test_an_edit_keeps_the_message(telegram: StandIn, sender: MessengerSender) -> None:
    user = telegram.user(7)
    first = await sender.send(posted(Part((say("یک"),), ROW)))
    again = await sender.send(posted(Part((say("دو"),)), target=first))
    assert again == first
    assert [shown.text for shown in user.messages] == ["دو"]
    assert user.messages[0].labels == []
    assert await sender.send(posted(Part((say("دو"),)), target=first)) == first
    assert telegram.not_modified == 1
    assert len(user.messages) == 1


async def test_what_cannot_be_edited_is_said_anew(telegram: StandIn, sender: MessengerSender) -> None:
    user = telegram.user(7)
    assert await sender.send(posted(Part((say("یک"),)), target="4000")) is not None
    photo = await sender.send(posted(Part((say("نمودار"),), file=Flowchart("1005"))))
    after = await sender.send(posted(Part((say("دو"),)), target=photo))
    assert after != photo
    assert [shown.text for shown in user.messages if shown.file_id is None] == ["یک", "دو"]


async def test_a_drawing_is_uploaded_once(telegram: StandIn, sender: MessengerSender, pencil: Pencil) -> None:
    user = telegram.user(7)
    part = Part((say("نمودار"),), ROW, file=Flowchart("1005"))
    await sender.send(posted(part, number=1))
    await sender.send(posted(part, number=2))
    assert pencil.drawn == 1
    first, second = user.messages
    assert first.data["caption"] == "نمودار"
    assert first.labels == second.labels == ["بله", "سایت"]
    assert len(telegram.calls_of("sendChatAction")) == 1
    pencil.version = 2
    await sender.send(posted(part, number=3))
    assert pencil.drawn == 2
    telegram.assert_clean()


async def test_a_document(telegram: StandIn, sender: MessengerSender) -> None:
    user = telegram.user(7)
    await sender.send(posted(Part(file=Flowchart("10/05 ب", "pdf"))))
    (shown,) = user.messages
    assert shown.data["document"]["file_name"] == "khedmatyar-10-05-.pdf"
    telegram.assert_clean()


async def test_a_text_too_long_for_a_caption_follows_the_picture(telegram: StandIn, sender: MessengerSender) -> None:
    part = Part((Items(tuple("سطر " * 60 for _ in range(8))),), ROW, file=Flowchart("1005"))
    user = telegram.user(7)
    message = await sender.send(posted(part))
    picture, text = user.messages
    assert picture.file_id is not None
    assert "caption" not in picture.data
    assert picture.labels == []
    assert text.labels == ["بله", "سایت"]
    assert str(text.message_id) == message
    telegram.assert_clean()


async def test_without_a_drawing_the_text_is_said_all_the_same(
    telegram: StandIn, sender: MessengerSender, pencil: Pencil, caplog: pytest.LogCaptureFixture
) -> None:
    user = telegram.user(7)
    await sender.send(posted(Part((say("نمودار"),), ROW, file=Flowchart("none"))))
    pencil.broken = True
    await sender.send(posted(Part((say("نمودار"),), ROW, file=Flowchart("1005"))))
    assert [shown.text for shown in user.messages] == [f"نمودار\n\n{NO_PICTURE}"] * 2
    assert user.messages[0].labels == ["بله", "سایت"]
    assert "1005" in caplog.text


async def test_a_received_photo_is_shown_again(telegram: StandIn, sender: MessengerSender) -> None:
    user = telegram.user(7)
    await user.send_photo()
    file_id = user.messages[0].file_id
    assert file_id is not None
    await sender.send(posted(Part((say("پیوست شکایت"),), file=Received("telegram", "photo", file_id))))
    assert user.messages[-1].data["caption"] == "پیوست شکایت"
    await sender.send(posted(Part((say("پیوست"),), ROW, file=Received("bale", "photo", file_id))))
    assert user.messages[-1].text == f"پیوست\n\n{ELSEWHERE}"
    await sender.send(posted(Part((say("پیوست"),), file=Received("telegram", "photo", "no-such-file"))))
    assert user.messages[-1].text == f"پیوست\n\n{ELSEWHERE}"


async def test_a_long_text_goes_on_where_it_was_broken_off(telegram: StandIn, sender: MessengerSender) -> None:
    user = telegram.user(7)
    part = Part((say("الف" * 1000), say("ب" * 3000)), ROW)
    one = posted(part)
    await sender.send(posted(Part((say("پیش"),)), number=2))

    def break_off(_method: str, parameters: Mapping[str, Any], _seconds: float) -> None:
        if str(parameters["text"]).startswith("ب"):
            telegram.fail("sendMessage", ServerError(502))
            telegram.on_call = None

    telegram.on_call = break_off
    with pytest.raises(Unreachable):
        await sender.send(one)
    message = await sender.send(one)
    texts = [shown.text for shown in user.messages]
    assert [text[0] for text in texts] == ["پ", "ا", "ب"]
    assert user.messages[1].labels == []
    assert user.messages[2].labels == ["بله", "سایت"]
    assert message == str(user.messages[2].message_id)


async def test_in_a_group_the_first_message_answers(telegram: StandIn, sender: MessengerSender) -> None:
    group = telegram.group(-1005)
    number = await group.member(9).send("/desk")
    question = group.messages[-1].message_id
    assert number
    await sender.send(posted(Part((say("پاسخ"),)), chat=-1005, answers=str(question)))
    assert group.messages[-1].data["reply_to_message"]["message_id"] == question
    await sender.send(posted(Part((say("پاسخ"),)), chat=-1005, answers="4000"))
    assert group.messages[-1].text == "پاسخ"
    telegram.assert_clean()


async def test_bale(bale: StandIn, bale_sender: MessengerSender) -> None:
    user = bale.user(7)
    share = ((Button("فرستادن", share="x"), Button("رونوشت", copy="x"), Button("بله", data="a")),)
    first = await bale_sender.send(posted(Part((Heading("پهپاد", 1), say("*متن*")), share)))
    assert user.messages[0].source == "*پهپاد*\n\n∗متن∗"
    assert user.messages[0].labels == ["بله"]
    await bale_sender.send(posted(Part((say("دو"),)), target=first))
    await bale_sender.send(posted(Part((say("نمودار"),), file=Flowchart("1005"))))
    await bale_sender.send(posted(Part(file=Flowchart("1005", "pdf"))))
    assert [shown.file_id is not None for shown in user.messages] == [False, True, True]
    assert not any("parse_mode" in call.parameters for call in bale.calls)
    bale.assert_clean()


async def test_failures_of_the_messenger(telegram: StandIn, sender: MessengerSender) -> None:
    telegram.user(7)
    part = posted(Part((say("سلام"),)))
    telegram.fail("sendMessage", RetryFailure(17))
    with pytest.raises(Later) as later:
        await sender.send(part)
    assert (later.value.seconds, later.value.scope) == (17, "channel")
    telegram.fail("sendMessage", BlockedFailure())
    with pytest.raises(Blocked):
        await sender.send(part)
    for failure in (ServerError(502), ServerError(500), Reset()):
        telegram.fail("sendMessage", failure)
        with pytest.raises(Unreachable):
            await sender.send(part)
    async with telegram.down():
        with pytest.raises(Unreachable):
            await sender.send(part)
    assert await sender.send(part)


async def test_a_stranger_and_an_empty_part(telegram: StandIn, sender: MessengerSender) -> None:
    telegram.user(8, started=False)
    with pytest.raises(SendError) as refused:
        await sender.send(posted(Part((say("سلام"),)), chat=8))
    assert isinstance(refused.value, Blocked)
    with pytest.raises(Refused):
        await sender.send(posted(Part()))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RetryAfter(5), Later),
        (Forbidden("bot was kicked"), Blocked),
        (BadRequest("Chat not found"), Blocked),
        (BadRequest("message is too long"), Refused),
        (TimedOut(), Uncertain),
        (NotSent("x"), Unreachable),
        (NetworkError("Bad Gateway"), Unreachable),
        (InvalidToken("42:abc"), Unreachable),
        (TelegramError("Invalid server response"), Unreachable),
    ],
)
def test_every_error_has_an_outcome(error: TelegramError, kind: type[SendError]) -> None:
    assert type(outcome(error, "7")) is kind


def test_a_group_waits_alone() -> None:
    later = outcome(RetryAfter(5), "-100")
    assert isinstance(later, Later)
    assert later.scope == "chat"


def test_the_token_is_in_no_outcome(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert "42:abc" not in str(outcome(NetworkError("x"), "7"))
