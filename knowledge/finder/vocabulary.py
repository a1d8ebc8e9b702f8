"""The words the finder knows, and how a word it does not know is brought to one it does.

Three mendings, in this order: Latin-typed Persian («mojavez» → «مجوز»), two words typed as one
(«کارتملی» → «کارت ملی»), a slip of the keyboard («شناسنانه» → «شناسنامه»). Only words of the vocabulary ever come out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

MOST_REPAIRS = 8
"""Unknown words of one question that are looked into; a longer list is noise, not a question."""

SHORTEST_REPAIR = 4
SHORTEST_SPLIT = 6
LATIN_LIKENESS = 72.0

_LATIN_WORD = re.compile(r"^[a-z]+$")
_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        "the a an is are am was were be been do does did you your my me we our they them he she it its this that these "
        "those of for to from with without and or not what when where why how who which can could will would should "
        "please write tell give make show about into than then there here have has had in on at by as if so but any "
        "some all more most very just ignore previous instructions letter job love good morning",
    )
)
_PAIRS = (("sch", "w"), ("sh", "w"), ("kh", "x"), ("gh", "q"), ("ch", "c"), ("zh", "j"), ("ph", "f"), ("ck", "k"))
_SINGLE = str.maketrans({"w": "v", "'": None, "`": None})
_PERSIAN = {
    "ا": "a", "ب": "b", "پ": "p", "ت": "t", "ث": "s", "ج": "j", "چ": "c", "ح": "h", "خ": "x", "د": "d", "ذ": "z",
    "ر": "r", "ز": "z", "ژ": "j", "س": "s", "ش": "w", "ص": "s", "ض": "z", "ط": "t", "ظ": "z", "ع": "a", "غ": "q",
    "ف": "f", "ق": "q", "ک": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "و": "o", "ه": "h", "ی": "i",
}  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")
_VOWELS = re.compile(r"[aeiouvy]")


def is_english(words: Iterable[str]) -> bool:
    """Whether Latin words are English rather than Persian typed in Latin letters."""
    latin = [word for word in words if _LATIN_WORD.match(word)]
    return len(latin) >= 2 and sum(word in _ENGLISH for word in latin) * 3 >= len(latin)


def _sound_of_latin(word: str) -> str:
    word = word.translate(_SINGLE)
    for pair, one in _PAIRS:
        word = word.replace(pair, one)
    word = word.replace("oo", "o").replace("ee", "i").replace("u", "o").replace("v", "o").replace("y", "i")
    return _DOUBLED.sub(r"\1", word)


def _sound_of_persian(word: str) -> str:
    sound = "".join(_PERSIAN.get(letter, "") for letter in word)
    if word.endswith("ه") and len(word) > 2:
        sound = sound[:-1] + "e"
    return _DOUBLED.sub(r"\1", sound)


def _bones(sound: str) -> str:
    return _VOWELS.sub("", sound)


KEPT_WORDS = 20_000
"""Mended words kept at hand; a word has at most a few dozen letters, so this stays under a few megabytes."""


class Vocabulary:
    """Known words with how often they were seen. `latin` maps Latin-typed words that sound alone does not give back."""

    def __init__(self, counts: Mapping[str, int], latin: Mapping[str, str]) -> None:
        self.counts = dict(counts)
        self._latin = dict(latin)
        self._kept: dict[str, str] = {}
        self._by_length: dict[int, list[str]] = {}
        self._by_bones: dict[str, list[str]] = {}
        for word, seen in self.counts.items():
            if not _LATIN_WORD.match(word) and not word.isdigit():
                if seen >= 2:
                    self._by_length.setdefault(len(word), []).append(word)
                self._by_bones.setdefault(_bones(_sound_of_persian(word)), []).append(word)

    @classmethod
    def of(cls, forms: Iterable[str], latin: Mapping[str, str]) -> Vocabulary:
        """The vocabulary of some normalized texts."""
        counts: Counter[str] = Counter()
        for form in forms:
            counts.update(form.split())
        return cls(counts, latin)

    def __contains__(self, word: object) -> bool:
        return word in self.counts

    def mend(self, form: str) -> str:
        """The form with its unknown words mended where that is safe; idempotent on known words."""
        words = form.split()
        english = is_english(words)
        mended: list[str] = []
        tries = 0
        for word in words:
            if _LATIN_WORD.match(word):
                mended.append(word if english else self.from_latin(word))
            elif word in self.counts or len(word) < SHORTEST_REPAIR or word.isdigit() or tries >= MOST_REPAIRS:
                mended.append(word)
            else:
                tries += 1
                mended.append(self._mended_word(word))
        return " ".join(mended)

    def _mended_word(self, word: str) -> str:
        """Looked up at most once while it is kept: the same slips come again."""
        known = self._kept.get(word)
        if known is None:
            if len(self._kept) >= KEPT_WORDS:
                self._kept.clear()
            known = self._kept[word] = self.split(word) or self.repair(word) or word
        return known

    def from_latin(self, word: str) -> str:
        """A Latin-typed word in Persian letters; the word itself when nothing known sounds like it."""
        if word in self._latin:
            return self._latin[word]
        sound = _sound_of_latin(word)
        best, best_score = word, LATIN_LIKENESS
        for candidate in self._by_bones.get(_bones(sound), ()):
            score = fuzz.ratio(sound, _sound_of_persian(candidate)) + min(self.counts[candidate], 40) / 8
            if score > best_score:
                best, best_score = candidate, score
        return best

    def split(self, word: str) -> str | None:
        """Two known words that were typed as one, or None."""
        if len(word) < SHORTEST_SPLIT:
            return None
        best: tuple[int, str] | None = None
        for cut in range(3, len(word) - 2):
            left, right = word[:cut], word[cut:]
            weight = min(self.counts.get(left, 0), self.counts.get(right, 0))
            if weight >= 3 and (best is None or weight > best[0]):
                best = (weight, f"{left} {right}")
        return best[1] if best else None

    def repair(self, word: str) -> str | None:
        """The most frequent known word one slip away (two for words of eight letters and more), or None."""
        allowed = 1 if len(word) < 8 else 2
        near: list[tuple[int, int, str]] = []
        for length in range(len(word) - 1, len(word) + 2):
            for candidate, distance, _ in process.extract(
                word,
                self._by_length.get(length, ()),
                scorer=OSA.distance,
                processor=None,
                score_cutoff=allowed,
                limit=3,
            ):
                near.append((int(distance), -self.counts[candidate], candidate))
        return min(near)[2] if near else None
