"""First step of a question's way: one form for all the ways the same Persian is typed.

`normalize` is linear in the text's length, idempotent, never raises, and gives the same form whether a half-space
(ZWNJ), a space before a suffix, or nothing was typed. The form is for matching, not for reading: «آ» is «ا», hamza is
gone, digits are ASCII, marks and emoji are spaces.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 4096
"""Characters of a question that are looked at; Telegram's longest message."""

_LETTERS = {
    "ي": "ی", "ى": "ی", "ې": "ی", "ێ": "ی", "ئ": "ی", "ے": "ی", "ۍ": "ی",
    "ك": "ک", "ڪ": "ک", "ګ": "گ",
    "ة": "ه", "ۀ": "ه", "ە": "ه", "ہ": "ه", "ھ": "ه", "ۂ": "ه",
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ؤ": "و", "ۆ": "و", "ۇ": "و",
    "ټ": "ت", "ډ": "د", "ړ": "ر", "ڼ": "ن", "ښ": "ش", "ځ": "ز", "څ": "س", "ږ": "ژ", "ڤ": "و",
    "ء": "", "ـ": "", "\u200d": "", "\u200e": "", "\u200f": "",
}  # fmt: skip
_DIGITS = {ord(digit): str(index % 10) for index, digit in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")}
_TABLE = {ord(letter): plain for letter, plain in _LETTERS.items()} | _DIGITS

_MARKS = re.compile(r"[\u064b-\u065f\u0670\u06d6-\u06ed\u0300-\u036f]")
_NOT_WORD = re.compile(r"[^ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیa-z0-9]+")
_LONG_RUN = re.compile(r"([^0-9])\1{2,}")
_DIGIT_EDGE = re.compile(r"(?<=[0-9])(?=[^0-9 ])|(?<=[^0-9 ])(?=[0-9])")

_PREFIXES = frozenset({"می", "نمی"})
_SUFFIXES = frozenset(
    re.findall(
        r"\w+",
        "ها های هایی هایم هایت هایش هایمان هایتان هایشان هام هات هاش هامون هاتون هاشون هاییه "
        "ام ات اش ای ایم اید اند مان تان شان مون تون شون تر ترین",
    )
)
_LETTER = re.compile(r"[آ-ی]")


def normalize(text: str) -> str:
    """The matching form of a text: words of plain Persian (or Latin) letters and ASCII digits, one space between."""
    text = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    text = unicodedata.normalize("NFC", text).translate(_TABLE)
    text = _MARKS.sub("", text)
    text = _NOT_WORD.sub(" ", text)
    text = _LONG_RUN.sub(r"\1", text)
    text = _DIGIT_EDGE.sub(" ", text)
    return " ".join(_shortened(_attach(text.split())))


def _shortened(words: list[str]) -> list[str]:
    """As many of the words as fit in the longest form."""
    length = 0
    for index, word in enumerate(words):
        length += len(word) + (index > 0)
        if length > LONGEST:
            return words[:index] or [word[:LONGEST]]
    return words


def _bears_suffix(word: str) -> bool:
    return bool(_LETTER.match(word)) and word not in _PREFIXES and word not in _SUFFIXES


def _joins(word: str) -> bool:
    """Whether a joined word stays as it is when normalized again."""
    return not (_LONG_RUN.search(word) or word in _PREFIXES or word in _SUFFIXES)


def _attach(words: list[str]) -> list[str]:
    """Affixes typed apart joined to their word: «می خواهم» → «میخواهم», «نامه های» → «نامههای»."""
    joined: list[str] = []
    prefix = ""
    for word in words:
        if prefix and _LETTER.match(word) and word not in _PREFIXES and _joins(prefix + word):
            joined.append(prefix + word)
            prefix = ""
        elif prefix:
            joined += [prefix, word]
            prefix = ""
        elif word in _PREFIXES:
            prefix = word
        elif word in _SUFFIXES and joined and _bears_suffix(joined[-1]) and _joins(joined[-1] + word):
            joined[-1] += word
        else:
            joined.append(word)
    if prefix:
        joined.append(prefix)
    return joined


def has_letters(text: str) -> bool:
    """Whether anything of a normalized text is a word (not digits only)."""
    return any(not word.isdigit() for word in text.split())


_PLURAL = re.compile(r"(های[یمتش]?|هایمان|هایتان|هایشان|ها|هامون|هاتون|هاشون)$")


def stem(word: str) -> str:
    """A word without its plural ending: «نامههای» → «نامه». Words too short to bear one are kept."""
    shorter = _PLURAL.sub("", word)
    return shorter if len(shorter) >= 3 else word
