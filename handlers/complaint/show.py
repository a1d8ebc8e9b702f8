"""How a draft, a filed complaint and a list of complaints look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from handlers.complaint import texts
from handlers.complaint.dates import day_text, moment_text, today
from handlers.complaint.draft import Draft
from handlers.complaint.files import files_text
from handlers.complaint.subject import GENERAL
from handlers.reply import Block, Button, Heading, Items, Paragraph, Part, Reply, Row, Span, pages, say
from handlers.visit import Office
from knowledge.persian import persian_digits
from records.complaint_states import REOPENINGS, SETTLED, State, allowed
from records.complaint_values import CITIZEN, Complainant, Complaint, ComplaintFile, Event

PAGE = 8
"""Complaints on one page of the list."""

EXCERPT = 60
SHORT_STORY = 1000

UNKNOWN_SUBJECT = "هنوز روشن نیست؛ کارشناس تعیین می‌کند"
ANONYMOUS = "بی‌نام (کارشناس نه نام شما را می‌بیند، نه شماره‌تان را)"
NAMED = "کارشناس این نام را می‌بیند، و شماره‌تان را هم اگر بدهید"
NAMED_WITH_NUMBER = "کارشناس این نام و شماره‌تان را می‌بیند"

STATE_WORDS: dict[State, str] = {
    "new": "ثبت شده و در نوبت بررسی است",
    "taken": "در دست کارشناس است",
    "in_progress": "در دست رسیدگی است",
    "answered": "پاسخ داده شده است",
    "closed": "بسته شده است",
    "reopened": "دوباره باز شده است",
    "not_ours": "در صلاحیت این‌جا نبوده است",
    "duplicate": "تکراری است و زیر شکایت دیگری پیگیری می‌شود",
    "withdrawn": "پس گرفته شده است",
}

_MOVED: dict[State, str] = {
    "new": "به نوبت بررسی برگشت",
    "taken": "کارشناس آن را در دست گرفت",
    "in_progress": "رسیدگی ادامه دارد",
    "answered": "پاسخ داده شد",
    "closed": "بسته شد",
    "reopened": "دوباره باز شد",
    "not_ours": "در صلاحیت این‌جا دانسته نشد",
    "duplicate": "تکراری دانسته شد",
    "withdrawn": "پس گرفته شد",
}
"""What happened when it came into that state."""

_EVENT_WORDS = {
    "filed": "شکایت ثبت شد",
    "files": "فایل اضافه شد",
    "mobile": "شماره اصلاح شد",
    "anonymous": "نام از شکایت برداشته شد",
    "named": "نام به شکایت اضافه شد",
    "assigned": "به کارشناس سپرده شد",
}


def subject_text(office: Office, code: str | None) -> str:
    """A service with its bureau, or that it is not known yet."""
    if code is None or code not in office.catalogue:
        return UNKNOWN_SUBJECT
    return f"{office.catalogue.service(code).title} — {office.catalogue.bureau_of(code).name}"


def honest_note(office: Office, draft: Draft) -> str:
    """What must be said of a body that has no service of its own; empty when nothing."""
    if draft.subject != GENERAL or GENERAL not in office.catalogue or not (draft.body or draft.elsewhere):
        return ""
    bureau = office.catalogue.bureau_of(GENERAL).name
    if draft.body:
        return (
            f"راستش برای «{draft.body}» خدمت جداگانه‌ای در کتابچه نیست؛ این شکایت زیر «شکایت از دستگاه‌های اجرایی» به "
            f"«{bureau}» می‌رود. اگر کار آن‌ها هم نباشد، همین‌جا خبرتان می‌کنیم."
        )
    return (
        f"به گمان من اصل این کار با {draft.elsewhere} است؛ این‌جا زیر «شکایت از دستگاه‌های اجرایی» به «{bureau}» می‌رود. "
        "راه دیگر، سامد با تلفن ۱۱۱ است."
    )


def review(office: Office, draft: Draft, said: str = "") -> Reply:
    """Everything as it will be filed, and the last question."""
    blocks: list[Block] = [say(said)] if said else []
    blocks.append(Heading("پیش از ثبت، یک بار ببینید", level=1))
    blocks.append(_line("موضوع", subject_text(office, draft.subject)))
    if draft.body:
        blocks.append(_line("از", draft.body))
    blocks += _told(draft.text)
    blocks.append(_line("فایل‌ها", files_text(draft.files)))
    blocks.append(_line("نام", _named(draft.name, draft.mobile) if draft.named else ANONYMOUS))
    if draft.mobile:
        blocks.append(_line("موبایل", persian_digits(draft.mobile)))
    if note := honest_note(office, draft):
        blocks.append(say(note, "quiet"))
    blocks.append(say(final_question(draft), "strong"))
    cut = pages(blocks)
    parts = [Part(page) for page in cut[:-1]]
    return Reply((*parts, Part(cut[-1], review_rows(draft))))


def final_question(draft: Draft, condition: str = texts.IF_CORRECT) -> str:
    """What is still wanted before it is filed."""
    if draft.mobile:
        return f"{condition}، «ثبت» را بزنید."
    return f"{condition}، شماره‌ی موبایلتان را بفرستید تا ثبت شود؛ یا «ثبت بدون شماره» را بزنید."


def review_rows(draft: Draft) -> tuple[Row, ...]:
    """The buttons under the review."""
    rows: list[Row] = [
        (Button("ثبت" if draft.mobile else "ثبت بدون شماره", data=f"csend:{draft.id}"),),
        (Button("بی‌نام" if draft.named else "با نام", data="cname"), Button("ویرایش متن", data="cedit")),
    ]
    third = [Button("تغییر موضوع", data="csub")]
    if draft.files:
        third.append(Button("حذف فایل‌ها", data="cfile:drop"))
    return (*rows, tuple(third), (cancel_button(draft),))


def cancel_button(draft: Draft) -> Button:
    """The way out, everywhere."""
    return Button("انصراف", data=f"ccancel:{draft.id}")


def choose_subject(office: Office, draft: Draft, said: str = "") -> Reply:
    """The likeliest subjects, to be chosen from."""
    titles = tuple(subject_text(office, code) for code in draft.offered if code in office.catalogue)
    marks = tuple(persian_digits(number) for number in range(1, len(titles) + 1))
    blocks: list[Block] = [say(said)] if said else []
    blocks.append(say("موضوع شکایت به کدام نزدیک‌تر است؟", "strong"))
    blocks.append(Items(titles, marks))
    blocks.append(say("یکی را بزنید، یا بنویسید شکایت از کجاست. اگر نمی‌دانید، «نمی‌دانم» را بزنید.", "quiet"))
    return Reply((Part(tuple(blocks), subject_rows(office, draft)),))


def subject_rows(office: Office, draft: Draft) -> tuple[Row, ...]:
    """The subjects that were offered, as buttons."""
    offered = (code for code in draft.offered if code in office.catalogue)
    rows = tuple((Button(office.catalogue.service(code).short_title, data=f"csub:{code}"),) for code in offered)
    return (*rows, (Button("نمی‌دانم", data="csub:none"), cancel_button(draft)))


def filed(office: Office, complaint: Complaint, mobile: str) -> Reply:
    """The code, what it is about, what happens now and by when."""
    code = complaint.code
    blocks: list[Block] = [
        Heading("شکایت شما ثبت شد", level=1),
        Paragraph((Span("کد رهگیری: ", "strong"), Span(code, "code"))),
        Paragraph((Span("موضوع: ", "strong"), Span(subject_text(office, complaint.subject)))),
        say(promise(complaint)),
        say(f"{texts.whose_deadlines()} خبرها را همین‌جا می‌نویسم؛ با این کد هر وقت بخواهید پیگیری کنید."),
    ]
    if mobile:
        blocks.append(say(f"موبایل: {persian_digits(mobile)} (اگر اشتباه است، همین‌جا درستش را بنویسید.)", "quiet"))
    rows: tuple[Row, ...] = (
        (Button("رونوشت کد", copy=code), Button("پیگیری", data=f"cview:{code}")),
        (Button("افزودن توضیح یا فایل", data=f"cnote:{code}"),),
    )
    return Reply((Part(tuple(blocks), rows),))


def promise(complaint: Complaint) -> str:
    """By when it is looked at and answered."""
    return (
        f"بررسی اولیه: تا {day_text(complaint.look_by)}. اگر نامه‌نگاری یا بازرسی لازم نباشد، پاسخ کتبی: "
        f"تا {day_text(complaint.answer_by)}."
    )


def whole(
    office: Office,
    complaint: Complaint,
    complainant: Complainant,
    *,
    events: Sequence[Event],
    files: Iterable[ComplaintFile],
) -> Reply:
    """A complaint as its own complainant sees it."""
    blocks: list[Block] = [
        Paragraph((Span("شکایت ", "strong"), Span(complaint.code, "code"))),
        _line("وضعیت", state_text(complaint)),
        _line("موضوع", subject_text(office, complaint.subject)),
        *_told(complaint.story),
        _line("فایل‌ها", files_text(files)),
        _line("نام", _named(name, complainant.mobile) if (name := complaint.named and complainant.name) else ANONYMOUS),
    ]
    if complainant.mobile:
        blocks.append(_line("موبایل", persian_digits(complainant.mobile)))
    if complaint.state in {"new", "taken", "in_progress"}:
        blocks.append(_line("مهلت", promise(complaint)))
    blocks += [Heading("آنچه گذشته است"), Items(tuple(_event_line(event) for event in events))]
    if complaint.state in SETTLED and complaint.rating is None:
        blocks.append(say("حل شد؟", "strong"))
    cut = pages(blocks)
    return Reply((*(Part(page) for page in cut[:-1]), Part(cut[-1], _whole_rows(complaint))))


def news(complaint: Complaint, said: str | None = None) -> Part:
    """What is sent to the complainant when the office has changed the state; `said`: the office's word with it."""
    code = complaint.code
    blocks: list[Block] = [
        Paragraph((Span("خبر شکایت ", "strong"), Span(code, "code"))),
        say(f"{state_text(complaint)}."),
    ]
    if said:
        blocks.append(say(said))
    rows: list[Row] = [(Button("پیگیری", data=f"cview:{code}"),)]
    if complaint.state in SETTLED:
        blocks.append(say("حل شد؟", "strong"))
        rows.insert(0, _solved_row(code))
    elif complaint.state in {"not_ours", "duplicate"}:
        rows.append((Button("راه‌های دیگر", data="ways"),))
    return Part(tuple(blocks), tuple(rows))


