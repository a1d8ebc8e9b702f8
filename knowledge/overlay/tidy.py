"""Mends in a clerk's text what a keyboard gets wrong and no meaning hangs on: Arabic letters, digits, spaces."""

from __future__ import annotations

import re

from knowledge.persian import ZWNJ, persian_digits

_LETTERS = str.maketrans(
    {"ي": "ی", "ى": "ی", "ك": "ک", "ە": "ه", "ہ": "ه", "ٱ": "ا", "ـ": "", "\u00a0": " ", "\t": " "}
)
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u200b\u200d-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_ZWNJS = re.compile(f"{ZWNJ}{{2,}}")
_ZWNJ_BESIDE = re.compile(rf"(?<=[ ،؛:.()«»]){ZWNJ}+|{ZWNJ}+(?=[ ،؛:.()«»])|^{ZWNJ}+|{ZWNJ}+$")


def tidy(text: str, *, digits: bool = True) -> str:
    """One line of text, tidied; idempotent. `digits`: write digits in Persian."""
    text = _UNSEEN.sub("", text).translate(_LETTERS)
    text = _ZWNJ_BESIDE.sub("", _ZWNJS.sub(ZWNJ, " ".join(text.split())))
    text = " ".join(text.split())
    return persian_digits(text) if digits else text


def tidy_lines(text: str, *, digits: bool = True) -> tuple[str, ...]:
    """The lines of a text that say something, each tidied."""
    return tuple(line for piece in text.splitlines() if (line := tidy(piece, digits=digits)))
