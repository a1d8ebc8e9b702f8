"""The handoff card: where else to go, what is asked there, what one gets, and the request in words to take along."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from handlers.reply import Block, Button, Heading, Items, Paragraph, Part, Reply, Row, Span, say
from handlers.topic import Topic
from handlers.visit import Visit
from knowledge.tables import Contact, load_contacts

COPY_LIMIT = 256
"""Most characters that a button puts on the clipboard (Bot API: CopyTextButton)."""

QUOTED = 700
"""Most characters of the citizen's own words that go into the ready text."""

NOT_FILED = "این متن جایی ثبت نشده است؛ با تماس یا ثبت خودتان در آن سامانه، کد رهگیری می‌گیرید."
NO_NUMBER_HERE = "ما کد ملی نمی‌خواهیم، ولی آن‌جا ممکن است بپرسند."


def handoff(request: str = "", bureau: str | None = None) -> Reply:
    """The card. `request`: the citizen's own words, made into a text to read out or paste, with the `bureau` whose
    work it is."""
    blocks = [Heading("راه‌های دیگر"), *contact_blocks()]
    words = " ".join(request.split())
    if not words:
        return Reply((Part(tuple(blocks)),))
    text = ready_text(words, bureau)
    blocks += [Heading("متن آماده برای خواندن یا فرستادن"), Paragraph((Span(text, "code"),)), say(NOT_FILED, "quiet")]
    rows: tuple[Row, ...] = ((Button("رونوشت متن", copy=text),),) if len(text) <= COPY_LIMIT else ()
    return Reply((Part(tuple(blocks), rows),))


def ready_text(request: str, bureau: str | None = None) -> str:
    """The citizen's request as it can be read out on the phone or pasted in a form."""
    words = request if len(request) <= QUOTED else request[:QUOTED].rsplit(" ", 1)[0] + " …"
    whose = f" به نظر می‌رسد کارِ {bureau} باشد." if bureau else ""
    end = "" if words.endswith((".", "!", "؟", "…")) else "."
    return f"سلام. {words}{end}{whose} لطفاً رسیدگی کنید و کد رهگیری بدهید."


@cache
def contact_blocks() -> tuple[Block, ...]:
    """One heading and list a contact: when to use it, what it asks, what it gives, how to follow up."""
    return tuple(block for contact in load_contacts().values() for block in _contact(contact))


def _contact(contact: Contact) -> Iterator[Block]:
    yield Heading(f"{contact.name} — تلفن {contact.phone}")
    note = f" ({contact.phone_note})" if contact.phone_note else ""
    lines = [f"{contact.full_name}{note}", f"برای چه: {contact.use_for}"]
    if contact.since:
        lines.append(contact.since)
    if contact.asks_for:
        lines.append(f"می‌پرسد: {'، '.join(contact.asks_for)}. {NO_NUMBER_HERE}")
    if contact.gives:
        lines.append(f"می‌دهد: {contact.gives}")
    if contact.follow_up:
        lines.append(f"پیگیری: {contact.follow_up}")
    if contact.site:
        lines.append(f"وبگاه: {contact.site}")
    yield Items(tuple(lines))


async def _ways(visit: Visit, parts: tuple[str, ...]) -> Reply:
    """`ways:<service code>` names the bureau of that service."""
    catalogue = visit.office.catalogue
    bureau = catalogue.bureau_of(parts[0]).name if parts and parts[0] in catalogue else None
    return handoff(visit.state.question, bureau)


TOPIC = Topic(buttons={"ways": _ways})
