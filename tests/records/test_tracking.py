"""Tracking codes: every slip of one character and every swap of neighbours is found; any way of typing is read."""

from __future__ import annotations

import contextlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.complaint_errors import TrackingCodeError
from records.tracking import ALPHABET, MODULUS, RADIX, RANDOM_LENGTH, code_in, new_code, read_code


def _code(year: int, drawn: str) -> str:
    signs = iter(drawn)
    return new_code(year, lambda _alphabet: next(signs))


DRAWN = st.text(ALPHABET, min_size=RANDOM_LENGTH, max_size=RANDOM_LENGTH)
CODES = st.builds(_code, st.integers(1400, 1499), DRAWN)
TYPED = string.ascii_uppercase + string.digits
LOOKALIKES = {"O": "0", "I": "1", "L": "1"}


def test_shape() -> None:
    code = new_code(1405)
    assert code.startswith("Q05-")
    assert len(code) == 16
    assert not set(code[3:]) & set("0O1IL")
    assert read_code(code) == code


def test_random_part_is_not_to_be_guessed() -> None:
    assert MODULUS**RANDOM_LENGTH > 2**40
    assert len({new_code(1405) for _ in range(2000)}) == 2000


def test_modulus_is_prime_and_radix_a_primitive_root() -> None:
    assert all(MODULUS % divisor for divisor in range(2, MODULUS))
    assert len({pow(RADIX, power, MODULUS) for power in range(MODULUS - 1)}) == MODULUS - 1


@given(CODES, st.data())
def test_every_substitution_is_found(code: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([index for index, sign in enumerate(code) if sign != "-"]))
    other = data.draw(st.sampled_from([sign for sign in TYPED if sign != code[place]]))
    if place in {1, 2} and LOOKALIKES.get(other) == code[place]:
        return
    with pytest.raises(TrackingCodeError):
        read_code(code[:place] + other + code[place + 1 :])


@given(CODES)
def test_every_swap_of_neighbours_is_found(code: str) -> None:
    bare = code.replace("-", "")
    for place in range(len(bare) - 1):
        swapped = bare[:place] + bare[place + 1] + bare[place] + bare[place + 2 :]
        if swapped != bare:
            with pytest.raises(TrackingCodeError):
                read_code(swapped)


@given(CODES, st.data())
def test_any_way_of_typing_is_read(code: str, data: st.DataObject) -> None:
    persian = str.maketrans("0123456789", data.draw(st.sampled_from(["0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"])))
    typed = "".join(
        sign.lower() if data.draw(st.booleans()) else sign
        for sign in code.replace("-", data.draw(st.sampled_from("- –_ـ")))
    )
    typed = data.draw(st.sampled_from(["", " ", "\u200f", "\u200e"])) + typed.translate(persian)
    assert read_code(typed) == code


def test_letters_typed_for_the_digits_of_the_year_are_read() -> None:
    code = new_code(1410)
    assert read_code("QIO" + code[3:]) == code


@given(st.text(max_size=40))
def test_reading_never_raises_anything_else(text: str) -> None:
    with contextlib.suppress(TrackingCodeError):
        assert read_code(text).startswith("Q")


def test_code_in_a_sentence() -> None:
    code = new_code(1405)
    assert code_in(f"سلام، شکایت {code} چی شد؟") == code
    assert code_in("شکایتم چی شد؟ شماره‌ام ۰۹۱۲۳۴۵۶۷۸۹ است") is None
