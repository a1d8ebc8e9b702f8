"""Days promised to a citizen, and days and moments as a citizen reads them: Tehran's clock, the Jalali calendar."""

from __future__ import annotations

from datetime import date, datetime

from persiantools.jdatetime import JalaliDate

from handlers.complaint.rules import RULES
from knowledge.persian import persian_digits
from knowledge.workdays import TEHRAN, load_workdays

MONTHS = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip


def today(at: datetime) -> date:
    """The day in Tehran."""
    return at.astimezone(TEHRAN).date()


def jalali_year(at: datetime) -> int:
    """The Jalali year in Tehran."""
    return int(_jalali(today(at)).year)


def look_by(at: datetime) -> date:
    """Until when a complaint filed now is looked at: working days, as the desk counts them."""
    return load_workdays().after(today(at), RULES.deadlines.days("look"))


def answer_by(at: datetime) -> date:
    """Until when it is answered when no letters and no inspection are needed."""
    return load_workdays().after(look_by(at), RULES.deadlines.days("answer"))


def day_text(day: date) -> str:
    """«۱ آذر ۱۴۰۵»."""
    jalali = _jalali(day)
    return persian_digits(f"{jalali.day} {MONTHS[jalali.month - 1]} {jalali.year}")


def _jalali(day: date) -> JalaliDate:
    jalali: JalaliDate = JalaliDate.to_jalali(day)  # type: ignore[no-untyped-call]  # persiantools is untyped
    return jalali


def moment_text(at: datetime) -> str:
    """«۱ آذر ۱۴۰۵، ساعت ۲۱:۳۷»."""
    return f"{day_text(today(at))}، ساعت {persian_digits(f'{at.astimezone(TEHRAN):%H:%M}')}"
