"""The export opens, reads from right to left, and holds no formula and no number of a person; the figures are right."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from handlers.desk.export import HEADINGS, workbook
from handlers.desk.figures import by_bureau, count, draw
from handlers.reply import PART, Made, Part
from records.desk_values import Case, Listed
from tests.handlers.desk.desk import NOON, Desk, data, text

ADMIN, OFFICER = "1", "10"


@pytest.fixture
async def staffed(desk: Desk) -> Desk:
    await desk.join(ADMIN, "admin", name="مدیر")
    await desk.join(OFFICER, "officer", "urban", name="سارا")
    return desk


def file_of(part: Part) -> Made:
    assert isinstance(part.file, Made)
    through_the_outbox = PART.validate_json(PART.dump_json(part)).file
    assert through_the_outbox == part.file
    return part.file


async def test_the_queue_as_a_workbook(staffed: Desk) -> None:
    first = await staffed.file('=HYPERLINK("http://x.example","کلیک") شماره‌ام 09121234567 است')
    await staffed.file("دومی\x07 با نویسه‌ی کنترل", subject=None)
    await staffed.press(OFFICER, f"dtake:{first.code}")
    reply = await staffed.say(ADMIN, "/export")
    made = file_of(reply.parts[0])
    assert made.name == "desk-1405-09-01.xlsx"
    book = load_workbook(io.BytesIO(made.content))
    sheet = book.active
    assert sheet is not None
    assert sheet.sheet_view.rightToLeft
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]] == list(HEADINGS)
    by_code = {row[0].value: row for row in rows[1:]}
    assert len(by_code) == 2
    cells = dict(zip(HEADINGS, by_code[first.code], strict=True))
    assert cells["متن"].data_type == "s"
    assert str(cells["متن"].value).startswith("=HYPERLINK")
    assert "0912" not in str(cells["متن"].value)
    assert "[موبایل]" in str(cells["متن"].value)
    assert cells["ثبت"].value == "1405-09-01"
    assert cells["در دست"].value == "سارا"
    assert cells["وضعیت"].value == "برداشته‌شده"
    book.close()


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "#N/A", "۱۲", "0012", "http://x"])
def test_every_text_stays_a_text(value: str) -> None:
    book = load_workbook(io.BytesIO(workbook([(value, None, 3)])))
    sheet = book.active
    assert sheet is not None
    assert (sheet["A2"].value, sheet["A2"].data_type) == (value, "s")
    assert (sheet["C2"].value, sheet["C2"].data_type) == (3, "n")
    book.close()


async def test_of_one_bureau(staffed: Desk) -> None:
    await staffed.file()
    await staffed.file(subject="rural-01")
    reply = await staffed.press(ADMIN, "dxls:open:rural")
    book = load_workbook(io.BytesIO(file_of(reply.parts[0]).content))
    assert book.active is not None
    assert book.active.max_row == 2
    book.close()
    assert "نیست" in text(await staffed.press(ADMIN, "dxls:open:women"))


def listed(number: int, *, bureau: str = "urban", days: float | None = None, **fields: object) -> Listed:
    answered = None if days is None else NOON + timedelta(days=days)
    case = Case(
        number, bureau, None, 1, "look", NOON, NOON + timedelta(days=5), fields.pop("spam", False) is True, answered
    )
    state = "answered" if days is not None else "new"
    values: dict[str, object] = {
        "case": case,
        "code": str(number),
        "subject": None,
        "body": "",
        "story": "",
        "state": state,
    }
    return Listed(**{**values, "at": NOON, "rating": None, **fields})  # type: ignore[arg-type]  # a test's own fields


def test_figures() -> None:
    found = [listed(1, days=1), listed(2, days=2), listed(3, days=9, rating=5), listed(4), listed(5, spam=True)]
    made = count(found, NOON + timedelta(days=6))
    assert (made.total, made.open, made.late, made.answered) == (4, 1, 1, 3)
    assert made.answer == timedelta(days=2)
    assert (made.rating, made.ratings) == (5, 1)
    assert count(found, NOON).late == 0


async def test_stats_as_text_and_picture(staffed: Desk) -> None:
    complaint = await staffed.file()
    await staffed.press(OFFICER, f"dtake:{complaint.code}")
    staffed.wait(days=3)
    await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{complaint.code}"), "پاسخ"))
    await staffed.press(OFFICER, data(await staffed.say(OFFICER, "شد"), "بفرست"))
    await staffed.file(subject="rural-01")
    mine, whole = await staffed.say(OFFICER, "/stats"), await staffed.say(ADMIN, "/stats")
    assert "روستایی" in text(whole)
    assert "روستایی" not in text(mine)
    assert "میانه‌ی زمان پاسخ: ۳ روز" in text(mine)
    assert file_of(whole.parts[-1]).content.startswith(b"\x89PNG")
    assert file_of(whole.parts[-1]).content != file_of(mine.parts[-1]).content


def test_the_picture_draws_what_is_counted(desk: Desk) -> None:
    now = NOON + timedelta(days=6)
    found = [listed(1, days=1), listed(2), listed(3, bureau="rural")]
    drawn = draw("آمار", count(found, now), by_bureau(desk.office, found, now))
    fewer = draw("آمار", count(found[:1], now), by_bureau(desk.office, found[:1], now))
    assert drawn.startswith(b"\x89PNG")
    assert drawn != fewer
