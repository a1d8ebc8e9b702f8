"""A change on its way: shown as a difference, confirmed by its author, made, and taken back with one tap."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from handlers.desk.guard import log
from handlers.reply import Block, Button, Heading, Items, Paragraph, Part, Reply, Span, message, pages, say
from handlers.staff_facts import day_text
from handlers.visit import Visit
from knowledge.errors import DataError
from knowledge.overlay.difference import SORTS, Difference, Sort, differences
from knowledge.overlay.edition import PHRASE, Edit, Edition
from knowledge.overlay.fields import FIELDS
from knowledge.persian import persian_digits
from records.overlay import Change, ChangeKind, Overlay, Stale
from records.staff import Member

SHOWN = 25
"""Most fields of a difference that are shown; the rest is counted."""

LISTED = 8
NOTHING = "چیزی عوض نشده است."
DONE = "ثبت شد و تا چند ثانیه‌ی دیگر برای همه به کار می‌افتد."
DROPPED = "باشد، چیزی عوض نشد."
GONE = "این پیش‌نویس دیگر نیست (ثبت شده، کنار گذاشته شده یا یک روز گذشته است)."
UNDONE = "به حال پیش از آن برگشت."
UNDONE_BEFORE = "این تغییر پیش‌تر برگردانده شده است."
CHANGED_SINCE = "پس از این تغییر، همان خانه‌ها دوباره عوض شده‌اند؛ اول آن تغییر را برگردانید. (/changes)"
NO_CHANGES = "هنوز تغییری ثبت نشده است."
KINDS: dict[ChangeKind, str] = {
    "chat": "گفت‌وگو", "excel": "اکسل", "phrase": "عبارت", "undo": "بازگرداندن", "yaml": "فایل YAML",
}  # fmt: skip


def overlay(visit: Visit) -> Overlay:
    """The store, within the turn's transaction."""
    return Overlay(visit.records.connection)


async def propose(  # noqa: PLR0917 — who changes what, how and why
    visit: Visit, member: Member, edits: Sequence[Edit], kind: ChangeKind, reason: str, told: Sequence[Block] = ()
) -> Reply:
    """Show a change and ask; `told` comes below the difference. What does not hold together is told instead."""
    if not edits:
        return message(NOTHING)
    edition = visit.office.edition
    try:
        edition.with_edits(edits)
    except DataError as error:
        return message(Heading("پذیرفته نشد"), problem_items(error))
    draft = await overlay(visit).keep_draft(edits, author=member.who, kind=kind, reason=reason, at=visit.turn.at)
    blocks = (*difference_blocks(edition, edits), *told, say(f"دلیل: {reason}", "quiet"), say("ثبت شود؟", "strong"))
    cut = pages(blocks)
    buttons = ((Button("ثبت شود", data=f"upok:{draft}"), Button("نه", data=f"upno:{draft}")),)
    return Reply(tuple(Part(page, buttons if page is cut[-1] else ()) for page in cut))


def problem_items(error: DataError) -> Items:
    """The problems of a change, by the Persian names of fields."""
    lines = []
    for problem in error.problems[:SHOWN]:
        name = (problem.field or "").split(".")[0]
        label = FIELDS[name].label if name in FIELDS else ""
        lines.append(": ".join(part for part in (label, problem.reason) if part))
    return Items(tuple(lines))


def difference_blocks(edition: Edition, edits: Sequence[Edit]) -> tuple[Block, ...]:
    """A readable difference: how many of each sort, then field by field."""
    found = differences(edition, edits)
    counts = [
        f"{persian_digits(count)} {SORTS[sort]}" for sort in SORTS if (count := sum(one.sort == sort for one in found))
    ]
    blocks: list[Block] = [Heading(f"تغییرها: {'، '.join(counts)}")]
    for one in found[:SHOWN]:
        blocks += _blocks(one)
    if len(found) > SHOWN:
        blocks.append(say(f"… و {persian_digits(len(found) - SHOWN)} تغییر دیگر"))
    return tuple(blocks)


