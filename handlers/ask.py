"""A question: the card of the service, a choice of a few, or an honest «not ours» with where to go."""

from __future__ import annotations

import re
from collections.abc import Sequence

from handlers import feedback
from handlers.contacts import contact_items
from handlers.followup import (
    CUES,
    KINDS,
    LONE_WORDS,
    SURE,
    UNSURE,
    ask_which,
    details,
    kind_of,
    of_nothing,
    picked,
    tell,
)
from handlers.masking import mask
from handlers.needs import needs
from handlers.reply import Block, Button, Heading, Items, Part, Reply, Row, message, say
from handlers.show import show
from handlers.visit import Visit
from knowledge.catalogue import Catalogue
from knowledge.finder.finder import Found
from knowledge.finder.phrases import Topic as OthersTopic
from knowledge.persian import persian_digits

CHOOSE = "منظورتان کدام است؟"
BOTH = "چند کار گفتید؛ از کدام شروع کنیم؟"
NONE_OF_THESE = "هیچ‌کدام"
NOT_OURS = "این کار در فهرست خدمات استانداری قزوین نیست."
NOBODY = "کار هیچ اداره‌ای نیست"
NOBODYS = "این کار استانداری نیست و اداره‌ی دیگری هم برایش نمی‌شناسم."
GUIDANCE = "(راهنمایی عمومی است، از کتابچه نیست.)"
DONT_KNOW = "نمی‌دانم کدام خدمت به کارتان می‌آید. لطفاً کمی بیشتر بنویسید: چه می‌خواهید و برای چه کسی؟"
OTHER_WAYS = "راه‌های دیگر"
NO_OTHER = "چیز دیگری از این دست نیافتم. لطفاً با واژه‌های دیگری بنویسید."

SMALL_TALK = {
    "greeting": "سلام! بنویسید چه کاری با استانداری دارید تا خدمت درست را پیدا کنم.",
    "thanks": "خواهش می‌کنم. اگر کار دیگری بود، بنویسید.",
    "goodbye": "خدانگهدار. هر وقت کاری بود، همین‌جا هستم.",
    "praise": "خوشحالم که به کارتان آمد.",
    "yes": "خوب است. اگر چیز دیگری هم هست، بنویسید.",
    "about": "من خدمت‌یار هستم؛ یک برنامه، نه یک کارمند. خدمات استانداری قزوین را از روی کتابچه‌ی بهمن ۱۴۰۲ پیدا می‌کنم.",
    "help": "به زبان خودتان بنویسید چه می‌خواهید؛ مثلاً: «می‌خواهم پهپاد پرواز بدهم، مجوزش با کیست؟»",
    "rude": "می‌فهمم که ناراحت هستید. می‌خواهید شکایتتان را ثبت کنم؟ یا با سامد (۱۱۱) تماس بگیرید.",
    "empty": "بنویسید چه کاری با استانداری دارید؛ همان‌طور که حرف می‌زنید.",
    "human": "من برنامه‌ام؛ نمی‌دانم الان کارمندی هست یا نه و شماره‌ی کارمندان را ندارم. راه‌های رسمی این‌هاست:",
    "cancel": "باشد. چیزی ثبت نشده است.",
    "repeat": "بار دیگر بپرسید تا دوباره بگویم.",
}
CONTACTS_TOO = frozenset({"human"})
COMPLAINT_TOO = frozenset({"human", "rude"})

LEADING = 0.5
"""A service offered first with such a probability is what the next «مدارکش؟» is about."""

OTHER_ONE = re.compile(r"\b(ان|اون) یک|\bدیگری\b|\bبعدی\b")


async def answer(visit: Visit, text: str) -> Reply:
    """The reply to a text that is no command and no part of an open dialogue."""
    found = visit.office.find(text)
    for step in (_other_need, _from_the_list, _follow_up, of_nothing, _inside):
        if (reply := step(visit, found)) is not None:
            return reply
    visit.state.question = mask(text)[:1000]
    if codes := needs(visit.office, text):
        visit.state.waiting = codes
        return choice(visit, codes, feedback.remember(visit, found), BOTH)
    match found.decision:
        case "answer":
            return Reply((_card(visit, found),))
        case "choose":
            return _choice(visit, found)
        case "decline":
            return await declined(visit, found)


def _other_need(visit: Visit, found: Found) -> Reply | None:
    if not points_to_other(visit, found):
        return None
    code, *rest = visit.state.waiting
    visit.state.waiting = tuple(rest)
    return Reply((show(visit, code),))


def _from_the_list(visit: Visit, found: Found) -> Reply | None:
    code = picked(visit, found, found.form)
    if code is None:
        return None
    visit.state.waiting = tuple(other for other in visit.state.waiting if other != code)
    return Reply((show(visit, code),))


def _follow_up(visit: Visit, found: Found) -> Reply | None:
    kind = kind_of(visit, found, found.form)
    if kind is None:
        return None
    # «آزمونش با کجاست؟» asks for a step of the service, not for its bureau.
    inside = details(visit, found) if kind in {"bureau", "address"} else None
    return inside or tell(visit, kind)


def _inside(visit: Visit, found: Found) -> Reply | None:
    return details(visit, found) if visit.state.service is not None and _looks_back(visit, found) else None


