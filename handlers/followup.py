"""A question about the service last shown: its papers, time, cost, steps, bureau, id; told from the booklet only."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, get_args

from handlers.card import (
    NO_COST,
    NO_DOCUMENTS,
    NO_STEPS,
    NO_TIME,
    contact_blocks,
    document_blocks,
    responsible,
    service_number,
    step_lines,
    workflow_blocks,
)
from handlers.reply import Block, Button, Heading, Items, Part, Reply, message, pages, say
from handlers.show import law_parts, picture_part, show
from handlers.staff_facts import fee_block
from handlers.topic import Topic
from handlers.visit import Visit
from knowledge.finder.finder import Found
from knowledge.finder.normalize import stem
from knowledge.models import Service
from knowledge.persian import persian_digits

Kind = Literal[
    "documents", "time", "cost", "steps", "bureau", "address", "service_id", "law", "form", "next_step", "picture",
    "more", "repeat",
]  # fmt: skip
KINDS = frozenset(get_args(Kind))

CUES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("time", re.compile(r"چند روز|چند ماه|چند وقت|چقد\w* (طول|زمان|وقت)|طول م?ی?ک?ش|تا کی|مهلت|"
                        r"\bکی\b.*(میاید|میرسد|میدهند|میدهید|حاضر|اماده|واریز|میشود|تمام|جواب)")),
    ("cost", re.compile(r"هزین|چند تومن|چند تومان|پولش|قیمت|تعرفه|رایگان|مجانی")),
    ("documents", re.compile(r"مدارک|مدرک|چه کاغذ|چه چیز\w* (لازم|ببرم|بیاورم|میخواهد)|چه لازم|\bچه میخواهد\b")),
    ("next_step", re.compile(r"(مرحله|قدم|گام) ?ی? ?بعد")),
    ("steps", re.compile(r"مرحله|مراحل|روند|فرایند|فرآیند|از اول تا|چکار کنم|چه کار کنم|قدم به قدم")),
    ("form", re.compile(r"\bفرم|سامانه|سایت|اینترنتی|انلاین|ثبت نام کنم")),
    ("address", re.compile(r"ادرس|نشانی|شماره تلفن|تلفنش|ساعت کار|کجای شهر")),
    ("bureau", re.compile(r"کدام (دفتر|اداره|بخش|واحد|معاونت)|کجا بروم|کجا باید بروم|کجا مراجعه|پیش کی|با کیست")),
    ("service_id", re.compile(r"شناسه")),
    ("law", re.compile(r"قانون|ایین ?نامه|بخشنامه|دستورالعمل")),
)  # fmt: skip
"""What a follow-up asks for, by words of its matching form (knowledge.finder: normalized, in written words)."""

ORDINALS = {"اول": 1, "دوم": 2, "سوم": 3, "چهارم": 4, "پنجم": 5, "ششم": 6, "هفتم": 7, "هشتم": 8, "یک": 1, "دو": 2,
            "سه": 3, "چهار": 4, "پنج": 5, "اخر": -1}  # fmt: skip
LONE_WORDS = 5
"""Most words of a text that is read as a pick from the list shown."""

SURE = 0.9
"""A service at least so probable is a topic of its own, whatever the cue."""

UNSURE = 0.5
"""Below it the words of a text are looked up in the steps of the service last shown."""

COMMON_WORDS = (
    *("باید", "دارد", "کنم", "شود", "کند", "برای", "است", "این", "استان", "استانداری", "خدمت", "کار", "درخاست"),
    *(
        "درخواست",
        "ثبت",
        "بررسی",
        "اعلام",
        "ارسال",
        "صدور",
        "انجام",
        "دریافت",
        "مربوطه",
        "امور",
        "دفتر",
        "اداره",
        "نامه",
    ),
    *(
        "وزارت",
        "کشور",
        "کدام",
        "چند",
        "دهند",
        "بدهم",
        "بدهند",
        "خودم",
        "شما",
        "دارین",
        "میشود",
        "میخواهم",
        "اکنون",
        "دیگر",
    ),
    *("هست", "قزوین", "کنند", "نیست", "سازمان", "مدیر", "شخص"),
)
COMMON = frozenset(stem(word) for word in COMMON_WORDS)
"""Words that tell no step from another."""

ASK_WHICH = "درباره‌ی کدام خدمت می‌پرسید؟ اول بنویسید چه کاری دارید، بعد مدارک و مراحلش را بپرسید."
NO_FORM = "کتابچه برای این خدمت فرم یا سامانه‌ای ننوشته است."
NO_ADDRESS = "نشانی و تلفن این دفتر در کتابچه نیست. برای گرفتن شماره‌ی درست با ۱۱۱ (سامد) تماس بگیرید."
LAST_STEP = "این آخرین مرحله‌ای بود که کتابچه نوشته است."
ASK_BUREAU = "از دفتر مسئول بپرسید."
PARTS_OF_STEPS = "آنچه کتابچه در این‌باره نوشته است:"


def kind_of(visit: Visit, found: Found, form: str) -> Kind | None:
    """What a text asks of the service last shown; None when it is a question of its own."""
    service = visit.state.service
    if service is None:
        return None
    if found.decision == "decline" and found.intent in KINDS:
        return found.intent  # type: ignore[return-value] # checked against KINDS
    if found.decision == "answer" and found.services[0].code != service and found.services[0].score >= SURE:
        return None
    if found.decision == "decline" and found.topic is not None and found.candidates and not points_back(form):
        return None
    if len(form.split()) > 2 * LONE_WORDS:
        return None
    return next((kind for kind, cue in CUES if cue.search(form)), None)


def points_back(form: str) -> bool:
    """Whether some word points back («مدارکش», «قبلش», «پولش»)."""
    return any(len(word) > 3 and word.endswith(("ش", "شو", "شان")) for word in form.split()) or "این" in form.split()


def details(visit: Visit, found: Found) -> Reply | None:
    """The steps and papers of the service last shown that a text's own words name; None when it names none.

    A text that asks for that very service names a part of it only by words that its title and summary lack.
    """
    form = found.form
    if visit.state.service is None:
        return None
    service = visit.office.catalogue.service(visit.state.service)
    asked = {stem(word) for word in form.split() if len(word) > 3} - COMMON
    asked |= {word[:-1] for word in asked if word.endswith("ش")}
    if found.decision == "answer":
        asked -= _words(visit, f"{service.title} {service.summary}")
    lines = step_lines(service.workflow) if service.workflow else ()
    papers = tuple(document.text for document in service.public_documents)
    named = [(number, line) for number, line in enumerate(lines, start=1) if asked & _words(visit, line)]
    listed = [text for text in papers if asked & _words(visit, text)]
    if not named and not listed:
        return None
    blocks: list[Block] = [Heading(service.title, 1), say(PARTS_OF_STEPS)]
    if named:
        blocks.append(Items(tuple(line for _, line in named), tuple(persian_digits(number) for number, _ in named)))
    if listed:
        blocks.append(Items(tuple(listed)))
    return Reply((Part(tuple(blocks), _more_buttons(service)),))


def _words(visit: Visit, text: str) -> set[str]:
    return {stem(word) for word in visit.office.finder.form(text).split()}


def _more_buttons(service: Service) -> tuple[tuple[Button, ...], ...]:
    return ((Button("همه‌ی این خدمت", data=f"s:{service.code}"),),)


def of_nothing(visit: Visit, found: Found) -> Reply | None:
    """«مدارکش؟» when the talk is of no service: which one?"""
    words = found.form.split()
    if visit.state.service is not None or found.decision == "answer":
        return None
    if len(words) != 1 and not (len(words) == 2 and points_back(found.form)):
        return None
    return ask_which() if any(cue.search(found.form) for _, cue in CUES) else None


def ask_which() -> Reply:
    """A follow-up to nothing is asked back."""
    return message(ASK_WHICH, buttons=((Button("فهرست خدمات", data="bd"),),))


def tell(visit: Visit, kind: Kind) -> Reply:
    """The answer to a follow-up of this kind about the service last shown."""
    code = visit.state.service
    if code is None:
        return ask_which()
    service = visit.office.catalogue.service(code)
    match kind:
        case "picture":
            return Reply((picture_part(visit, code),))
        case "law":
            return Reply(law_parts(service))
        case "more" | "repeat":
            return Reply((show(visit, code),))
        case "next_step":
            return _next_step(visit, service)
        case _:
            blocks = (Heading(service.title, 1), *_TELLERS[kind](visit, service))
            cut = pages(blocks)
            rows = _more_buttons(service)
            if kind == "steps" and service.workflow is not None:
                rows = ((Button("نمودار مراحل", data=f"pic:{code}"),), *rows)
            return Reply(tuple(Part(page, rows if page is cut[-1] else ()) for page in cut))


def _bureau_line(visit: Visit, service: Service) -> Block:
    return responsible(visit.office.catalogue.bureau_of(service.code))


def _documents(visit: Visit, service: Service) -> tuple[Block, ...]:
    return tuple(document_blocks(service)) or (say(NO_DOCUMENTS), _bureau_line(visit, service))


def _time(visit: Visit, service: Service) -> tuple[Block, ...]:
    if service.duration:
        return (say(f"زمان انجام: {service.duration} ⏱"),)
    due = [(step.text, step.deadline) for step in service.workflow.steps if step.deadline] if service.workflow else []
    if due:
        return (
            say("کتابچه برای همه‌ی کار زمانی ننوشته است؛ فقط این مهلت‌ها را دارد:"),
            Items(tuple(f"{text} ⏱" for text, _ in due)),
        )
    return (say(f"{NO_TIME} {ASK_BUREAU}"), _bureau_line(visit, service))


def _cost(visit: Visit, service: Service) -> tuple[Block, ...]:
    if (fee := fee_block(visit.office.edition, service.code)) is not None:
        return (fee, _bureau_line(visit, service))
    return (say(f"{NO_COST} {ASK_BUREAU}"), _bureau_line(visit, service))


def _steps(visit: Visit, service: Service) -> tuple[Block, ...]:
    if service.workflow is None:
        return (say(f"{NO_STEPS} {ASK_BUREAU}"), _bureau_line(visit, service))
    return tuple(workflow_blocks(service.workflow))


def _bureau(visit: Visit, service: Service) -> tuple[Block, ...]:
    bureau = visit.office.catalogue.bureau_of(service.code)
    return (responsible(bureau), *(tuple(contact_blocks(bureau)) or (say(NO_ADDRESS),)))


def _form(visit: Visit, service: Service) -> tuple[Block, ...]:
    return tuple(document_blocks(service, ("form", "system"))) or (say(NO_FORM), _bureau_line(visit, service))


def _id(_visit: Visit, service: Service) -> tuple[Block, ...]:
    return (service_number(service),)


_TELLERS: dict[str, Callable[[Visit, Service], tuple[Block, ...]]] = {
    "documents": _documents,
    "time": _time,
    "cost": _cost,
    "steps": _steps,
    "bureau": _bureau,
    "address": _bureau,
    "service_id": _id,
    "form": _form,
}


def _next_step(visit: Visit, service: Service) -> Reply:
    lines = step_lines(service.workflow) if service.workflow else ()
    if not lines:
        return message(Heading(service.title, 1), NO_STEPS, _bureau_line(visit, service))
    if visit.state.step >= len(lines):
        visit.state.step = 0
        return message(LAST_STEP, buttons=_more_buttons(service))
    visit.state.step += 1
    number = visit.state.step
    of = f"گام {persian_digits(number)} از {persian_digits(len(lines))}: {service.short_title}"
    rows = ((Button("مرحله‌ی بعد", data="next"),),) if number < len(lines) else ()
    return message(Heading(of), lines[number - 1], buttons=rows)


def picked(visit: Visit, found: Found, form: str) -> str | None:
    """The service of the list last shown that a short text picks: «دومی», «۲», «آخری», or words of its title."""
    offered = visit.state.offered
    words = form.split()
    if not offered or not 0 < len(words) <= LONE_WORDS:
        return None
    for word in words:
        number = int(word) if word.isascii() and word.isdecimal() else ORDINALS.get(word.removesuffix("ی"))
        if number is not None and (len(words) == 1 or found.intent in {"ordinal", "yes"} or word.endswith("می")):
            place = number - 1 if number > 0 else len(offered) - 1
            return offered[place] if place < len(offered) else None
    if found.decision == "answer":
        return None
    if (named := _named(visit, words)) is not None:
        return named
    ranked = [scored for scored in found.candidates if scored.code in offered]
    if ranked and ranked[0] is found.candidates[0] and found.intent == "find_service":
        return ranked[0].code
    return None


def _named(visit: Visit, words: list[str]) -> str | None:
    """The one service of the list whose title holds all that a text says."""
    said = {stem(word) for word in words if word not in ORDINALS and word.removesuffix("ی") not in ORDINALS} - COMMON
    fitting = [code for code in visit.state.offered if said <= _words(visit, _titles(visit, code))]
    return fitting[0] if said and len(fitting) == 1 else None


def _titles(visit: Visit, code: str) -> str:
    service = visit.office.catalogue.service(code)
    return f"{service.title} {service.short_title}"


async def next_button(visit: Visit, _words: tuple[str, ...]) -> Reply:
    """The button under a step."""
    return tell(visit, "next_step")


TOPIC = Topic(buttons={"next": next_button})
