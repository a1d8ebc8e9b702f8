"""A file that a handler made reaches the person whole."""

from __future__ import annotations

from bot.messenger.api import MessengerBot
from bot.messenger.dialect import BALE, TELEGRAM
from bot.messenger.sender import MessengerSender
from bot.standin import StandIn, blank_png
from bot.web.html import ELSEWHERE, part_html
from handlers.reply import PART, Made, Part, say
from tests.bot.messenger.conftest import posted

SHEET = Part((say("صف"),), file=Made.of("desk-1405-09-01.xlsx", b"PK\x03\x04\x00\xff"))


async def test_a_workbook_is_a_document_and_a_png_a_photo(telegram: StandIn, bot: MessengerBot) -> None:
    sender, user = MessengerSender(bot, TELEGRAM), telegram.user(7)
    await sender.send(posted(SHEET))
    await sender.send(posted(Part(file=Made.of("stats.png", blank_png())), number=2))
    sheet, picture = user.messages
    assert sheet.data["caption"] == "صف"
    assert sheet.data["document"]["file_name"] == "desk-1405-09-01.xlsx"
    assert "photo" in picture.data
    telegram.assert_clean()


async def test_on_bale_too(bale: StandIn, bale_bot: MessengerBot) -> None:
    user = bale.user(7)
    await MessengerSender(bale_bot, BALE).send(posted(SHEET))
    assert "document" in user.messages[-1].data


def test_it_goes_through_the_outbox_unchanged() -> None:
    part = PART.validate_json(PART.dump_json(SHEET))
    assert part == SHEET
    assert isinstance(part.file, Made)
    assert part.file.content == b"PK\x03\x04\x00\xff"


def test_the_web_says_that_it_is_elsewhere() -> None:
    assert ELSEWHERE in part_html(SHEET)