def _solved_row(code: str) -> Row:
    return (Button("بله، حل شد", data=f"csolved:{code}:yes"), Button("نه، حل نشد", data=f"csolved:{code}:no"))


def state_only(complaint: Complaint) -> Reply:
    """A complaint as anybody else who has its code sees it."""
    return Reply(
        (
            Part(
                (
                    Paragraph((Span("شکایت ", "strong"), Span(complaint.code, "code"))),
                    _line("وضعیت", STATE_WORDS[complaint.state]),
                    say("بیش از این را فقط به کسی نشان می‌دهم که از همین حساب ثبتش کرده است.", "quiet"),
                )
            ),
        )
    )


def state_text(complaint: Complaint) -> str:
    """The state in the office's words, with whose work it is when it is not ours."""
    words = STATE_WORDS[complaint.state]
    return f"{words}؛ مربوط به {complaint.whose}" if complaint.state == "not_ours" and complaint.whose else words


def listed(office: Office, mine: Sequence[Complaint], total: int, page: int) -> Reply:
    """One page of a person's complaints; `page` from 0."""
    lines = tuple(
        f"{complaint.code} — {_short_subject(office, complaint)} — {STATE_WORDS[complaint.state]}"
        f" ({day_text(today(complaint.at))})"
        for complaint in mine
    )
    last = (total - 1) // PAGE
    rows: list[Row] = [(Button(complaint.code, data=f"cview:{complaint.code}"),) for complaint in mine]
    turning = []
    if page > 0:
        turning.append(Button("◀ تازه‌ترها", data=f"clist:{page - 1}"))
    if page < last:
        turning.append(Button("قدیمی‌ترها ▶", data=f"clist:{page + 1}"))
    if turning:
        rows.append(tuple(turning))
    of = f" (صفحه‌ی {persian_digits(page + 1)} از {persian_digits(last + 1)})" if last else ""
    return Reply((Part((Heading(f"شکایت‌های شما{of}"), Items(lines)), tuple(rows)),))


