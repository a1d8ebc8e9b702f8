"""What a member writes about a case: an answer, a question to the citizen, an internal note, whose it is, of which it
is a duplicate. Whatever reaches the citizen is shown before it goes."""

from __future__ import annotations

from typing import get_args

from handlers.complaint.dates import day_text, today
from handlers.complaint.rules import store
from handlers.complaint.show import subject_text
from handlers.complaint.twins import count_twins, tell_twin
from handlers.desk.card import card
from handlers.desk.guard import log, may_see, may_work, stale
from handlers.desk.memory import Writing, WritingKind, clear, recall, remember
from handlers.desk.opened import Opened, bureau_name, open_case, with_holder
from handlers.desk.post import tell_citizen
from handlers.desk.rules import cases
from handlers.desk.work import CHANGED, NOT_NOW, holder_text, move
from handlers.reply import Block, Button, Heading, Part, Reply, Row, message, say
from handlers.visit import Visit
from knowledge.canned import replies_of
from knowledge.persian import persian_digits
from records.complaint_errors import TrackingCodeError
from records.complaint_states import OPEN, SETTLED, State, allowed
from records.staff import Member
from records.tracking import read_code

LONGEST = 2000
"""Most characters of what is written: with its frame it stays one message."""

CANCEL = Button("انصراف", data="dquit")
ONLY_TEXT = "این‌جا فقط متن می‌گیرم."
CHANGED_SINCE = "این شکایت در این فاصله تغییر کرد. باز هم برود؟"
NOT_SENT = "چیزی فرستاده نشد."
NO_TWIN = "شکایت دیگری با این کد پیدا نشد که این یکی زیر آن پیگیری شود. کد را دوباره بنویسید."
TWINS_TOO = "همین پاسخ برای {count} شکایت تکراری آن هم می‌رود، هر کدام با کد خودش؛ نام و نشانی کسی را در آن ننویسید."

_ASKED: dict[WritingKind, str] = {
    "answer": "پاسخ شکایت {code} را بنویسید. پیش از رفتن، نشانتان می‌دهم.",
    "ask": "از شهروند درباره‌ی شکایت {code} چه می‌پرسید؟ پیش از رفتن، نشانتان می‌دهم.",
    "note": "یادداشت داخلی شکایت {code} را بنویسید. شهروند آن را نمی‌بیند.",
    "whose": "شکایت {code} کارِ کجاست؟ نام دستگاه را بنویسید؛ به شهروند گفته می‌شود.",
    "twin": "شکایت {code} تکراری کدام است؟ کد آن را بنویسید.",
}

_AFTER: dict[WritingKind, State] = {"answer": "answered", "whose": "not_ours", "twin": "duplicate"}


