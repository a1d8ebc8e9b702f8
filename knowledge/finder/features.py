"""Features of a matching form: hashed n-grams of characters and of words.

Hashes are polynomial over code points, computed for all positions at once, so a question costs well under a
millisecond. A feature is a 32-bit number; the model keeps the sorted numbers that it knows.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

CHAR_LENGTHS = (2, 3, 4, 5)
_BASE = np.uint32(0x01000193)
_MIX = np.uint32(0x9E3779B1)
_SALT_CHARS = 0x51ED270B
_SALT_WORDS = 0x2545F491

Hashes = npt.NDArray[np.uint32]


@lru_cache(maxsize=16)
def char_features(form: str) -> Hashes:
    """Hashes of all n-grams inside each word (a space marks both ends), with repeats. Not to be changed: a question's
    are asked for more than once."""
    padded = np.frombuffer(f" {form} ".encode("utf-32-le"), dtype=np.uint32)
    spaces = padded == 32
    found = []
    rolling = np.zeros(len(padded), dtype=np.uint32)
    inner = np.zeros(len(padded), dtype=np.int32)
    for length in range(1, max(CHAR_LENGTHS) + 1):
        size = len(padded) - length + 1
        if size <= 0:
            break
        rolling = rolling[:size] * _BASE + padded[length - 1 :]
        inner = inner[:size]
        if length >= 3:  # a space strictly inside: the n-gram would reach over two words
            inner = inner + spaces[length - 2 : length - 2 + size]
        if length in CHAR_LENGTHS:
            found.append(_mixed(rolling[inner == 0], _SALT_CHARS + length))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.uint32)


def word_features(form: str) -> Hashes:
    """Hashes of all words and pairs of neighbouring words, with repeats."""
    words = np.array([_word_hash(word) for word in form.split()], dtype=np.uint32)
    if not len(words):
        return words
    pairs = words[:-1] * _BASE + words[1:]
    return np.concatenate((_mixed(words, _SALT_WORDS), _mixed(pairs, _SALT_WORDS + 1)))


def _word_hash(word: str) -> int:
    value = 7
    for letter in word:
        value = (value * 0x01000193 + ord(letter)) & 0xFFFFFFFF
    return value


def _mixed(values: Hashes, salt: int) -> Hashes:
    mixed = (values ^ np.uint32(salt & 0xFFFFFFFF)) * _MIX
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x85EBCA6B)
    return mixed ^ (mixed >> np.uint32(13))
