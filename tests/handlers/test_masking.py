"""Personal data is taken out by form and check digit; other numbers stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.masking import is_national_id, mask


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("کد ملی من 0499370899 است", "کد ملی من [شماره ملی] است"),
        ("کد ملی من ۰۴۹۹۳۷۰۸۹۹ است", "کد ملی من [شماره ملی] است"),
        ("شماره ۰۴۹۹۳۷۰۸۹۸ که رقم آخرش درست نیست", "شماره ۰۴۹۹۳۷۰۸۹۸ که رقم آخرش درست نیست"),
        ("زنگ بزنید 09123456789", "زنگ بزنید [موبایل]"),
        ("زنگ بزنید ۰۹۱۲ ۳۴۵ ۶۷۸۹ لطفا", "زنگ بزنید [موبایل] لطفا"),
        ("+98 912 345 6789", "[موبایل]"),
        ("00989123456789", "[موبایل]"),
        ("کارت 6037 9911 1111 1112 بود", "کارت [کارت بانکی] بود"),
        ("کارت 6037 9911 1111 1115 بود", "کارت 6037 9911 1111 1115 بود"),
        ("IR062960000000100324200001 شبا", "[شبا] شبا"),
        ("IR072960000000100324200001 شبا", "IR072960000000100324200001 شبا"),
        ("a.b+c@example.ir نامه بدهید", "[رایانامه] نامه بدهید"),
        (
            "نامه شماره ۲۰۲۷۱۲ مورخ ۱۳۹۸/۱۰/۱۰ و شناسه ۱۳۰۵۲۱۶۷۱۰۳",
            "نامه شماره ۲۰۲۷۱۲ مورخ ۱۳۹۸/۱۰/۱۰ و شناسه ۱۳۰۵۲۱۶۷۱۰۳",
        ),
        ("خانه ۱۱۱ و ۱۲۸", "خانه ۱۱۱ و ۱۲۸"),
    ],
)
def test_what_is_masked_and_what_stays(given_text: str, kept: str) -> None:
    assert mask(given_text) == kept


def test_one_digit_ten_times_is_no_national_id() -> None:
    assert not any(is_national_id(str(digit) * 10) for digit in range(10))


@given(st.integers(min_value=0, max_value=999_999_999))
def test_exactly_one_last_digit_makes_a_national_id(nine: int) -> None:
    sound = [last for last in range(10) if is_national_id(f"{nine:09d}{last}")]
    assert len(sound) == (0 if len(set(f"{nine:09d}")) == 1 and sound != sound[:1] else len(sound))
    assert len(sound) <= 1


@given(st.text())
def test_masking_takes_any_text_and_is_settled(text: str) -> None:
    once = mask(text)
    assert mask(once) == once
