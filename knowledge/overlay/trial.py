"""Does a phrase of staff make the finder worse? The repository's own questions near it, asked before and after; and
does the repository give the same words to something else?

A phrase moves only what is nearly itself, and what the finder was trained on stands firm against it: a wrong phrase
seldom turns one of the repository's questions. So its own words are a question of the trial, too: `Trial.rival` is
whose they are by what the repository knows.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz, process

from knowledge.catalogue import load_catalogue
from knowledge.finder.evaluate import read_asked, read_lines
from knowledge.finder.finder import AddedPhrase, Finder
from knowledge.finder.normalize import normalize
from knowledge.finder.phrases import Label, Phrase, kind_of, label, load_phrases, name_of

NEAREST = 200
"""Questions asked, and half as many that were not trained on: a phrase moves nothing that is not near it."""

QUESTIONS = "KHEDMATYAR_QUESTIONS"
"""A folder of evaluation questions (docs/finder.md), all of which are asked too."""

SURE, UNLIKELY = 0.9, 0.01
"""Chances from which the finder is sure of a service, and up to which another is out of the question."""

UNTRAINED = "untrained"
SHOWN_LOST = 3
MOST_ALIKE = 30

ALIKE = 78.0
"""Least likeness (0 to 100, words in any order) of questions that say the same."""

LEAST_ALIKE, LEAST_HOLDING = 2, 3
"""So many questions that say the same, or that hold all words of the phrase, speak against it …"""

FEW_OWN = 0.02
"""… when no more than this share of them is of its service."""


@dataclass(frozen=True)
class Alike:
    """Questions of the repository that say what a phrase says, or hold all its words: how many are of its service, how
    many of others', and the label that most of those have."""

    own: int = 0
    others: int = 0
    most: Label | None = None


@dataclass(frozen=True)
class Trial:
    """How many of `asked` questions were right before and after; `lost`: some that were right and are not any more;
    `found`: the phrase itself now leads to its service; `taken`: the repository gives the same phrase another label;
    `rival`: its words are another's by what the repository knows, `alike` says by how many questions (`most`
    None: the finder is sure of that one, and the phrase's own is out of the question)."""

    asked: int
    before: int
    after: int
    lost: tuple[str, ...]
    found: bool
    taken: Label | None = None
    alike: Alike = Alike()
    rival: Label | None = None

    @property
    def worse(self) -> bool:
        """Whether fewer are right, or the phrase would contradict the repository."""
        return self.after < self.before or self.taken is not None or self.rival is not None


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


def tried(
    finder: Finder, added: Sequence[AddedPhrase], new: AddedPhrase, most: int = NEAREST, *, missed: bool = False
) -> Trial:
    """Ask the questions nearest to the new phrase, without it and with it. `missed`: a citizen has said that what the
    finder shows for it is wrong, so that the finder's being sure of another service says nothing."""
    old, fresh = finder.with_phrases(added), finder.with_phrases([*added, new])
    chosen = list(dict.fromkeys((*nearest(new.text, most), *_set_apart())))
    before, after = (frozenset(phrase for phrase in chosen if right(one, phrase)) for one in (old, fresh))
    return judged(old, fresh, new, chosen, before, after, missed=missed)


def judged(  # noqa: PLR0917 — what was asked of which finder, and with what result
    old: Finder,
    fresh: Finder,
    new: AddedPhrase,
    asked: Collection[Phrase],
    before: frozenset[Phrase],
    after: frozenset[Phrase],
    *,
    missed: bool = False,
) -> Trial:
    """The trial of a phrase by the questions that were right without it (`old`) and with it (`fresh`)."""
    lost = tuple(phrase.text for phrase in asked if phrase in before and phrase not in after)
    found = name_of(new.label) in {scored.code for scored in fresh.find(new.text).services}
    alike = questions_alike(new)
    taken, rival = _taken(new), alike.most or (None if missed else _surely(old, new))
    return Trial(len(asked), len(before), len(after), lost[:SHOWN_LOST], found, taken, alike, rival)


def nearest(text: str, most: int = NEAREST) -> list[Phrase]:
    """The repository's questions nearest to a text, and half as many that were not trained on."""
    forms, phrases = repository_questions()
    form = normalize(text)
    near = process.extract(form, forms, scorer=fuzz.token_set_ratio, limit=most)
    untrained = process.extract(form, forms[: _count()], scorer=fuzz.token_set_ratio, limit=most // 2)
    return [phrases[place] for _, _, place in (*near, *untrained)]


def questions_alike(new: AddedPhrase) -> Alike:
    """Who says the same."""
    forms, phrases = repository_questions()
    form = normalize(new.text)
    near = {place for _, _, place in process.extract(
        form, forms, scorer=fuzz.token_sort_ratio, limit=MOST_ALIKE, score_cutoff=ALIKE
    )}  # fmt: skip
    words = frozenset(form.split())
    holding = {place for place, known in enumerate(_words()) if words <= known}
    labels = Counter(phrases[place].label for place in near | holding)
    own = labels.pop(new.label, 0)
    others = labels.total()
    enough = len(near) >= LEAST_ALIKE or len(holding) >= LEAST_HOLDING
    against = enough and own <= FEW_OWN * others
    return Alike(own, others, labels.most_common(1)[0][0] if against else None)


def _surely(old: Finder, new: AddedPhrase) -> Label | None:
    """The service that the finder is sure the phrase is of, and not the phrase's own."""
    found = old.find(new.text)
    chances = {scored.code: scored.score for scored in found.candidates}
    if (
        found.decision == "decline"
        or found.candidates[0].score < SURE
        or chances.get(name_of(new.label), 0.0) > UNLIKELY
    ):
        return None
    return label("service", found.candidates[0].code)


def _set_apart() -> tuple[Phrase, ...]:
    folder = os.environ.get(QUESTIONS)
    return held_out(Path(folder)) if folder else ()


@cache
def _words() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(form.split()) for form in repository_questions()[0])


def _taken(new: AddedPhrase) -> Label | None:
    form = normalize(new.text)
    forms, phrases = repository_questions()
    same = (phrase for known, phrase in zip(forms, phrases, strict=True) if known == form)
    return next((phrase.label for phrase in same if phrase.label != new.label), None)


def _count() -> int:
    """How many of the repository's questions were not trained on; they stand first."""
    return sum(phrase.batch == UNTRAINED for phrase in repository_questions()[1])


def right(finder: Finder, phrase: Phrase) -> bool:
    """Whether the service is among what is shown; of a question of others, whether it gets no straight answer."""
    found = finder.find(phrase.text)
    if kind_of(phrase.label) == "service":
        return name_of(phrase.label) in {scored.code for scored in found.services}
    return found.decision != "answer"
