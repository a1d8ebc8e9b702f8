"""Messages to other chats than the turn's: to the citizen, to the desk's group, to members.

This is the one module of the desk that asks who complained, and only to write to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from handlers.complaint.rules import RULES, store
from handlers.desk.card import group_card
from handlers.desk.opened import with_holder
from handlers.desk.rules import DESK, cases, staff
from handlers.reply import PART, Block, Part, Row, pages, say
from handlers.turn import Channel
from handlers.visit import Visit
from records.complaint_values import Complaint
from records.outbox import Draft
from records.staff import Member

BLOCKED = "از این حساب فعلاً شکایتی گرفته نمی‌شود."


def draft(part: Part) -> Draft:
    """A part as the outbox keeps it."""
    return Draft(PART.dump_json(part).decode())


async def tell_citizen(visit: Visit, complaint: Complaint, *blocks: Block | str, buttons: Sequence[Row] = ()) -> bool:
    """Write to whoever filed a complaint, without learning who it is; False when they had themselves forgotten."""
    who = await store(visit).complainant(complaint.id)
    if who is None or who.channel not in get_args(Channel):
        return False
    cut = pages(say(block) if isinstance(block, str) else block for block in blocks)
    parts = [*(Part(page) for page in cut[:-1]), Part(cut[-1], tuple(buttons))]
    await visit.records.post(who.channel, who.chat, *map(draft, parts), at=visit.turn.at)
    return True


async def tell_members(visit: Visit, members: Sequence[Member], *parts: Part) -> None:
    """Write to members, in their private chats."""
    for channel, chat in await staff(visit).chats(members):
        await visit.records.post(channel, chat, *map(draft, parts), at=visit.turn.at)


async def announce_new(visit: Visit, complaint: Complaint) -> None:
    """Tell the desk of a complaint just filed: its group, and the officers of its bureau (admins where it has none).
    Called in the transaction that files it."""
    case = await cases(visit).open(complaint)
    part = await group_card(visit, await with_holder(visit, complaint, case))
    if DESK.chat is not None:
        await visit.records.post(*DESK.chat, draft(part), at=visit.turn.at)
    await tell_members(visit, await staff(visit).officers(case.bureau) or await staff(visit).admins(), part)


async def refuse(visit: Visit) -> str | None:
    """Why no complaint is taken from this turn's person; None when one is."""
    return BLOCKED if await cases(visit).is_blocked(visit.turn.channel, visit.turn.person) else None


def set_up(desk_chat: tuple[str, str] | None = None) -> None:
    """Have the desk hear of every complaint, and take none from whom it blocked; `desk_chat`: channel and id of its
    group. Once at the start."""
    DESK.chat = desk_chat
    if announce_new not in RULES.filed:
        RULES.filed.append(announce_new)
    if refuse not in RULES.refuses:
        RULES.refuses.append(refuse)
