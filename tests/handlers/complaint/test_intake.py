"""Taking a complaint, as a citizen goes through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from handlers.complaint.rules import RULES, store
from handlers.reply import plain_text
from handlers.turn import Attachment, Turn
from handlers.visit import Office, Visit
from records.complaint_values import Complaint
from records.database import Database
from tests.handlers.complaint.conftest import NOW
from tests.handlers.complaint.talk import OTHER, Talk

STORY = "شهرداری سه ماه است چاله‌ی جلوی مدرسه‌ی کوچه‌ی ما را پر نکرده"
MEGABYTE = 1024 * 1024


def photo(number: int, album: str | None = None, size: int = 1000) -> Attachment:
    return Attachment("photo", f"photo-{number}", size=size, album=album)


async def test_vehicle_inspection(talk: Talk) -> None:
    assert "هر چه هست همین‌جا بنویسید" in await talk.say("شکایت")
    assert "معاینه فنی" in (heard := await talk.say("از یه مرکز معاینه فنی"))
    assert "بنویسید چه شده است" in heard
    whole = await talk.say("مرکز سر جاده بویین بدون تست پول گرفت برگه داد دستمون")
    assert "بدون تست پول گرفت" in whole
    assert "موبایل" in whole
    told = await talk.say("اسم و فامیلمم باید بگم؟")
    assert told.startswith("نه، لازم نیست")
    assert "کارشناس نه نام شما را می‌بیند" in told
    assert "شماره‌ی موبایلتان را بفرستید" in told
    done = await talk.say("+98 910 777 66 55")
    (made,) = await talk.mine()
    assert made.code in done
    assert (made.subject, made.named) == ("technical-13", False)
    assert "۸ آذر ۱۴۰۵" in done
    assert "۱۱ آذر ۱۴۰۵" in done


async def test_cancelled(talk: Talk) -> None:
    heard = await talk.say("از اداره برق شکایت دارم")
    assert "«اداره برق»" in heard
    assert "خدمت جداگانه‌ای" in heard
    assert "موبایل" in await talk.say("سه ماهه کنتور ما رو عوض نکردن و جواب نمیدن")
    assert "هیچ چیزی ثبت نشد" in await talk.say("نه ولش کن پشیمون شدم")
    assert "مطمئن باشید" in await talk.say("مطمئنی ثبت نشد؟ نمیخوام دردسر شه")
    assert await talk.mine() == ()


async def test_from_an_answer_then_the_mobile_mended(talk: Talk) -> None:
    talk.set_state(service="crisis-04")
    whole = await talk.say("ثبتش کن شکایتمو: روستای رزجرد، دو ماهه ارزیاب قراره بیاد نمیاد")
    assert "متن: روستای رزجرد، دو ماهه" in whole
    assert "بحران" in whole
    done = await talk.say("09361234567")
    (made,) = await talk.mine()
    assert made.code in done
    assert "۰۹۳۶۱۲۳۴۵۶۸" in await talk.say("صبر کن آخرش ۸ بود نه ۷")
    assert await talk.mine() == (made,)
    async with talk.database.reading() as records:
        who = await store(Visit(_turn(), talk.office, records)).complainant(made.id)
    assert who is not None
    assert who.mobile == "09361234568"


def _turn() -> Turn:
    return Turn("telegram", "x", "7", "7", NOW)


async def test_executive_body_is_filed_under_the_general_service(talk: Talk) -> None:
    await talk.say("از اداره برق شکایت دارم")
    await talk.say("سه ماهه کنتور ما رو عوض نکردن و جواب نمیدن")
    await talk.press_label("ثبت بدون شماره")
    (made,) = await talk.mine()
    assert (made.subject, made.body) == ("performance-05", "اداره برق")
    assert "کنتور" in made.story


async def test_question_in_the_middle_is_for_others(talk: Talk) -> None:
    await talk.say(f"شکایت دارم، {STORY}")
    answered = await talk.say("مدارک کارت اقامت چیه؟")
    assert answered.startswith(OTHER)
    assert "نیمه‌کاره" in answered
    await talk.press_label("ادامه‌ی شکایت")
    await talk.say("۰۹۱۲۳۴۵۶۷۸۹")
    (made,) = await talk.mine()
    assert "کارت اقامت" not in made.story


async def test_question_before_the_story(talk: Talk) -> None:
    await talk.say("شکایت")
    assert (await talk.say("مدارک کارت اقامت چیه؟")).startswith(OTHER)
    await talk.say(STORY)
    assert "کارت" not in (await _sent(talk)).story


async def _sent(talk: Talk) -> Complaint:
    await talk.press_label("ثبت بدون شماره")
    return (await talk.mine())[0]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("کد ملی هم میخواین؟", "کد ملی نمی‌خواهیم"),
        ("شماره اجباریه؟", "اجباری نیست"),
        ("کی جواب میدن؟", "۵ روز"),
        ("اسممو میفهمن؟", "نه نام شما را می‌بیند"),
        ("ثبت شد؟", "هنوز چیزی ثبت نشده"),
    ],
)
async def test_questions_about_complaining(talk: Talk, asked: str, told: str) -> None:
    await talk.say(f"شکایت دارم، {STORY}")
    assert told in (answer := await talk.say(asked))
    assert "شماره‌ی موبایلتان" in answer
    assert await talk.mine() == ()


async def test_double_press_files_once(talk: Talk) -> None:
    await talk.say(f"شکایت دارم، {STORY}")
    send = talk.data_of("ثبت بدون شماره")
    first = await talk.press(send)
    again = await talk.press(send)
    (made,) = await talk.mine()
    assert made.code in first
    assert made.code in again
    assert talk.last.notice == "پیش‌تر ثبت شده بود."


async def test_presses_at_once_in_two_processes(people: Callable[..., Talk], office: Office) -> None:
    talk = people()
    await talk.say(f"شکایت دارم، {STORY}")
    send = talk.data_of("ثبت بدون شماره")
    twin = people()
    twin.memory = talk.memory
    await asyncio.gather(talk.press(send), twin.press(send))
    assert len(await talk.mine()) == 1
    assert talk.data_of("پیگیری") == twin.data_of("پیگیری")


async def test_forged_and_old_send_buttons_file_nothing(people: Callable[..., Talk]) -> None:
    talk, other = people(), people("8")
    await talk.say(f"شکایت دارم، {STORY}")
    send = talk.data_of("ثبت بدون شماره")
    assert "چیزی ثبت نشد" in await other.press(send)
    await talk.press(send)
    made = (await talk.mine())[0]
    assert made.code not in await other.press(send)
    assert "نیست" in await talk.press("csend:0000")
    for data in ("csub", "csub:urban-34", "cname", "cedit", "cfile:drop", "cgo", "cvoice", "ccancel:x"):
        assert await other.press(data) == "شکایت نیمه‌کاره‌ای ندارید."


async def test_the_same_text_within_an_hour(talk: Talk) -> None:
    await talk.say(f"شکایت دارم، {STORY}")
    made = await _sent(talk)
    await talk.say(f"شکایت دارم، {STORY}")
    assert made.code in await talk.press_label("ثبت بدون شماره")
    assert len(await talk.mine()) == 1
    await talk.press_label("با این حال ثبت شود")
    assert len(await talk.mine()) == 2
    talk.wait(timedelta(hours=1, minutes=5))
    await talk.say(f"شکایت دارم، {STORY}")
    await talk.press_label("ثبت بدون شماره")
    assert len(await talk.mine()) == 3


async def test_complaints_a_day(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RULES, "per_day", 2)
    for number in range(2):
        await talk.say(f"شکایت دارم، {STORY} {number}")
        await _sent(talk)
    await talk.say(f"شکایت دارم، {STORY} سوم")
    assert "تا ۲ شکایت" in await talk.press_label("ثبت بدون شماره")
    talk.wait(timedelta(days=1, minutes=1))
    await _sent(talk)
    assert len(await talk.mine()) == 3


async def test_photo_first_and_any_order(talk: Talk) -> None:
    assert "عکس رسید (۱ از ۱۰)" in await talk.send(photo(1))
    assert "پیام صوتی رسید" in await talk.send(Attachment("voice", "v1"))
    await talk.say(STORY)
    assert "موقعیت مکانی رسید" in await talk.send(Attachment("location", place=(36.2, 50.0)))
    await talk.press_label("دیدن همه")
    made = await _sent(talk)
    async with talk.database.reading() as records:
        files = await store(Visit(_turn(), talk.office, records)).files(made.id)
    assert [(file.kind, file.place) for file in files] == [
        ("photo", None),
        ("voice", None),
        ("location", (36.2, 50.0)),
    ]


async def test_album_is_confirmed_in_one_line(talk: Talk) -> None:
    await talk.say("شکایت")
    said = [await talk.send(photo(number, "a1"), text=STORY if number == 0 else "") for number in range(4)]
    assert "آلبوم رسید" in said[0]
    assert said[1:] == ["", "", ""]
    assert "فایل‌ها: ۴ عکس" in await talk.press("cgo:all")
    said = [await talk.send(photo(number, "a2")) for number in range(4, 12)]
    assert [bool(one) for one in said] == [True, False, False, False, False, False, True, False]
    assert "۱۰ فایل" in said[6]
    assert "فایل‌ها: ۱۰ عکس" in await talk.press("cgo:all")


async def test_files_that_are_refused(talk: Talk) -> None:
    await talk.say("شکایت")
    for name in ("a.exe", "a.APK", "a.pdf.bat", "a.js ", "a.scr.", "a.com", "a.msi"):
        assert "این نوع فایل را" in await talk.send(Attachment("document", f"id-{name}", name=name))
    assert "۲۰ مگابایت" in await talk.send(Attachment("video", "big", size=20 * MEGABYTE + 1))
    assert "سند رسید (۱ از ۱۰)" in await talk.send(Attachment("document", "ok", name="نامه.pdf", size=20 * MEGABYTE))
    assert "نمی‌توانم ضمیمه کنم" in await talk.send(Attachment("sticker", "s"))


async def test_voice_alone_can_be_the_story(talk: Talk) -> None:
    await talk.say("/complaint")
    await talk.send(Attachment("voice", "v1"))
    assert "موضوع" in await talk.press_label("شرح در همین صداست")
    await talk.press_label("نمی‌دانم")
    made = await _sent(talk)
    assert (made.story, made.subject) == ("(شرح در پیام صوتی است.)", None)


async def test_a_long_story_is_shown_in_pages(talk: Talk) -> None:
    long = " ".join([STORY] * 60)[:4000]
    await talk.say("شکایت")
    for _ in range(3):
        await talk.say(long)
        assert all(len(plain_text(part.blocks)) < 4000 for part in talk.last.parts)
    assert "جا نشد" in "".join(plain_text(part.blocks) for part in talk.last.parts)
    made = await _sent(talk)
    assert 7900 < len(made.story) <= 8001
    await talk.press(f"cview:{made.code}")
    assert len(talk.last.parts) > 2
    assert all(len(plain_text(part.blocks)) < 4000 for part in talk.last.parts)


async def test_files_dropped(talk: Talk) -> None:
    await talk.send(photo(1), text=STORY)
    assert "فایل‌ها: ندارد" in await talk.press_label("حذف فایل‌ها")


async def test_unsure_subject_is_asked(talk: Talk) -> None:
    await talk.say("شکایت")
    asked = await talk.say("روستای رزجرد، دو ماهه قراره بیاد نمیاد")
    assert "موضوع شکایت به کدام نزدیک‌تر است؟" in asked
    assert len([one for one in talk.buttons if one.data and one.data.startswith("csub:")]) == 3
    assert "معاینه فنی" in await talk.say("از یه مرکز معاینه فنی")
    assert (await _sent(talk)).subject == "technical-13"


async def test_subject_by_number_and_changed(talk: Talk) -> None:
    await talk.say("شکایت")
    await talk.say("روستای رزجرد، دو ماهه قراره بیاد نمیاد")
    first = talk.buttons[0].data
    await talk.say("۱")
    await talk.press_label("تغییر موضوع")
    assert first is not None
    assert first not in [one.data for one in talk.buttons]
    await talk.press_label("نمی‌دانم")
    assert (await _sent(talk)).subject is None


async def test_authority_named_at_the_end(talk: Talk) -> None:
    await talk.say("می‌خوام از معلم مدرسه‌ی پسرم شکایت کنم کتکش زده")
    assert "از: اداره آموزش و پرورش" in await talk.say("اداره آموزش و پرورش")
    made = await _sent(talk)
    assert (made.subject, made.body) == ("performance-05", "اداره آموزش و پرورش")
    assert "پرورش" not in made.story


async def test_a_cards_button_sets_the_subject(talk: Talk) -> None:
    assert "شهرداری" in await talk.press("cnew:urban-34")
    await talk.say("سه ماه است چاله‌ی جلوی مدرسه را پر نکرده‌اند")
    assert (await _sent(talk)).subject == "urban-34"


async def test_named_and_anonymous(people: Callable[..., Talk]) -> None:
    talk = people("7", "علی رضایی")
    assert "بی‌نام" in await talk.say(f"شکایت دارم، {STORY}")
    assert "علی رضایی" in await talk.press_label("با نام")
    assert talk.last.parts[0].replaces == "pressed"
    made = await _sent(talk)
    assert made.named
    assert "بی‌نام شد" in await talk.say("اسمم رو ننویس")
    assert not (await talk.mine())[0].named


async def test_a_name_is_asked_for_where_none_is_known(talk: Talk) -> None:
    await talk.say(f"شکایت دارم، {STORY}")
    assert "به چه نامی" in await talk.press_label("با نام")
    assert "سارا کریمی" in await talk.say("سارا کریمی")
    assert (await _sent(talk)).named


async def test_text_rewritten_added_and_edited(talk: Talk) -> None:
    await talk.say(f"شکایت دارم، {STORY}", message_id="m1")
    assert "به متن شکایت اضافه شد" in await talk.say("دیروز هم یک بچه در آن افتاد و دستش شکست", message_id="m2")
    assert "متن عوض شد" in await talk.say("دیروز هم یک بچه در آن افتاد و پایش شکست", message_id="m2", edited=True)
    assert "پایش شکست" in await talk.press("cgo:all")
    await talk.press_label("ویرایش متن")
    assert "متن: همه‌ی کوچه خراب است" in await talk.say("همه‌ی کوچه خراب است")
    assert (await _sent(talk)).story == "همه‌ی کوچه خراب است"


@pytest.mark.parametrize(
    ("typed", "told"),
    [("028-33221100", "ثابت"), ("0912 345", "کم دارد"), ("091234567890", "اضافه"), ("0013542419", "کد ملی لازم نیست")],
)
async def test_numbers_that_are_no_mobile(talk: Talk, typed: str, told: str) -> None:
    await talk.say(f"شکایت دارم، {STORY}")
    assert told in await talk.say(typed)
    assert await talk.mine() == ()
    await talk.say("شماره‌ام 0912-345-67-89 است")
    assert len(await talk.mine()) == 1


async def test_a_contact_is_a_mobile(talk: Talk) -> None:
    await talk.say(f"شکایت دارم، {STORY}")
    await talk.send(Attachment("contact", phone="+989123456789"))
    assert len(await talk.mine()) == 1


async def test_national_id_in_the_story_is_kept_and_told_of(talk: Talk) -> None:
    assert "کد ملی دیدم" in await talk.say(f"شکایت دارم، {STORY} کد ملی من 0013542419")
    assert "0013542419" in (await _sent(talk)).story


async def test_draft_waits_seven_days(talk: Talk) -> None:
    await talk.say(f"شکایت دارم، {STORY}")
    talk.wait(timedelta(days=6, hours=23))
    again = await talk.say("سلام")
    assert again.startswith(OTHER)
    assert "نیمه‌کاره" in again
    assert STORY[:20] in again
    assert STORY in await talk.press_label("ادامه‌ی شکایت")
    assert (await _sent(talk)).story == STORY


async def test_old_draft_is_dropped(talk: Talk) -> None:
    await talk.say(f"شکایت دارم، {STORY}")
    send = talk.data_of("ثبت بدون شماره")
    talk.wait(timedelta(days=7, minutes=1))
    assert "چیزی ثبت نشد" in await talk.press(send)
    assert "چیزی ثبت نشده" in await talk.say("سلام")
    assert talk.state.topic is None
    assert await talk.say("سلام") == OTHER
    assert await talk.mine() == ()


async def test_rest_of_an_album_after_filing(talk: Talk) -> None:
    await talk.send(photo(1, "a1"), text=STORY)
    made = await _sent(talk)
    assert await talk.send(photo(2, "a1")) == ""
    assert talk.state.topic is None
    async with talk.database.reading() as records:
        files = await store(Visit(_turn(), talk.office, records)).files(made.id)
    assert [file.file_id for file in files] == ["photo-1", "photo-2"]


async def test_need_not_know_whose_work_it_is(talk: Talk) -> None:
    await talk.say("شکایت")
    assert "لازم نیست بدانید" in await talk.say("نمیدونم از کی شکایت کنم")


async def test_second_complaint_beside_a_draft(talk: Talk) -> None:
    await talk.say(f"شکایت دارم، {STORY}")
    assert "نیمه‌کاره دارید" in await talk.press("cnew:technical-13")
    await talk.press_label("شکایت تازه")
    assert "معاینه فنی" in await talk.say("مرکز سر جاده بویین بدون تست پول گرفت برگه داد")
    assert (await _sent(talk)).subject == "technical-13"


async def test_cancel_button_of_another_draft(talk: Talk) -> None:
    await talk.say("شکایت")
    cancel = talk.data_of("انصراف")
    await talk.press(cancel)
    await talk.say(f"شکایت دارم، {STORY}")
    assert await talk.press(cancel) == "شکایت نیمه‌کاره‌ای ندارید."
    await talk.press("cgo")
    assert (await _sent(talk)).story == STORY


async def test_not_in_groups(talk: Talk) -> None:
    talk.private = False
    assert "خصوصی" in await talk.say("شکایت")
    assert talk.state.topic is None


async def test_filing_tells_the_desk(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    async def desk(_visit: Visit, complaint: Complaint) -> None:
        told.append(complaint.code)

    monkeypatch.setattr(RULES, "filed", [desk])
    await talk.say(f"شکایت دارم، {STORY}")
    send = talk.data_of("ثبت بدون شماره")
    await talk.press(send)
    await talk.press(send)
    assert told == [(await talk.mine())[0].code]


async def test_a_failed_turn_files_nothing(talk: Talk, monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    async def broken(_visit: Visit, _complaint: Complaint) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RULES, "filed", [broken])
    await talk.say(f"شکایت دارم، {STORY}")
    send = talk.data_of("ثبت بدون شماره")
    with pytest.raises(ZeroDivisionError):
        await talk.press(send)
    assert await talk.mine() == ()
    monkeypatch.setattr(RULES, "filed", [])
    await talk.press(send)
    assert len(await talk.mine()) == 1


async def test_a_number_as_the_story_ends_nowhere(talk: Talk) -> None:
    await talk.say("شکایت")
    assert "نگه داشتم" in await talk.say("09123456789")
    assert "موبایل: ۰۹۱۲۳۴۵۶۷۸۹" in await talk.say(STORY)
    await talk.say("بله درسته")
    assert len(await talk.mine()) == 1
