"""What a citizen means by a text in the middle of a complaint: the story, a word of control, or a question."""

from __future__ import annotations

import re
from typing import Literal

from handlers.complaint.phone import without_numbers
from knowledge.finder.normalize import normalize
from knowledge.persian import ascii_digits

Control = Literal["cancel", "resume", "send", "yes", "anonymous", "named", "edit", "subject", "unknown"]
Ask = Literal["name", "sees", "national", "mobile", "time", "filed"]

CONTROL_WORDS = 9
"""Most words of a text that is taken as a word of control."""

ENDING_WORDS = 6
"""Most words of a remark that gives only the last digits of a number."""

_OPENING = re.compile(
    r"^\s*(?:(?:سلام|درود)[،,.!\s]*)?(?:لطفا[ً]?\s+)?"
    r"(?:(?:همین\s?(?:رو|را)?\s+)?(?:ثبت(?:ش)?\s+کن(?:ید|ین)?|بنویس(?:ید|ین)?)\s+شکایت(?:م|مو|م\s?رو|م\s?را|مان)?"
    r"|شکایت(?:م|مو|م\s?رو|م\s?را|مان)\s*(?:رو|را)?\s*ثبت(?:ش)?\s+کن(?:ید|ین)?"
    r"|(?:من\s+)?(?:یه|یک)?\s*شکایت\s*(?:دارم|داشتم|داریم)"
    r"|(?:من\s+)?می[\s\u200c]?خوا(?:م|هم|یم|هیم)\s+(?:یه\s+|یک\s+)?شکایت\s*(?:رو\s+|را\s+)?(?:ثبت\s+)?"
    r"(?:کنم|بکنم|کنیم)?"
    r"|شکایت)\s*[:：،,.؛\n]\s*"
)

_CANCEL = re.compile(
    r"\b(ولش کن|ولش|بیخیال|بی خیال|پشیمون|پشیمان|انصراف میدم|انصراف میدهم|لغوش|کنسلش|حذفش کن|پاکش کن|ثبت نکن|ثبتش نکن"
    r"|نمیخوام ثبت|نمیخواهم ثبت|شکایت نمیکنم|شکایتی ندارم|نمیخوام شکایت کنم)\b"
)
_SHORT_CANCEL = re.compile(r"\b(انصراف|منصرف|لغو|کنسل|cancel|نمیخوام|نمیخواهم)\b")
_NO_NUMBER = re.compile(
    r"(بدون شماره|بی شماره|شماره (نمیدم|نمیدهم|ندارم|نمیخوام|نمیگم|نه)|نمیخوام شماره|نمیخواهم شماره"
    r"|شمارم رو نمیدم|موبایل ندارم|گوشی ندارم)"
)
_SEND = re.compile(
    r"^(خب |خوب |بله |اره |باشه |لطفا |همین (رو |را )?|همینه |درسته )*(ثبت|ثبتش|بفرست|ارسال)"
    r"( کن| کنید| کنین| بشه| شود|ش کن)?$"
)
_YES = re.compile(r"^(بله|اره|باشه|درسته|درست است|همینه|همین|اوکی|ok|okay|تایید|خوبه|صحیح است)( .{0,12})?$")
_RESUME = re.compile(r"^(ادامه|ادامه بده|ادامه میدم|ادامه بدیم|ادامه شکایت|بریم|ادامش بده)$")
_ANONYMOUS = re.compile(
    r"(بی نام|ناشناس|بدون (اسم|نام)|(اسم|نام)\w*( رو| را| و)?( \w+)?"
    r" (ننویس|ننویسید|نیار|نیاد|نیاور|نزن|نگو|نباشه|نباشد|نیاید|نذار|حذف)"
    r"|(اسم|نام)\w*( رو| را)? (نمیدم|نمیگم|پاک))"
)
_NAMED = re.compile(r"^(با نام|با اسم|با اسم خودم|با نام خودم|به اسم خودم|اسمم رو بنویس|نامم را بنویس)( .{0,10})?$")
_EDIT = re.compile(r"^(ویرایش|ویرایش متن|متن رو عوض کن|متنش رو عوض کن|اصلاح متن|از نو بنویسم|میخوام متن رو عوض کنم)$")
_SUBJECT = re.compile(r"(موضوع(ش)? (اشتباه|غلط|درست نیست|این نیست|رو عوض|را عوض)|تغییر موضوع|موضوعش این نیست)")
_UNKNOWN = re.compile(r"^(نمیدانم|نمیدونم|نمیشناسم|هیچکدام|هیچ کدام|هیچکدوم|هیچ کدوم|مطمین نیستم|فرقی نداره)$")

