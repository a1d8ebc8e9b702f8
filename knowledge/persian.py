"""Persian text as the catalogue wants it: what is unclean in a text, and how digits are written."""

from __future__ import annotations

import re

ZWNJ = "\u200c"

_TO_PERSIAN_DIGITS = str.maketrans("0123456789٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹" * 2)
_TO_ASCII_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "0123456789" * 2)

_LETTER = "آ-یءئؤأإۀة"
_ENDS_WITH_HA = frozenset(
    "تنها بها انتها ابتها منتها آنها اینها خودبها خونبها اجاره‌بها گران‌بها کم‌بها پربها مشتها رها سها نها مبدأها "
    "اشتها بی‌انتها".split()
)
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
_DOUBLE = re.compile(r"[ \u00a0]{2,}|" + ZWNJ + "{2,}")
_ZWNJ_EDGE = re.compile(rf"(^|[ ،؛:.()«»]){ZWNJ}|{ZWNJ}($|[ ،؛:.()«»])")
_ARABIC_LETTERS = {"ي": "ی", "ك": "ک", "ى": "ی", "ە": "ه", "ہ": "ه", "ٱ": "ا"}


def persian_digits(text: str | int) -> str:
    """The same text with every digit (ASCII or Arabic) written in Persian."""
    return str(text).translate(_TO_PERSIAN_DIGITS)


def ascii_digits(text: str) -> str:
    """The same text with every digit (Persian or Arabic) written in ASCII."""
    return text.translate(_TO_ASCII_DIGITS)


def text_problems(text: str) -> list[str]:
    """What is unclean in a Persian text of the catalogue, each as one Persian reason; empty when it is clean."""
    problems: list[str] = []
    if not text.strip():
        return ["متن خالی است"]
    if text != text.strip():
        problems.append("فاصله در آغاز یا پایان متن")
    for wrong, right in _ARABIC_LETTERS.items():
        if wrong in text:
            problems.append(f"حرف عربی «{wrong}» به جای «{right}»")
    if re.search(r"[0-9٠-٩]", text):
        problems.append("رقم لاتین یا عربی به جای رقم فارسی")
    if "ـ" in text:
        problems.append("کشیده (ـ) در متن")
    if "\n" in text or "\t" in text:
        problems.append("شکست سطر یا تب در متن")
    if _DOUBLE.search(text):
        problems.append("دو فاصله یا دو نیم‌فاصله پشت سر هم")
    if _ZWNJ_EDGE.search(text):
        problems.append("نیم‌فاصله در کنار فاصله یا نشانه")
    for match in _JOINED_HA.finditer(text):
        word = match.group(1) + "ها"
        if word not in _ENDS_WITH_HA:
            problems.append(f"نیم‌فاصله پیش از «ها» در «{match.group(0)}» نیست")
    if match := _HA_SPACED.search(text):
        problems.append(f"به جای نیم‌فاصله، فاصله پیش از «ها» آمده است: «{match.group(0)}»")
    if match := _MI_JOINED.search(text):
        problems.append(f"نیم‌فاصله پس از «می» در «{match.group(0)}» نیست")
    if match := _MI_SPACED.search(text):
        problems.append(f"به جای نیم‌فاصله، فاصله پس از «می» آمده است: «{match.group(0)}»")
    if match := _HALF_SPACE_LOST.search(text):
        problems.append(f"نیم‌فاصله در «{match.group(0)}» افتاده است")
    return problems
