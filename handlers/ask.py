"""A question: the card of the service, a choice of a few, or an honest «not ours» with where to go."""

from __future__ import annotations

from functools import cache

from handlers.card import service_card
from handlers.reply import Heading, Items, Reply, say
from knowledge.catalogue import Catalogue
from knowledge.finder.finder import Found
from knowledge.persian import persian_digits
from knowledge.tables import Contact, load_contacts

CHOOSE = "منظورتان کدام است؟"
NOT_OURS = "این کار در فهرست خدمات استانداری قزوین نیست."
NOBODY = "کار هیچ اداره‌ای نیست"
NOBODYS = "این کار استانداری نیست و اداره‌ی دیگری هم برایش نمی‌شناسم."
GUIDANCE = "(راهنمایی عمومی است، از کتابچه نیست.)"
DONT_KNOW = "نمی‌دانم کدام خدمت به کارتان می‌آید. لطفاً کمی بیشتر بنویسید: چه می‌خواهید و برای چه کسی؟"

SMALL_TALK = {
    "greeting": "سلام! بنویسید چه کاری با استانداری دارید تا خدمت درست را پیدا کنم.",
    "thanks": "خواهش می‌کنم. اگر کار دیگری بود، بنویسید.",
    "goodbye": "خدانگهدار. هر وقت کاری بود، همین‌جا هستم.",
    "praise": "خوشحالم که به کارتان آمد.",
    "about": "من خدمت‌یار هستم؛ یک برنامه، نه یک کارمند. خدمات استانداری قزوین را از روی کتابچه‌ی بهمن ۱۴۰۲ پیدا می‌کنم.",
    "help": "به زبان خودتان بنویسید چه می‌خواهید؛ مثلاً: «می‌خواهم پهپاد پرواز بدهم، مجوزش با کیست؟»",
    "rude": "می‌فهمم که ناراحت هستید. بنویسید چه شده تا راهش را پیدا کنم.",
    "empty": "چیزی ننوشتید. بنویسید چه کاری با استانداری دارید.",
    "human": "من نمی‌توانم شما را به کارمندی وصل کنم. برای گفت‌وگو با یک انسان از راه زیر بروید:",
}
WITH_CONTACTS = frozenset({"human", "complain", "track"})


def reply_to(found: Found, catalogue: Catalogue) -> Reply:
    """The reply to a found decision."""
    match found.decision:
        case "answer":
            code = found.services[0].code
            return service_card(catalogue.service(code), catalogue.bureau_of(code))
        case "choose":
            return _choice(found, catalogue)
        case "decline":
            return _declined(found)


def _choice(found: Found, catalogue: Catalogue) -> Reply:
    items = tuple(
        f"{catalogue.service(scored.code).title} — {catalogue.bureau_of(scored.code).name}" for scored in found.services
    )
    marks = tuple(persian_digits(index) for index in range(1, len(items) + 1))
    return Reply((say(CHOOSE, "strong"), Items(items, marks)))


def _declined(found: Found) -> Reply:
    if found.intent in SMALL_TALK:
        talk = say(SMALL_TALK[found.intent])
        return Reply((talk, *handoff())) if found.intent in WITH_CONTACTS else Reply((talk,))
    if found.topic is not None and found.topic.authority.startswith(NOBODY):
        return Reply((say(NOBODYS, "strong"), say(SMALL_TALK["help"])))
    if found.topic is not None:
        return Reply(
            (
                say(NOT_OURS, "strong"),
                say(f"«{found.topic.title}» کار این جاست: {found.topic.authority}."),
                say(GUIDANCE, "quiet"),
                *handoff(),
            )
        )
    if found.intent == "out_of_scope":
        return Reply((say(NOT_OURS, "strong"), *handoff()))
    return Reply((say(DONT_KNOW), *handoff()))


@cache
def handoff() -> tuple[Heading | Items, ...]:
    """Where else to go: the confirmed contacts."""
    contacts = load_contacts().values()
    return (Heading("راه‌های دیگر"), Items(tuple(_contact_line(contact) for contact in contacts)))


def _contact_line(contact: Contact) -> str:
    note = f" ({contact.phone_note})" if contact.phone_note else ""
    line = f"{contact.name}، {contact.full_name}: تلفن {contact.phone}{note}؛ {contact.use_for}."
    if contact.asks_for:
        line += f" می‌پرسد: {'، '.join(contact.asks_for)}."
    if contact.gives:
        line += f" می‌دهد: {contact.gives}."
    if contact.follow_up:
        line += f" پیگیری: {contact.follow_up}"
    return line
