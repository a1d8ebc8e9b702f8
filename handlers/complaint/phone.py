"""Mobile numbers as people type them, and national ids by their check digit."""

from __future__ import annotations

import re
from typing import Literal

from knowledge.persian import ascii_digits

PhoneProblem = Literal["landline", "short", "long", "unknown"]

_MOBILE = re.compile(r"(?:\+?98|0098|0)?(9\d{9})")
_LANDLINE = re.compile(r"(?:\+?98|0098|0)([1-8]\d{9})|[2-8]\d{7}")
_RUN = re.compile(r"\+?\d(?:[\s\-()./\u200c-\u200f\u202a-\u202e\u2066-\u2069]{0,3}\d)+")
_DIGITS = re.compile(r"\D+")


def mobile_in(text: str) -> str | None:
    """The first Iranian mobile number in a text, as `09` and nine digits; None when there is none. Persian, Arabic and
    Latin digits, spaces, dashes and dots between them, and the forms +98, 0098, 98, 09 and 9 are read."""
    for run in _runs(text):
        if found := _MOBILE.fullmatch(run):
            return "0" + found.group(1)
    return None


def phone_problem(text: str) -> PhoneProblem | None:
    """Why a number that was meant as a phone is no mobile: None when the text has no such number at all."""
    for run in _runs(text):
        digits = _DIGITS.sub("", run)
        if len(digits) < 6 or national_id_in(digits):
            continue
        if _LANDLINE.fullmatch(run):
            return "landline"
        if re.match(r"(\+?98|0098|0)?9", run):
            return "short" if len(_DIGITS.sub("", re.sub(r"^(\+?98|0098|0)", "", run))) < 10 else "long"
        return "unknown"
    return None


def without_numbers(text: str) -> str:
    """The text without its runs of digits."""
    return _RUN.sub(" ", ascii_digits(text))


def national_id_in(text: str) -> str | None:
    """The first national id (ten digits whose check digit holds) in a text, or None.

    The check digit c of d₁…d₉: with s = Σ dᵢ·(11 − i) mod 11, c = s when s < 2, else 11 − s.
    """
    for run in re.findall(r"(?<!\d)\d{3}[\s-]?\d{6}[\s-]?\d(?!\d)", ascii_digits(text)):
        digits = [int(digit) for digit in run if digit.isdigit()]
        rest = sum(digit * (10 - place) for place, digit in enumerate(digits[:9])) % 11
        if len(set(digits)) > 1 and digits[9] == (rest if rest < 2 else 11 - rest):
            return "".join(map(str, digits))
    return None


def _runs(text: str) -> list[str]:
    return [re.sub(r"[^\d+]", "", run) for run in _RUN.findall(ascii_digits(text))]