def rating_row(code: str) -> Row:
    """One to five."""
    return tuple(Button(persian_digits(stars), data=f"crate:{code}:{stars}") for stars in range(1, 6))


def excerpt(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[:EXCERPT].rsplit(' ', 1)[0]} …"


def _told(story: str) -> list[Block]:
    """The story after its label; a long one stands alone, so that it can be cut into pages."""
    return [_line("متن", story)] if len(story) <= SHORT_STORY else [say("متن:", "strong"), say(story)]


def _named(name: str, mobile: str | None) -> str:
    return f"{name} ({NAMED_WITH_NUMBER if mobile else NAMED})"


def _line(label: str, text: str) -> Paragraph:
    return Paragraph((Span(f"{label}: ", "strong"), Span(text)))


def _short_subject(office: Office, complaint: Complaint) -> str:
    known = complaint.subject is not None and complaint.subject in office.catalogue
    return office.catalogue.service(complaint.subject).short_title if known and complaint.subject else "بی‌موضوع"


def _event_line(event: Event) -> str:
    match event.what:
        case "state" if event.after is not None:
            what = _MOVED[event.after]
        case "note" if event.who == CITIZEN:
            what = "توضیح شما"
        case "note":
            what = "پرسش کارشناس" if event.who.startswith("staff:") else "خبر اداره"
        case _:
            what = _EVENT_WORDS.get(event.what, "به‌روز شد")
    return f"{moment_text(event.at)} — {what}" + (f": {event.said}" if event.said else "")


def _whole_rows(complaint: Complaint) -> tuple[Row, ...]:
    code = complaint.code
    rows: list[Row] = []
    if complaint.state in SETTLED:
        if complaint.rating is None:
            rows.append(_solved_row(code))
        elif complaint.reopened < REOPENINGS:
            rows.append((Button("نه، حل نشد", data=f"csolved:{code}:no"),))
        if complaint.reopened >= REOPENINGS:
            rows.append((Button("راه‌های بالاتر", data="ways"),))
    elif complaint.state not in {"not_ours", "duplicate", "withdrawn"}:
        rows.append((Button("افزودن توضیح یا فایل", data=f"cnote:{code}"),))
    if complaint.state in {"not_ours", "duplicate"}:
        rows.append((Button("راه‌های دیگر", data="ways"),))
    if allowed(complaint.state, "withdrawn"):
        rows.append((Button("پس گرفتن شکایت", data=f"cwithdraw:{code}"),))
    rows.append((Button("رونوشت کد", copy=code),))
    return tuple(rows)
