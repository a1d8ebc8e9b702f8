"""The catalogue's upkeep in the chat: editors mend the data, by Excel or from a card, and teach from missed questions.

`take` is asked by the router about every text and file, `stop` at every command.
"""

from __future__ import annotations

from handlers.desk.guard import button, command, member_of
from handlers.reply import Reply
from handlers.topic import Topic
from handlers.upkeep import changing, editing, excel, missed, todo
from handlers.upkeep.memory import TOPIC_NAME, clear, recall
from handlers.visit import Visit
from records.staff import Role

__all__ = ["EDITORS", "TOPIC", "stop", "take"]

EDITORS: frozenset[Role] = frozenset({"admin", "editor"})


async def take(visit: Visit) -> Reply | None:
    """What an editor sent in the course of their work; None for everything else."""
    if visit.turn.attachments and (reply := await _file(visit)) is not None:
        return reply
    return await _go_on(visit) if visit.state.topic == TOPIC_NAME else None


def stop(visit: Visit) -> None:
    """A command ends what was being written."""
    if visit.state.topic == TOPIC_NAME:
        clear(visit)


async def _go_on(visit: Visit) -> Reply | None:
    """A text in the middle of an editor's dialogue. None when there is none any more, or the person is no editor: then
    it is an ordinary text."""
    writing = recall(visit)
    member = await member_of(visit) if writing is not None and visit.turn.private else None
    if writing is None or member is None or member.role not in EDITORS or not visit.turn.text.strip():
        clear(visit)
        return None
    if writing.kind == "miss":
        return await missed.name_service(visit, writing.miss)
    return await editing.write(visit, member, writing.subject, writing.field)


async def _file(visit: Visit) -> Reply | None:
    """A spreadsheet from an editor; None for everything else."""
    if not visit.turn.private or excel.sheet_of(visit.turn) is None:
        return None
    member = await member_of(visit)
    if member is None or member.role not in EDITORS:
        return None
    clear(visit)
    return await excel.taken(visit, member)


TOPIC = Topic(
    commands=(
        command("catalogue", excel.give, EDITORS),
        command("edit", editing.fields, EDITORS),
        command("changes", changing.history, EDITORS),
        command("misses", missed.misses, EDITORS),
        command("gaps", todo.bureaus, EDITORS),
    ),
    buttons={
        "up": button(editing.fields, EDITORS),
        "upf": button(editing.begin, EDITORS),
        "upquit": button(editing.quit_, EDITORS),
        "upok": button(changing.confirm, EDITORS),
        "upno": button(changing.drop, EDITORS),
        "upun": button(changing.undo, EDITORS),
        "ms": button(missed.misses, EDITORS),
        "msok": button(missed.accept, EDITORS),
        "msno": button(missed.reject, EDITORS),
        "msother": button(missed.other, EDITORS),
        "gap": button(todo.bureau, EDITORS),
    },
)
