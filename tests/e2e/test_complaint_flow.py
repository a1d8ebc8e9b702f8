"""A complaint from its first word to its rating, over the real client: citizen, desk's group and officer; the whole
program is restarted in the middle."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.standin import Group, Participant, Shown, StandIn
from bot.standin.people import blank_png
from handlers.complaint import texts
from knowledge.finder.finder import Finder
from records.database import Database
from records.staff import Staff
from tests.bot.checking.samples import pdf
from tests.e2e.running import PATIENCE, Running, replies, reply, running, said

STORY = "همسایه‌ام دیوار را جلو آورده و کوچه را تنگ کرده است و هر چه می‌گوییم کسی گوش نمی‌دهد"
MENDED = "همسایه‌ام دیوارش را یک متر در کوچه‌ی سوم جلو آورده است و شهرداری با سه بار رفتن رسیدگی نکرد"
PLANE = "می‌خواهم پهپاد پرواز بدهم، مجوزش با کیست؟"
PLANE_TITLE = "صدور مجوز و هماهنگی پرواز پهپادهای غیرنظامی"
DESK = -100_500
CITIZEN, OFFICER, STRANGER = 7, 9, 8
CODE = re.compile(r"Q\d\d-\w{3}-\w{3}-\w{4}")

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture(params=["telegram", "bale"])
async def api(request: pytest.FixtureRequest) -> AsyncIterator[StandIn]:
    async with StandIn(platform=request.param) as made:
        yield made
        made.assert_clean()


def settings(api: StandIn) -> dict[str, str]:
    """A desk in a group of this messenger."""
    return {"desk_chat": str(DESK) if api.platform == "telegram" else f"bale:{DESK}"}


async def hired(api: StandIn, service: Running) -> Participant:
    """An officer of the bureau that complaints of no service of their own go to, who has written to the bot once."""
    database = Database.open(f"sqlite:///{service.database}")
    async with database.transaction() as records:
        await Staff(records.connection).put(
            api.platform, str(OFFICER), "officer", bureaus=["urban"], at=datetime.now(UTC), name="سارا"
        )
    await database.close()
    officer = api.user(OFFICER, first_name="سارا")
    await said(officer, "/start")
    return officer


async def pressed(person: Participant, shown: Shown, label: str) -> Shown:
    """Press the button; the (first) reply."""
    await person.press(shown, label)
    return await reply(person)


async def until(person: Participant, words: str) -> Shown:
    """The bot's messages up to the one with these words."""
    while words not in (shown := await reply(person)).text:
        pass
    return shown


async def told(citizen: Participant) -> Shown:
    """A complaint told in text and with every kind of file, up to the question for its subject."""
    assert texts.ASK_ALL in (await said(citizen, "/complaint")).text
    asked = await said(citizen, STORY)
    await citizen.album([None, None, None])
    assert "آلبوم رسید" in (await reply(citizen)).text
    for act, line in (
        (citizen.send_voice(), "پیام صوتی رسید (۴ از ۱۰)"),
        (citizen.send_document(pdf(), name="نامه.pdf"), "سند رسید (۵ از ۱۰)"),
        (citizen.send_location(), "موقعیت مکانی رسید (۶ از ۱۰)"),
    ):
        await act
        assert line in (await reply(citizen)).text
    return asked


async def test_from_the_first_word_to_the_rating(api: StandIn, finder: Finder, tmp_path: Path) -> None:
    citizen, group = api.user(CITIZEN, first_name="مریم"), api.group(DESK)
    group.chat.started = True
    async with running(api, finder, tmp_path, **settings(api)) as service:
        await hired(api, service)
        asked = await told(citizen)
        assert "۰۹۱۲۳۴۵۶۷۸۹" in (await said(citizen, "09123456789")).text
        assert PLANE_TITLE in (await said(citizen, PLANE)).text
        assert "نیمه‌کاره" in (await reply(citizen)).text
        assert service.rows("SELECT count(*) FROM complaints") == [(0,)]
    async with running(api, finder, tmp_path, **settings(api)) as service:
        again = await said(citizen, "ادامه")
        assert again.labels == asked.labels
        code = await reviewed_and_sent(citizen, await pressed(citizen, again, again.labels[0]))
        assert service.rows("SELECT count(*) FROM complaints") == [(1,)]
        await worked(citizen, group, api.user(OFFICER), code)
        await followed(citizen, api.user(STRANGER), code)
        states = "SELECT after FROM complaint_history WHERE what = 'state' ORDER BY id"
        assert [state for (state,) in service.rows(states)] == [
            *("taken", "answered", "reopened", "answered", "closed")
        ]


