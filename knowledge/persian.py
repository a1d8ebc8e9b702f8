"""Persian text as the catalogue wants it: what is unclean in a text, and how digits are written."""

from __future__ import annotations

import re

ZWNJ = "\u200c"

_TO_PERSIAN_DIGITS = str.maketrans("0123456789٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹" * 2)
_TO_ASCII_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "0123456789" * 2)

_LETTER = "آ-یءئؤأإۀة"
_ENDS_WITH_HA = frozenset({"تنها", "بها", "انتها", "منتها", "آنها", "اینها", "خونبها", "پربها", "سها", "اشتها"})
_JOINING = "بپتثجچحخسشصضطظعغفقکگلمنهیئ"
_JOINED_HA = re.compile(rf"(?<![{_LETTER}{ZWNJ}])([{_LETTER}]+[{_JOINING}])ها(ی|یی|یشان|یش|یم)?(?![{_LETTER}{ZWNJ}])")
_MI_VERBS = (
    "شود|شوند|شد|کند|کنند|کنید|کنیم|باشد|باشند|گردد|گردند|نماید|نمایند|دهد|دهند|دهید|گیرد|گیرند|تواند|توانند|توانید|"
    "خواهد|خواهند|خواهید|رسد|رسند|آید|آیند|رود|روند|یابد|یابند|گوید|گویند|گذارد|پردازد|پردازند|کشد|ماند|سازد|بایست|دارد"
)
_MI_JOINED = re.compile(rf"(?<![{_LETTER}{ZWNJ}])(ن?می)({_MI_VERBS})(?![{_LETTER}])")
_MI_SPACED = re.compile(rf"(?<![{_LETTER}{ZWNJ}])ن?می [{_LETTER}]")
_HA_SPACED = re.compile(rf"[{_LETTER}] ها(ی|یی)?(?![{_LETTER}{ZWNJ}])")
_HALF_SPACE_LOST = re.compile(
    r"سرمایهگذار|برنامهریز|بودجهریز|بیمهای|منطقهای|هزینهای|شیوهنامه|آییننامه|تفاهمنامه|اساسنامهی|دورههای|برگهی|تهیهی"
    r"|سازمانهای|دستگاههای|شرکتهای|طرحهای|بهرهبردار|بهروز|گفتوگو|کسبوکار|دانشبنیان|مردمنهاد"
)
_ARABIC_LETTERS = "يكىەہٱ"


def persian_digits(text: str | int) -> str:
    """The same text with every digit (ASCII or Arabic) written in Persian."""
    return str(text).translate(_TO_PERSIAN_DIGITS)


def ascii_digits(text: str) -> str:
    """The same text with every digit (Persian or Arabic) written in ASCII."""
    return text.translate(_TO_ASCII_DIGITS)


def _joined_plural(text: str) -> str | None:
    for match in _JOINED_HA.finditer(text):
        if match.group(1) + "ها" not in _ENDS_WITH_HA:
            return match.group(0)
    return None


_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^\s|\s$"), "فاصله در آغاز یا پایان متن"),
    (re.compile("[" + "".join(_ARABIC_LETTERS) + "]"), "حرف عربی «{}» به جای حرف فارسی"),
    (re.compile(r"[0-9٠-٩]"), "رقم لاتین یا عربی «{}» به جای رقم فارسی"),
    (re.compile("ـ"), "کشیده (ـ) در متن"),
    (re.compile(r"[\n\r\t]"), "شکست سطر یا تب در متن"),
    (re.compile(rf"[ \u00a0]{{2,}}|{ZWNJ}{{2,}}"), "دو فاصله یا دو نیم‌فاصله پشت سر هم"),
    (re.compile(rf"(^|[ ،؛:.()«»]){ZWNJ}|{ZWNJ}($|[ ،؛:.()«»])"), "نیم‌فاصله در کنار فاصله یا نشانه"),
    (_HA_SPACED, "به جای نیم‌فاصله، فاصله پیش از «ها» آمده است: «{}»"),
    (_MI_JOINED, "نیم‌فاصله پس از «می» در «{}» نیست"),
    (_MI_SPACED, "به جای نیم‌فاصله، فاصله پس از «می» آمده است: «{}»"),
    (_HALF_SPACE_LOST, "نیم‌فاصله در «{}» افتاده است"),
)


def text_problems(text: str) -> list[str]:
    """What is unclean in a Persian text of the catalogue, each as one Persian reason; empty when it is clean."""
    if not text.strip():
        return ["متن خالی است"]
    problems = [reason.format(match.group(0)) for rule, reason in _RULES if (match := rule.search(text))]
    if plural := _joined_plural(text):
        problems.append(f"نیم‌فاصله پیش از «ها» در «{plural}» نیست")
    return problems
