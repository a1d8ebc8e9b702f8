"""In the chat: from a service's card an editor picks a field, sees what stands there, and writes what shall stand."""

from __future__ import annotations

import re

from handlers.desk.guard import stale
from handlers.reply import Button, Heading, Part, Reply, Row, message, pages, say
from handlers.upkeep.changing import propose
from handlers.upkeep.memory import clear, remember
from handlers.visit import LONGEST, Visit
from knowledge.overlay.edition import Edition
from knowledge.overlay.fields import BUREAU_FIELDS, FIELDS, FieldError
from records.staff import Member

IN_CHAT = (
    "title", "short_title", "summary", "documents", "workflow", "duration", "fee", "link", "outdated",
    *BUREAU_FIELDS,
)  # fmt: skip
EMPTY = "-"
REASON = re.compile(r"(?m)^\s*دلیل\s*:\s*(.+)$")
DEFAULT_REASON = "ویرایش در گفت‌وگو"
WHICH = "کدام را می‌خواهید درست کنید؟"
NOW = "اکنون:"
NOTHING_NOW = "اکنون چیزی نیست."
WRITE = f"متن تازه را بفرستید؛ «{EMPTY}» یعنی خالی شود. اگر خواستید، در سطری جدا بنویسید «دلیل: …»."
CANCEL: Row = (Button("انصراف", data="upquit"),)
NO_CARD = "اول یک خدمت را باز کنید، سپس /edit."
STOPPED = "باشد، چیزی عوض نشد."


async def fields(visit: Visit, _member: Member, parts: tuple[str, ...]) -> Reply:
    """`up:<code>`: which field; `/edit` for the service last shown."""
    code = parts[0] if parts else visit.state.service or ""
    if code not in visit.office.catalogue:
        return message(NO_CARD)
    service = visit.office.catalogue.service(code)
    buttons = [Button(FIELDS[name].label, data=f"upf:{code}:{name}") for name in IN_CHAT]
    rows = [tuple(buttons[at : at + 3]) for at in range(0, len(buttons), 3)]
    return message(Heading(service.short_title), say(WHICH), buttons=[*rows, CANCEL])


async def begin(visit: Visit, _member: Member, parts: tuple[str, ...]) -> Reply:
    """`upf:<code>:<field>`: show what stands and wait for the text."""
    if len(parts) != 2 or parts[0] not in visit.office.catalogue or parts[1] not in IN_CHAT:
        return stale()
    code, name = parts
    subject = visit.office.catalogue.bureau_of(code).slug if name in BUREAU_FIELDS else code
    remember(visit, "field", subject=subject, field=name)
    field = FIELDS[name]
    shown = field.show(visit.office.edition.value(subject, name))
    hint = (say(field.hint, "quiet"),) if field.hint else ()
    stands = (say(NOW, "quiet"), *(say(line, "code") for line in shown.splitlines())) if shown else (say(NOTHING_NOW),)
    cut = pages((Heading(field.label), *stands, *hint, say(WRITE)))
    return Reply(tuple(Part(page, (CANCEL,) if page is cut[-1] else ()) for page in cut))


async def write(visit: Visit, member: Member, subject: str, name: str) -> Reply:
    """The text came: the difference, or what is wrong with it (then the next text is tried)."""
    text, reason = split_reason(visit.turn.text[:LONGEST])
    edition = visit.office.edition
    if not _exists(edition, subject) or name not in IN_CHAT:
        clear(visit)
        return stale()
    field = FIELDS[name]
    try:
        value = field.read("" if text.strip() == EMPTY else text, edition.value(subject, name))
    except FieldError as error:
        return message(f"{field.label}: {error}", "لطفاً درست کنید و دوباره بفرستید.", buttons=(CANCEL,))
    clear(visit)
    edit = edition.edit(subject, name, value)
    return await propose(visit, member, [edit] if edit else [], "chat", reason)


def split_reason(text: str, default: str = DEFAULT_REASON) -> tuple[str, str]:
    """The text without its line «دلیل: …», and the reason."""
    found = REASON.search(text)
    return (text, default) if found is None else (REASON.sub("", text, count=1).strip(), found[1].strip())


async def quit_(visit: Visit, _member: Member, _parts: tuple[str, ...]) -> Reply:
    """`upquit`."""
    clear(visit)
    return message(STOPPED)


def _exists(edition: Edition, subject: str) -> bool:
    return subject in edition.catalogue or subject in {bureau.slug for bureau in edition.catalogue.bureaus}
