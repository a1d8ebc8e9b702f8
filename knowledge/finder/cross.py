"""Cross-validation over the phrases: what the finder makes of writing it has never seen.

Whole batches are left out, because phrases of one batch resemble each other. The letter in a batch's name (`admin-b1`
→ b) says in which round of writing it came about; each round is asked of a model that learned all the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from knowledge.catalogue import Catalogue
from knowledge.finder.decide import Thresholds, load_thresholds
from knowledge.finder.evaluate import Asked, Share, rank_figures
from knowledge.finder.finder import Finder
from knowledge.finder.lexicon import Lexicon
from knowledge.finder.normalize import normalize
from knowledge.finder.phrases import Phrase, PhraseBook, kind_of, name_of
from knowledge.finder.train import artefact_of, prepare, train_model, training_phrases

_LETTER = re.compile(r"-([a-z])\d")
_TRAINING = 0.9
"""Share of a fold's progress that training stands for."""

_TOLD_EVERY = 100

Progress = Callable[[str, float], None]
"""Told what is being done and how much of the whole is done (0 to 1)."""


@dataclass(frozen=True)
class Fold:
    """One round of writing, asked of a model that has not learned it.

    `learned` counts the phrases trained on. `repeated` counts the asked ones whose matching form another round also
    has: they stay in the figures.
    """

    letter: str
    learned: int
    repeated: int
    first: Share
    three: Share


def letter_of(batch: str) -> str | None:
    """The round of writing a batch belongs to; None for what belongs to none (titles and summaries)."""
    found = _LETTER.search(batch)
    return found[1] if found else None


def letters_of(phrases: Sequence[Phrase]) -> list[str]:
    """The rounds that hold phrases of services."""
    return sorted({letter for phrase in _of_services(phrases) if (letter := letter_of(phrase.batch))})


def asked_of(phrases: Sequence[Phrase], catalogue: Catalogue) -> list[Asked]:
    """The phrases of services as questions; their batch stands as the style."""
    return [
        Asked(phrase.text, frozenset({code}), frozenset(), phrase.batch, catalogue.bureau_of(code).name)
        for phrase in _of_services(phrases)
        if (code := name_of(phrase.label)) in catalogue
    ]


def _of_services(phrases: Sequence[Phrase]) -> Iterator[Phrase]:
    return (phrase for phrase in phrases if kind_of(phrase.label) == "service")


def cross_validate(catalogue: Catalogue, book: PhraseBook, words: Lexicon, progress: Progress) -> list[Fold]:
    """One fold per round. The models are scored as trained, before the artefact rounds their weights to eight bits."""
    letters = letters_of(book.phrases)
    rules = load_thresholds()
    return [
        _fold(letter, catalogue, book, words, rules, _part_of(progress, index, len(letters)))
        for index, letter in enumerate(letters)
    ]


def _part_of(progress: Progress, index: int, of: int) -> Progress:
    return lambda what, share: progress(what, (index + share) / of)


def _fold(  # noqa: PLR0917 — what training takes, and the letter
    letter: str, catalogue: Catalogue, book: PhraseBook, words: Lexicon, rules: Thresholds, progress: Progress
) -> Fold:
    learned = [phrase for phrase in training_phrases(book, catalogue) if letter_of(phrase.batch) != letter]
    asked = asked_of([phrase for phrase in book.phrases if letter_of(phrase.batch) == letter], catalogue)
    progress(f"{letter}: phrases", 0.0)
    prepared = prepare(learned, words)
    model = train_model(prepared, lambda what, share: progress(f"{letter}: {what}", share * _TRAINING))
    artefact = artefact_of("", prepared, model)
    finder = Finder(catalogue, artefact, words, dict(book.topics), rules)

    def told() -> Iterator[Asked]:
        for number, question in enumerate(asked):
            if number % _TOLD_EVERY == 0:
                progress(f"{letter}: questions", _TRAINING + (1 - _TRAINING) * number / len(asked))
            yield question

    figures = rank_figures(told(), lambda question: [scored.code for scored in finder.find(question).candidates])
    known = {normalize(phrase.text) for phrase in learned}
    repeated = sum(normalize(question.q) in known for question in asked)
    return Fold(letter, len(learned), repeated, figures["right in 1"], figures["right in 3"])
