"""`/audit`: who did or saw what, newest first."""

from __future__ import annotations

from handlers.complaint.dates import moment_text
from handlers.desk.guard import stale
from handlers.desk.rules import staff
from handlers.desk.trail_words import DONE, told
from handlers.reply import Button, Heading, Items, Part, Reply, Row, message, pages
from handlers.visit import Office, Visit
from knowledge.persian import persian_digits
from records.errors import RecordsError
from records.staff import Entry, Member
from records.tracking import read_code

PAGE = 20
DEEPEST = 500


async def audit(visit: Visit, _member: Member, words: tuple[str, ...]) -> Reply:
    """`/audit`, `/audit <code>`."""
    if not words:
        return await _page(visit, 0)
    try:
        code = read_code(" ".join(words))
    except RecordsError as error:
        return message(str(error))
    entries = await staff(visit).trail(target=code, limit=PAGE * 2)
    if not entries:
        return message("چیزی ثبت نشده است.")
    blocks = (Heading(f"سابقه‌ی {code}"), Items(await _lines(visit, entries)))
    return Reply(tuple(Part(page) for page in pages(blocks)))


async def turn_page(visit: Visit, _member: Member, parts: tuple[str, ...]) -> Reply:
    """`daud:<page>`."""
    if len(parts) != 1 or not parts[0].isdecimal() or int(parts[0]) > DEEPEST:
        return stale()
    return await _page(visit, int(parts[0]))


async def _page(visit: Visit, page: int) -> Reply:
    entries = await staff(visit).trail(offset=page * PAGE, limit=PAGE + 1)
    if not entries:
        return message("چیزی ثبت نشده است.")
    turning: list[Button] = []
    if page:
        turning.append(Button("◀ تازه‌ترها", data=f"daud:{page - 1}"))
    if len(entries) > PAGE:
        turning.append(Button("قدیمی‌ترها ▶", data=f"daud:{page + 1}"))
    rows: tuple[Row, ...] = (tuple(turning),) if turning else ()
    cut = pages((Heading(f"سابقه‌ی میز، صفحه‌ی {persian_digits(page + 1)}"), Items(await _lines(visit, entries[:PAGE]))))
    return Reply((*(Part(one) for one in cut[:-1]), Part(cut[-1], rows)))


async def _lines(visit: Visit, entries: tuple[Entry, ...]) -> tuple[str, ...]:
    names: dict[str, str] = {}
    seen = {name for one in entries for name in (one.target, one.detail) if name.startswith("staff:")}
    for name in {one.who for one in entries} | seen:
        number = name.removeprefix("staff:")
        member = await staff(visit).get(int(number)) if number.isdecimal() else None
        names[name] = member.shown if member else told(visit.office, name)
    return tuple(
        f"{moment_text(one.at)} — {names[one.who]}: {DONE.get(one.what, one.what)} — "
        f"{names.get(one.target) or told(visit.office, one.target)}" + _detail(visit.office, one.detail, names)
        for one in entries
    )


def _detail(office: Office, detail: str, names: dict[str, str]) -> str:
    return f" ({names.get(detail) or told(office, detail)})" if detail else ""
