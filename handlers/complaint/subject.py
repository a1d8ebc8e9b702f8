"""What a complaint is about: the service that meets it, proposed from the citizen's own words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.visit import Office
from knowledge.finder.finder import Found

GENERAL = "performance-05"
"""«رسیدگی و پاسخگویی به درخواست‌ها و شکایات مردمی از دستگاه‌های اجرایی استان»: meets what has no service of its own."""

OWN_SERVICE = {"شهرداری": "urban-34", "دهیاری": "rural-16", "شورای": "urban-18"}
"""Authorities whose complaints have a service of their own."""

NEVER_OURS = ("بانک", "بیمه")
"""Beginnings of names of bodies whose work is no service of the office, whatever other words say."""

NAMING_WORDS = 6
"""In a text of so few words the authority named says more than the finder."""

SURE_AT = 0.8
SURE_GAP = 0.5
WORTH_OFFERING = 0.2
DOUBTFUL_AT = 0.05
"""A service so probable leaves it in doubt whether the work is another authority's."""

NOBODY = "کار هیچ اداره‌ای نیست"

_GAP = r"[\s\u200c]+"
_OFFICE = rf"(?:اداره|سازمان|شرکت|رئیس|مدیر)(?:[\s\u200c]?ی|{_GAP}کل)?{_GAP}"
_NEEDS_OFFICE = r"برق|گاز|آب|پست|کار|راه|مالیات|دارایی|نفت|تعاون|ورزش و جوانان|میراث فرهنگی|منابع طبیعی|محیط زیست"
_BARE = (
    r"شهرداری|دهیاری|شورای (?:اسلامی )?(?:شهر|روستا)|فرمانداری|بخشداری|آب و فاضلاب|آبفا|مخابرات|بیمارستان|درمانگاه"
    r"|دانشگاه علوم پزشکی|دانشگاه|آموزش و پرورش|بهزیستی|کمیته امداد|تامین اجتماعی|تأمین اجتماعی|ثبت احوال|ثبت اسناد"
    r"|اوقاف|کلانتری|پلیس|نیروی انتظامی|راهنمایی و رانندگی|دادگستری|دادگاه|دادسرا|جهاد کشاورزی|راه و شهرسازی"
    r"|مسکن و شهرسازی|بنیاد مسکن|امور مالیاتی|گمرک|صدا و سیما|تعزیرات|راهداری|فنی و حرفه[\s\u200c]?ای|بنیاد شهید|صمت"
)
_BODY = re.compile(
    rf"(?<![آ-ی\u200c])(?:{_OFFICE}(?:{_BARE}|{_NEEDS_OFFICE})|{_BARE}|بانک{_GAP}[آ-ی]+|بیمه{_GAP}[آ-ی]+)(?![آ-ی])"
)
_BOSS = re.compile(rf"^(?:رئیس|مدیر){_GAP}")
_NOT_A_NAME = re.compile(r"^(?:بانک|بیمه)[\s\u200c]+(?:از|که|شکایت|وام|را|رو|ما|من|به|هم|است|نمی\S*|می\S*|در|برای|با)$")


@dataclass(frozen=True)
class Proposal:
    """`subject` with `sure`: taken as is, still correctable; else `offered`, the two likeliest. `body`: the authority
    as the citizen named it; `elsewhere`: whose work it may really be."""

    subject: str | None = None
    sure: bool = False
    offered: tuple[str, ...] = ()
    body: str = ""
    elsewhere: str = ""


def body_in(text: str) -> str:
    """The authority named in a text («اداره برق»), as it was written; empty when none is."""
    for found in _BODY.finditer(text):
        name = " ".join(_BOSS.sub("", found.group(0)).split())
        if not _NOT_A_NAME.match(name):
            return name
    return ""


def propose(office: Office, text: str, context: str | None = None) -> Proposal:
    """The subject of a complaint told in `text`. `context`: the service last talked of, taken when the text alone does
    not say."""
    found = office.find(text)
    body = body_in(text)
    named = body.startswith(NEVER_OURS) or len(text.split()) <= NAMING_WORDS
    if _sure(found) and not (body and named):
        return Proposal(found.candidates[0].code, sure=True, body=body)
    if body:
        own = next((code for name, code in OWN_SERVICE.items() if body.startswith(name)), GENERAL)
        return Proposal(_known(office, own), sure=True, body=body)
    doubtful = bool(found.candidates) and found.candidates[0].score >= DOUBTFUL_AT
    if found.topic is not None and not doubtful and not found.topic.authority.startswith(NOBODY):
        return Proposal(_known(office, GENERAL), sure=True, elsewhere=found.topic.authority)
    if context is not None and context in office.catalogue:
        return Proposal(context, sure=True)
    return Proposal(offered=_offered(office, found))


def _sure(found: Found) -> bool:
    if found.decision == "answer":
        return True
    if found.decision != "choose" or found.intent == "complain" or len(found.candidates) < 2:
        return False
    first, second = found.candidates[:2]
    return first.score >= SURE_AT and first.score - second.score >= SURE_GAP


def _offered(office: Office, found: Found) -> tuple[str, ...]:
    likely = [scored.code for scored in found.candidates[:2] if scored.score >= WORTH_OFFERING]
    codes = dict.fromkeys([*likely, GENERAL, "urban-34"])
    return tuple(code for code in codes if code in office.catalogue)[:2]


def _known(office: Office, code: str) -> str | None:
    return code if code in office.catalogue else None
