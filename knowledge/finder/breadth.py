"""How many services the words of a short question fit: «استخدام» alone fits many, «پهپاد» one.

A linear model is sure of itself on a lone word, for it sees nothing that speaks against. This is the second opinion.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge.finder.normalize import stem

LEAST_PHRASES = 2
"""Phrases of a service that must hold a word for the word to belong to the service."""

LEAST_LETTERS = 3
COMMON = 120
"""A word that belongs to more services tells nothing of any."""

Places = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Breadth:
    """The services (by their places among the model's labels) that each word of the phrases belongs to, none for a
    rare word; common words are left out."""

    places: Mapping[str, Places]

    @classmethod
    def of(cls, phrases: Iterable[tuple[str, int]]) -> Breadth:
        """From matching forms of services' phrases, each with its service's place."""
        seen: dict[str, Counter[int]] = defaultdict(Counter)
        for form, place in phrases:
            for word in _words(form):
                seen[word][place] += 1
        found = {
            word: np.array(sorted(place for place, times in counts.items() if times >= LEAST_PHRASES), dtype=np.uint16)
            for word, counts in sorted(seen.items())
        }
        return cls({word: places for word, places in found.items() if len(places) <= COMMON})

    def fits(self, form: str) -> int:
        """How many services all the telling words of a form belong to; 0 when it has none."""
        shared: set[int] | None = None
        for word in _words(form):
            places = self.places.get(word)
            if places is not None:
                here = set(places.tolist())
                shared = here if shared is None else shared & here
        return len(shared) if shared is not None else 0


def _words(form: str) -> set[str]:
    return {stem(word) for word in form.split() if len(word) >= LEAST_LETTERS}
