"""One form for all the ways the same Persian is typed."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.finder.normalize import LONGEST, has_letters, normalize, stem

ZWNJ = "\u200c"
LETTERS = "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
WORDS = ("کتاب", "نامه", "سازمان", "شهرداری", "مدرک", "خانه", "دهیار", "مجوز", "پهپاد", "گذرنامه", "بزرگ", "اتباع")
SUFFIXES = ("ها", "های", "هایی", "هایم", "هایمان", "هاشون", "ام", "ات", "اش", "ای", "مان", "تان", "شان", "تر", "ترین")
VERBS = ("خواهم", "شود", "کنند", "توانم", "گویند", "دهد", "روم", "خوام")

FORM = re.compile(rf"(?:[{LETTERS}a-z]+|[0-9]+)(?: (?:[{LETTERS}a-z]+|[0-9]+))*|")
persian = st.text(alphabet=LETTERS + "آئيكةۀأإؤء ـ" + ZWNJ + "ًَُِّ۰۱۲۳٤٥67؟،. \n", max_size=80)
spaced_affixes = st.lists(
    st.sampled_from([*WORDS, *SUFFIXES, "می", "نمی", "ه", "ی", "شش", "یی", "12", "ok"]), max_size=8
).map(" ".join)


@given(st.text(max_size=300))
def test_any_text_gives_plain_words_with_single_spaces(text: str) -> None:
    assert FORM.fullmatch(normalize(text))


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_lone_surrogates_do_no_harm(text: str) -> None:
    assert FORM.fullmatch(normalize(f"{text}\ud83d سلام"))


@given(persian | spaced_affixes)
@example("می یی")
@example("کتاب ه ای")
@example("شش شان")
def test_it_is_idempotent(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once


@given(st.text(max_size=200))
def test_it_is_idempotent_on_any_text(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once


@pytest.mark.parametrize("text", ["1a" * LONGEST, "ﷺ " * LONGEST, "۱ش" * LONGEST], ids=["digits", "ligature", "mixed"])
def test_it_is_idempotent_on_text_that_grows(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once


@given(st.sampled_from(WORDS), st.sampled_from(SUFFIXES))
def test_half_space_space_and_nothing_are_one_before_a_suffix(word: str, suffix: str) -> None:
    forms = {normalize(f"این {word}{gap}{suffix} کو") for gap in (ZWNJ, " ", "", f" {ZWNJ}", "  ")}
    assert forms == {f"این {word}{suffix} کو"}


@given(st.sampled_from(["می", "نمی"]), st.sampled_from(VERBS))
def test_half_space_space_and_nothing_are_one_after_mi(prefix: str, verb: str) -> None:
    forms = {normalize(f"من {prefix}{gap}{verb} بروم") for gap in (ZWNJ, " ", "")}
    assert forms == {f"من {prefix}{verb} بروم"}


@given(persian)
def test_a_half_space_is_a_space(text: str) -> None:
    assert normalize(text) == normalize(text.replace(ZWNJ, " "))


@given(persian)
def test_case_marks_and_tatweel_change_nothing(text: str) -> None:
    bare = normalize(text)
    marked = "".join(f"{letter}ـ\u064e" if letter in LETTERS else letter for letter in text)
    assert normalize(marked) == bare
    assert normalize(unicodedata.normalize("NFD", text)) == bare


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("كتابي", "کتابی"),
        ("مسئول", "مسیول"),
        ("آئین نامه", "ایین نامه"),
        ("تأیید", "تایید"),
        ("هيأت", "هیات"),
        ("خانۀ ما", "خانه ما"),
        ("شماره ۱۲٣٤56", "شماره 123456"),
        ("ماده۹۹", "ماده 99"),
        ("مُجَوِّز", "مجوز"),
        ("مجـــوز", "مجوز"),
        ("ﻣﺠﻮز", "مجوز"),
        ("MOJAVEZ", "mojavez"),
        ("ＡＢ", "ab"),
        ("سلام!!! 😀 خوبی؟", "سلام خوبی"),
        ("\u200fسلام\u200e", "سلام"),
        ("", ""),
        (" \n\t", ""),
        ("😀👍🏽", ""),
        ("؟!...", ""),
    ],
)
def test_the_same_letters_whatever_keyboard(typed: str, form: str) -> None:
    assert normalize(typed) == form


@given(st.sampled_from(LETTERS), st.integers(min_value=3, max_value=60))
def test_a_long_run_of_a_letter_is_one_letter(letter: str, times: int) -> None:
    word = f"ب{letter * times}م" if letter not in "بم" else f"د{letter * times}س"
    assert normalize(word) == f"{word[0]}{letter}{word[-1]}"


def test_two_letters_and_digits_are_left_as_typed() -> None:
    assert normalize("الله تردد ۱۱۱ ۲۰۰۰") == "الله تردد 111 2000"


@given(st.text(min_size=1, max_size=20))
def test_what_stands_past_the_limit_is_not_looked_at(tail: str) -> None:
    head = "سلام دنیا " * (LONGEST // 10) + "س" * (LONGEST % 10)
    assert len(head) == LONGEST
    assert normalize(head + tail) == normalize(head)


@pytest.mark.parametrize("text", ["x" * 1_000_000, "ﷺ" * 100_000, "می " * 100_000, "ـ" * 500_000, "۱ا" * 100_000])
def test_the_form_of_a_huge_text_is_bounded(text: str) -> None:
    assert len(normalize(text)) <= 20 * LONGEST


def test_letters_are_told_from_digits() -> None:
    assert has_letters("ماده 99")
    assert not has_letters("99 100")
    assert not has_letters("")


@pytest.mark.parametrize(
    ("word", "shorter"), [("نامههای", "نامه"), ("شهرداریها", "شهرداری"), ("ها", "ها"), ("بها", "بها"), ("مجوز", "مجوز")]
)
def test_a_stem_loses_only_its_plural(word: str, shorter: str) -> None:
    assert stem(word) == shorter
