"""Tracking codes: short, typed without doubt, not to be guessed, a slip of the finger always found.

`Q05-7KM-X3T-9W2C`: the letter of the province, the last two digits of the Jalali year, nine random characters
(31⁹ ≈ 2⁴⁴·⁶) and a check character. Random and check characters are of an alphabet without 0, O, 1, I and L.

The check is a pure system in the manner of ISO/IEC 7064 (as its MOD 37-2): over a prime modulus M with a radix r, the
string aₙ…a₁ is sound when Σ aᵢ·rⁱ⁻¹ ≡ 1 (mod M); here M = 31, the size of the alphabet, and r = 3, a primitive root.
A prime M finds every change of one character; as r − 1 is no multiple of M, also every swap of two neighbours.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from records.complaint_errors import TrackingCodeError

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
MODULUS = len(ALPHABET)
RADIX = 3
PREFIX = "Q"
RANDOM_LENGTH = 9

_VALUES = {character: value for value, character in enumerate(ALPHABET)} | {"0": 8, "1": 9}
_ASCII = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "0123456789" * 2)
_BETWEEN = re.compile(r"[\s\-_.·/\u2010-\u2015\u2212\u0640\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_SHAPE = re.compile(rf"{PREFIX}[0-9]{{2}}[{ALPHABET}]{{{RANDOM_LENGTH + 1}}}")
_YEAR_LOOKALIKES = str.maketrans("OIL", "011")
_IN_TEXT = re.compile(
    r"(?<![0-9A-Za-z])[Qq][0-9OILoil]{2}[ \-]?[0-9A-Za-z]{3}[ \-]?[0-9A-Za-z]{3}[ \-]?[0-9A-Za-z]{4}(?![0-9A-Za-z])"
)


def check_character(payload: str) -> str:
    """The check character of a payload: two digits of the year and the random characters."""
    total = 0
    for character in payload:
        total = (total + _VALUES[character]) * RADIX % MODULUS
    return ALPHABET[(1 - total) % MODULUS]


def new_code(jalali_year: int, choose: Callable[[str], str] = secrets.choice) -> str:
    """A fresh code of a Jalali year. `choose` draws one character of the alphabet."""
    payload = f"{jalali_year % 100:02d}" + "".join(choose(ALPHABET) for _ in range(RANDOM_LENGTH))
    return _written(payload + check_character(payload))


def read_code(text: str) -> str:
    """The code as it is stored, from a code as it was typed: any case, any spaces and dashes, Persian or Arabic
    digits. TrackingCodeError when it is not a code or the check character says that it was mistyped."""
    bare = _BETWEEN.sub("", text.translate(_ASCII)).upper()
    bare = bare[:1] + bare[1:3].translate(_YEAR_LOOKALIKES) + bare[3:]
    if not _SHAPE.fullmatch(bare) or check_character(bare[1:-1]) != bare[-1]:
        raise TrackingCodeError(text)
    return _written(bare[1:])


def code_in(text: str) -> str | None:
    """The first thing in a text that looks like a code, as it was typed; None when nothing does."""
    found = _IN_TEXT.search(text.translate(_ASCII))
    return found.group(0) if found else None


def _written(bare: str) -> str:
    return f"{PREFIX}{bare[:2]}-{bare[2:5]}-{bare[5:8]}-{bare[8:]}"
