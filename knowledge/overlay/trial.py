"""Does a phrase of staff make the finder worse? The repository's own questions near it, asked before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz, process

from knowledge.catalogue import load_catalogue
from knowledge.finder.finder import AddedPhrase, Finder
from knowledge.finder.normalize import normalize
from knowledge.finder.phrases import Phrase, kind_of, load_phrases, name_of

NEAREST = 200
"""Questions asked: an added phrase moves nothing that is not near it."""


@dataclass(frozen=True)
class Trial:
    """How many of `asked` questions were right before and after; `lost`: some that were right and are not any more;
    `found`: the phrase itself now leads to its service."""

    asked: int
    before: int
    after: int
    lost: tuple[str, ...]
    found: bool

    @property
    def worse(self) -> bool:
        """Whether fewer are right."""
        return self.after < self.before


@cache
def repository_questions() -> tuple[tuple[str, ...], tuple[Phrase, ...]]:
    """The phrases of the repository with their matching forms. Takes some seconds the first time."""
    phrases = load_phrases(load_catalogue()).phrases
    return tuple(normalize(phrase.text) for phrase in phrases), phrases


def tried(finder: Finder, added: Sequence[AddedPhrase], new: AddedPhrase, most: int = NEAREST) -> Trial:
    """Ask the questions nearest to the new phrase, without it and with it."""
    forms, phrases = repository_questions()
    near = process.extract(normalize(new.text), forms, scorer=fuzz.token_set_ratio, limit=most)
    chosen = [phrases[place] for _, _, place in near]
    old, fresh = finder.with_phrases(added), finder.with_phrases([*added, new])
    before = [_right(old, phrase) for phrase in chosen]
    after = [_right(fresh, phrase) for phrase in chosen]
    lost = tuple(phrase.text for phrase, was, is_ in zip(chosen, before, after, strict=True) if was and not is_)
    found = name_of(new.label) in {scored.code for scored in fresh.find(new.text).services}
    return Trial(len(chosen), sum(before), sum(after), lost[:3], found)


def _right(finder: Finder, phrase: Phrase) -> bool:
    found = finder.find(phrase.text)
    if kind_of(phrase.label) == "service":
        return name_of(phrase.label) in {scored.code for scored in found.services}
    return found.decision != "answer"
