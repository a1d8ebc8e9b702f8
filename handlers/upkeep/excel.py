"""By Excel: `/catalogue` gives the workbook; sent back, every cell is checked and the difference shown."""

from __future__ import annotations

import asyncio

from handlers.reply import Heading, Items, Made, Part, Reply, message, say
from handlers.staff_facts import day_text
from handlers.turn import Attachment, Turn
from handlers.upkeep.changing import NOTHING, propose
from handlers.upkeep.editing import split_reason
from handlers.upkeep.figures import batch_blocks
from handlers.visit import Office, Visit
from knowledge.overlay.batch import Batch, tried_edits
from knowledge.overlay.edition import Edit, Edition, phrase_subject
from knowledge.overlay.fields import packed
from knowledge.overlay.reading import Reading
from knowledge.overlay.workbook import workbook_bytes
from knowledge.persian import persian_digits
from records.staff import Member

SHOWN_PROBLEMS = 15
CAPTION = "فهرست خدمات تا {day}، نسخه‌ی {version}. ویرایش کنید و همین فایل را پس بفرستید؛ راهنما در برگه‌ی نخست است."
NOT_FETCHED = "فایل از پیام‌رسان گرفته نشد. لطفاً دوباره بفرستید."
ENDINGS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")


async def give(visit: Visit, _member: Member, _words: tuple[str, ...]) -> Reply:
    """`/catalogue`."""
    edition = visit.office.edition
    body = await asyncio.to_thread(workbook_bytes, edition)
    caption = CAPTION.format(day=day_text(visit.turn.at), version=persian_digits(edition.version))
    return Reply((Part((say(caption),), file=Made.of(f"khedmatyar-catalogue-{edition.version}.xlsx", body)),))


def sheet_of(turn: Turn) -> Attachment | None:
    """The spreadsheet of a turn: a document whose name ends like one."""
    return next(
        (one for one in turn.attachments if one.kind == "document" and one.name.lower().endswith(ENDINGS)), None
    )


async def taken(visit: Visit, member: Member) -> Reply:
    """An editor sent a spreadsheet; what it says was read before the turn."""
    reading = visit.turn.brought
    if not isinstance(reading, Reading):
        return message(NOT_FETCHED)
    if reading.refused is not None:
        return message(reading.refused)
    if reading.problem_count:
        return _problems(reading)
    batch = reading.batch
    if batch is None:
        batch = await asyncio.to_thread(tried_phrases, visit.office, reading)
    _, reason = split_reason(visit.turn.text, "")
    reason = reason or " ".join(visit.turn.text.split()) or f"فایل {sheet_name(visit.turn)}"
    refused = {phrase_subject(phrase.text) for phrase, _ in batch.refused}
    edits = [one for one in _still(visit.office.edition, reading.edits) if one.subject not in refused]
    told = batch_blocks(visit.office.catalogue, batch)
    if told and not edits:
        return message(*told, NOTHING)
    return await propose(visit, member, edits, "excel", reason, told)


def tried_phrases(office: Office, reading: Reading) -> Batch:
    """What comes of trying a reading's new phrases, as all are tried before they go live: some seconds, where there are
    any."""
    return tried_edits(office.finder, office.edition, _still(office.edition, reading.edits))


def _still(edition: Edition, edits: tuple[Edit, ...]) -> list[Edit]:
    """The edits without those that somebody else has made meanwhile."""
    return [one for one in edits if (made := edition.fact(one.subject, one.field)) is None or _differs(made.value, one)]


def _differs(value: object, edit: Edit) -> bool:
    return packed(value) != edit.after


def sheet_name(turn: Turn) -> str:
    """The file's name as it was sent."""
    found = sheet_of(turn)
    return found.name[:80] if found else ""


def _problems(reading: Reading) -> Reply:
    shown = reading.problems[:SHOWN_PROBLEMS]
    count = persian_digits(reading.problem_count)
    items = Items(tuple(f"{str(one)[:300]}" for one in shown))
    more = reading.problem_count - len(shown)
    tail = (say(f"… و {persian_digits(more)} خانه‌ی دیگر."),) if more else ()
    return message(
        Heading(f"پذیرفته نشد: {count} خانه درست نیست"), items, *tail, say("هیچ چیزی عوض نشد. درست کنید و باز بفرستید.")
    )
