"""Complaints that are followed under another: what becomes of that one is told to whoever filed them, under their own
code and with nothing of the other person's."""

from __future__ import annotations

import re
from typing import get_args

from handlers.complaint.rules import store
from handlers.masking import mask
from handlers.reply import PART, Block, Button, Heading, Part, Row, pages, plain_text, say
from handlers.turn import Channel
from handlers.visit import Visit
from records.complaint_states import State
from records.complaint_values import Complaint
from records.duplicates import duplicates_of
from records.outbox import Draft

SYSTEM = "system"
"""Who it was, in the history of the duplicate: nobody did anything to it."""

SOMEBODY = "…"
"""Stands for the name of the other person."""

ENDS: frozenset[State] = frozenset({"answered", "closed", "not_ours", "withdrawn"})
"""States of a complaint that its duplicates hear of."""

_SHORTEST_NAME = 3
_ARABIC = str.maketrans("يك\u200c", "یک ")
"""Letters that one name is written with in two ways."""


async def count_twins(visit: Visit, complaint: Complaint) -> int:
    """How many complaints are followed under this one."""
    return len(await duplicates_of(visit.records.connection, complaint.id))


async def tell_twins(visit: Visit, complaint: Complaint, said: str | None = None) -> int:
    """Tell the complainants of a complaint's duplicates what has just become of it; how many duplicates it has. Called
    in the transaction that changed the state, so each change is told once. `said`: the office's word with it."""
    if complaint.state not in ENDS:
        return 0
    codes = await duplicates_of(visit.records.connection, complaint.id)
    words = await _without_person(visit, complaint, said) if codes and said else said
    for code in codes:
        await _tell(visit, code, complaint, words)
    return len(codes)


async def tell_twin(visit: Visit, twin: Complaint, complaint: Complaint) -> None:
    """Tell the complainant of a complaint that was just found to be a duplicate what the other was answered, when it
    was answered already; and those of its own duplicates."""
    events = [event for event in await store(visit).history(complaint.id) if event.after == "answered" and event.said]
    if complaint.state not in {"answered", "closed"} or not events:
        return
    said = await _without_person(visit, complaint, events[-1].said or "")
    for code in (twin.code, *await duplicates_of(visit.records.connection, twin.id)):
        await _tell(visit, code, complaint, said, state="answered")


async def _tell(visit: Visit, code: str, complaint: Complaint, said: str | None, state: State | None = None) -> None:
    twin = await store(visit).by_code(code)
    if twin is None:
        return
    blocks = _words(twin.code, complaint, (said or "").replace(complaint.code, twin.code), state or complaint.state)
    await store(visit).note(twin.id, SYSTEM, plain_text(blocks), visit.turn.at)
    who = await store(visit).complainant(twin.id)
    if who is None or who.channel not in get_args(Channel):
        return
    cut = pages(blocks)
    parts = [*(Part(page) for page in cut[:-1]), Part(cut[-1], _rows(twin.code))]
    drafts = [Draft(PART.dump_json(part).decode()) for part in parts]
    await visit.records.post(who.channel, who.chat, *drafts, at=visit.turn.at)


def _words(code: str, complaint: Complaint, said: str, state: State) -> tuple[Block, ...]:
    match state:
        case "answered":
            under = say("این شکایت زیر شکایت دیگری با همین موضوع پیگیری شد. پاسخ این است:")
            return (Heading(f"پاسخ شکایت {code}"), under, say(said or "پاسخ داده شد."))
        case "not_ours":
            whose = f"؛ مربوط به {complaint.whose} است" if complaint.whose else ""
            return (say(f"شکایتی که شکایت {code} زیر آن پیگیری می‌شد، در صلاحیت این‌جا نبود{whose}."),)
        case "withdrawn":
            return (
                say(
                    f"شکایتی که شکایت {code} زیر آن پیگیری می‌شد، دیگر پیگیری نمی‌شود. "
                    "اگر موضوع هنوز مانده است، شکایت تازه‌ای ثبت کنید."
                ),
            )
        case _:
            return (say(f"پیگیری شکایت {code}، که زیر شکایت دیگری بود، به پایان رسید و بسته شد."),)


def _rows(code: str) -> tuple[Row, ...]:
    return (
        (Button("پیگیری", data=f"cview:{code}"),),
        (Button("هنوز حل نشده؛ شکایت تازه", data="cnew"), Button("راه‌های دیگر", data="ways")),
    )


async def _without_person(visit: Visit, complaint: Complaint, said: str) -> str:
    """The office's word without what names the other complainant; numbers of persons go too, whosever they are."""
    who = await store(visit).complainant(complaint.id)
    name = " ".join((who.name or "").translate(_ARABIC).split()) if who else ""
    for one in (name, name.split()[-1] if name else ""):
        if len(one) >= _SHORTEST_NAME:
            said = _cut(said, one)
    return mask(said)


def _cut(said: str, name: str) -> str:
    found = re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", said.translate(_ARABIC))
    for start, end in reversed([one.span() for one in found]):
        said = said[:start] + SOMEBODY + said[end:]
    return said
