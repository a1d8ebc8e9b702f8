"""How announcements look: to those who get them, in the list, and to the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from handlers.announcements.rules import COUNTIES, RULES
from handlers.complaint.dates import day_text, moment_text, today
from handlers.reply import Album, Block, Button, Heading, Items, Paragraph, Part, Received, Row, Span, say
from knowledge.catalogue import Catalogue
from knowledge.persian import persian_digits
from records.announcement_values import Announcement, Audience, Body, State, Tally
from records.ledger import Watched

STOP = "🔕 دیگر نفرست"
SETTINGS = "تنظیم اطلاعیه‌ها"
OFFICE = "استانداری قزوین"
RECALLED = "این اطلاعیه پس گرفته شده است."
LINE = 90
"""Most characters of the line by which a list names an announcement."""

STATE_NAMES: dict[State, str] = {
    "draft": "پیش‌نویس",
    "asked": "در انتظار تأیید نفر دوم",
    "running": "در حال فرستادن",
    "paused": "نگه داشته شده",
    "done": "فرستاده شد",
    "stopped": "متوقف شد",
    "recalled": "پس گرفته شد",
    "dropped": "کنار گذاشته شد",
}


def announcement_part(announcement: Announcement, catalogue: Catalogue, *, sent: bool = True) -> Part:
    """What people get. `sent`: to one who did not ask for it just now, so with the way to stop."""
    rows: list[Row] = [
        (Button(option, data=f"nvote:{announcement.id}:{place}"),)
        for place, option in enumerate(announcement.body.options)
    ]
    if sent:
        rows.append((Button(STOP, data=f"nstop:{announcement.id}"), Button(SETTINGS, data="nset")))
    return Part(_blocks(announcement, catalogue), tuple(rows), _file(announcement.body))


def recalled_part() -> Part:
    """What stands where a message could not be taken away."""
    return Part((say(RECALLED, "quiet"),))


class Looks:
    """How the sender shows announcements; the catalogue may change under it."""

    def __init__(self, catalogue: Callable[[], Catalogue]) -> None:
        self._catalogue = catalogue

    def part(self, announcement: Announcement) -> Part:
        """What people get."""
        return announcement_part(announcement, self._catalogue())

    def recalled(self) -> Part:
        """What stands where a message could not be taken away."""
        return recalled_part()

    def progress(self, watched: Watched, rate: float) -> Part:
        """What the desk sees."""
        return panel(watched.announcement, watched.tally, rate)


def bureau_names(catalogue: Catalogue) -> dict[str, str]:
    """All bureaus by slug, in the booklet's order."""
    return {bureau.slug: bureau.name for bureau in catalogue.bureaus}


def _blocks(announcement: Announcement, catalogue: Catalogue) -> tuple[Block, ...]:
    names = bureau_names(catalogue)
    whose = "، ".join(names.get(slug, slug) for slug in announcement.audience.bureaus) or OFFICE
    sign, title = ("🔴", "اطلاعیه‌ی فوری") if announcement.kind == "urgent" else ("📢", "اطلاعیه")
    head = Paragraph((Span(f"{sign} {title} — {whose}", "strong"),))
    return (head, say(announcement.body.text)) if announcement.body.text else (head,)


def _file(body: Body) -> Received | Album | None:
    files = tuple(Received(file.channel, file.kind, file.file_id) for file in body.files)
    if len(files) > 1:
        return Album(files)
    return files[0] if files else None


def first_line(announcement: Announcement) -> str:
    """The line by which a list names it."""
    line = next((line.strip() for line in announcement.body.text.splitlines() if line.strip()), "")
    line = line or ("تصویر و فایل" if announcement.body.files else "بی‌متن")
    return line if len(line) <= LINE else f"{line[:LINE].rsplit(' ', 1)[0]}…"


def dated_line(announcement: Announcement) -> str:
    """The same with its day, marked when urgent."""
    at = announcement.due_at or announcement.approved_at or announcement.created_at
    sign = "🔴 " if announcement.kind == "urgent" else ""
    return f"{sign}{first_line(announcement)} ({day_text(today(at))})"


def audience_text(audience: Audience, names: Mapping[str, str]) -> str:
    """Whom it is for."""
    match audience.kind:
        case "everyone":
            return "همه‌ی مشترکان"
        case "bureaus":
            return "مشترکان " + ("، ".join(names.get(slug, slug) for slug in audience.bureaus) or "(هنوز هیچ دفتری)")
        case "county":
            return f"مشترکان شهرستان {COUNTIES.get(audience.county, '؟')}"


