"""Numbers, names of authorities, and what short texts mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.complaint.files import executable
from handlers.complaint.phone import mobile_in, national_id_in, phone_problem
from handlers.complaint.subject import GENERAL, body_in, propose
from handlers.complaint.understand import (
    asked_about,
    asks,
    control_of,
    corrected_mobile,
    is_story,
    opening_removed,
    wants_anonymity,
)
from handlers.visit import Office

DIGITS = ["0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"]


@given(
    st.text("0123456789", min_size=9, max_size=9),
    st.sampled_from(["09", "+989", "+98 9", "00989", "989", "9"]),
    st.sampled_from(["", " ", "-", "\u200c", "."]),
    st.sampled_from(DIGITS),
)
def test_every_form_of_a_mobile_is_read(rest: str, before: str, between: str, digits: str) -> None:
    typed = before + between + between.join([rest[:2], rest[2:5], rest[5:]])
    assert mobile_in(typed.translate(str.maketrans("0123456789", digits))) == "09" + rest


@given(st.text(max_size=60))
def test_reading_numbers_never_raises(text: str) -> None:
    assert mobile_in(text) is None or len(mobile_in(text) or "") == 11
    phone_problem(text)
    national_id_in(text)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("02833221100", "landline"),
        ("+982833221100", "landline"),
        ("33221100", "landline"),
        ("091234", "short"),
        ("091234567891", "long"),
        ("12345678901234", "unknown"),
        ("پلاک ۱۲", None),
    ],
)
def test_numbers_that_are_no_mobile(typed: str, problem: str | None) -> None:
    assert mobile_in(typed) is None
    assert phone_problem(typed) == problem


def test_national_id_by_its_check_digit() -> None:
    assert national_id_in("کد ملی‌ام ۰۰۱۳۵۴۲۴۱۹ است") == "0013542419"
    assert national_id_in("0013542418") is None
    assert national_id_in("1111111111") is None
    assert national_id_in("00135424190") is None


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("از اداره برق شکایت دارم", "اداره برق"),
        ("از رئیس بانک کشاورزی شاکی‌ام", "بانک کشاورزی"),
        ("شهرداری زباله‌ها را نمی‌برد", "شهرداری"),
        ("شرکت گاز قبض اشتباه داده", "شرکت گاز"),
        ("برق کوچه‌ی ما قطع است", ""),
        ("بانک وام نمی‌دهد", ""),
        ("از یه مرکز معاینه فنی", ""),
    ],
)
def test_authority_named_in_a_text(text: str, body: str) -> None:
    assert body_in(text) == body


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("از یه مرکز معاینه فنی", "technical-13"),
        ("از شهرداری", "urban-34"),
        ("از دهیاری", "rural-16"),
        ("شورای شهر", "urban-18"),
        ("از اداره برق شکایت دارم", GENERAL),
        ("بانک صادرات", GENERAL),
        ("راننده تاکسی کرایه اضافه گرفت", GENERAL),
        ("یه سمن خیریه پولمونو خورد", "social-06"),
    ],
)
def test_subject_taken_as_is(office: Office, text: str, subject: str) -> None:
    proposal = propose(office, text)
    assert (proposal.subject, proposal.sure) == (subject, True)


def test_subject_in_doubt_is_offered_two_ways(office: Office) -> None:
    proposal = propose(office, "چرا کسی جواب نمیده؟ سه ماهه دنبال پروانه‌ام")
    assert not proposal.sure
    assert len(proposal.offered) == 2
    assert GENERAL in proposal.offered
    assert propose(office, "چرا کسی جواب نمیده؟ سه ماهه دنبال پروانه‌ام", "urban-05").subject == "urban-05"


@pytest.mark.parametrize("text", ["شهرداری زباله‌ها را نمی‌برد", "سه روزه برق نداریم", "بدون تست پول گرفت و برگه داد"])
def test_stories(text: str) -> None:
    assert is_story(text)


@pytest.mark.parametrize("text", ["از یه مرکز معاینه فنی", "از شهرداری شکایت دارم", "شکایت", "می‌خواهم شکایت ثبت کنم"])
def test_not_yet_stories(text: str) -> None:
    assert not is_story(text)


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("نه ولش کن پشیمون شدم", "cancel"),
        ("انصراف", "cancel"),
        ("بی‌خیال", "cancel"),
        ("نمی‌خوام شماره بدم", "send"),
        ("بدون شماره ثبت کن", "send"),
        ("ثبت کن", "send"),
        ("بله", "yes"),
        ("نمی‌دونم", "unknown"),
        ("ادامه بده", "resume"),
        ("شهرداری پروژه‌ی کوچه را لغو کرده است", None),
        ("پروانه‌ی مغازه‌ام را بی‌دلیل لغو کرده‌اند و جواب نمی‌دهند که چرا", None),
    ],
)
def test_words_of_control(text: str, control: str | None) -> None:
    assert control_of(text) == control


@pytest.mark.parametrize("text", ["چرا شهرداری زباله‌ها رو نمی‌بره؟", "زباله‌ها مانده است", "ثبت کن"])
def test_not_questions(text: str) -> None:
    assert not asks(text)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("اسم و فامیلمم باید بگم؟", "name"),
        ("کد ملی لازمه؟", "national"),
        ("کدش چی بود؟", "filed"),
        ("مطمئنی ثبت نشد؟ نمیخوام دردسر شه", "filed"),
        ("چند روز طول می‌کشه؟", "time"),
        ("مدارک کارت اقامت چیه؟", None),
        ("اسم رئیسش را نمی‌دانم", None),
    ],
)
def test_questions_about_the_complaint(text: str, about: str | None) -> None:
    assert asked_about(text) == about


def test_anonymity() -> None:
    assert wants_anonymity("اسمم رو ننویس")
    assert wants_anonymity("بی‌نام باشه لطفا")
    assert not wants_anonymity("اسم کارمند را نپرسیدم")


@pytest.mark.parametrize(
    ("text", "story"),
    [
        ("ثبتش کن شکایتمو: روستای رزجرد", "روستای رزجرد"),
        ("شکایت دارم، برق قطع است", "برق قطع است"),
        ("سلام، می‌خوام شکایت کنم: آب نداریم", "آب نداریم"),
        ("شکایت دارم از شهرداری که نمی‌آید", "شکایت دارم از شهرداری که نمی‌آید"),
    ],
)
def test_opening_is_taken_off(text: str, story: str) -> None:
    assert opening_removed(text) == story


@pytest.mark.parametrize(
    ("text", "mobile"),
    [
        ("صبر کن آخرش ۸ بود نه ۷", "09361234568"),
        ("۶۷ نبود ۷۶ بود", "09361234576"),
        ("آخرش 68", "09361234568"),
        ("نه ۹ بود نه ۵", "09361234967"),
        ("اشتباه شد", None),
    ],
)
def test_mobile_as_mended(text: str, mobile: str | None) -> None:
    assert corrected_mobile(text, "09361234567") == mobile


@pytest.mark.parametrize(
    ("name", "runs"),
    [("a.exe", True), ("عکس.PDF.ExE", True), ("a.apk.", True), ("exe", False), ("a.pdf", False), ("", False)],
)
def test_executables_by_name(name: str, runs: bool) -> None:
    assert executable(name) is runs
