"""Following a complaint: by its code, in the list, with notes, to its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from handlers.complaint.dates import day_text, moment_text
from handlers.complaint.rules import RULES
from handlers.complaint.show import news
from handlers.reply import plain_text
from handlers.turn import Attachment
from knowledge.catalogue import Catalogue
from knowledge.workdays import load_deadlines
from records.complaint_values import Complaint
from tests.handlers.complaint.talk import OTHER, Talk

STORY = "شهرداری سه ماه است چاله‌ی جلوی مدرسه‌ی کوچه‌ی ما را پر نکرده"


async def file(talk: Talk, story: str = STORY, mobile: str = "09123456789") -> Complaint:
    await talk.say(f"شکایت دارم، {story}")
    await talk.say(mobile)
    return (await talk.mine())[0]


def persian(text: str) -> str:
    return text.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))


async def test_ones_own_code_however_typed(talk: Talk) -> None:
    made = await file(talk)
    for typed in (
        made.code,
        made.code.lower(),
        made.code.replace("-", " "),
        persian(made.code),
        made.code.replace("-", ""),
    ):
        whole = await talk.say(f"/track {typed}")
        assert STORY in whole
        assert "۰۹۱۲۳۴۵۶۷۸۹" in whole
        assert "در نوبت بررسی" in whole
        assert "۸ آذر ۱۴۰۵" in whole
    assert STORY in await talk.say(f"شکایت {made.code} به کجا رسید؟")


async def test_anothers_code_tells_only_its_state(people: Callable[..., Talk]) -> None:
    talk, other = people(), people("8")
    made = await file(talk)
    seen = await other.say(f"/track {made.code}")
    assert "در نوبت بررسی" in seen
    assert "مدرسه" not in seen
    assert "۰۹۱۲" not in seen
    assert "شهرداری" not in seen
    assert not other.buttons
    for data in (f"cnote:{made.code}", f"cwithdraw:{made.code}:yes", f"csolved:{made.code}:no", f"crate:{made.code}:5"):
        assert "از حساب دیگری" in await other.press(data)
    assert (await talk.mine())[0] == made


@pytest.mark.parametrize("typed", ["Q05-AAA-AAA-AAAA", "چرت", "Q05", "'; drop table complaints"])
async def test_mistyped_code(talk: Talk, typed: str) -> None:
    assert "کد درست نوشته نشده" in await talk.say(f"/track {typed}")


async def test_code_of_nobody(talk: Talk) -> None:
    from records.tracking import new_code

    assert "پیدا نشد" in await talk.say(f"/track {new_code(1405)}")


async def test_track_without_a_code(talk: Talk) -> None:
    assert "/track Q05" in await talk.say("/track")
    made = await file(talk)
    assert made.code in await talk.say("/track")


async def test_own_complaint_in_a_group_tells_only_its_state(talk: Talk) -> None:
    made = await file(talk)
    talk.private = False
    assert "مدرسه" not in await talk.say(f"/track {made.code}")
    assert made.code not in await talk.say("/mycomplaints")


async def test_list_is_paged(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    from handlers.complaint.rules import RULES

    monkeypatch.setattr(RULES, "per_day", 100)
    assert "هنوز شکایتی" in await talk.say("/mycomplaints")
    made = [await file(talk, f"{STORY} شماره {number} کوچه") for number in range(10)]
    first = await talk.say("/mycomplaints")
    assert [one.code in first for one in made] == [False, False, *[True] * 8]
    second = await talk.press_label("قدیمی‌ترها ▶")
    assert [one.code in second for one in made] == [True, True, *[False] * 8]
    assert talk.last.parts[0].replaces == "pressed"
    assert made[9].code in await talk.press_label("◀ تازه‌ترها")
    assert made[9].code in await talk.press("clist:99")


async def test_notes_and_files_are_added(talk: Talk) -> None:
    made = await file(talk)
    await talk.press(f"cnote:{made.code}")
    assert "عکس رسید" in await talk.send(Attachment("photo", "p1"))
    assert "این نوع فایل" in await talk.send(Attachment("document", "x", name="a.exe"))
    asked = await talk.say("مدارک کارت اقامت چیه؟")
    assert asked.startswith(OTHER)
    assert made.code in asked
    assert "توضیح اضافه شد" in await talk.say("دیروز هم باران آمد و پر آب شد")
    assert talk.state.topic is None
    whole = await talk.press_label(f"دیدن {made.code}")
    assert "دیروز هم باران آمد" in whole
    assert "۱ عکس" in whole


async def test_asking_is_ended_by_a_button(talk: Talk) -> None:
    made = await file(talk)
    await talk.press(f"cnote:{made.code}")
    await talk.press_label("تمام")
    assert await talk.say("سلام") == OTHER


async def test_withdrawn_after_a_yes(talk: Talk) -> None:
    made = await file(talk)
    assert "پس گرفته شود؟" in await talk.press(f"cwithdraw:{made.code}")
    assert (await talk.mine())[0].state == "new"
    await talk.press_label("بله، پس می‌گیرم")
    assert (await talk.mine())[0].state == "withdrawn"
    assert "دیگر پس گرفتنی نیست" in await talk.press(f"cwithdraw:{made.code}:yes")
    assert "چیزی به آن اضافه نمی‌شود" in await talk.press(f"cnote:{made.code}")


async def test_withdraw_by_saying_it_after_filing(talk: Talk) -> None:
    await file(talk)
    assert "پس گرفته شود؟" in await talk.say("نه ولش کن پشیمون شدم")
    assert (await talk.mine())[0].state == "new"


async def test_solved_and_rated(talk: Talk) -> None:
    made = await file(talk)
    await talk.move(made, "taken", "in_progress", "answered", said="آسفالت شد.")
    whole = await talk.press(f"cview:{made.code}")
    assert "آسفالت شد." in whole
    assert "حل شد؟" in whole
    assert "نمره" in await talk.press_label("بله، حل شد")
    assert (await talk.mine())[0].state == "closed"
    assert "پذیرفته نشد" in await talk.press(f"crate:{made.code}:9")
    await talk.press(f"crate:{made.code}:4")
    assert (await talk.mine())[0].rating == 4


async def test_reopened_once_then_the_higher_ways(talk: Talk) -> None:
    made = await file(talk)
    await talk.move(made, "taken", "answered", "closed")
    await talk.press(f"csolved:{made.code}:no")
    assert "دوباره باز شد" in await talk.say("فقط یک چاله را پر کردند")
    (again,) = await talk.mine()
    assert (again.state, again.reopened) == ("reopened", 1)
    assert "فقط یک چاله" in await talk.press(f"cview:{made.code}")
    await talk.move(again, "answered", "closed")
    higher = await talk.press(f"csolved:{made.code}:no")
    assert "۱۱۱" in higher
    assert "۱۲۸" in higher
    assert made.code in higher
    assert (await talk.mine())[0].state == "closed"


async def test_news_of_a_change(talk: Talk) -> None:
    made = await file(talk)
    await talk.move(made, "taken", "answered")
    part = news((await talk.mine())[0], "آسفالت شد.")
    assert "پاسخ داده شده است.\nآسفالت شد.\nحل شد؟" in plain_text(part.blocks)
    assert [button.data for button in part.buttons[0]] == [f"csolved:{made.code}:yes", f"csolved:{made.code}:no"]


async def test_note_ended_by_saying_so(talk: Talk) -> None:
    made = await file(talk)
    await talk.press(f"cnote:{made.code}")
    await talk.send(Attachment("photo", "p1"))
    await talk.say("تمام")
    assert "تمام" not in await talk.press(f"cview:{made.code}")
    assert talk.state.topic is None


async def test_not_solved_before_an_answer(talk: Talk) -> None:
    made = await file(talk)
    await talk.press(f"csolved:{made.code}:yes")
    assert (await talk.mine())[0].state == "new"


async def test_mobile_mended_in_other_words(talk: Talk) -> None:
    made = await file(talk, mobile="09361234567")
    for said, mobile in (
        ("شماره اشتباه شد، ۰۹۱۲۱۱۱۲۲۳۳", "۰۹۱۲۱۱۱۲۲۳۳"),
        ("آخرش ۴۵", "۰۹۱۲۱۱۱۲۲۴۵"),
        ("۴۵ نبود ۵۴ بود", "۰۹۱۲۱۱۱۲۲۵۴"),
    ):
        assert mobile in await talk.say(said)
    assert "کامل بفرستید" in await talk.say("شمارم اشتباه بود")
    assert await talk.mine() == (made,)


async def test_remarks_about_other_things_are_for_others(talk: Talk) -> None:
    made = await file(talk)
    for said in ("مدارک کارت اقامت چیه؟", "سلام", "برای ۳ نفر سیم‌کارت می‌خواهم"):
        assert await talk.say(said) == OTHER
    assert made.code in await talk.say("ثبت شد؟")
    talk.at = talk.at.replace(hour=23)
    assert await talk.say("آخرش ۹ بود نه ۸") == OTHER


def test_promise_is_the_booklets(catalogue: Catalogue) -> None:
    workflow = catalogue.service("performance-05").workflow
    assert workflow is not None
    assert (
        f"بررسی اولیه شکایت توسط دفتر بازرسی استانداری حداکثر ظرف {persian(str(load_deadlines().days('look')))} روز"
        == workflow.step("s3").text
    )
    assert workflow.step("s5").deadline == f"حداکثر ظرف {persian(str(load_deadlines().days('answer')))} روز"


def test_days_are_tehrans() -> None:
    late = datetime(2026, 3, 20, 20, 45, tzinfo=UTC)
    assert moment_text(late) == "۱ فروردین ۱۴۰۵، ساعت ۰۰:۱۵"
    assert day_text(date(2026, 3, 20)) == "۲۹ اسفند ۱۴۰۴"


async def test_what_is_promised_follows_the_setting_and_says_whose_it_is(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk.say(f"شکایت دارم، {STORY}")
    assert "طبق کتابچه، بررسی اولیه تا ۵ روز کاری" in await talk.say("چند روزه جواب میدن؟")
    monkeypatch.setattr(RULES, "deadlines", load_deadlines().changed("look=9,answer=4"))
    told = await talk.say("چند روزه جواب میدن؟")
    assert "تا ۹ روز کاری" in told
    assert "تا ۴ روز کاری" in told
    assert "کتابچه" not in told
    filed = await talk.say("09123456789")
    assert "این مهلت‌ها را استانداری گذاشته است" in filed
    assert "کتابچه" not in filed
