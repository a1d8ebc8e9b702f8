"""What is done with a case by one press: take, give back, give on, letters, inspection, close, spam, files, history."""

from __future__ import annotations

import dataclasses

from handlers.complaint.checked import LOOKED_INTO, NOT_CHECKED, WITHHELD, checked
from handlers.complaint.dates import day_text, today
from handlers.complaint.files import KINDS, executable
from handlers.complaint.rules import store
from handlers.complaint.show import rating_row
from handlers.complaint.twins import tell_twins
from handlers.desk.card import card, event_lines, group_card
from handlers.desk.guard import log, may_work, stale
from handlers.desk.opened import Opened, bureau_name, open_case, with_holder
from handlers.desk.post import tell_citizen, tell_members
from handlers.desk.rules import cases, staff
from handlers.reply import (
    Block,
    Button,
    Heading,
    Items,
    Paragraph,
    Part,
    Received,
    Reply,
    Row,
    Span,
    message,
    pages,
    say,
)
from handlers.visit import Visit
from knowledge.persian import persian_digits
from records.complaint_states import OPEN, State, allowed
from records.complaint_values import Change, ComplaintFile
from records.desk_values import Stage
from records.staff import Member

CHANGED = "این شکایت در این فاصله تغییر کرده است. کارت تازه:"
NOT_NOW = "در این وضعیت نمی‌شود. کارت تازه:"
SENT_TO_PRIVATE = "در گفت‌وگوی خصوصی فرستادم. اگر نرسید، اول به خودم پیام بدهید."
NO_FILES = "این شکایت فایلی ندارد."
NO_BLOCK = (
    "راه‌بندی پیدا نشد که برای این شکایت باشد. اگر فرستنده داده‌هایش را پاک کرده باشد، راه‌بند او تا پایان مهلتش می‌ماند."
)
NOT_KNOWN = "فرستنده دیگر شناخته نیست."


async def to_work(visit: Visit, member: Member, parts: tuple[str, ...]) -> Opened | Reply:
    """The complaint of `code:stamp:…`, locked, when this member may act on it and nothing changed since they saw it;
    else what to say."""
    opened = await open_case(visit, member, parts[0] if parts else "", lock=True)
    if opened is None or len(parts) < 2:
        return stale()
    if opened.stamp != parts[1]:
        return await card(visit, member, opened, said=CHANGED)
    if not may_work(member, opened.case):
        return await card(visit, member, opened, said=holder_text(opened))
    return opened


def holder_text(opened: Opened) -> str:
    """Who has it in hand."""
    return f"این شکایت دست {opened.holder.shown} است." if opened.holder else "اول «برداشتن» را بزنید."


async def move(visit: Visit, member: Member, opened: Opened, after: State, *, said: str | None = None,
               whose: str | None = None, duplicate_of: int | None = None) -> Opened:  # fmt: skip
    """Change the state, on record and on the audit, and tell whoever filed duplicates of it; the caller has looked
    whether it is allowed."""
    complaint = opened.complaint
    change = Change(
        complaint.id,
        complaint.state,
        after,
        member.who,
        visit.turn.at,
        said=said,
        whose=whose,
        duplicate_of=duplicate_of,
    )
    moved = await store(visit).move(change)
    await log(visit, member, "state", complaint.code, f"{complaint.state} → {after}")
    await tell_twins(visit, moved, said)
    return dataclasses.replace(opened, complaint=moved)