def _blocks(one: Difference) -> tuple[Block, ...]:
    sort: Sort = one.sort
    code = () if one.field == "عبارت" else (Span(f" ({one.subject})", "code"),)
    return (
        Paragraph((Span(f"{one.whose} — {one.field}", "strong"), *code, Span(f" {SORTS[sort]}", "quiet"))),
        Paragraph((Span("\n".join(one.lines)),)) if len(one.lines) == 1 else Items(one.lines[:12]),
    )


async def confirm(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`upok:<draft>`: make the change."""
    draft = await overlay(visit).take_draft(_number(parts), member.who)
    if draft is None:
        return Reply(notice=GONE)
    return await make(visit, member, [Edit(*one) for one in draft.edits], draft.kind, draft.reason)


async def make(visit: Visit, member: Member, edits: Sequence[Edit], kind: ChangeKind, reason: str) -> Reply:
    """Make a change at once, if it holds together with what runs now."""
    try:
        visit.office.edition.with_edits(edits)
    except DataError as error:
        return message(Heading("پذیرفته نشد"), problem_items(error))
    try:
        version = await overlay(visit).apply(
            edits, author=member.who, name=member.shown, kind=kind, reason=reason, at=visit.turn.at
        )
    except Stale as refusal:
        return message(str(refusal), Items(tuple(_place(visit, *place) for place in refusal.places[:LISTED])))
    await log(visit, member, "catalogue", f"change {version}", f"{kind} {len(edits)}")
    return message(f"{DONE} (نسخه‌ی {persian_digits(version)})", buttons=(undo_row(version),))


def undo_row(version: int) -> tuple[Button, ...]:
    """The button that takes a change back."""
    return (Button("بازگرداندن", data=f"upun:{version}"),)


def _place(visit: Visit, subject: str, name: str) -> str:
    label = FIELDS[name].label if name in FIELDS else "عبارت"
    catalogue = visit.office.catalogue
    return f"{catalogue.service(subject).short_title if subject in catalogue else subject}: {label}"


async def drop(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`upno:<draft>`."""
    await overlay(visit).take_draft(_number(parts), member.who)
    return message(DROPPED)


async def undo(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`upun:<change>`: any editor may take any change back, as a change of its own."""
    try:
        version = await overlay(visit).undo(_number(parts), author=member.who, name=member.shown, at=visit.turn.at)
    except Stale:
        return message(CHANGED_SINCE)
    if version is None:
        return Reply(notice=UNDONE_BEFORE)
    await log(visit, member, "catalogue", f"change {version}", f"undo {_number(parts)}")
    return message(f"{UNDONE} (نسخه‌ی {persian_digits(version)})", buttons=(undo_row(version),))


async def history(visit: Visit, _member: Member, _words: tuple[str, ...]) -> Reply:
    """`/changes`: the newest changes, each with a button that takes it back."""
    found = await overlay(visit).changes(0, LISTED)
    if not found:
        return message(NO_CHANGES)
    items = Items(tuple(_line(visit, one) for one in found), tuple(persian_digits(one.id) for one in found))
    rows = [
        (Button(f"بازگرداندن {persian_digits(one.id)}", data=f"upun:{one.id}"),)
        for one in found
        if one.undone_by is None
    ]
    return message(Heading("تغییرهای تازه"), items, buttons=rows)


def _line(visit: Visit, one: Change) -> str:
    subjects = list(dict.fromkeys(_place(visit, entry.subject, entry.field) for entry in one.entries))
    named = "، ".join(_phrase(entry.after or entry.before) if entry.field == PHRASE else place
                      for entry, place in zip(one.entries[:3], subjects[:3], strict=False))  # fmt: skip
    more = f" و {persian_digits(len(one.entries) - 3)} تای دیگر" if len(one.entries) > 3 else ""
    state = " [برگردانده شد]" if one.undone_by is not None else ""
    return f"{day_text(one.at)}، {one.name}، {KINDS[one.kind]}: {named}{more} — {one.reason}{state}"


def _phrase(packed: str | None) -> str:
    return f"«{json.loads(packed)['text'][:40]}»" if packed else ""


def _number(parts: Iterable[str]) -> int:
    text = next(iter(parts), "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
