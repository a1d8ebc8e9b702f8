"""The queue as an `.xlsx` file: right-to-left, Jalali dates, every cell a text or a number, never a formula."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import get_args

from handlers.complaint.dates import today
from handlers.complaint.show import subject_text
from handlers.desk.card import STAGES, STATES
from handlers.desk.guard import log, stale
from handlers.desk.opened import bureau_name
from handlers.desk.queue import ANY, SHOWN, wanted
from handlers.desk.rules import cases, staff
from handlers.masking import mask
from handlers.reply import Made, Part, Reply, message, say
from handlers.visit import Visit
from knowledge.persian import persian_digits
from knowledge.workdays import jalali_text
from records.complaint_states import OPEN
from records.desk_values import Listed, Show
from records.staff import Member

MOST_ROWS = 5000
LONGEST_CELL = 2000

HEADINGS = (
    "کد رهگیری", "وضعیت", "دفتر رسیدگی", "موضوع", "از", "ثبت", "مهلت", "مرحله", "دیر شده", "در دست", "پاسخ",
    "نمره", "متن",
)  # fmt: skip
WIDTHS = (20, 16, 30, 40, 24, 12, 12, 16, 10, 20, 12, 8, 80)

# What XML 1.0 has no place for.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


async def export(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dxls:<show>:<bureau or all>` and `/export`: the file, with what names people masked; on record."""
    if len(parts) not in {0, 2}:
        return stale()
    show: Show | None = next((one for one in get_args(Show) if parts and parts[0] == one), None) if parts else "all"
    slug = None if not parts or parts[1] == ANY else parts[1]
    if show is None or (slug is not None and all(one.slug != slug for one in visit.office.catalogue.bureaus)):
        return stale()
    await cases(visit).adopt()
    chosen = wanted(member, show, slug)
    found = (await cases(visit).queue(chosen, visit.turn.at, limit=MOST_ROWS))[0]
    if not found:
        return message("شکایتی برای خروجی نیست.")
    names = {one.id: one.shown for one in await staff(visit).all()}
    body = workbook([_row(visit, one, names) for one in found])
    await log(visit, member, "export", "desk", f"{show} {slug or ANY} {len(found)}")
    day = jalali_text(today(visit.turn.at))
    caption = f"{SHOWN[show]}: {persian_digits(len(found))} شکایت، {persian_digits(day.replace('-', '/'))}"
    return Reply((Part((say(caption),), file=Made.of(f"desk-{day}.xlsx", body)),))


def _row(visit: Visit, one: Listed, names: dict[int, str]) -> tuple[str | int | None, ...]:
    open_now = one.state in OPEN
    return (
        one.code,
        STATES[one.state] + (" (هرزنامه)" if one.case.spam else ""),
        bureau_name(visit.office, one.case.bureau),
        subject_text(visit.office, one.subject),
        mask(one.body),
        jalali_text(today(one.at)),
        jalali_text(today(one.case.due)) if open_now else "",
        STAGES[one.case.stage] if open_now else "",
        "بله" if one.late(visit.turn.at) else "",
        names.get(one.case.holder, "") if one.case.holder is not None else "",
        jalali_text(today(one.case.answered_at)) if one.case.answered_at else "",
        one.rating,
        mask(one.story),
    )


def workbook(rows: Sequence[Sequence[str | int | None]]) -> bytes:
    """The file. A text that begins with «=», «+», «-» or «@» stays a text."""
    # openpyxl takes 0.2 s to import, and hardly any run exports.
    from openpyxl import Workbook  # noqa: PLC0415 — see above
    from openpyxl.cell.cell import Cell  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 — a new workbook has a sheet
    sheet.title = "شکایت‌ها"
    sheet.sheet_view.rightToLeft = True
    short, long = (
        Alignment(horizontal="right", vertical="top", wrap_text=wrap, readingOrder=2) for wrap in (False, True)
    )
    for number, values in enumerate((HEADINGS, *rows), 1):
        for place, value in enumerate(values, 1):
            cell = sheet.cell(number, place)
            assert isinstance(cell, Cell)  # noqa: S101 — nothing is merged
            if isinstance(value, str):
                cell.value = _UNWRITABLE.sub("", value)[:LONGEST_CELL]
                # openpyxl takes what begins with «=» for a formula, and «#N/A» for an error, until it is told.
                cell.data_type = "s"
                cell.quotePrefix = value[:1] in {"=", "+", "-", "@"}
                cell.number_format = "@"
            elif value is not None:
                cell.value = value
            cell.alignment = long if place == len(HEADINGS) else short
            if number == 1:
                cell.font = Font(bold=True)
    for place, width in enumerate(WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    kept = io.BytesIO()
    book.save(kept)
    book.close()
    return kept.getvalue()