_INTERROGATIVE = re.compile(
    r"\b(چیه|چیست|چی|چه|کجاست|کجا|کجاس|چقدر|چقد|چند|چندتا|چطور|چطوری|چجوری|چگونه|ایا|کدوم|کدام|کیه|کیست|کی|یعنی)\b"
)
_MAY_I = re.compile(r"\b(باید|لازمه|لازم|میشه|میتونم|میتوانم|اجباریه|اجباری|حتما|میخواد|میخواهد)\b")
_ABOUT_NAME = re.compile(r"\b(اسم|نام|فامیل|فامیلی|هویت|مشخصات|ناشناس|بی نام)\w*\b")
_ABOUT_SEEING = re.compile(
    r"(میبینه|میبینند|میبینن|میبیند|میفهمه|میفهمن|میفهمند|میفهمد|لو میره|لو بره|محرمانه|دردسر|امن)"
)
_ABOUT_ID = re.compile(r"(کد ملی|کدملی|شماره ملی|کارت ملی)")
_ABOUT_MOBILE = re.compile(r"(شماره|موبایل|تلفن|گوشی)")
_ABOUT_TIME = re.compile(r"(چند روز|چقدر طول|کی جواب|کی رسیدگی|کی پاسخ|تا کی|چقد طول|چه زمانی|کی نتیجه)")
_ABOUT_FILED = re.compile(
    r"(ثبت (شد|نشد|شده|نشده|کردی|کردید|نکردی)|ثبتش (کردی|نکردی|شد)|رسید دستتون"
    r"|(?:کد|کدم|کدش|کد رهگیری|کد پیگیری) (چی|چیه|چی بود|رو بده|کو|رهگیری))"
)

_VERB = re.compile(
    r"^(ن?می.{2,}|ن?(کرد|شد|داد|گرفت|زد|برد|رفت|گفت|گذاشت|ریخت|خورد|فروخت|کشید|انداخت|ساخت|امد|اومد|موند|ماند|خواست|بست)"
    r"(م|ی|ه|یم|ید|ین|ند|ن|نم|ن)?|نیست.?|هست.?|ندار\w+|دار[ه-ی]|دارن|دارند|است|نیومد\w*|بود\w*|نبود\w*|شده|نشده"
    r"|\w{2,}(یده|اده|اشته|فته)|قطعه|خرابه|نصفه)$"
)


def opening_removed(text: str) -> str:
    """The text without a leading «ثبتش کن شکایتمو:» or «شکایت دارم،» and the like; the rest as it was written."""
    rest = _OPENING.sub("", text, count=1)
    return rest.strip() or text.strip()


def bare_opening(text: str) -> bool:
    """Whether the text says no more than that there is a complaint."""
    words = [word for word in normalize(text).split() if word not in _OPENING_WORDS]
    return not words


_OPENING_WORDS = frozenset(
    normalize(
        "سلام درود لطفا من یه یک شکایت شکایتم شکایتمو شکایتی شکایتو دارم داریم داشتم می‌خوام میخواهم میخوایم "
        "کنم بکنم کنیم ثبت ثبتش کن کنید رو را "
        "شاکی شاکیم هستم طرح complaint shekayat"
    ).split()
) | {"ام"}


def is_story(text: str) -> bool:
    """Whether a text tells what happened: it is long, or it is a few words with a verb among them."""
    words = [word for word in normalize(opening_removed(text)).split() if word not in _OPENING_WORDS]
    if len(words) >= 9:
        return True
    return len(words) >= 3 and any(_VERB.match(word) for word in words)


def control_of(text: str) -> Control | None:
    """The word of control that a short text is, else None."""
    form = normalize(text)
    words = form.split()
    if not words or len(words) > CONTROL_WORDS:
        return None
    if _NO_NUMBER.search(form):
        return "send"
    if _CANCEL.search(form) or (len(words) <= 3 and _SHORT_CANCEL.search(form)):
        return "cancel"
    for pattern, control in _CONTROLS:
        if pattern.search(form):
            return control
    return None


