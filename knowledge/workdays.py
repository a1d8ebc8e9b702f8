"""The office's working days and the deadlines of a complaint: weekend, holidays, «within n days».

Source of the days: the booklet's workflow of performance-05. Times are Tehran's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate
from pydantic import BaseModel, ConfigDict, Field, model_validator

from knowledge.catalogue import DATA
from knowledge.models import PersianText
from knowledge.tables import read_table

HOLIDAYS = DATA / "holidays.yaml"
DEADLINES = DATA / "deadlines.yaml"
TEHRAN = ZoneInfo("Asia/Tehran")

LONGEST = 365
"""Most working days of a stage."""

Stage = Literal["look", "answer", "letters", "inspection", "reply"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class YearlyHoliday(_Frozen):
    """A day of every Jalali year."""

    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]
    name: PersianText


class DatedHoliday(_Frozen):
    """A day of one year, `jalali` in that calendar (1405-03-06); `estimated`: may be a day off."""

    jalali: Annotated[str, Field(pattern=r"^1[34]\d\d-\d\d-\d\d$", alias="date")]
    name: PersianText
    estimated: bool = False

    @property
    def day(self) -> date:
        """The day in the Gregorian calendar; ValueError when there is no such Jalali day."""
        year, month, day = map(int, self.jalali.split("-"))
        return _gregorian(year, month, day)

    @model_validator(mode="after")
    def _exists(self) -> Self:
        _ = self.day
        return self


class Workdays(_Frozen):
    """On which days the office works. `weekend`: Monday is 0."""

    weekend: tuple[Annotated[int, Field(ge=0, le=6)], ...] = Field(max_length=6)
    every_year: tuple[YearlyHoliday, ...]
    dated: tuple[DatedHoliday, ...]

    def works(self, day: date) -> bool:
        """Whether the office works on a day."""
        if day.weekday() in self.weekend or day in _days(self.dated):
            return False
        return month_and_day(day) not in {(one.month, one.day) for one in self.every_year}

    def after(self, day: date, days: int) -> date:
        """The `days`-th working day after a day."""
        while days > 0:
            day += timedelta(days=1)
            days -= self.works(day)
        return day

    def between(self, first: date, last: date) -> int:
        """How many working days lie after `first` up to and with `last`; negative when `last` is the earlier."""
        if last < first:
            return -self.between(last, first)
        return sum(self.works(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))


class Deadline(_Frozen):
    """How many working days a stage may take; `source`: the step of the workflow that says so."""

    stage: Stage
    days: Annotated[int, Field(ge=1, le=LONGEST)]
    source: str
    name: PersianText


class Deadlines(_Frozen):
    """All of them. `remind_at`: at which part of a term the desk is reminded."""

    deadlines: tuple[Deadline, ...]
    remind_at: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if sorted(one.stage for one in self.deadlines) != ["answer", "inspection", "letters", "look", "reply"]:
            raise ValueError("هر مرحله باید یک بار آمده باشد")
        return self

    def days(self, *stages: Stage) -> int:
        """The working days of stages that follow one another."""
        of = {one.stage: one.days for one in self.deadlines}
        return sum(of[stage] for stage in stages)

    def changed(self, text: str) -> Self:
        """These with other days: `look=7, inspection=20`; ValueError when that cannot be read."""
        words = [word.strip() for word in text.replace("،", ",").split(",") if word.strip()]
        known = {one.stage for one in self.deadlines}
        days: dict[str, int] = {}
        for word in words:
            stage, _, number = (piece.strip() for piece in word.partition("="))
            if stage not in known or not number.isdecimal() or not 1 <= int(number) <= LONGEST:
                raise ValueError(f"«{word}» خوانده نشد؛ نمونه: look=7,inspection=20")
            days[stage] = int(number)
        made = tuple(one.model_copy(update={"days": days.get(one.stage, one.days)}) for one in self.deadlines)
        return self.model_copy(update={"deadlines": made})


def month_and_day(day: date) -> tuple[int, int]:
    """Month and day in the Jalali calendar."""
    jalali: JalaliDate = JalaliDate.to_jalali(day)  # type: ignore[no-untyped-call]  # the package is half typed
    return jalali.month, jalali.day


def _gregorian(year: int, month: int, day: int) -> date:
    jalali = JalaliDate(year, month, day)  # type: ignore[no-untyped-call]  # the package is half typed
    return jalali.to_gregorian()


@cache
def _days(dated: Iterable[DatedHoliday]) -> frozenset[date]:
    return frozenset(one.day for one in dated)


@cache
def load_workdays(path: Path = HOLIDAYS) -> Workdays:
    """The working calendar; DataError names what is wrong in the file."""
    return read_table(Workdays, path)


@cache
def load_deadlines(path: Path = DEADLINES) -> Deadlines:
    """The deadlines; DataError names what is wrong in the file."""
    return read_table(Deadlines, path)


def due(filed_at: datetime, days: int) -> datetime:
    """The last second (UTC) of the `days`-th working day after the day, in Tehran, of `filed_at`."""
    return end_of(load_workdays().after(filed_at.astimezone(TEHRAN).date(), days))


def end_of(day: date) -> datetime:
    """The last second (UTC) of a day in Tehran."""
    return datetime.combine(day, time(23, 59, 59), TEHRAN).astimezone(UTC)


def jalali_text(day: date) -> str:
    """A day as `1405-09-01`: it sorts as it stands."""
    jalali: JalaliDate = JalaliDate.to_jalali(day)  # type: ignore[no-untyped-call]  # the package is half typed
    return f"{jalali.year}-{jalali.month:02d}-{jalali.day:02d}"
