"""Moments as members write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.announcements.when import NO_SUCH_DAY, NO_SUCH_HOUR, NOT_READ, PAST, TOO_FAR, WhenError, read_when

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
"""۱ آذر ۱۴۰۵, twelve o'clock in Tehran (UTC+3:30)."""


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("۱۴۰۵/۹/۲ ساعت ۱۰:۳۰", (2026, 11, 23, 7, 0)),
        ("1405/09/02 10:30", (2026, 11, 23, 7, 0)),
        ("1405-9-2 ساعت 10", (2026, 11, 23, 6, 30)),
        ("۰۵/۹/۲ ساعت ۱۰", (2026, 11, 23, 6, 30)),
        ("۲ آذر ۱۴۰۵ ساعت ۱۰", (2026, 11, 23, 6, 30)),
        ("۲ آذر ساعت ۱۰ و نیم", (2026, 11, 23, 7, 0)),
        ("۱۵ فروردین ساعت ۹", (2027, 4, 4, 5, 30)),
        ("فردا ساعت ۹ صبح", (2026, 11, 23, 5, 30)),
        ("فردا ساعت ۵ عصر", (2026, 11, 23, 13, 30)),
        ("پس‌فردا ساعت 8:15", (2026, 11, 24, 4, 45)),
        ("امروز ساعت ۱۸", (2026, 11, 22, 14, 30)),
        ("امشب ساعت ۹", (2026, 11, 22, 17, 30)),
        ("ساعت ۱۴", (2026, 11, 22, 10, 30)),
        ("ساعت ۹", (2026, 11, 23, 5, 30)),
        ("شنبه ساعت ۹", (2026, 11, 28, 5, 30)),
        ("پنج‌شنبه ساعت ۱۰", (2026, 11, 26, 6, 30)),
        ("یکشنبه ساعت ۱۸", (2026, 11, 22, 14, 30)),
        ("یک‌شنبه ساعت ۹", (2026, 11, 29, 5, 30)),
        ("جمعه در ساعت ۸ شب", (2026, 11, 27, 16, 30)),
        ("۳۰ اسفند ۱۴۰۸ ساعت ۱۰", None),
        ("۲۹ اسفند ساعت ۲۳:۵۹", (2027, 3, 20, 20, 29)),
    ],
)
def test_read(said: str, moment: tuple[int, int, int, int, int] | None) -> None:
    if moment is None:
        with pytest.raises(WhenError, match=TOO_FAR):
            read_when(said, NOW)
        return
    assert read_when(said, NOW) == datetime(*moment, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("۱ آذر ۱۴۰۵ ساعت ۱۰", PAST),
        ("دیروز ساعت ۵", PAST),
        ("دیشب ساعت ۱۱", PAST),
        ("سال بعد ساعت ۱۰", NOT_READ),
        ("شنبه‌ی هفته‌ی بعد ساعت ۱۰", NOT_READ),
        ("هر وقت شد ساعت ۱۰", NOT_READ),
        ("۳۱ آذر ساعت ۱۰", NO_SUCH_DAY),
        ("۳۰ اسفند ۱۴۰۵ ساعت ۱۰", NO_SUCH_DAY),
        ("1405/13/1 ساعت 10", NO_SUCH_DAY),
        ("فردا ساعت ۲۵", NO_SUCH_HOUR),
        ("فردا 10:75", NO_SUCH_HOUR),
        ("۱۴۰۷/۱/۱ ساعت ۱۰", TOO_FAR),
    ],
)
def test_refused_with_the_reason(said: str, why: str) -> None:
    with pytest.raises(WhenError, match=why):
        read_when(said, NOW)


@pytest.mark.parametrize("said", ["", "بعداً", "فردا", "۲ آذر", "1405/9/2", "ساعت", "12/5", "2026-11-23 10:00"])
def test_what_names_no_moment(said: str) -> None:
    with pytest.raises(WhenError):
        read_when(said, NOW)


@given(st.text(alphabet="0123456789۰۱۲۳۴۵۶۷۸۹ /:-ساعتفرداآذرمهرو٫\u200c", max_size=30))
def test_any_text_is_a_future_moment_or_a_refusal(said: str) -> None:
    try:
        moment = read_when(said, NOW)
    except WhenError:
        return
    assert moment > NOW
