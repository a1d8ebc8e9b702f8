"""Remarks soon after a complaint was filed or put away: a mobile mended, «اسمم رو ننویس», «ثبت شد؟»."""

from __future__ import annotations

from handlers.complaint import follow, show, texts
from handlers.complaint.draft import Memory, recall, remember
from handlers.complaint.phone import mobile_in, phone_problem
from handlers.complaint.rules import store
from handlers.complaint.understand import (
    about_a_slip,
    asked_about,
    control_of,
    corrected_mobile,
    mostly_number,
    wants_anonymity,
)
from handlers.reply import Block, Button, Paragraph, Reply, Row, Span, message, say
from handlers.visit import Visit
from knowledge.persian import persian_digits
from records.complaint_values import Complaint

WHICH_MOBILE = "متوجه نشدم کدام رقم اشتباه است؛ لطفاً شماره‌ی درست را کامل بفرستید."


async def after(visit: Visit) -> Reply | None:
    """The answer to a remark about what was just done; also to a text that holds a tracking code. None when the text
    is about something else."""
    text = visit.turn.text.strip()
    if not text:
        return None
    if (reply := await follow.by_text(visit, text)) is not None:
        return reply
    memory = recall(visit)
    if memory.last is None:
        return None
    if memory.last.done == "cancelled":
        return _after_cancel(text)
    complaint = await store(visit).by_code(memory.last.code)
    if complaint is None or not await store(visit).is_of(complaint.id, visit.turn.channel, visit.turn.person):
        return None
    return await _after_filing(visit, memory, complaint, text)


def _after_cancel(text: str) -> Reply | None:
    if asked_about(text) == "filed":
        return message(texts.NOTHING_FILED)
    if control_of(text) == "cancel":
        return message(texts.NOTHING_FILED)
    return None


async def _after_filing(visit: Visit, memory: Memory, complaint: Complaint, text: str) -> Reply | None:
    code = complaint.code
    if asked_about(text) == "filed":
        blocks: tuple[Block, ...] = (
            Paragraph((Span("بله، ثبت شده است؛ کد رهگیری: "), Span(code, "code"))),
            say(show.promise(complaint)),
        )
        return message(*blocks, buttons=(_rows(code),))
    if wants_anonymity(text):
        await store(visit).set_anonymous(complaint.id, visit.turn.at)
        return message(
            f"چشم؛ شکایت {code} بی‌نام شد. کارشناس نه نام شما را می‌بیند، نه شماره‌تان را.", buttons=(_rows(code),)
        )
    if (reply := await _mobile(visit, complaint, text)) is not None:
        return reply
    if control_of(text) == "cancel":
        row: Row = (
            Button("بله، پس می‌گیرم", data=f"cwithdraw:{code}:yes"),
            Button("نه، بماند", data=f"cview:{code}"),
        )
        return message(f"شکایت {code} ثبت شده است. پس گرفته شود؟", buttons=(row,))
    if control_of(text) == "send":
        remember(visit, memory)
        return message(f"بله، پیش‌تر ثبت شد؛ کد رهگیری {code}. دوباره ثبتش نکردم.", buttons=(_rows(code),))
    return None


async def _mobile(visit: Visit, complaint: Complaint, text: str) -> Reply | None:
    """The mobile mended or added, when the text is about it."""
    complaints = store(visit)
    who = await complaints.complainant(complaint.id)
    had = who.mobile if who else None
    given = mobile_in(text) if mostly_number(text) else None
    if given is None:
        if not about_a_slip(text):
            return None
        given = corrected_mobile(text, had) if had else None
        if given is None:
            wrong = mostly_number(text) and phone_problem(text)
            return message(texts.PHONE_PROBLEMS[wrong] if wrong else WHICH_MOBILE)
    if given == had:
        return message(f"همین شماره ثبت شده است: {persian_digits(given)}", buttons=(_rows(complaint.code),))
    await complaints.set_mobile(complaint.id, given, visit.turn.at)
    done = "اصلاح شد" if had else "اضافه شد"
    return message(
        f"شماره {done}: {persian_digits(given)}. شکایت همان است، با کد {complaint.code}.",
        buttons=(_rows(complaint.code),),
    )


def _rows(code: str) -> Row:
    return (Button("رونوشت کد", copy=code), Button("پیگیری", data=f"cview:{code}"))
