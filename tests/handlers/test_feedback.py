"""Votes and misses: once an answer, masked, naming nobody."""

from __future__ import annotations

import json

from sqlalchemy import text as sql

from handlers.feedback import KEPT
from handlers.votes import ALREADY, NONE_CHOSEN, SORRY, THANKS, TOO_OLD
from tests.handlers.chat import Chat, labels, text

DRONE = "برای فیلم‌برداری هوایی با پهپاد مجوز پرواز می‌خواهم"


async def rows(chat: Chat, query: str) -> list[tuple[object, ...]]:
    async with chat.database.transaction() as records:
        return await records.connection.run(lambda connection: [tuple(row) for row in connection.execute(sql(query))])


async def misses(chat: Chat) -> list[tuple[object, ...]]:
    return await rows(chat, "SELECT kind, question, decision, codes, topic FROM misses ORDER BY id")


async def test_a_vote_counts_once(chat: Chat) -> None:
    await chat.say(DRONE)
    assert (await chat.press("👍")).notice == THANKS
    assert (await chat.press("👍")).notice == ALREADY
    assert (await chat.press("👎")).notice == ALREADY
    assert await misses(chat) == []


async def test_whom_an_answer_helped_is_asked_once_about_announcements(chat: Chat) -> None:
    await chat.say(DRONE)
    asked = await chat.press("👍")
    assert "بله، بفرست" in labels(asked)
    await chat.say("مجوز ازدواج زن ایرانی با مرد خارجی")
    assert (await chat.press("👍")).parts == ()


async def test_a_thumb_down_is_a_miss_and_shows_other_ways(chat: Chat) -> None:
    await chat.say(DRONE)
    reply = await chat.press("👎")
    assert text(reply) == SORRY
    assert "فهرست خدمات" in labels(reply)
    (row,) = await misses(chat)
    assert row[:3] == ("thumbs_down", DRONE, "answer")
    assert json.loads(str(row[3])) == ["security-02"]


async def test_the_other_ways_are_open(chat: Chat) -> None:
    await chat.say(DRONE)
    await chat.press("👎")
    assert "۱۱۱" in text(await chat.press("گفت‌وگو با انسان"))


async def test_none_of_these_is_a_miss_once(chat: Chat) -> None:
    await chat.say("ازدواج با خارجی")
    assert text(await chat.press("هیچ‌کدام")) == NONE_CHOSEN
    await chat.press("هیچ‌کدام")
    assert [row[0] for row in await misses(chat)] == ["none_chosen"]
    assert chat.state.offered == ()


async def test_a_declined_question_is_kept_masked_with_its_topic(chat: Chat) -> None:
    await chat.say("قبض آب خونه‌ام با کد ملی 0499370899 و شماره 09123456789 زیاد اومده")
    (row,) = await misses(chat)
    assert row[0] == "declined"
    assert row[1] == "قبض آب خونه‌ام با کد ملی [شماره ملی] و شماره [موبایل] زیاد اومده"
    assert row[4]


async def test_small_talk_is_no_miss(chat: Chat) -> None:
    for said in ("سلام", "ممنون", "احمق", "😀"):
        await chat.say(said)
    assert await misses(chat) == []


async def test_an_old_or_forged_vote_counts_for_nothing(chat: Chat) -> None:
    await chat.say(DRONE)
    first = chat.data("👍")
    for _ in range(KEPT):
        await chat.say(DRONE)
    assert (await chat.press_data(first)).notice == TOO_OLD
    assert (await chat.press_data("yes:999999")).notice == TOO_OLD
    assert (await chat.press_data("yes")).notice == TOO_OLD
    assert len(chat.state.answers) == KEPT
