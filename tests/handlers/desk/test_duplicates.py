"""Duplicates of a complaint: whoever filed them hears what becomes of it, once, and nothing of the other person."""

from __future__ import annotations

import pytest

from records.complaint_values import Complaint
from records.duplicates import duplicates_of
from tests.handlers.desk.desk import Desk, data, text
from tests.records.backends import BACKENDS

OFFICER, OTHER, FIRST, SECOND, THIRD = "10", "11", "7", "8", "9"
ANSWER = "خانم مریم رضایی، چراغ شکایت {code} فردا درست می‌شود؛ با ۰۹۱۲۱۲۳۴۵۶۷ تماس می‌گیریم."


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def staffed(desk: Desk) -> Desk:
    await desk.join("1", "admin", name="مدیر")
    await desk.join(OFFICER, "officer", "urban", name="سارا")
    await desk.join(OTHER, "officer", "urban", name="رضا")
    return desk


async def held(desk: Desk, person: str, *, named: bool = False, by: str = OFFICER) -> Complaint:
    complaint = await desk.file(person=person, named=named)
    await desk.press(by, f"dtake:{complaint.code}")
    return complaint


async def write(desk: Desk, complaint: Complaint, label: str, said: str, by: str = OFFICER) -> str:
    """The text of the preview; it is sent."""
    await desk.press(by, data(await desk.press(by, f"dcard:{complaint.code}"), label))
    preview = await desk.say(by, said)
    await desk.press(by, data(preview, "بفرست"))
    return text(preview)


async def duplicate(desk: Desk, complaint: Complaint, of: Complaint) -> None:
    await write(desk, complaint, "تکراری", of.code)
    assert (await desk.complaint(complaint.code)).duplicate_of == of.id


async def news(desk: Desk, person: str, word: str) -> list[str]:
    return [one for one in await desk.told(person) if word in one]


async def test_the_answer_reaches_each_under_its_own_code_and_names_nobody(staffed: Desk) -> None:
    first = await held(staffed, FIRST, named=True)
    others = {person: await held(staffed, person) for person in (SECOND, THIRD)}
    await duplicate(staffed, others[SECOND], first)
    await duplicate(staffed, others[THIRD], first)
    preview = await write(staffed, first, "پاسخ", ANSWER.format(code=first.code))
    assert "برای ۲ شکایت تکراری" in preview
    assert "مریم رضایی" in (await news(staffed, FIRST, "فردا"))[0]
    for person, own in others.items():
        (told,) = await news(staffed, person, "فردا")
        assert own.code in told
        for secret in (first.code, "مریم", "رضایی", "۰۹۱۲۱۲۳۴۵۶۷"):
            assert secret not in told
        seen = text(await staffed.press(person, f"cview:{own.code}"))
        assert "فردا درست می‌شود" in seen
        assert first.code not in seen
        assert "رضایی" not in seen


async def test_a_duplicate_of_a_duplicate_hears_of_it_too_and_each_change_once(staffed: Desk) -> None:
    first, second, third = [await held(staffed, person) for person in (FIRST, SECOND, THIRD)]
    await duplicate(staffed, third, second)
    await duplicate(staffed, second, first)
    async with staffed.database.reading() as records:
        assert await duplicates_of(records.connection, first.id) == (second.code, third.code)
    await write(staffed, first, "پاسخ", "درست شد.")
    await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{first.code}"), "بستن"))
    for person, own in ((SECOND, second), (THIRD, third)):
        assert len(await news(staffed, person, "درست شد.")) == 1
        assert [own.code in one for one in await news(staffed, person, "به پایان رسید")] == [True]


async def test_what_was_answered_already_is_told_at_once(staffed: Desk) -> None:
    first, second, third = [await held(staffed, person) for person in (FIRST, SECOND, THIRD)]
    await write(staffed, first, "پاسخ", f"شکایت {first.code} رسیدگی شد.")
    await duplicate(staffed, third, second)
    await duplicate(staffed, second, first)
    assert "تکراری است" in (await staffed.told(SECOND))[-2]
    for person, own in ((SECOND, second), (THIRD, third)):
        assert f"شکایت {own.code} رسیدگی شد." in await staffed.heard(person)


@pytest.mark.parametrize(
    ("label", "said", "word"), [("کار ما نیست", "شرکت برق", "مربوط به شرکت برق"), ("", "", "دیگر پیگیری نمی‌شود")]
)
async def test_the_end_of_the_other_is_told(staffed: Desk, label: str, said: str, word: str) -> None:
    first, second = await held(staffed, FIRST), await held(staffed, SECOND)
    await duplicate(staffed, second, first)
    if label:
        await write(staffed, first, label, said)
    else:
        await staffed.press(FIRST, f"cwithdraw:{first.code}:yes")
    (told,) = await news(staffed, SECOND, word)
    assert second.code in told
    assert first.code not in told


async def test_nothing_is_put_under_what_nobody_follows(staffed: Desk) -> None:
    first, second, third = [await held(staffed, person) for person in (FIRST, SECOND, THIRD)]
    await staffed.press(FIRST, f"cwithdraw:{first.code}:yes")
    await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{second.code}"), "تکراری"))
    assert "پیدا نشد" in text(await staffed.say(OFFICER, first.code))
    preview = await staffed.say(OFFICER, third.code)
    await staffed.press(THIRD, f"cwithdraw:{third.code}:yes")
    assert "پیدا نشد" in text(await staffed.press(OFFICER, data(preview, "بفرست")))
    assert (await staffed.complaint(second.code)).state == "taken"
    assert not await news(staffed, SECOND, "تکراری")


async def test_whoever_had_themselves_forgotten_is_left_alone(staffed: Desk) -> None:
    first, second = await held(staffed, FIRST), await held(staffed, SECOND)
    await duplicate(staffed, second, first)
    await staffed.press(SECOND, "forgetyes")
    await write(staffed, first, "پاسخ", "درست شد.")
    assert await staffed.told(SECOND) == []
