"""Moments as members write them: «۲ آذر ۱۴۰۵ ساعت ۱۰:۳۰», «1405/9/2 10:30», «فردا ساعت ۹ صبح». Tehran's clock."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from persiantools.jdatetime import JalaliDate

from handlers.complaint.dates import MONTHS, today
from knowledge.persian import ascii_digits
from knowledge.workdays import TEHRAN

FARTHEST = timedelta(days=366)

EXAMPLE = "نمونه: «۲ آذر ساعت ۱۰:۳۰»، «۱۴۰۵/۹/۲ ساعت ۱۰» یا «فردا ساعت ۹»."
NOT_READ = f"این زمان را نفهمیدم. {EXAMPLE}"
NO_SUCH_DAY = "چنین روزی در تقویم نیست. روز و ماه را دوباره بنویسید."
NO_SUCH_HOUR = "ساعت باید از ۰ تا ۲۳ و دقیقه از ۰ تا ۵۹ باشد."
NO_HOUR = f"ساعت را هم بنویسید. {EXAMPLE}"
PAST = "این زمان گذشته است. زمانی در آینده بنویسید."
TOO_FAR = "بیش از یک سال مانده است. زمان نزدیک‌تری بنویسید."

_CLEAN = str.maketrans({"ي": "ی", "ك": "ک", "\u200c": " ", "،": " ", ",": " ", "ـ": "", "؛": " "})
_NUMBERS = re.compile(r"(?<!\d)(\d{2,4})\s*[/\-.]\s*(\d{1,2})\s*[/\-.]\s*(\d{1,2})(?!\d)")
_NAMED = re.compile(
    rf"(?<!\d)(\d{{1,2}})\s*(?:ام\s*)?({'|'.join(MONTHS)})(?:\s*(?:ماه)?\s*(?:سال)?\s*(1[34]\d\d)(?!\d))?"
)
_CLOCK = re.compile(r"(?:ساعت\s*)?(?<!\d)(\d{1,2})\s*[:٫](\d{2})(?!\d)|ساعت\s*(\d{1,2})(?!\d)(?:\s*و\s*(نیم|ربع))?")
_LONE = re.compile(r"^\s*(\d{1,2})\s*(?:صبح|ظهر|عصر|شب|بعد از ظهر)?\s*$")
_AFTERNOON = re.compile(r"عصر|شب|بعد از ظهر|بعدازظهر|غروب")
_PAST = re.compile(r"دیروز|پریروز|دیشب|پریشب")
_WEEKDAY = re.compile(r"(?<!\w)(یک|دو|سه|چهار|پنج)?\s?شنبه(?!\w)|(?<!\w)جمعه(?!\w)")
_WEEKDAYS = {"یک": 6, "دو": 0, "سه": 1, "چهار": 2, "پنج": 3}
_SATURDAY, _FRIDAY = 5, 4
_FILLING = re.compile(r"ساعت|صبح|ظهر|عصر|شب|غروب|بعد از|بعداز|و نیم|و ربع|در|روز|[\d:٫.\s]")
_DAYS = {"پس فردا": 2, "پسفردا": 2, "فردا": 1, "امروز": 0, "امشب": 0}


class WhenError(ValueError):
    """The text names no moment that can be used; it says why, in Persian."""


def read_when(text: str, now: datetime) -> datetime:
    """The moment (UTC) that a text names, seen from `now`.

    Raises:
        WhenError: it names none, or one that is past or too far away.
    """
    clean = " ".join(ascii_digits(text).translate(_CLEAN).split())
    if _PAST.search(clean):
        raise WhenError(PAST)
    day, rest = _day(clean, now)
    ahead, every = 0, 1
    if day is None and (found := _WEEKDAY.search(rest)):
        rest = _without(rest, found)
        ahead, every = (_weekday(found) - today(now).weekday()) % 7, 7
    hour, minute = _clock(rest)
    if day is None:
        if _FILLING.sub("", rest):
            raise WhenError(NOT_READ)
        moment = datetime.combine(today(now) + timedelta(days=ahead), time(hour, minute), TEHRAN)
        moment += timedelta(days=every * (moment <= now))
    else:
        moment = datetime.combine(day, time(hour, minute), TEHRAN)
    if moment <= now:
        raise WhenError(PAST)
    if moment - now > FARTHEST:
        raise WhenError(TOO_FAR)
    return moment.astimezone(UTC)


def _day(text: str, now: datetime) -> tuple[date | None, str]:
    """The day, None when only an hour is named; and the text without it."""
    if found := _NUMBERS.search(text):
        year, month, day = (int(group) for group in found.groups())
        return _gregorian(year + 1400 if year < 100 else year, month, day), _without(text, found)
    if found := _NAMED.search(text):
        month = MONTHS.index(found[2]) + 1
        if found[3]:
            return _gregorian(int(found[3]), month, int(found[1])), _without(text, found)
        return _next(month, int(found[1]), now), _without(text, found)
    for word, ahead in _DAYS.items():
        if word in text:
            return today(now) + timedelta(days=ahead), text.replace(word, " شب " if word == "امشب" else " ")
    return None, text


def _weekday(found: re.Match[str]) -> int:
    """As `date.weekday` counts."""
    return _FRIDAY if found[0] == "جمعه" else _WEEKDAYS.get(found[1] or "", _SATURDAY)


def _next(month: int, day: int, now: datetime) -> date:
    """That day of this Jalali year, or of the next when it is past."""
    jalali: JalaliDate = JalaliDate.to_jalali(today(now))  # type: ignore[no-untyped-call]  # the package is half typed
    year = int(jalali.year)
    this = _gregorian(year, month, day)
    return this if this >= today(now) else _gregorian(year + 1, month, day)


def _gregorian(year: int, month: int, day: int) -> date:
    if not 1300 <= year <= 1500:
        raise WhenError(NOT_READ)
    try:
        return JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]  # as above
    except ValueError:
        raise WhenError(NO_SUCH_DAY) from None


def _clock(text: str) -> tuple[int, int]:
    found = _CLOCK.search(text) or _LONE.search(text)
    if found is None:
        raise WhenError(NO_HOUR if text.strip() != text or not re.search(r"\w", text) else NOT_READ)
    groups = (*found.groups(), None, None, None, None)
    hour = int(groups[0] or groups[2] or 0)
    minute = int(groups[1] or 0) if groups[1] is None or groups[1].isdecimal() else 0
    minute = {"نیم": 30, "ربع": 15}.get(groups[3] or "", minute)
    if hour > 23 or minute > 59:
        raise WhenError(NO_SUCH_HOUR)
    if hour < 12 and _AFTERNOON.search(text):
        hour += 12
    return hour, minute


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]} "