def duration_text(recipients: int, rate: float | None = None) -> str:
    """How long sending takes at the messengers' pace."""
    seconds = recipients / (rate or RULES.rate)
    if seconds < 90:
        return "کمتر از دو دقیقه"
    if seconds < 5400:
        return f"حدود {persian_digits(round(seconds / 60))} دقیقه"
    hours, minutes = divmod(round(seconds / 60), 60)
    rest = f" و {persian_digits(minutes)} دقیقه" if minutes and hours < 10 else ""
    return f"حدود {persian_digits(hours)} ساعت{rest}"


def described(announcement: Announcement, names: Mapping[str, str]) -> Items:
    """What the desk has chosen."""
    kind = "فوری (ساعت سکوت را رعایت نمی‌کند)" if announcement.kind == "urgent" else "عادی"
    when = "همین که تأیید شود" if announcement.due_at is None else moment_text(announcement.due_at)
    lines = [f"گیرندگان: {audience_text(announcement.audience, names)}", f"نوع: {kind}", f"زمان: {when}"]
    if announcement.body.files:
        lines.append(f"فایل: {persian_digits(len(announcement.body.files))}")
    if announcement.body.options:
        lines.append(f"نظرسنجی با {persian_digits(len(announcement.body.options))} گزینه")
    return Items(tuple(lines))


def panel(announcement: Announcement, tally: Tally, rate: float = 0.0, *, note: str = "") -> Part:
    """The progress of an announcement, with what can be done about it."""
    blocks: list[Block] = [
        Heading(f"اطلاعیه‌ی {persian_digits(announcement.id)}: {state_text(announcement)}"),
        say(first_line(announcement), "quiet"),
    ]
    if announcement.state not in {"asked", "draft", "dropped"}:
        blocks.append(_tally(announcement, tally, rate))
    if announcement.reason:
        blocks.append(say(announcement.reason))
    if note:
        blocks.append(say(note))
    return Part(tuple(blocks), _ways(announcement, tally), replaces="pressed")


def state_text(announcement: Announcement) -> str:
    """What it is doing now."""
    if announcement.amend == "edit":
        return f"{STATE_NAMES[announcement.state]}؛ پیام‌های رفته اصلاح می‌شود"
    if announcement.amend == "recall":
        return "پیام‌های رفته پس گرفته می‌شود"
    if announcement.state == "running" and announcement.due_at is not None and announcement.started_at is None:
        return f"زمان‌بندی شده برای {moment_text(announcement.due_at)}"
    return STATE_NAMES[announcement.state]


def _tally(announcement: Announcement, tally: Tally, rate: float) -> Items:
    counts = [
        ("گیرندگان", tally.total),
        ("فرستاده شد", tally.sent),
        ("مانده", tally.left),
        ("ربات را بسته‌اند", tally.blocked),
        ("نشد", tally.failed),
        ("نامعلوم (پیام‌رسان پاسخ نداد)", tally.unknown),
        ("خودشان نخواستند", tally.withdrawn),
        ("اصلاح‌شده یا پس‌گرفته", tally.amended),
    ]
    shown = [f"{name}: {persian_digits(count)}" for place, (name, count) in enumerate(counts) if count or place < 3]
    if not announcement.planned and announcement.state in {"running", "paused"}:
        shown[0] += " (فهرست هنوز نوشته می‌شود)"
    if announcement.state == "running" and rate > 0:
        shown.append(f"سرعت: {persian_digits(f'{rate:.0f}')} پیام در ثانیه؛ {duration_text(tally.left, rate)} مانده")
    return Items(tuple(shown))


def _ways(announcement: Announcement, tally: Tally) -> tuple[Row, ...]:
    number = announcement.id
    match announcement.state:
        case "running":
            first: Row = (Button("نگه دار", data=f"nwpause:{number}"), Button("متوقف کن", data=f"nwstop:{number}"))
        case "paused":
            first = (Button("ادامه بده", data=f"nwgo:{number}"), Button("متوقف کن", data=f"nwstop:{number}"))
        case "done" | "stopped":
            first = ()
        case _:
            return ((Button("تازه کردن", data=f"nwsee:{number}"),),)
    second: Row = (Button("اصلاح متن", data=f"nwedit:{number}"), Button("پس بگیر", data=f"nwrecall:{number}"))
    doubt: Row = ()
    if tally.unknown and announcement.state != "stopped":
        doubt = (Button("دوباره برای نامعلوم‌ها", data=f"nwagain:{number}"),)
    rows: tuple[Row, ...] = (first, doubt, second, (Button("تازه کردن", data=f"nwsee:{number}"),))
    return tuple(filter(None, rows))
