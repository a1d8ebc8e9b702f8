"""Hashed n-grams beside a slow reference that keeps the n-grams as strings."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.finder.features import CHAR_LENGTHS, char_features, word_features
from knowledge.finder.normalize import normalize

words = st.text(alphabet="ابپتسشمنوهیab019", min_size=1, max_size=9)
forms = st.lists(words, min_size=1, max_size=9).map(" ".join)
normalized = st.text(min_size=1, max_size=80).map(normalize).filter(bool)


def char_ngrams(form: str) -> list[str]:
    """All n-grams inside each word, the word with a space at both ends; between two words stands one space."""
    padded = f" {form} "
    return [
        gram
        for length in CHAR_LENGTHS
        for start in range(len(padded) - length + 1)
        if " " not in (gram := padded[start : start + length])[1:-1]
    ]


def word_ngrams(form: str) -> list[tuple[str, ...]]:
    """All words and pairs of neighbours."""
    found = form.split()
    return [(word,) for word in found] + [(left, right) for left, right in pairwise(found)]


def multiplicities(counts: Counter[object]) -> list[int]:
    return sorted(counts.values())


@given(forms | normalized)
def test_char_features_are_the_ngrams_inside_words(form: str) -> None:
    reference = char_ngrams(form)
    hashes = char_features(form)
    assert hashes.dtype == np.uint32
    assert len(hashes) == len(reference)
    assert multiplicities(Counter(hashes.tolist())) == multiplicities(Counter(reference))


@given(forms | normalized)
def test_word_features_are_the_words_and_pairs(form: str) -> None:
    reference = word_ngrams(form)
    hashes = word_features(form)
    assert hashes.dtype == np.uint32
    assert len(hashes) == len(reference) == 2 * len(form.split()) - 1
    assert multiplicities(Counter(hashes.tolist())) == multiplicities(Counter(reference))


@given(forms, forms)
def test_shared_features_are_the_shared_ngrams(left: str, right: str) -> None:
    shared = np.intersect1d(char_features(left), char_features(right))
    assert len(shared) == len(set(char_ngrams(left)) & set(char_ngrams(right)))
    shared = np.intersect1d(word_features(left), word_features(right))
    assert len(shared) == len(set(word_ngrams(left)) & set(word_ngrams(right)))


@given(forms)
def test_the_same_form_has_the_same_features(form: str) -> None:
    assert char_features(form).tolist() == char_features(form).tolist()
    assert word_features(form).tolist() == word_features(form).tolist()


def test_hashes_are_the_same_on_every_machine() -> None:
    assert len(set(char_features("مجوز").tolist())) == 5 + 4 + 3 + 2
    assert word_features("ab").tolist() == word_features("ab ").tolist()
    assert np.intersect1d(char_features("ab"), word_features("ab")).size == 0


@pytest.mark.parametrize("form", ["ا", "1", "a"])
def test_one_letter_has_its_edges(form: str) -> None:
    assert len(char_features(form)) == 3
    assert len(word_features(form)) == 1


def test_order_of_words_counts_only_in_pairs() -> None:
    one, other = "شهر روستا", "روستا شهر"
    assert sorted(char_features(one).tolist()) == sorted(char_features(other).tolist())
    assert word_features(one)[-1] != word_features(other)[-1]


def test_nothing_has_no_words() -> None:
    assert len(word_features("")) == 0