async def begin(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dwrite:<code>:<stamp>:<kind>`: the next text is it."""
    opened = await open_case(visit, member, parts[0] if parts else "")
    kind = next((one for one in get_args(WritingKind) if parts[2:] == (one,)), None)
    if opened is None or kind is None:
        return stale()
    if (refusal := await _refusal(visit, member, opened, kind, parts[1])) is not None:
        return refusal
    code = opened.complaint.code
    remember(visit, writing=Writing(kind=kind, code=code, stamp=opened.stamp))
    rows: list[Row] = []
    if kind in {"answer", "ask"}:
        rows += [
            (Button(one.title, data=f"dcan:{code}:{opened.stamp}:{one.id}"),) for one in replies_of(opened.case.bureau)
        ]
    return message(_ASKED[kind].format(code=code), buttons=(*rows, (CANCEL,)))


async def canned(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dcan:<code>:<stamp>:<id>`: a ready answer in place of one's own words."""
    memory = recall(visit)
    opened = await open_case(visit, member, parts[0] if parts else "")
    if opened is None or memory is None or memory.writing is None or memory.writing.code != opened.complaint.code:
        return stale()
    found = next((one for one in replies_of(opened.case.bureau) if parts[2:] == (one.id,)), None)
    if found is None or memory.writing.kind not in {"answer", "ask"}:
        return stale()
    filled = found.filled(
        code=opened.complaint.code,
        bureau=f"«{bureau_name(visit.office, opened.case.bureau)}»",
        subject=f"«{subject_text(visit.office, opened.complaint.subject)}»",
        day=day_text(today(visit.turn.at)),
    )
    return await _preview(visit, member, opened, _with(memory.writing, filled))


async def go_on(visit: Visit, member: Member, writing: Writing) -> Reply:
    """The text that was asked for."""
    text = visit.turn.text.strip()
    opened = await open_case(visit, member, writing.code)
    if opened is None:
        clear(visit)
        return stale()
    if not text:
        return message(ONLY_TEXT, buttons=((CANCEL,),))
    if len(text) > LONGEST:
        return message("متن بلند است؛ تا دو هزار حرف بنویسید.", buttons=((CANCEL,),))
    if writing.kind == "note":
        return await _noted(visit, member, opened, text)
    return await _preview(visit, member, opened, _with(writing, text))


async def _noted(visit: Visit, member: Member, opened: Opened, text: str) -> Reply:
    await store(visit).note(opened.complaint.id, member.who, text, visit.turn.at, public=False)
    await log(visit, member, "note", opened.complaint.code)
    clear(visit)
    return await card(visit, member, opened, said="یادداشت افزوده شد.")


async def _preview(visit: Visit, member: Member, opened: Opened, writing: Writing, said: str = "") -> Reply:
    text = writing.text
    if (refusal := await _refusal(visit, member, opened, writing.kind, opened.stamp)) is not None:
        clear(visit)
        return refusal
    if writing.kind == "twin":
        found = await _twin(visit, member, opened, text)
        if found is None:
            return message(NO_TWIN, buttons=((CANCEL,),))
        text = found.complaint.code
    fresh = Writing(kind=writing.kind, code=writing.code, stamp=opened.stamp, text=text)
    remember(visit, writing=fresh)
    blocks: list[Block] = [say(said, "strong")] if said else []
    blocks += [Heading("پیش‌نمایش آنچه به شهروند می‌رسد"), *_words(opened, fresh)]
    if writing.kind == "twin":
        blocks.append(say(f"زیر شکایت {text} پیگیری خواهد شد؛ این کد به شهروند گفته نمی‌شود.", "quiet"))
    if writing.kind == "answer" and (others := await count_twins(visit, opened.complaint)):
        blocks.append(say(TWINS_TOO.format(count=persian_digits(others)), "strong"))
    blocks.append(say("اگر متن دیگری می‌خواهید، همین حالا بنویسید.", "quiet"))
    return Reply((Part(tuple(blocks), ((Button("بفرست", data=f"dsend:{fresh.key}"), CANCEL),)),))


def _with(writing: Writing, text: str) -> Writing:
    return writing.model_copy(update={"text": text})


def _words(opened: Opened, writing: Writing) -> tuple[Block, ...]:
    """What the citizen reads."""
    code, text = opened.complaint.code, writing.text
    match writing.kind:
        case "answer":
            return (Heading(f"پاسخ شکایت {code}"), say(text), say("حل شد؟", "strong"))
        case "ask":
            return (Heading(f"پرسش کارشناس درباره‌ی شکایت {code}"), say(text))
        case "whose":
            return (say(f"شکایت {code} در صلاحیت این‌جا نیست؛ مربوط به {text} است."),)
        case "twin":
            return (say(f"شکایت {code} تکراری است و زیر شکایت دیگری پیگیری می‌شود."),)
        case "note":
            return (say(text),)


def _buttons(opened: Opened, kind: WritingKind) -> tuple[Row, ...]:
    code = opened.complaint.code
    match kind:
        case "answer":
            yes, no = Button("بله، حل شد", data=f"csolved:{code}:yes"), Button("نه، حل نشد", data=f"csolved:{code}:no")
            return ((yes, no),)
        case "ask":
            return ((Button("نوشتن پاسخ", data=f"cnote:{code}"),),)
        case "whose" | "twin":
            subject = opened.complaint.subject
            return ((Button("راه‌های دیگر", data=f"ways:{subject}" if subject else "ways"),),)
        case "note":
            return ()


async def send(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dsend:<key>`: what the preview showed goes, once."""
    memory = recall(visit)
    writing = memory.writing if memory is not None else None
    if writing is None or not writing.text or parts != (writing.key,):
        return stale()
    if writing.kind == "twin":
        await _lock_both(visit, member, writing)
    opened = await open_case(visit, member, writing.code, lock=True)
    if opened is None:
        clear(visit)
        return stale()
    if opened.stamp != writing.stamp:
        return await _preview(visit, member, opened, writing, CHANGED_SINCE)
    if (refusal := await _refusal(visit, member, opened, writing.kind, opened.stamp)) is not None:
        clear(visit)
        return refusal
    twin = await _twin(visit, member, opened, writing.text) if writing.kind == "twin" else None
    if writing.kind == "twin" and twin is None:
        return message(NO_TWIN, buttons=((CANCEL,),))
    opened = await _done(visit, member, opened, writing, twin)
    clear(visit)
    reached = await tell_citizen(
        visit, opened.complaint, *_words(opened, writing), buttons=_buttons(opened, writing.kind)
    )
    if twin is not None:
        await tell_twin(visit, opened.complaint, twin.complaint)
    said = "فرستاده شد." if reached else "ثبت شد؛ ولی شهروند داده‌هایش را پاک کرده است و پیامی نمی‌گیرد."
    return await card(visit, member, opened, said=said)


async def _done(visit: Visit, member: Member, opened: Opened, writing: Writing, twin: Opened | None) -> Opened:
    """What is written, done: on record, with the state that follows. `twin`: what it is a duplicate of."""
    match writing.kind:
        case "answer":
            opened = await move(visit, member, opened, "answered", said=writing.text)
            if opened.case.answered_at is None:
                case = await cases(visit).change(opened.case, answered_at=visit.turn.at.timestamp())
                opened = await with_holder(visit, opened.complaint, case)
        case "whose":
            opened = await move(visit, member, opened, "not_ours", whose=writing.text)
        case "twin":
            opened = await move(visit, member, opened, "duplicate", duplicate_of=twin.complaint.id if twin else None)
        case "ask" | "note":
            public = writing.kind == "ask"
            await store(visit).note(opened.complaint.id, member.who, writing.text, visit.turn.at, public=public)
    await log(visit, member, writing.kind, opened.complaint.code)
    return opened


async def _lock_both(visit: Visit, member: Member, writing: Writing) -> None:
    """Lock a duplicate and what it is one of, always in the same order: the answer that is being given to the one at
    this moment reaches the other either way."""
    both = [await open_case(visit, member, code) for code in (writing.code, writing.text)]
    for complaint in sorted(one.complaint.id for one in both if one is not None):
        await cases(visit).lock(complaint)


async def _twin(visit: Visit, member: Member, opened: Opened, text: str) -> Opened | None:
    """The complaint that another is a duplicate of: one that the member may see and that is worked on or answered;
    under any other nothing would become of it."""
    try:
        code = read_code(text)
    except TrackingCodeError:
        return None
    found = await open_case(visit, member, code)
    if found is None or found.complaint.id == opened.complaint.id:
        return None
    return found if found.complaint.state in OPEN | SETTLED else None


async def _refusal(visit: Visit, member: Member, opened: Opened, kind: WritingKind, stamp: str) -> Reply | None:
    """Why this may not be written now; None when it may."""
    if kind == "note":
        return None if may_see(member, opened.case) else stale()
    if opened.stamp != stamp:
        return await card(visit, member, opened, said=CHANGED)
    if not may_work(member, opened.case):
        return await card(visit, member, opened, said=holder_text(opened))
    after, state = _AFTER.get(kind), opened.complaint.state
    fits = state in OPEN if after is None else allowed(state, after)
    return None if fits else await card(visit, member, opened, said=NOT_NOW)


async def quit_(visit: Visit, _member: Member, _parts: tuple[str, ...]) -> Reply:
    """`dquit`: nothing is written after all."""
    clear(visit)
    return message(NOT_SENT)
