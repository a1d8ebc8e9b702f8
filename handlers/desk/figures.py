"""`/stats`: how the desk does, bureau by bureau, as text and as a picture."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean, median

from handlers.complaint.dates import day_text, today
from handlers.desk.guard import log
from handlers.desk.opened import bureau_name
from handlers.desk.queue import wanted
from handlers.desk.rules import cases
from handlers.reply import Block, Heading, Items, Made, Part, Reply, message, pages
from handlers.visit import Office, Visit
from knowledge.persian import persian_digits
from records.complaint_states import OPEN
from records.desk_values import Listed
from records.staff import Member

LOG = logging.getLogger(__name__)

COUNTED = 20_000
TEMPLATE = Path(__file__).with_name("figures.typ")
DAY = timedelta(days=1)
NOT_DRAWN = "تصویر آمار آماده نشد؛ متن آن بالاست."


@dataclass(frozen=True)
class Figures:
    """Of one bureau. `answer`: median time from filing to the first answer; `rating`: mean of the ratings."""

    bureau: str
    total: int
    open: int
    late: int
    answered: int
    answer: timedelta | None
    rating: float | None
    ratings: int


def count(found: Iterable[Listed], now: datetime, bureau: str = "") -> Figures:
    """The figures of some cases; spam is not counted."""
    real = [one for one in found if not one.case.spam]
    times = [(one.case.answered_at - one.at) / DAY for one in real if one.case.answered_at is not None]
    stars = [one.rating for one in real if one.rating is not None]
    return Figures(
        bureau,
        total=len(real),
        open=sum(one.state in OPEN for one in real),
        late=sum(one.late(now) for one in real),
        answered=len(times),
        answer=median(times) * DAY if times else None,
        rating=fmean(stars) if stars else None,
        ratings=len(stars),
    )


def by_bureau(office: Office, found: Iterable[Listed], now: datetime) -> list[Figures]:
    """The figures of every bureau that has cases, the busiest first."""
    of: dict[str, list[Listed]] = {}
    for one in found:
        of.setdefault(one.case.bureau, []).append(one)
    made = [count(listed, now, bureau_name(office, slug)) for slug, listed in of.items()]
    return sorted((one for one in made if one.total), key=lambda one: (-one.total, one.bureau))


async def stats(visit: Visit, member: Member, _parts: tuple[str, ...]) -> Reply:
    """`/stats`: an officer's own bureaus, an admin's all."""
    await cases(visit).adopt()
    found = await cases(visit).all(wanted(member, "all"), COUNTED)
    await log(visit, member, "stats", "desk")
    now = visit.turn.at
    whole, each = count(found, now), by_bureau(visit.office, found, now)
    if not each:
        return message("هنوز شکایتی نیست.")
    title = f"آمار میز تا {day_text(today(now))}"
    blocks: list[Block] = [Heading(title), Items(_lines(whole))]
    for one in each:
        blocks += [Heading(one.bureau), Items(_lines(one))]
    parts = [Part(page) for page in pages(blocks)]
    try:
        drawn = await asyncio.to_thread(draw, title, whole, each)
    except Exception:
        LOG.exception("the figures could not be drawn")
        return Reply((*parts, *message(NOT_DRAWN).parts))
    return Reply((*parts, Part(file=Made.of("stats.png", drawn))))


def _lines(one: Figures) -> tuple[str, ...]:
    rating = "هنوز ندارد"
    if one.rating is not None:
        rating = f"{_number(one.rating)} از ۵ ({persian_digits(one.ratings)} نمره)"
    return (
        f"همه: {persian_digits(one.total)}، باز: {persian_digits(one.open)}، دیرشده: {persian_digits(one.late)}",
        f"پاسخ‌داده: {persian_digits(one.answered)}، میانه‌ی زمان پاسخ: {_time(one.answer)}",
        f"نمره‌ی شهروندان: {rating}",
    )


def _time(span: timedelta | None) -> str:
    if span is None:
        return "هنوز ندارد"
    return f"{_number(span / DAY)} روز" if span >= DAY else f"{_number(span / timedelta(hours=1))} ساعت"


def _number(value: float) -> str:
    return persian_digits(f"{value:.1f}".removesuffix(".0")).replace(".", "٫")


def draw(title: str, whole: Figures, each: Iterable[Figures]) -> bytes:
    """The figures as a PNG: a bar a bureau."""
    # Hardly any run draws figures.
    import fontpkg_noto_sans_arabic  # type: ignore[import-untyped]  # noqa: PLC0415 — see above; it ships no types
    import typst  # noqa: PLC0415 — see above

    data = {"title": title, "whole": _drawn(whole), "bureaus": [_drawn(one) for one in each]}
    return typst.compile(
        TEMPLATE.read_bytes(),
        format="png",
        ppi=160,
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=[Path(fontpkg_noto_sans_arabic.ROOT) / "files"]),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=0,
    )


def _drawn(one: Figures) -> dict[str, object]:
    return {
        "name": one.bureau,
        "total": one.total,
        "late": one.late,
        "open": one.open,
        "label": persian_digits(one.total),
        "open-label": persian_digits(one.open),
        "late-label": persian_digits(one.late),
        "answer": _time(one.answer),
        "rating": _number(one.rating) if one.rating is not None else "—",
    }
