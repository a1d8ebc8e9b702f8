"""A complaint as the desk sees it: the card with its buttons, for the group and for one member."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from handlers.complaint.dates import day_text, moment_text, today
from handlers.complaint.files import files_text
from handlers.complaint.rules import store
from handlers.complaint.show import subject_text
from handlers.desk.guard import may_work
from handlers.desk.opened import Opened, bureau_name
from handlers.desk.rules import staff
from handlers.reply import Block, Button, Heading, Items, Paragraph, Part, Reply, Row, Span, pages, say
from handlers.visit import Visit
from knowledge.persian import persian_digits
from knowledge.workdays import load_workdays
from records.complaint_states import OPEN, State, allowed
from records.complaint_values import CITIZEN, Event
from records.desk_values import Case, Stage
from records.staff import Member

EVENTS = 6
"""How much of the history a card shows; the rest is behind a button."""

STATES: dict[State, str] = {
    "new": "تازه",
    "taken": "برداشته‌شده",
    "in_progress": "در دست رسیدگی",
    "answered": "پاسخ‌داده",
    "closed": "بسته",
    "reopened": "دوباره بازشده",
    "not_ours": "کار ما نبود",
    "duplicate": "تکراری",
    "withdrawn": "پس‌گرفته‌شده",
}

STAGES: dict[Stage, str] = {
    "look": "بررسی اولیه",
    "answer": "پاسخ کتبی",
    "letters": "مکاتبه و پاسخ",
    "inspection": "بازرسی و پاسخ",
    "again": "رسیدگی دوباره",
}

_MOVES: dict[State, str] = {
    "new": "به صف برگرداند",
    "taken": "برداشت",
    "in_progress": "پی گرفت",
    "answered": "پاسخ داد",
    "closed": "بست",
    "reopened": "دوباره باز کرد",
    "not_ours": "کار ما ندانست",
    "duplicate": "تکراری دانست",
    "withdrawn": "پس گرفت",
}
"""What somebody did who brought it into that state."""

_EVENTS = {
    "filed": "ثبت کرد",
    "files": "فایل افزود",
    "mobile": "شماره را اصلاح کرد",
    "anonymous": "نامش را برداشت",
    "named": "نامش را نوشت",
    "rated": "نمره داد",
    "assigned": "واگذار کرد",
    "seen": "نام و شماره‌ی شاکی را دید",
}


async def card(visit: Visit, member: Member, opened: Opened, *, said: str = "") -> Reply:
    """The whole card, in a private chat. `said`: a line before it."""
    events = await store(visit).history(opened.complaint.id, public=False)
    shown = await event_lines(visit, events[-EVENTS:])
    first: list[Block] = [say(said)] if said else []
    body = [*first, *await _blocks(visit, opened), Heading("آنچه گذشته است"), Items(shown)]
    cut = pages(body)
    return Reply((*(Part(page) for page in cut[:-1]), Part(cut[-1], rows(member, opened))))


async def group_card(visit: Visit, opened: Opened) -> Part:
    """The card in the desk's group, and to those who have not opened it: nothing internal."""
    code = opened.complaint.code
    first: list[Button] = []
    if opened.holder is None and opened.complaint.state in OPEN:
        first.append(Button("برداشتن", data=f"dtake:{code}"))
    first.append(Button("باز کردن", data=f"dcard:{code}"))
    return Part(pages(await _blocks(visit, opened))[0], (tuple(first),))


async def _blocks(visit: Visit, opened: Opened) -> list[Block]:
    complaint, case = opened.complaint, opened.case
    files = await store(visit).files(complaint.id)
    lines: list[Block] = [
        Paragraph((Span("شکایت ", "strong"), Span(complaint.code, "code"))),
        _line("وضعیت", STATES[complaint.state] + (" (هرزنامه)" if case.spam else "")),
        _line("موضوع", subject_text(visit.office, complaint.subject)),
        _line("دفتر رسیدگی", bureau_name(visit.office, case.bureau)),
        _line("در دست", opened.holder.shown if opened.holder else "هیچ‌کس"),
        _line("ثبت", moment_text(complaint.at)),
    ]
    if complaint.body:
        lines.append(_line("از", complaint.body))
    if complaint.whose:
        lines.append(_line("مربوط به", complaint.whose))
    if complaint.state in OPEN:
        lines.append(_line("مهلت", time_left(case, visit.turn.at)))
    lines.append(_line("متن", complaint.story))
    if files:
        lines.append(_line("فایل‌ها", files_text(files)))
    lines.append(_line("شاکی", "با نام" if complaint.named else "بی‌نام؛ هویتش از میز دیده نمی‌شود"))
    if complaint.rating is not None:
        lines.append(_line("نمره‌ی شهروند", persian_digits(complaint.rating)))
    return lines


