"""The audit in Persian: what was done, to what, and its details. Rows are kept in the program's own words."""

from __future__ import annotations

import re

from handlers.desk.card import STATES
from handlers.desk.guard import ROLE_NAMES
from handlers.desk.opened import bureau_name
from handlers.visit import Office
from knowledge.persian import persian_digits

DONE = {
    "queue": "صف را دید",
    "see": "دید",
    "see_person": "نام و شماره‌ی شاکی را دید",
    "see_files": "فایل‌ها را دید",
    "take": "برداشت",
    "state": "وضعیت را عوض کرد",
    "assign": "واگذار کرد",
    "answer": "پاسخ داد",
    "ask": "از شهروند پرسید",
    "note": "یادداشت نوشت",
    "whose": "کار ما ندانست",
    "twin": "تکراری دانست",
    "spam": "هرزنامه دانست",
    "block": "راه فرستنده را بست",
    "unblock": "راه فرستنده را باز کرد",
    "search": "جست‌وجو کرد",
    "export": "خروجی گرفت",
    "stats": "آمار را دید",
    "staff_see": "کارمندان را دید",
    "staff_put": "نقش داد",
    "staff_remove": "از میز برداشت",
    "invite": "دعوت‌نامه ساخت",
    "invite_accept": "دعوت را پذیرفت",
    "announce_new": "نوشتن اطلاعیه را آغاز کرد",
    "announce_ask": "برای اطلاعیه تأیید خواست",
    "announce_approve": "اطلاعیه را تأیید کرد",
    "announce_refuse": "اطلاعیه را رد کرد",
    "announce_drop": "اطلاعیه را کنار گذاشت",
    "announce_pause": "فرستادن را نگه داشت",
    "announce_resume": "فرستادن را ادامه داد",
    "announce_stop": "فرستادن را متوقف کرد",
    "announce_recall": "اطلاعیه را پس گرفت",
    "announce_again": "اطلاعیه را برای نامعلوم‌ها دوباره فرستاد",
    "announce_propose": "اصلاح اطلاعیه را پیشنهاد داد",
    "announce_edit": "اطلاعیه را اصلاح کرد",
    "catalogue": "فهرست خدمات را تغییر داد",
    "phrase": "عبارتی به خدمتی افزود",
    "weekly": "خلاصه‌ی هفتگی فرستاد",
}
"""What was done, by its name in the audit."""

_WORDS: dict[str, str] = {
    **{str(state): name for state, name in STATES.items()},
    **{str(role): name for role, name in ROLE_NAMES.items()},
    "desk": "میز",
    "staff": "کارمندان",
    "system": "خودکار",
    "history": "تاریخچه",
    "bureau": "دفتر",
    "announcement": "اطلاعیه‌ی",
    "change": "نسخه‌ی",
    "all": "همه",
    "open": "باز",
    "mine": "دست خودش",
    "late": "دیرشده",
    "everyone": "همه‌ی مشترکان",
    "bureaus": "مشترکان دفترها",
    "county": "مشترکان یک شهرستان",
    "normal": "عادی",
    "urgent": "فوری",
    "chat": "گفت‌وگو",
    "excel": "اکسل",
    "undo": "بازگرداندن",
    "→": "←",
}
_WORD = re.compile(r"[a-z_]+|\d+|→")
_AS_IT_IS = re.compile(r"[A-Z]\d\d-|[a-z]+:\d+$")
"""Tracking codes and messengers' ids."""


def told(office: Office, words: str) -> str:
    """A target or a detail as an admin reads it: states, roles and bureaus by their names."""
    if _AS_IT_IS.match(words) and not words.startswith("announcement:"):
        return words
    slugs = {bureau.slug for bureau in office.catalogue.bureaus}

    def word(found: re.Match[str]) -> str:
        one = found.group()
        if one in slugs:
            return f"«{bureau_name(office, one)}»"
        return persian_digits(one) if one.isdecimal() else _WORDS.get(one, one)

    return _WORD.sub(word, words.replace(":", " "))
