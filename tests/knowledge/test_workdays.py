"""Working days, holidays, deadlines and ready answers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.canned import load_replies, replies_of
from knowledge.catalogue import load_catalogue
from knowledge.errors import DataError
from knowledge.workdays import due, end_of, jalali_text, load_deadlines, load_workdays

DAYS = st.dates(date(2025, 3, 21), date(2028, 3, 19))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 22), True),
        (date(2026, 11, 25), True),
        (date(2026, 11, 26), False),
        (date(2026, 11, 27), False),
        (date(2026, 3, 21), False),
        (date(2027, 2, 11), False),
        (date(2026, 12, 23), False),
        (date(2030, 3, 24), False),
        (date(2026, 3, 25), True),
    ],
)
def test_working_days(day: date, works: bool) -> None:
    assert load_workdays().works(day) is works


def test_due_is_the_end_of_a_working_day_in_tehran() -> None:
    evening = datetime(2026, 11, 22, 21, tzinfo=UTC)
    assert due(evening, 1) == datetime(2026, 11, 24, 20, 29, 59, tzinfo=UTC), "half past midnight on Monday in Tehran"
    assert due(datetime(2026, 11, 22, 8, tzinfo=UTC), 5) == datetime(2026, 11, 29, 20, 29, 59, tzinfo=UTC)


@given(DAYS, st.integers(0, 40))
def test_after_and_between_agree(day: date, days: int) -> None:
    workdays = load_workdays()
    last = workdays.after(day, days)
    assert workdays.between(day, last) == days
    assert workdays.between(last, day) == -days
    assert last == day or workdays.works(last)


@given(DAYS)
def test_end_of_is_still_that_day(day: date) -> None:
    assert end_of(day).astimezone(UTC).strftime("%H:%M:%S") == "20:29:59"


def test_an_office_may_have_other_days() -> None:
    changed = load_deadlines().changed(" look=7، inspection = 20 ,")
    assert [changed.days(stage) for stage in ("look", "answer", "letters", "inspection", "reply")] == [7, 3, 5, 20, 10]
    assert load_deadlines().changed("") == load_deadlines()


@pytest.mark.parametrize("text", ["look", "look=", "look=0", "look=x", "look=-1", "look=366", "see=5", "look=5=5"])
def test_days_that_cannot_be_read_are_named(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        load_deadlines().changed(text)


def test_deadlines_are_the_booklets() -> None:
    deadlines = load_deadlines()
    assert [deadlines.days(stage) for stage in ("look", "answer", "letters", "inspection", "reply")] == [
        5,
        3,
        5,
        15,
        10,
    ]
    steps = {step.id: step.text for step in load_catalogue().service("performance-05").workflow.steps}  # type: ignore[union-attr]  # it has one
    for one in deadlines.deadlines:
        assert f"{one.days} روز".translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")) in steps[one.source]


def test_every_listed_holiday_is_of_the_years_it_says() -> None:
    years = {one.jalali[:4] for one in load_workdays().dated}
    assert years == {"1404", "1405", "1406"}
    assert all(jalali_text(one.day) == one.jalali for one in load_workdays().dated)


def test_ready_answers() -> None:
    slugs = {bureau.slug for bureau in load_catalogue().bureaus}
    replies = load_replies()
    assert len({one.id for one in replies}) == len(replies)
    assert all(set(one.bureaus) <= slugs for one in replies)
    assert "higher" in {one.id for one in replies_of("performance")}
    assert "higher" not in {one.id for one in replies_of("urban")}
    for one in replies:
        filled = one.filled(code="Q", bureau="ب", subject="م", day="د")
        assert "{" not in filled


@pytest.mark.parametrize("wrong", ["سلام {name}", "سلام {code!r}", "سلام {code:>9}", "سلام {", "سلام {}"])
def test_an_unknown_field_is_found_at_load(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "replies.yaml"
    path.write_text(f'replies:\n  - {{id: x, title: عنوان, text: "{wrong}"}}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"replies\.yaml"):
        load_replies(path)