_CONTROLS: tuple[tuple[re.Pattern[str], Control], ...] = (
    (_SEND, "send"),
    (_NAMED, "named"),
    (_RESUME, "resume"),
    (_EDIT, "edit"),
    (_SUBJECT, "subject"),
    (_UNKNOWN, "unknown"),
    (_YES, "yes"),
)


def wants_anonymity(text: str) -> bool:
    """Whether a short text asks that the name is not written: «اسمم رو ننویس»."""
    form = normalize(text)
    return len(form.split()) <= CONTROL_WORDS and bool(_ANONYMOUS.search(form)) and not asks(text)


def asks(text: str) -> bool:
    """Whether a short text is a question. «چرا …» complains rather than asks."""
    form = normalize(text)
    words = form.split()
    if not words or len(words) > 14 or "چرا" in words:
        return False
    marked = "؟" in text or "?" in text
    if _INTERROGATIVE.search(form):
        return marked or len(words) <= 9
    return marked and bool(_MAY_I.search(form))


def asked_about(text: str) -> Ask | None:
    """Which question about the complaint itself a short text is: whether a name, a national id or a mobile is needed,
    who sees what, how long it takes, whether it was filed."""
    form = normalize(text)
    marked = "؟" in text or "?" in text
    needed = bool(_MAY_I.search(form))
    if len(form.split()) > 12 or not (marked or needed or _INTERROGATIVE.search(form)):
        return None
    signs: tuple[tuple[bool, Ask], ...] = (
        (bool(_ABOUT_FILED.search(form)), "filed"),
        (bool(_ABOUT_ID.search(form)), "national"),
        (bool(_ABOUT_SEEING.search(form)), "sees"),
        (bool(_ABOUT_NAME.search(form)) and needed, "name"),
        (bool(_ABOUT_MOBILE.search(form)) and (needed or "چرا" in form.split()), "mobile"),
        (bool(_ABOUT_TIME.search(form)), "time"),
    )
    return next((about for holds, about in signs if holds), None)


_NOT_BUT = re.compile(r"(\d{1,11}) (?:بود|بوده|است|ه|هست|درسته)? ?(?:نه|و نه) (\d{1,11})")
_IS_NOT = re.compile(r"(\d{1,11}) (?:نبود|نیست|نه|غلطه|اشتباهه|اشتباه بود)(?: بلکه)? (\d{1,11})")
_ENDS = re.compile(r"(?:اخرش|اخرم|اخر|رقم اخر|اخریش|ته|تهش) (?:\w+ )?(\d{1,8})")
_ABOUT_SLIP = re.compile(r"(اشتباه|غلط|درستش|اصلاح|عوض|صبر کن|نه بود|بود نه|نبود|اخرش|شمارم|شماره)")


def corrected_mobile(text: str, mobile: str) -> str | None:
    """The mobile as a remark mends it («آخرش ۸ بود نه ۷»); None when the remark does not say how. Ten or more digits in
    the remark are not read here: that is a number given anew."""
    form = normalize(text)
    if found := _NOT_BUT.search(form):
        return _swapped(mobile, wrong=found.group(2), right=found.group(1))
    if found := _IS_NOT.search(form):
        return _swapped(mobile, wrong=found.group(1), right=found.group(2))
    found = _ENDS.search(form)
    if found and len(form.split()) <= ENDING_WORDS:
        return mobile[: -len(found.group(1))] + found.group(1)
    return None


def _swapped(mobile: str, *, wrong: str, right: str) -> str | None:
    if len(wrong) != len(right):
        return None
    if mobile.endswith(wrong):
        return mobile[: -len(wrong)] + right
    return mobile.replace(wrong, right) if mobile[2:].count(wrong) == 1 and mobile.count(wrong) == 1 else None


def about_a_slip(text: str) -> bool:
    """Whether a remark is about a number that was written wrong."""
    form = normalize(text)
    has_digit = any(character.isdigit() for character in form)
    return len(form.split()) <= 14 and bool(_ABOUT_SLIP.search(form)) and (has_digit or "شمار" in form)


def mostly_number(text: str) -> bool:
    """Whether a text is a number with a few words about it («شماره‌م اینه ۰۹۱۲…»), not a story with a number in it."""
    return (
        any(character.isdigit() for character in ascii_digits(text))
        and len(normalize(without_numbers(text)).split()) <= 6
    )
