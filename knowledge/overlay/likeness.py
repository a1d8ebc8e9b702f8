"""Questions that ask the same, put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from knowledge.finder.normalize import normalize

ALIKE = 72.0
"""Least likeness (0 to 100, words in any order) of two questions of one group."""

MOST_FORMS = 800


@dataclass(frozen=True)
class Group:
    """Questions alike, most frequent first. `first`: one of them, in the words that came most often."""

    first: str
    texts: tuple[str, ...]
    ids: tuple[int, ...]

    @property
    def count(self) -> int:
        """How often it was asked."""
        return len(self.ids)


def grouped(questions: Iterable[tuple[int, str]]) -> tuple[Group, ...]:
    """Groups of (id, text), those asked most often first."""
    by_form: dict[str, list[tuple[int, str]]] = {}
    for number, text in questions:
        form = normalize(text)
        if form:
            by_form.setdefault(form, []).append((number, text))
    forms = sorted(by_form, key=lambda form: (-len(by_form[form]), form))[:MOST_FORMS]
    groups: list[list[str]] = []
    if forms:
        scores = process.cdist(forms, forms, scorer=fuzz.token_sort_ratio, score_cutoff=ALIKE)
        free = dict.fromkeys(range(len(forms)))
        while free:
            lead = next(iter(free))
            members = [place for place in free if place == lead or scores[lead][place] >= ALIKE]
            for place in members:
                del free[place]
            groups.append([forms[place] for place in members])
    made = [_group([one for form in members for one in by_form[form]]) for members in groups]
    return tuple(sorted(made, key=lambda group: -group.count))


def _group(found: list[tuple[int, str]]) -> Group:
    texts = tuple(text for text, _ in Counter(text for _, text in found).most_common())
    return Group(texts[0], texts, tuple(number for number, _ in found))
