"""The end of intake: a draft is filed once, or put away."""

from __future__ import annotations

from datetime import timedelta

from handlers.complaint import show, texts
from handlers.complaint.dates import answer_by, jalali_year, look_by
from handlers.complaint.draft import Draft, Last, Memory, recall, remember
from handlers.complaint.rules import RULES, store
from handlers.reply import Button, Reply, Row, message
from handlers.visit import Visit
from knowledge.persian import persian_digits
from records.complaint_values import Complainant, Complaint, ComplaintFile, NewComplaint

SAME_WITHIN = timedelta(hours=1)
"""How long the same text is taken for the same complaint."""


async def send(visit: Visit, memory: Memory, draft: Draft) -> Reply:
    """File the draft: at once, unless it was filed before, the same text was, or the day's complaints are used up."""
    complaints, turn = store(visit), visit.turn
    if not draft.pieces:
        return message(texts.NO_STORY, texts.TELL, buttons=((show.cancel_button(draft),),))
    for refuse in RULES.refuses:
        if (refusal := await refuse(visit)) is not None:
            return message(refusal, buttons=((Button("راه‌های دیگر", data="ways"),),))
    if not draft.again and await complaints.by_draft(draft.id) is None:
        before = await complaints.same(turn.channel, turn.person, draft.text, turn.at - SAME_WITHIN)
        if before is not None:
            return _already(draft, before)
    if await complaints.by_draft(draft.id) is None:
        day = await complaints.filed_since(turn.channel, turn.person, turn.at - timedelta(days=1))
        if day >= RULES.per_day:
            return message(
                f"در یک روز تا {persian_digits(RULES.per_day)} شکایت می‌گیرم و امروز پر شده است. نوشته‌تان نگه داشته "
                "می‌شود؛ فردا همین‌جا «ثبت» را بزنید.",
                buttons=show.review_rows(draft)[:1],
            )
    filed = await complaints.file(_new(visit, draft), turn.at)
    memory.draft = None
    memory.last = Last(done="filed", at=turn.at, code=filed.complaint.code, albums=draft.albums)
    if filed.fresh:
        for tell in RULES.filed:
            await tell(visit, filed.complaint)
    return show.filed(visit.office, filed.complaint, draft.mobile)


async def pressed_send(visit: Visit, draft_id: str, *, again: bool) -> Reply:
    """«ثبت»: files the draft of that button; a second press shows what the first one filed."""
    memory = recall(visit)
    complaints = store(visit)
    before = await complaints.by_draft(draft_id)
    if before is not None and await complaints.is_of(before.id, visit.turn.channel, visit.turn.person):
        who = await complaints.complainant(before.id)
        reply = show.filed(visit.office, before, (who.mobile if who else None) or "")
        return Reply(reply.parts, "پیش‌تر ثبت شده بود.")
    if memory.draft is None or memory.draft.id != draft_id:
        return message("این پیش‌نویس دیگر نیست و از آن چیزی ثبت نشد.")
    memory.draft.again = again
    reply = await send(visit, memory, memory.draft)
    remember(visit, memory)
    return reply


def cancelled(visit: Visit, memory: Memory) -> Reply:
    """Put the draft away; the caller writes the memory back."""
    memory.draft = None
    memory.pending, memory.pending_subject = "", None
    memory.last = Last(done="cancelled", at=visit.turn.at)
    return message(texts.CANCELLED)


def kept_files(draft: Draft) -> tuple[ComplaintFile, ...]:
    """The draft's files as they are stored."""
    return tuple(
        ComplaintFile(file.channel, file.kind, file.file_id, file.name, file.size, file.place) for file in draft.files
    )


def _new(visit: Visit, draft: Draft) -> NewComplaint:
    turn = visit.turn
    return NewComplaint(
        draft=draft.id,
        jalali_year=jalali_year(turn.at),
        subject=draft.subject,
        body=draft.body,
        story=draft.text,
        named=draft.named,
        complainant=Complainant(
            turn.channel, turn.person, turn.chat, draft.name if draft.named else None, draft.mobile or None
        ),
        look_by=look_by(turn.at),
        answer_by=answer_by(turn.at),
        files=kept_files(draft),
    )


def _already(draft: Draft, before: Complaint) -> Reply:
    rows: tuple[Row, ...] = (
        (Button(f"دیدن {before.code}", data=f"cview:{before.code}"),),
        (Button("با این حال ثبت شود", data=f"csend:{draft.id}:again"), show.cancel_button(draft)),
    )
    return message(f"همین متن را کمتر از یک ساعت پیش با کد {before.code} ثبت کرده‌اید؛ دوباره ثبتش نکردم.", buttons=rows)