def _choice(visit: Visit, found: Found) -> Reply:
    codes = tuple(scored.code for scored in found.services)
    reply = choice(visit, codes, feedback.remember(visit, found))
    if found.services[0].score >= LEADING:
        visit.state.service, visit.state.step = codes[0], 0
    return reply


def points_to_other(visit: Visit, found: Found) -> bool:
    """«حالا اون یکی», when of several needs some still wait."""
    return bool(visit.state.waiting and OTHER_ONE.search(found.form) and len(found.form.split()) <= LONE_WORDS)


def _looks_back(visit: Visit, found: Found) -> bool:
    """Whether a text may be about the inside of the service last shown."""
    if found.decision == "answer" and found.services[0].score >= SURE:
        return found.services[0].code == visit.state.service
    if found.topic is not None and not found.topic.authority.startswith(NOBODY):
        return False
    if found.decision == "decline" and found.intent != "out_of_scope":
        return False
    return not found.candidates or found.candidates[0].score < UNSURE


def _card(visit: Visit, found: Found) -> Part:
    key = feedback.remember(visit, found)
    visit.state.offered = ()
    asks_papers = any(kind == "documents" and cue.search(found.form) for kind, cue in CUES)
    return show(visit, found.services[0].code, answer=key, folded=not asks_papers)


def choice(visit: Visit, codes: Sequence[str], key: str, ask: str = CHOOSE) -> Reply:
    """A list of two to five services to pick from, and «none of these»."""
    visit.state.offered = tuple(codes)
    visit.state.service = None
    rows: list[Row] = [
        (Button(f"{persian_digits(number)}. {visit.office.catalogue.service(code).short_title}", data=f"s:{code}"),)
        for number, code in enumerate(codes, start=1)
    ]
    rows.append((Button(NONE_OF_THESE, data=f"none:{key}"),))
    return Reply((Part((say(ask, "strong"), listed(visit.office.catalogue, codes)), tuple(rows)),))


def listed(catalogue: Catalogue, codes: Sequence[str]) -> Items:
    """Services as a numbered list, each with its bureau."""
    return Items(
        tuple(f"{catalogue.service(code).title} — {catalogue.bureau_of(code).name}" for code in codes),
        tuple(persian_digits(number) for number in range(1, len(codes) + 1)),
    )


async def declined(visit: Visit, found: Found) -> Reply:
    """What is not ours, or talk that asks for no service."""
    if found.intent == "no" and visit.state.question:
        return another(visit)
    if found.intent in KINDS:
        return ask_which()
    if found.intent in SMALL_TALK:
        return small_talk(found.intent)
    key = feedback.remember(visit, found)
    if found.topic is None or not found.topic.authority.startswith(NOBODY):
        await feedback.record_miss(visit, "declined", key, found.topic.id if found.topic else None)
    return Reply((Part(decline_blocks(found.topic, knows=found.intent == "out_of_scope"),
                       (*feedback.ways_on(), feedback.rating_row(key))),))  # fmt: skip


def decline_blocks(topic: OthersTopic | None, *, knows: bool) -> tuple[Block, ...]:
    """«Not ours», whose it is where that is known, and the ways that are always open."""
    if topic is not None and topic.authority.startswith(NOBODY):
        return (say(NOBODYS, "strong"), say(SMALL_TALK["help"]))
    ways = (Heading(OTHER_WAYS), contact_items())
    if topic is not None:
        whose = say(f"«{topic.title}» کار این جاست: {topic.authority}.")
        return (say(NOT_OURS, "strong"), whose, say(GUIDANCE, "quiet"), *ways)
    return (say(NOT_OURS, "strong") if knows else say(DONT_KNOW), *ways)


def small_talk(intent: str) -> Reply:
    """A fitting word to talk that asks for no service."""
    blocks: list[Block] = [say(SMALL_TALK[intent])]
    if intent in CONTACTS_TOO:
        blocks.append(contact_items())
    rows: list[Row] = [(Button("ثبت شکایت یا درخواست", data="cnew"),)] if intent in COMPLAINT_TOO else []
    if intent in {"greeting", "help"}:
        rows.append((Button("فهرست خدمات", data="bd"), Button("راهنما", data="help")))
    return Reply((Part(tuple(blocks), tuple(rows)),))


def another(visit: Visit) -> Reply:
    """«نه» after an answer: the next likeliest services for the same question."""
    found = visit.office.find(visit.state.question)
    codes = tuple(scored.code for scored in found.candidates if scored.code != visit.state.service)[:3]
    if not codes:
        return message(NO_OTHER, buttons=feedback.ways_on())
    return choice(visit, codes, feedback.remember(visit, found))


def plain_reply(found: Found, catalogue: Catalogue) -> tuple[Block, ...] | None:
    """The words of a decision without a chat (for `khedmatyar ask`); None when it is an answer, whose card says it."""
    match found.decision:
        case "answer":
            return None
        case "choose":
            return (say(CHOOSE, "strong"), listed(catalogue, [scored.code for scored in found.services]))
        case "decline" if found.intent in SMALL_TALK:
            return small_talk(found.intent).blocks
        case "decline":
            return decline_blocks(found.topic, knows=found.intent == "out_of_scope")