def time_left(case: Case, now: datetime) -> str:
    """The stage, until when, and how many working days are left or gone."""
    last = today(case.due)
    days = load_workdays().between(today(now), last)
    if case.due < now:
        gone = persian_digits(max(-days, 0))
        left = f"{gone} روز کاری دیر شده است" if days < 0 else "وقتش گذشته است"
    else:
        left = f"{persian_digits(days)} روز کاری مانده است" if days else "امروز آخرین روز است"
    return f"{STAGES[case.stage]} تا {day_text(last)}؛ {left}"


def rows(member: Member, opened: Opened) -> tuple[Row, ...]:
    """What this member can do with it now."""
    complaint, case = opened.complaint, opened.case
    state, key = complaint.state, f"{complaint.code}:{opened.stamp}"
    made: list[list[Button]] = []
    if state in OPEN and case.holder is None:
        made.append([Button("برداشتن", data=f"dtake:{complaint.code}")])
    if may_work(member, case):
        made += _working_rows(state, key, held=case.holder is not None)
        if member.role == "admin" and case.spam:
            made.append([Button("برداشتن راه‌بند فرستنده", data=f"dfree:{key}")])
    made.append([
        Button("یادداشت داخلی", data=f"dwrite:{key}:note"),
        Button("فایل‌ها", data=f"dfiles:{complaint.code}"),
        Button("تاریخچه", data=f"dlog:{complaint.code}"),
    ])  # fmt: skip
    if complaint.named:
        made.append([Button("نام و شماره‌ی شاکی", data=f"dwho:{complaint.code}")])
    return tuple(tuple(row) for row in made if row)


def _working_rows(state: State, key: str, *, held: bool) -> list[list[Button]]:
    made: list[list[Button]] = []
    if allowed(state, "answered"):
        made.append([
            Button("پاسخ", data=f"dwrite:{key}:answer"),
            Button("پرسش از شهروند", data=f"dwrite:{key}:ask"),
        ])  # fmt: skip
    if allowed(state, "in_progress") and state != "answered":
        made.append([Button("مکاتبه", data=f"dgo:{key}:letters"), Button("بازرسی", data=f"dgo:{key}:inspection")])
    if allowed(state, "not_ours"):
        made.append([
            Button("کار ما نیست", data=f"dwrite:{key}:whose"),
            Button("تکراری است", data=f"dwrite:{key}:twin"),
        ])  # fmt: skip
        last = [Button("واگذاری", data=f"dgive:{key}"), Button("هرزنامه", data=f"dspam:{key}")]
        made.append([*last, Button("پس دادن", data=f"ddrop:{key}")] if held and state == "taken" else last)
    if allowed(state, "closed"):
        made.append([Button("بستن", data=f"dgo:{key}:closed"), Button("مکاتبه‌ی دوباره", data=f"dgo:{key}:letters")])
    return made


async def event_lines(visit: Visit, events: Sequence[Event]) -> tuple[str, ...]:
    """A history, a line an event, with who did it."""
    names: dict[str, str] = {CITIZEN: "شهروند", "system": "خودکار"}
    for event in events:
        if event.who not in names:
            number = event.who.removeprefix("staff:")
            member = await staff(visit).get(int(number)) if number.isdecimal() else None
            names[event.who] = member.shown if member else event.who
    return tuple(_event_line(event, names[event.who]) for event in events)


def _event_line(event: Event, name: str) -> str:
    match event.what:
        case "state" if event.after is not None:
            what = _MOVES[event.after]
        case "note" if not event.public:
            what = "یادداشت داخلی نوشت"
        case "note":
            what = "از شهروند پرسید" if event.who.startswith("staff:") else "نوشت"
        case _:
            what = _EVENTS.get(event.what, event.what)
    return f"{moment_text(event.at)} — {name} {what}" + (f": {event.said}" if event.said else "")


def _line(label: str, text: str) -> Paragraph:
    return Paragraph((Span(f"{label}: ", "strong"), Span(text)))
