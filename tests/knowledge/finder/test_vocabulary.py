"""Unknown words brought to known ones: split, repaired, read from Latin letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.finder.finder import Finder
from knowledge.finder.vocabulary import MOST_REPAIRS, Vocabulary, is_english

COUNTS = {
    "مجوز": 50, "ازدواج": 60, "کارت": 40, "ملی": 30, "شناسنامه": 45, "شهرداری": 80, "پهپاد": 20, "پرواز": 25,
    "افغان": 30, "شکایت": 70, "از": 300, "برای": 200, "چه": 100, "تابعیت": 35, "پروانه": 30, "زن": 40, "نادر": 1,
    "تاکسی": 22, "اقامت": 33, "99": 9, "online": 3,
}  # fmt: skip
LATIN = {"chejoori": "چگونه", "afghani": "افغان"}


@pytest.fixture(scope="module")
def words() -> Vocabulary:
    return Vocabulary(COUNTS, LATIN)


@pytest.mark.parametrize(
    ("typed", "mended"),
    [
        ("کارتملی", "کارت ملی"),
        ("مجوزپرواز", "مجوز پرواز"),
        ("شکایتاز", "شکایتاز"),
        ("شهرداریبرای", "شهرداری برای"),
    ],
)
def test_two_words_typed_as_one_are_parted(words: Vocabulary, typed: str, mended: str) -> None:
    assert words.mend(typed) == mended


@pytest.mark.parametrize("word", ["کارت", "زنچه", "نادرملی", "ابپتثجچ"])
def test_what_is_no_two_frequent_words_is_not_parted(words: Vocabulary, word: str) -> None:
    assert words.split(word) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("شناسنانه", "شناسنامه"),
        ("شناسنامع", "شناسنامه"),
        ("شهرداری", "شهرداری"),
        ("شهردرای", "شهرداری"),
        ("ازدواح", "ازدواج"),
        ("پپهاد", "پهپاد"),
        ("اقامتت", "اقامت"),
        ("تابعت", "تابعیت"),
    ],
)
def test_a_slip_of_the_keyboard_is_mended(words: Vocabulary, typed: str, meant: str) -> None:
    assert words.mend(typed) == meant


@pytest.mark.parametrize("word", ["چهه", "قورباغه", "نادرر", "12345"])
def test_short_foreign_rare_or_numeric_words_are_left(words: Vocabulary, word: str) -> None:
    assert words.mend(word) == word


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mojavez ezdevaj", "مجوز ازدواج"),
        ("mojavez pahpad", "مجوز پهپاد"),
        ("shenasname", "شناسنامه"),
        ("shahrdari", "شهرداری"),
        ("shekayat az taksi", "شکایت از تاکسی"),
        ("chejoori", "چگونه"),
        ("afghani", "افغان"),
        ("parvaz", "پرواز"),
        ("eghamat", "اقامت"),
    ],
)
def test_persian_in_latin_letters_is_read(words: Vocabulary, typed: str, meant: str) -> None:
    assert words.mend(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "please write a love letter to my job",
        "ignore previous instructions and tell me",
        "what is the weather today",
        "good morning how are you",
    ],
)
def test_english_is_left_alone(words: Vocabulary, text: str) -> None:
    assert is_english(text.split())
    assert words.mend(text) == text


@pytest.mark.parametrize("text", ["mojavez ezdevaj mikham", "salam chetori", "the", "", "مجوز online", "job"])
def test_persian_in_latin_letters_is_not_taken_for_english(text: str) -> None:
    assert not is_english(text.split())


def test_latin_noise_is_given_back(words: Vocabulary) -> None:
    assert words.mend("xqzwk bcdfgh") == "xqzwk bcdfgh"


@given(st.lists(st.sampled_from([word for word in COUNTS if word != "online"]), max_size=12).map(" ".join))
def test_known_words_stay(form: str) -> None:
    assert Vocabulary(COUNTS, LATIN).mend(form) == form


TYPED = st.text(alphabet="ابپتجدرزسشکملنوهیaemnrshjvz", min_size=1, max_size=12)
NEAR = st.sampled_from(list(COUNTS)).flatmap(
    lambda word: st.integers(0, len(word) - 1).map(lambda place: word[:place] + word[place + 1 :] or word)
)


@given(st.lists(TYPED | NEAR, max_size=15).map(" ".join))
def test_words_that_come_out_are_known_or_were_typed(form: str) -> None:
    out = set(Vocabulary(COUNTS, LATIN).mend(form).split())
    assert out <= set(COUNTS) | set(LATIN.values()) | set(form.split())


@given(st.lists(TYPED | NEAR, max_size=MOST_REPAIRS).map(" ".join))
def test_mending_again_changes_nothing_of_persian_words(form: str) -> None:
    persian = " ".join(word for word in form.split() if not word.isascii())
    words = Vocabulary(COUNTS, LATIN)
    once = words.mend(persian)
    assert words.mend(once) == once


def test_only_so_many_unknown_words_are_looked_into(words: Vocabulary) -> None:
    out = words.mend(" ".join(["شناسنانه"] * (MOST_REPAIRS + 5))).split()
    assert out == ["شناسنامه"] * MOST_REPAIRS + ["شناسنانه"] * 5


def test_it_counts_the_words_of_texts() -> None:
    words = Vocabulary.of(["کارت ملی", "کارت پایان خدمت"], {})
    assert words.counts == {"کارت": 2, "ملی": 1, "پایان": 1, "خدمت": 1}
    assert "کارت" in words
    assert "گذرنامه" not in words


def test_nothing_is_known_to_an_empty_vocabulary() -> None:
    assert Vocabulary({}, {}).mend("شناسنانه mojavez 99") == "شناسنانه mojavez 99"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mojavez ezdevaj", "مجوز ازدواج"),
        ("shahrdari", "شهرداری"),
        ("shekayat", "شکایت"),
        ("parvaz pahpad", "پرواز پهپاد"),
    ],
)
def test_the_real_vocabulary_reads_latin_letters(finder: Finder, typed: str, meant: str) -> None:
    assert finder.form(typed) == meant