async def see(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dcard:<code>`: the card; from the group it is sent to the member's own chat."""
    opened = await open_case(visit, member, parts[0] if parts else "")
    if opened is None:
        return stale()
    await log(visit, member, "see", opened.complaint.code)
    reply = await card(visit, member, opened)
    if visit.turn.private:
        return reply
    await tell_members(visit, (member,), *reply.parts)
    return Reply(notice=SENT_TO_PRIVATE)


async def take(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dtake:<code>`: of several who press, one has it; the others are told who."""
    opened = await open_case(visit, member, parts[0] if parts else "", lock=True)
    if opened is None:
        return stale()
    if opened.case.holder == member.id:
        return await _shown(visit, member, opened, "این شکایت دست خود شماست.")
    if opened.holder is not None:
        return await _shown(visit, member, opened, f"این شکایت را {opened.holder.shown} برداشته است.")
    if opened.complaint.state not in OPEN:
        return await _shown(visit, member, opened, "این شکایت دیگر باز نیست.")
    fresh = opened.complaint.state == "new"
    if opened.complaint.state in {"new", "reopened"}:
        opened = await move(visit, member, opened, "taken")
    case = await cases(visit).change(opened.case, holder=member.id)
    if fresh:
        case = await cases(visit).enter(case, "answer", visit.turn.at, opened.complaint.answer_by)
    await log(visit, member, "take", opened.complaint.code)
    bureau = bureau_name(visit.office, case.bureau)
    await tell_citizen(
        visit, opened.complaint, f"شکایت {opened.complaint.code} در دست کارشناس «{bureau}» است و بررسی می‌شود."
    )
    return await _shown(visit, member, Opened(opened.complaint, case, member), "برداشتید.")


async def _shown(visit: Visit, member: Member, opened: Opened, said: str) -> Reply:
    """The card as it is now: in the group in place of the old one, and to the member alone the whole."""
    whole = await card(visit, member, opened, said=said)
    if visit.turn.private:
        return dataclasses.replace(whole, notice=said)
    if opened.case.holder == member.id:
        await tell_members(visit, (member,), *whole.parts)
    return Reply((dataclasses.replace(await group_card(visit, opened), replaces="pressed"),), said)


async def drop(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`ddrop:<code>:<stamp>`: put it back into the queue."""
    opened = await to_work(visit, member, parts)
    if isinstance(opened, Reply):
        return opened
    if opened.complaint.state != "taken" or opened.case.holder is None:
        return await card(visit, member, opened, said=NOT_NOW)
    opened = await move(visit, member, opened, "new")
    case = await cases(visit).change(opened.case, holder=None)
    await tell_citizen(visit, opened.complaint, f"شکایت {opened.complaint.code} دوباره در نوبت بررسی است.")
    return await card(visit, member, Opened(opened.complaint, case), said="به صف برگشت.")


async def go(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dgo:<code>:<stamp>:letters|inspection|closed`."""
    opened = await to_work(visit, member, parts)
    if isinstance(opened, Reply):
        return opened
    match parts[2:]:
        case ("letters",):
            return await _proceed(visit, member, opened, "letters", "با دستگاه مربوط مکاتبه می‌شود")
        case ("inspection",):
            return await _proceed(visit, member, opened, "inspection", "بازرسی انجام می‌شود")
        case ("closed",):
            return await _close(visit, member, opened)
        case _:
            return stale()


async def _proceed(visit: Visit, member: Member, opened: Opened, stage: Stage, words: str) -> Reply:
    if not allowed(opened.complaint.state, "in_progress"):
        return await card(visit, member, opened, said=NOT_NOW)
    opened = await move(visit, member, opened, "in_progress", said=words)
    case = await cases(visit).enter(opened.case, stage, visit.turn.at)
    code, day = opened.complaint.code, day_text(today(case.due))
    await tell_citizen(visit, opened.complaint, f"درباره‌ی شکایت {code} {words}. مهلت پاسخ: تا {day}.")
    said = f"به شهروند گفته شد: {words}، تا {day}."
    return await card(visit, member, await with_holder(visit, opened.complaint, case), said=said)


async def _close(visit: Visit, member: Member, opened: Opened) -> Reply:
    if not allowed(opened.complaint.state, "closed"):
        return await card(visit, member, opened, said=NOT_NOW)
    opened = await move(visit, member, opened, "closed")
    code = opened.complaint.code
    await tell_citizen(
        visit, opened.complaint, f"شکایت {code} بسته شد. از ۱ تا ۵ چه نمره‌ای به رسیدگی می‌دهید؟",
        buttons=(rating_row(code), (Button("حل نشد", data=f"csolved:{code}:no"),)),
    )  # fmt: skip
    return await card(visit, member, opened, said="بسته شد.")


async def give(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dgive:<code>:<stamp>`: to whom? `…:b-<slug>` and `…:p-<member id>` give it there."""
    opened = await to_work(visit, member, parts)
    if isinstance(opened, Reply):
        return opened
    if opened.complaint.state not in OPEN:
        return await card(visit, member, opened, said=NOT_NOW)
    if len(parts) == 2:
        return await _choose(visit, opened)
    kind, _, name = parts[2].partition("-")
    if kind == "b" and name in {bureau.slug for bureau in visit.office.catalogue.bureaus}:
        return await _give_bureau(visit, member, opened, name)
    colleague = await staff(visit).get(int(name)) if kind == "p" and name.isdecimal() and len(name) < 10 else None
    if colleague is None or colleague.removed or colleague.role == "editor":
        return stale()
    return await _give_person(visit, member, opened, colleague)


async def _choose(visit: Visit, opened: Opened) -> Reply:
    key = f"dgive:{opened.complaint.code}:{opened.stamp}"
    colleagues = [*await staff(visit).officers(opened.case.bureau), *await staff(visit).admins()]
    people: list[Row] = [
        (Button(f"به {one.shown}", data=f"{key}:p-{one.id}"),) for one in colleagues if one.id != opened.case.holder
    ]
    bureaus: list[Row] = [
        (Button(bureau.name, data=f"{key}:b-{bureau.slug}"),)
        for bureau in visit.office.catalogue.bureaus
        if bureau.slug != opened.case.bureau
    ]
    return message(f"شکایت {opened.complaint.code} به چه کسی یا کدام دفتر برود؟", buttons=(*people, *bureaus))


async def _give_bureau(visit: Visit, member: Member, opened: Opened, slug: str) -> Reply:
    if opened.complaint.state == "taken":
        opened = await move(visit, member, opened, "new")
    case = await cases(visit).change(opened.case, bureau=slug, holder=None)
    name = bureau_name(visit.office, slug)
    await store(visit).log(opened.complaint.id, member.who, "assigned", visit.turn.at)
    await log(visit, member, "assign", opened.complaint.code, f"bureau {slug}")
    await tell_citizen(visit, opened.complaint, f"شکایت {opened.complaint.code} به «{name}» سپرده شد.")
    given = Opened(opened.complaint, case)
    others = [one for one in await staff(visit).officers(slug) if one.id != member.id]
    await tell_members(visit, others, await group_card(visit, given))
    return message(f"شکایت {opened.complaint.code} به «{name}» سپرده شد.")


async def _give_person(visit: Visit, member: Member, opened: Opened, colleague: Member) -> Reply:
    fresh = opened.complaint.state == "new"
    if opened.complaint.state in {"new", "reopened"}:
        opened = await move(visit, member, opened, "taken")
    case = await cases(visit).change(opened.case, holder=colleague.id)
    if fresh:
        case = await cases(visit).enter(case, "answer", visit.turn.at, opened.complaint.answer_by)
    code = opened.complaint.code
    if fresh:
        bureau = bureau_name(visit.office, case.bureau)
        await tell_citizen(visit, opened.complaint, f"شکایت {code} در دست کارشناس «{bureau}» است و بررسی می‌شود.")
    await store(visit).log(opened.complaint.id, member.who, "assigned", visit.turn.at)
    await log(visit, member, "assign", code, colleague.who)
    given = Opened(opened.complaint, case, colleague)
    if colleague.id != member.id:
        parts = (await card(visit, colleague, given, said=f"{member.shown} این شکایت را به شما سپرد.")).parts
        await tell_members(visit, (colleague,), *parts)
    return message(f"شکایت {code} به {colleague.shown} سپرده شد.")


async def spam(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dspam:<code>:<stamp>` asks; `…:yes` does it, `…:block` (admins) also takes nothing more from the sender."""
    opened = await to_work(visit, member, parts)
    if isinstance(opened, Reply):
        return opened
    complaint = opened.complaint
    if not allowed(complaint.state, "not_ours"):
        return await card(visit, member, opened, said=NOT_NOW)
    key, block = f"dspam:{complaint.code}:{opened.stamp}", parts[2:] == ("block",)
    if parts[2:] not in {("yes",), ("block",)} or (block and member.role != "admin"):
        choices: list[Row] = [(Button("بله، هرزنامه است", data=f"{key}:yes"),)]
        if member.role == "admin":
            choices.append((Button("بله، و از فرستنده دیگر شکایتی گرفته نشود", data=f"{key}:block"),))
        choices.append((Button("نه", data=f"dcard:{complaint.code}"),))
        return message(f"شکایت {complaint.code} هرزنامه است؟ به شهروند گفته می‌شود.", buttons=choices)
    opened = await move(visit, member, opened, "not_ours", said="قابل رسیدگی دانسته نشد")
    case = await cases(visit).change(opened.case, spam=True)
    await log(visit, member, "spam", complaint.code)
    said = "هرزنامه شناخته شد."
    if block:
        done = await cases(visit).block(complaint.id, member.id, visit.turn.at)
        await log(visit, member, "block", complaint.code)
        said += " از فرستنده دیگر شکایتی گرفته نمی‌شود." if done else f" {NOT_KNOWN}"
    await tell_citizen(
        visit, complaint, f"کارشناس شکایت {complaint.code} را قابل رسیدگی ندانست. اگر چنین نیست، این‌ها راه‌های دیگرند.",
        buttons=((Button("راه‌های دیگر", data="ways"),),),
    )  # fmt: skip
    return await card(visit, member, await with_holder(visit, opened.complaint, case), said=said)


async def free(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dfree:<code>:<stamp>`: complaints of this one's sender are taken again."""
    opened = await to_work(visit, member, parts)
    if isinstance(opened, Reply):
        return opened
    lifted = await cases(visit).unblock(opened.complaint.id)
    await log(visit, member, "unblock", opened.complaint.code)
    said = "راه‌بند برداشته شد." if lifted else NO_BLOCK
    return await card(visit, member, opened, said=said)


async def who(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dwho:<code>`: name and mobile of a named complainant; on record."""
    opened = await open_case(visit, member, parts[0] if parts else "")
    if opened is None or not opened.complaint.named:
        return stale()
    if not may_work(member, opened.case):
        return await card(visit, member, opened, said=holder_text(opened))
    name, mobile = await store(visit).contact(opened.complaint.id)
    await store(visit).log(opened.complaint.id, member.who, "seen", visit.turn.at)
    await log(visit, member, "see_person", opened.complaint.code)
    lines = [f"نام: {name or 'ننوشته است'}", f"موبایل: {persian_digits(mobile) if mobile else 'نداده است'}"]
    return message(f"شاکیِ {opened.complaint.code}:", Items(tuple(lines)), say("دیدن آن ثبت شد.", "quiet"))


async def files(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dfiles:<code>`: what was sent with it. Nothing is passed on that was not looked into before this turn."""
    opened = await open_case(visit, member, parts[0] if parts else "")
    if opened is None:
        return stale()
    found = await store(visit).files(opened.complaint.id)
    if not found:
        return Reply(notice=NO_FILES)
    await log(visit, member, "see_files", opened.complaint.code)
    shown: list[Part] = []
    for number, file in enumerate(found, 1):
        label = f"فایل {persian_digits(number)} از {persian_digits(len(found))} — {opened.complaint.code}"
        if file.place is not None:
            place = f"{file.place[0]:.5f},{file.place[1]:.5f}"
            url = f"https://www.openstreetmap.org/?mlat={file.place[0]:.5f}&mlon={file.place[1]:.5f}"
            shown.append(Part((say(label), Paragraph((Span(place, "code"),))), ((Button("نقشه", url=url),),)))
        elif (withheld := _withheld(visit, file)) is not None:
            shown.append(Part((say(f"{label} ({KINDS.get(file.kind, 'فایل')})"), say(withheld))))
        else:
            shown.append(Part((say(label),), file=Received(file.channel, file.kind, file.file_id)))
    return Reply(tuple(shown))


def _withheld(visit: Visit, file: ComplaintFile) -> str | None:
    """Why a file is not passed on; None when it is: it was looked into in this turn and is fine, or need not be."""
    if file.kind not in LOOKED_INTO:
        return None
    verdict = checked(visit.turn.brought).of(file.channel, file.file_id)
    if executable(file.name):
        return WITHHELD["program"]
    if verdict is None:
        return NOT_CHECKED
    return None if verdict == "fine" else WITHHELD[verdict]


async def history(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dlog:<code>`: all that happened to it."""
    opened = await open_case(visit, member, parts[0] if parts else "")
    if opened is None:
        return stale()
    await log(visit, member, "see", opened.complaint.code, "history")
    events = await store(visit).history(opened.complaint.id, public=False)
    blocks: tuple[Block, ...] = (
        Heading(f"تاریخچه‌ی {opened.complaint.code}"),
        Items(await event_lines(visit, events)),
    )
    back: Row = (Button("کارت", data=f"dcard:{opened.complaint.code}"),)
    cut = pages(blocks)
    return Reply((*(Part(page) for page in cut[:-1]), Part(cut[-1], (back,))))
