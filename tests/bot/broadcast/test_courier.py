"""Announcements as they stand in the messengers: the same on both, put right, taken back; and as previewed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from bot.delivery import Blocked, Later, Uncertain, Unreachable
from bot.messenger.albums import Importers
from bot.messenger.courier import Courier
from bot.messenger.dialect import BALE, TELEGRAM
from bot.messenger.sender import BETWEEN, MessengerSender
from bot.standin import Blocked as BlockedFailure
from bot.standin import Reset, RetryAfter, ServerError, StandIn, blank_png
from handlers.announcements.show import RECALLED, announcement_part, recalled_part
from handlers.reply import Part
from knowledge.catalogue import Catalogue
from records.announcement_values import Announcement, Audience, Body, FileRef
from tests.bot.messenger.conftest import TOKEN, joined, posted


@dataclass
class Press:
    """Both messengers with a courier each. `rests`: the waits between an album and its text."""

    telegram: StandIn
    bale: StandIn
    couriers: dict[str, Courier]
    rests: list[float]


@asynccontextmanager
async def pressed() -> AsyncIterator[Press]:
    async with (
        StandIn(token=TOKEN) as telegram,
        StandIn(token=TOKEN, platform="bale") as bale,
        joined(TELEGRAM, telegram.url) as one,
        joined(BALE, bale.url) as two,
    ):
        importers = Importers({"telegram": one, "bale": two})
        rests: list[float] = []

        async def rest(seconds: float) -> None:
            rests.append(seconds)

        couriers: dict[str, Courier] = {
            dialect.channel: Courier(bot, dialect, MessengerSender(bot, dialect, importer=importers, rest=rest))
            for bot, dialect in ((one, TELEGRAM), (two, BALE))
        }
        yield Press(telegram, bale, couriers, rests)
        telegram.assert_clean()
        bale.assert_clean()


@pytest.fixture
async def press() -> AsyncIterator[Press]:
    async with pressed() as made:
        yield made


def made(text: str = "آب فردا قطع است.", *files: FileRef, options: tuple[str, ...] = ()) -> Announcement:
    return Announcement(
        5, 1, "running", 1, Body(text, files, options), "urgent", Audience(), datetime(2026, 11, 22, tzinfo=UTC)
    )


def stored(api: StandIn, count: int = 1, kind: str = "photo") -> list[FileRef]:
    """Files that a member has sent to the bot."""
    data = [api.world.store(blank_png(64 + n), "a.png", "image/png", "photos") for n in range(count)]
    return [FileRef("telegram", kind, one["file_id"]) for one in data]


def part_of(announcement: Announcement, catalogue: Catalogue) -> Part:
    return announcement_part(announcement, catalogue)


async def test_a_text_reads_the_same_on_both(press: Press, catalogue: Catalogue) -> None:
    part = part_of(made(options=("بله", "نه")), catalogue)
    texts = []
    for channel, api in (("telegram", press.telegram), ("bale", press.bale)):
        user = api.user(7)
        assert await press.couriers[channel].send(posted(part)) is not None
        (shown,) = user.messages
        texts.append(shown.text.replace("*", ""))
        assert shown.labels == ["بله", "نه", "🔕 دیگر نفرست", "تنظیم اطلاعیه‌ها"]
    assert texts[0] == texts[1]
    assert "اطلاعیه‌ی فوری" in texts[0]


async def test_a_picture_sent_on_telegram_reaches_bale_and_is_uploaded_once(press: Press, catalogue: Catalogue) -> None:
    part = part_of(made("متن", *stored(press.telegram)), catalogue)
    for number in (7, 8):
        user = press.bale.user(number)
        await press.couriers["bale"].send(posted(part, chat=number, number=number))
        (shown,) = user.messages
        assert shown.file_id is not None
        assert "متن" in shown.data["caption"]
    first, second = press.bale.calls_of("sendPhoto")
    assert str(first.parameters["photo"]).startswith("attach:")
    assert not str(second.parameters["photo"]).startswith("attach:")


@pytest.mark.parametrize("channel", ["telegram", "bale"])
async def test_an_album_then_its_text_a_second_later(press: Press, catalogue: Catalogue, channel: str) -> None:
    api = press.telegram if channel == "telegram" else press.bale
    user = api.user(7)
    part = part_of(made("افتتاح پل", *stored(press.telegram, 3)), catalogue)
    message = await press.couriers[channel].send(posted(part))
    *pictures, words = user.messages
    assert len(pictures) == 3
    assert all(one.file_id for one in pictures)
    assert words.labels[-2:] == ["🔕 دیگر نفرست", "تنظیم اطلاعیه‌ها"]
    assert press.rests == [BETWEEN]
    assert message == ",".join(str(one.message_id) for one in user.messages)


async def test_an_album_that_was_broken_off_goes_on_with_its_text(press: Press, catalogue: Catalogue) -> None:
    user = press.telegram.user(7)
    part = part_of(made("افتتاح پل", *stored(press.telegram, 2)), catalogue)
    press.telegram.fail("sendMessage", RetryAfter(3))
    with pytest.raises(Later):
        await press.couriers["telegram"].send(posted(part))
    message = await press.couriers["telegram"].send(posted(part))
    assert len(user.messages) == 3
    assert message == ",".join(str(one.message_id) for one in user.messages)


async def test_text_caption_and_album_are_put_right(press: Press, catalogue: Catalogue) -> None:
    user = press.telegram.user(7)
    courier = press.couriers["telegram"]
    for place, files in enumerate(([], stored(press.telegram), stored(press.telegram, 2))):
        message = await courier.send(posted(part_of(made("غلط", *files), catalogue), number=place + 1))
        assert message is not None
        part = part_of(made("درست", *files), catalogue)
        assert await courier.amend("7", message, part)
        assert await courier.amend("7", message, part)
        last = user.messages[-1]
        assert "درست" in (last.text or last.data.get("caption", ""))
        assert last.labels == ["🔕 دیگر نفرست", "تنظیم اطلاعیه‌ها"]
    assert not any("غلط" in (one.text or one.data.get("caption", "")) for one in user.messages)


async def test_a_recall_takes_all_of_an_album(press: Press, catalogue: Catalogue) -> None:
    user = press.telegram.user(7)
    message = await press.couriers["telegram"].send(posted(part_of(made("x", *stored(press.telegram, 2)), catalogue)))
    assert message is not None
    assert await press.couriers["telegram"].recall("7", message, recalled_part())
    assert user.messages == []
    assert await press.couriers["telegram"].recall("7", message, recalled_part())


async def test_what_is_too_old_to_delete_says_that_it_was_recalled(press: Press, catalogue: Catalogue) -> None:
    user = press.telegram.user(7)
    message = await press.couriers["telegram"].send(posted(part_of(made(), catalogue)))
    assert message is not None
    press.telegram.fail("deleteMessage", BlockedFailure("Forbidden"))
    with pytest.raises(Blocked):
        await press.couriers["telegram"].recall("7", message, recalled_part())
    press.telegram.fail("deleteMessage", ServerError(400))
    assert await press.couriers["telegram"].recall("7", message, recalled_part())
    assert [shown.text for shown in user.messages] == [RECALLED]


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [(RetryAfter(9), Later), (BlockedFailure(), Blocked), (ServerError(502), Unreachable), (Reset(), Unreachable)],
)
async def test_what_goes_wrong_is_one_of_the_outcomes(
    press: Press, catalogue: Catalogue, failure: object, outcome: type[Exception]
) -> None:
    press.telegram.user(7)
    press.telegram.fail("sendMessage", failure)  # type: ignore[arg-type] # one of the failures
    with pytest.raises(outcome) as caught:
        await press.couriers["telegram"].send(posted(part_of(made(), catalogue)))
    if isinstance(caught.value, Later):
        assert caught.value.seconds == 9
    assert not isinstance(caught.value, Uncertain)
