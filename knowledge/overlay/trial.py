"""Does a phrase of staff make the finder worse? The repository's own questions near it, asked before and after."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz, process

from knowledge.catalogue import load_catalogue
from knowledge.finder.evaluate import read_asked, read_lines
from knowledge.finder.finder import AddedPhrase, Finder
from knowledge.finder.normalize import normalize
from knowledge.finder.phrases import Phrase, kind_of, label, load_phrases, name_of

NEAREST = 200
"""Questions asked, and half as many that were not trained on: a phrase moves nothing that is not near it."""

QUESTIONS = "KHEDMATYAR_QUESTIONS"
"""A folder of evaluation questions (docs/finder.md), all of which are asked too."""

UNTRAINED = "untrained"


@dataclass(frozen=True)
class Trial:
    """How many of `asked` questions were right before and after; `lost`: some that were right and are not any more;
    `found`: the phrase itself now leads to its service; `taken`: the repository gives the same phrase another label."""

    asked: int
    before: int
    after: int
    lost: tuple[str, ...]
    found: bool
    taken: str | None = None

    @property
    def worse(self) -> bool:
        """Whether fewer are right, or the phrase would contradict one of the repository."""
        return self.after < self.before or self.taken is not None


@cache
def repository_questions() -> tuple[tuple[str, ...], tuple[Phrase, ...]]:
    """What the repository knows the answer to, with its matching forms: the phrases, and what was not trained on (short
    titles and summaries of services, titles of others' topics). Takes some seconds the first time."""
    catalogue = load_catalogue()
    book = load_phrases(catalogue)
    untrained = [
        Phrase(text, label("service", service.code), UNTRAINED)
        for service in catalogue.services
        for text in (service.short_title, service.summary)
    ]
    untrained += [Phrase(topic.title, label("elsewhere", topic.id), UNTRAINED) for topic in book.topics.values()]
    phrases = (*untrained, *book.phrases)
    return tuple(normalize(phrase.text) for phrase in phrases), phrases


@cache
def held_out(folder: Path) -> tuple[Phrase, ...]:
    """The questions of a folder that `khedmatyar evaluate` reads."""
    catalogue = load_catalogue()
    asked = read_asked(folder / "in_scope.jsonl", catalogue) if (folder / "in_scope.jsonl").exists() else []
    others = read_lines(folder / "out_of_scope.jsonl") if (folder / "out_of_scope.jsonl").exists() else []
    return (
        *(Phrase(one.q, label("service", code), UNTRAINED) for one in asked for code in sorted(one.right)[:1]),
        *(Phrase(row["q"], label("elsewhere", "others"), UNTRAINED) for row in others),
    )


def tried(finder: Finder, added: Sequence[AddedPhrase], new: AddedPhrase, most: int = NEAREST) -> Trial:
    """Ask the questions nearest to the new phrase, without it and with it."""
    forms, phrases = repository_questions()
    near = process.extract(normalize(new.text), forms, scorer=fuzz.token_set_ratio, limit=most)
    chosen = [phrases[place] for _, _, place in near]
    untrained = process.extract(normalize(new.text), forms[: _count()], scorer=fuzz.token_set_ratio, limit=most // 2)
    chosen += [phrases[place] for _, _, place in untrained]
    if folder := os.environ.get(QUESTIONS):
        chosen += held_out(Path(folder))
    chosen = list(dict.fromkeys(chosen))
    old, fresh = finder.with_phrases(added), finder.with_phrases([*added, new])
    before = [_right(old, phrase) for phrase in chosen]
    after = [_right(fresh, phrase) for phrase in chosen]
    lost = tuple(phrase.text for phrase, was, is_ in zip(chosen, before, after, strict=True) if was and not is_)
    found = name_of(new.label) in {scored.code for scored in fresh.find(new.text).services}
    return Trial(len(chosen), sum(before), sum(after), lost[:3], found, _taken(new))


def _taken(new: AddedPhrase) -> str | None:
    form = normalize(new.text)
    forms, phrases = repository_questions()
    same = (phrase for known, phrase in zip(forms, phrases, strict=True) if known == form)
    return next((phrase.label for phrase in same if phrase.label != new.label), None)


def _count() -> int:
    """How many of the repository's questions were not trained on; they stand first."""
    return sum(phrase.batch == UNTRAINED for phrase in repository_questions()[1])


def _right(finder: Finder, phrase: Phrase) -> bool:
    found = finder.find(phrase.text)
    if kind_of(phrase.label) == "service":
        return name_of(phrase.label) in {scored.code for scored in found.services}
    return found.decision != "answer"
