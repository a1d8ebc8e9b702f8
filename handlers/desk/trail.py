"""`/audit`: who did or saw what, newest first."""

from __future__ import annotations

from handlers.complaint.dates import moment_text
from handlers.desk.guard import stale
from handlers.desk.rules import staff
from handlers.reply import Button, Heading, Items, Part, Reply, Row, message, pages
from handlers.visit import Visit
from knowledge.persian import persian_digits
from records.errors import RecordsError
from records.staff import Entry, Member
from records.tracking import read_code

PAGE = 20
DEEPEST = 500

WORDS = {
    "see": "دید",
    "see_person": "نام و شماره‌ی شاکی را دید",
    "see_files": "فایل‌ها را دید",
    "take": "برداشت",
    "state": "وضعیت را عوض کرد",
    "assign": "واگذار کرد",
    "answer": "پاسخ داد",
    "ask": "از شهروند پرسید",
    "note": "یادداشت نوشت",
    "whose": "کار ما ندانست",
    "twin": "تکراری دانست",
    "spam": "هرزنامه دانست",
    "block": "راه فرستنده را بست",
    "unblock": "راه فرستنده را باز کرد",
    "search": "جست‌وجو کرد",
    "export": "خروجی گرفت",
    "stats": "آمار را دید",
    "staff_see": "کارمندان را دید",
    "staff_put": "نقش داد",
    "staff_remove": "از میز برداشت",
    "invite": "دعوت‌نامه ساخت",
    "invite_accept": "دعوت را پذیرفت",
}


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
    for name in {one.who for one in entries} | {one.target for one in entries if one.target.startswith("staff:")}:
        number = name.removeprefix("staff:")
        member = await staff(visit).get(int(number)) if number.isdecimal() else None
        names[name] = member.shown if member else name
    return tuple(
        f"{moment_text(one.at)} — {names[one.who]}: {WORDS.get(one.what, one.what)} — "
        f"{names.get(one.target, one.target)}" + (f" ({one.detail})" if one.detail else "")
        for one in entries
    )