async def reviewed_and_sent(citizen: Participant, review: Shown) -> str:
    """Look at the whole, change name and text, send it twice; the code."""
    for words in (STORY, "۳ عکس، ۱ پیام صوتی، ۱ سند، ۱ موقعیت مکانی", "بی‌نام", "۰۹۱۲۳۴۵۶۷۸۹"):
        assert words in review.text
    named = await pressed(citizen, review, "با نام")
    assert "مریم" in named.text
    asked = await pressed(citizen, named, "ویرایش متن")
    assert texts.WRITE_ANEW in asked.text
    mended = await said(citizen, MENDED)
    assert MENDED in mended.text
    assert STORY not in mended.text
    filed = await pressed(citizen, mended, "ثبت")
    found = CODE.search(filed.text)
    assert found is not None
    again = await pressed(citizen, mended, "ثبت")
    assert found.group() in again.text
    return found.group()


async def worked(citizen: Participant, group: Group, officer: Participant, code: str) -> None:
    """The desk's part, with what the citizen says to it."""
    posted = await group.next_message(PATIENCE)
    assert {code, "۳ عکس، ۱ پیام صوتی، ۱ سند، ۱ موقعیت مکانی"} <= {
        words for words in (code, "۳ عکس، ۱ پیام صوتی، ۱ سند، ۱ موقعیت مکانی") if words in posted.text
    }
    assert "مریم" not in posted.text
    member = Participant(officer._world, officer._updates, group.chat, officer.user)
    await member.press(posted, "برداشتن")
    assert "سارا" in (await group.next_message(PATIENCE)).text
    assert "کارشناس" in (await reply(citizen)).text
    card = await until(officer, "آنچه گذشته است")
    await officer.press(card, "فایل‌ها")
    shown = await replies(officer, 6)
    kinds = ("photo", "photo", "photo", "voice", "document", "location")
    assert [kind in one.data for one, kind in zip(shown[:5], kinds, strict=False)] == [True] * 5
    assert "36.56000" in shown[5].text
    assert "مریم" in (await pressed(officer, card, "نام و شماره‌ی شاکی")).text

    assert code in (await pressed(officer, card, "پرسش از شهروند")).text
    preview = await said(officer, "پلاک خانه‌ی همسایه چند است؟")
    card = await pressed(officer, preview, "بفرست")
    question = await reply(citizen)
    assert "پلاک" in question.text
    assert code in (await pressed(citizen, question, "نوشتن پاسخ")).text
    assert "توضیح" in (await said(citizen, "پلاک ۱۲")).text

    card = await answered(officer, card, "بازرس رفت و دستور عقب‌نشینی دیوار داده شد.")
    answer = await reply(citizen)
    assert "عقب‌نشینی" in answer.text
    assert "چه چیزی" in (await pressed(citizen, answer, "نه، حل نشد")).text
    await citizen.send_photo()
    assert texts.WHY_AGAIN in (await reply(citizen)).text
    await citizen.send_photo(caption="دیوار هنوز همان‌جاست")
    assert "دوباره باز شد" in (await reply(citizen)).text
    await officer.send(f"/desk {code}")
    card = await until(officer, "دیوار هنوز همان‌جاست")
    assert "۵ عکس" in card.text
    await answered(officer, card, "دیوار امروز برداشته شد.")
    rating = await pressed(citizen, await reply(citizen), "بله، حل شد")
    assert rating.labels == ["۱", "۲", "۳", "۴", "۵"]
    assert "۴" in (await pressed(citizen, rating, "۴")).text


async def answered(officer: Participant, card: Shown, text: str) -> Shown:
    """The officer answers, after a look at it; the card then."""
    await pressed(officer, card, "پاسخ")
    preview = await said(officer, text)
    assert text in preview.text
    return await pressed(officer, preview, "بفرست")


async def followed(citizen: Participant, stranger: Participant, code: str) -> None:
    """What is shown of it afterwards: all to its own citizen, the state to another."""
    whole = await said(citizen, f"/track {code}")
    for words in (MENDED, "پلاک ۱۲", "دیوار هنوز همان‌جاست", "بسته شده است"):
        assert words in whole.text
    assert code in (await said(citizen, "/mycomplaints")).text
    state = await said(stranger, f"/track {code}")
    assert "بسته شده است" in state.text
    assert MENDED not in state.text


async def test_put_away_at_any_point(api: StandIn, finder: Finder, tmp_path: Path) -> None:
    citizen = api.user(CITIZEN)
    async with running(api, finder, tmp_path, **settings(api)) as service:
        asked = await told(citizen)
        assert texts.CANCELLED in (await pressed(citizen, asked, "انصراف")).text
        await citizen.send_photo(blank_png(), caption=STORY)
        asked = await reply(citizen)
        assert texts.CANCELLED in (await said(citizen, "/cancel")).text
        assert texts.NOTHING_OPEN in (await pressed(citizen, asked, asked.labels[0])).text
        assert "ثبت نشد" in (await said(citizen, "ثبت شد؟")).text
        assert service.rows("SELECT count(*) FROM complaints") == [(0,)]
        assert texts.NONE_YET in (await said(citizen, "/mycomplaints")).text
