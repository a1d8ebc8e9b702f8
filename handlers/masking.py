"""Personal data taken out of a question before it is kept: what a machine can tell by form and check digits."""

from __future__ import annotations

import re
from collections.abc import Callable

from knowledge.persian import ascii_digits

# It can begin only where a word does: else each letter of a long word would be tried in turn.
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
SHEBA = re.compile(r"(?i)\bIR[ -]?(\d(?:[ -]?\d){23})(?!\d)")
CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){15}(?!\d)")
MOBILE = re.compile(r"(?<!\d)(?:(?:\+|00)?98[ -]?|0)?9\d(?:[ -]?\d){8}(?!\d)")
NATIONAL_ID = re.compile(r"(?<!\d)\d(?:[ -]?\d){9}(?!\d)")


def mask(text: str) -> str:
    """The text with e-mail addresses, IBANs (شبا), bank cards, mobiles and national ids replaced by their names.

    A card counts by Luhn's sum, an IBAN by ISO 7064 mod 97-10, a national id by its own check digit; other numbers
    stay. Digits of every script are read; the rest of the text is left as it is.
    """
    shadow = ascii_digits(text)
    for pattern, name, sound in _KINDS:
        text, shadow = _masked(text, shadow, pattern, name, sound)
    return text


def _masked(
    text: str, shadow: str, pattern: re.Pattern[str], name: str, sound: Callable[[str], bool]
) -> tuple[str, str]:
    for found in reversed(list(pattern.finditer(shadow))):
        if sound("".join(sign for sign in found.group() if sign.isdigit())):
            start, end = found.span()
            text, shadow = text[:start] + name + text[end:], shadow[:start] + name + shadow[end:]
    return text, shadow


def is_national_id(digits: str) -> bool:
    """Whether ten ASCII digits are a national id: the weighted sum of the first nine gives the tenth (mod 11)."""
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    rest = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return int(digits[9]) == (rest if rest < 2 else 11 - rest)


def _is_card(digits: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(digits)]
    return len(digits) == 16 and sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_sheba(digits: str) -> bool:
    return int(digits[2:] + "1827" + digits[:2]) % 97 == 1


def _always(_digits: str) -> bool:
    return True


_KINDS: tuple[tuple[re.Pattern[str], str, Callable[[str], bool]], ...] = (
    (EMAIL, "[رایانامه]", _always),
    (SHEBA, "[شبا]", _is_sheba),
    (CARD, "[کارت بانکی]", _is_card),
    (MOBILE, "[موبایل]", _always),
    (NATIONAL_ID, "[شماره ملی]", is_national_id),
)
