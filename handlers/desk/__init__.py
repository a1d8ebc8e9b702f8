"""The desk: where staff work on complaints, in the messenger. To everybody else it does not exist.

`set_up` hooks it to the filing of complaints; `accept_invitation` and `go_on` are called by the front door and the
router.
"""

from __future__ import annotations

from handlers.desk import export, figures, queue, staffing, trail, work, writing
from handlers.desk.commands import staff_help
from handlers.desk.guard import ADMIN, DESK_ROLES, button, command, member_of
from handlers.desk.memory import clear, recall
from handlers.desk.post import announce_new, set_up
from handlers.desk.rules import DESK, cases, read_chat
from handlers.desk.staffing import INVITED, accept_invitation
from handlers.reply import Reply, message
from handlers.topic import Topic
from handlers.visit import Visit

__all__ = [
    "DESK",
    "INVITED",
    "TOPIC",
    "accept_invitation",
    "announce_new",
    "cancel",
    "forget",
    "go_on",
    "read_chat",
    "set_up",
    "staff_help",
]


async def go_on(visit: Visit) -> Reply | None:
    """A text in the middle of a member's dialogue (`visit.state.topic` is `desk`). None when there is none any more,
    or the person is no member: then it is an ordinary text."""
    memory = recall(visit)
    member = await member_of(visit) if memory is not None and visit.turn.private else None
    if memory is None or member is None:
        clear(visit)
        return None
    if memory.writing is not None and member.role in DESK_ROLES:
        return await writing.go_on(visit, member, memory.writing)
    if memory.hiring is not None and member.role in ADMIN:
        return await staffing.go_on(visit, memory.hiring)
    clear(visit)
    return None


async def forget(visit: Visit) -> None:
    """A citizen had themselves forgotten: nothing at the desk ties them to a complaint any more. A block stays, for it
    is no complaint's business whether more are taken from them."""
    await cases(visit).forget(visit.turn.channel, visit.turn.person)


async def cancel(visit: Visit) -> Reply | None:
    """`/cancel`: put the desk's dialogue away; None when none is open."""
    if recall(visit) is None:
        return None
    clear(visit)
    return message(writing.NOT_SENT)


TOPIC = Topic(
    commands=(
        command("desk", queue.desk, DESK_ROLES),
        command("stats", figures.stats, DESK_ROLES),
        command("export", export.export, ADMIN),
        command("staff", staffing.listing, ADMIN),
        command("audit", trail.audit, ADMIN),
    ),
    buttons={
        "dcard": button(work.see, DESK_ROLES, anywhere=True),
        "dtake": button(work.take, DESK_ROLES, anywhere=True),
        "ddrop": button(work.drop, DESK_ROLES),
        "dgo": button(work.go, DESK_ROLES),
        "dgive": button(work.give, DESK_ROLES),
        "dspam": button(work.spam, DESK_ROLES),
        "dfree": button(work.free, ADMIN),
        "dwho": button(work.who, DESK_ROLES),
        "dfiles": button(work.files, DESK_ROLES),
        "dlog": button(work.history, DESK_ROLES),
        "dwrite": button(writing.begin, DESK_ROLES),
        "dcan": button(writing.canned, DESK_ROLES),
        "dsend": button(writing.send, DESK_ROLES),
        "dquit": button(writing.quit_, DESK_ROLES),
        "dq": button(queue.turn_page, DESK_ROLES),
        "dqb": button(queue.choose_bureau, DESK_ROLES),
        "dxls": button(export.export, ADMIN),
        "dstat": button(figures.stats, DESK_ROLES),
        "daud": button(trail.turn_page, ADMIN),
        "dsv": button(staffing.view, ADMIN),
        "dsadd": button(staffing.add, ADMIN),
        "dsrole": button(staffing.role, ADMIN),
        "dsbur": button(staffing.bureau, ADMIN),
        "dssave": button(staffing.save, ADMIN),
        "dsdel": button(staffing.remove, ADMIN),
    },
)
