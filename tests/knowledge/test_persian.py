"""What counts as clean Persian."""

from __future__ import annotations

import pytest

from knowledge.persian import ascii_digits, persian_digits, text_problems


@pytest.mark.parametrize(
    "text",
    [
        "سازمان‌های مردم‌نهاد استان",
        "شوراها و شهرها و راهکارها",
        "تنها بهای آن‌ها و آنها",
        "می‌شود و نمی‌شود",
        "ماده ۹۹ قانون شهرداری‌ها",
        "شماره ۷۴/۱۳۲۸۲ مورخ ۱۳۹۵/۷/۱۳",
        "ساعت میزبانی میدان",
    ],
)
def test_clean_text_passes(text: str) -> None:
    assert text_problems(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "سازمانهای مردمی",
        "سازمان های مردمی",
        "میشود",
        "می شود",
        "نمی دهد",
        "سرمایهگذاری",
        "كتاب",
        "ماده 99",
        "ماده ٩٩",
        "دو  فاصله",
        "کـتاب",
        "لبه ‌نیم‌فاصله",
        "",
        "  ",
        " آغاز",
        "سطر\nدوم",
    ],
)
def test_unclean_text_is_named(text: str) -> None:
    assert text_problems(text)


def test_digits_both_ways() -> None:
    assert persian_digits("سال 1402 و ٣") == "سال ۱۴۰۲ و ۳"
    assert persian_digits(332) == "۳۳۲"
    assert ascii_digits("۱۴۰۲٣") == "14023"
