"""Complaints, the citizen's side: taking one, following it, handing on. See `intake` for how one is taken.

The desk hooks in by `RULES.filed`; the operator's settings stand in `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable

from handlers.complaint import filing, follow, intake, show, texts
from handlers.complaint.aftermath import after
from handlers.complaint.draft import Draft, Memory, recall, remember
from handlers.complaint.follow import mine
from handlers.complaint.intake import begin, go_on
from handlers.complaint.prompts import reminder
from handlers.complaint.rules import RULES, Rules
from handlers.reply import Part, Reply, message
from handlers.topic import Command, Topic
from handlers.visit import Visit

__all__ = ["RULES", "TOPIC", "Rules", "after", "begin", "cancel", "go_on", "mine", "reminder"]


async def _command(visit: Visit, parts: tuple[str, ...]) -> Reply:
    return await begin(visit, " ".join(parts))


async def _new(visit: Visit, parts: tuple[str, ...]) -> Reply:
    """`cnew`, `cnew:<service code>`, `cnew:fresh`."""
    if parts == ("fresh",):
        return await intake.fresh(visit)
    return await begin(visit, subject=parts[0] if parts and parts[0] else None)


async def _send(visit: Visit, parts: tuple[str, ...]) -> Reply:
    return await filing.pressed_send(visit, parts[0] if parts else "", again=parts[1:] == ("again",))


async def _cancel(visit: Visit, parts: tuple[str, ...]) -> Reply:
    draft = recall(visit).draft
    if draft is None or (parts and parts[0] != draft.id):
        return message(texts.NOTHING_OPEN)
    return await cancel(visit) or message(texts.NOTHING_OPEN)


async def cancel(visit: Visit) -> Reply | None:
    """`/cancel`: puts the open draft away; None when there is none."""
    memory = recall(visit)
    if memory.draft is None:
        return None
    reply = filing.cancelled(visit, memory)
    remember(visit, memory)
    return reply


def _changed(visit: Visit, change: Callable[[Draft], Reply]) -> Reply:
    """What a button does to the open draft, kept; or what to say when there is none."""
    opened = _open(visit)
    if isinstance(opened, Reply):
        return opened
    memory, draft = opened
    reply = change(draft)
    remember(visit, memory)
    return reply


async def _subject(visit: Visit, parts: tuple[str, ...]) -> Reply:
    """`csub` offers subjects, `csub:<code>` and `csub:none` take one."""
    if not parts:
        return _changed(visit, lambda draft: intake.change_subject(visit, draft))
    code = parts[0] if parts[0] in visit.office.catalogue else None
    return _changed(visit, lambda draft: intake.take_subject(visit, draft, code))


async def _name(visit: Visit, _parts: tuple[str, ...]) -> Reply:
    return _changed(visit, lambda draft: _in_place(intake.toggle_name(visit, draft)))


async def _edit(visit: Visit, _parts: tuple[str, ...]) -> Reply:
    return _changed(visit, lambda draft: intake.edit(visit, draft))


async def _files(visit: Visit, _parts: tuple[str, ...]) -> Reply:
    opened = _open(visit)
    if isinstance(opened, Reply):
        return opened
    memory, draft = opened
    intake.drop_files(visit, draft)
    remember(visit, memory)
    return show.review(visit.office, draft, "فایل‌ها برداشته شد.")


async def _go(visit: Visit, parts: tuple[str, ...]) -> Reply:
    """`cgo` goes on where it was, `cgo:all` shows the whole again."""
    opened = _open(visit)
    if isinstance(opened, Reply):
        return opened
    memory, draft = opened
    reply = intake.resume(visit, draft)
    if draft.step == "review" and (parts == ("all",) or len(reply.parts) == 1):
        reply = show.review(visit.office, draft)
    remember(visit, memory)
    return reply


async def _voice(visit: Visit, _parts: tuple[str, ...]) -> Reply:
    opened = _open(visit)
    if isinstance(opened, Reply):
        return opened
    memory, draft = opened
    if not any(file.kind == "voice" for file in draft.files) or draft.pieces:
        return intake.resume(visit, draft)
    reply = intake.spoken(visit, draft)
    remember(visit, memory)
    return reply


def _open(visit: Visit) -> tuple[Memory, Draft] | Reply:
    """The memory with its draft, or what to say when there is none (an old button was pressed)."""
    memory = recall(visit)
    if memory.draft is None:
        return message(texts.NOTHING_OPEN)
    memory.draft.touched = visit.turn.at
    return memory, memory.draft


def _in_place(reply: Reply) -> Reply:
    """A one-part reply that replaces the message whose button was pressed."""
    if len(reply.parts) != 1:
        return reply
    only = reply.parts[0]
    return Reply((Part(only.blocks, only.buttons, only.file, "pressed"),), reply.notice)


TOPIC = Topic(
    commands=(
        Command("complaint", "ثبت شکایت یا درخواست", _command),
        Command("track", "پیگیری با کد رهگیری", follow.track),
        Command("mycomplaints", "شکایت‌های من", mine),
    ),
    buttons={
        "cnew": _new,
        "csub": _subject,
        "cname": _name,
        "cfile": _files,
        "csend": _send,
        "cedit": _edit,
        "cgo": _go,
        "cvoice": _voice,
        "ccancel": _cancel,
        "cview": follow.view,
        "cnote": follow.note,
        "cdone": follow.done,
        "cwithdraw": follow.withdraw,
        "csolved": follow.solved,
        "crate": follow.rate,
        "clist": mine,
        "cmine": mine,
    },
)
