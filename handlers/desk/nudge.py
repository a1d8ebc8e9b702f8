"""What members are told without having asked: a term is running out or over, a citizen has written or changed
something."""

from __future__ import annotations

from datetime import datetime

from handlers.desk.card import STATES, time_left
from handlers.reply import Button, Paragraph, Part, Row, Span, say
from records.complaint_states import State
from records.desk_values import Case, Heard, Reminder

_HEARD = {"note": "شهروند توضیح افزود.", "files": "شهروند فایل فرستاد."}
_MOVED: dict[State, str] = {
    "withdrawn": "شهروند شکایت را پس گرفت.",
    "reopened": "شهروند گفت حل نشده است؛ شکایت دوباره باز شد.",
    "closed": "شهروند گفت حل شد؛ شکایت بسته شد.",
}


def reminder_part(reminder: Reminder, now: datetime) -> Part:
    """A term is at its end, or past it."""
    said = "⏰ مهلت رو به پایان است" if reminder.kind == "soon" else "⚠️ مهلت گذشت"
    state = f"{STATES[reminder.state]} — {time_left(reminder.case, now)}"
    return _part(said, reminder.code, state, reminder.case)


def heard_part(heard: Heard) -> Part:
    """What a citizen did."""
    said = _MOVED.get(heard.after, "شهروند وضعیت را عوض کرد.") if heard.after else _HEARD[heard.what]
    return _part("خبر", heard.code, said, heard.case)


def _part(said: str, code: str, line: str, case: Case) -> Part:
    buttons = [Button("باز کردن", data=f"dcard:{code}")]
    if case.holder is None:
        buttons.insert(0, Button("برداشتن", data=f"dtake:{code}"))
    row: Row = tuple(buttons)
    return Part((Paragraph((Span(f"{said}: ", "strong"), Span(code, "code"))), say(line)), (row,))
