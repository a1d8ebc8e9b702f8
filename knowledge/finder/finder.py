"""The finder: a question in, a decision with services out. One instance serves all; it keeps no state of a question."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge.catalogue import DATA, Catalogue, load_catalogue
from knowledge.errors import ModelError
from knowledge.finder.decide import (
    Decision,
    Evidence,
    Scored,
    Thresholds,
    check_codes,
    decide,
    load_thresholds,
    probabilities,
    sides_of,
)
from knowledge.finder.lexicon import Lexicon, load_lexicon
from knowledge.finder.model import Artefact, Floats, load_artefact, save_artefact
from knowledge.finder.normalize import has_letters, normalize, stem
from knowledge.finder.phrases import Label, Topic, kind_of, load_phrases, load_topics, name_of
from knowledge.finder.story import LONG, windows
from knowledge.finder.vocabulary import Vocabulary

TOP = 10
LIKELY = 24
"""Services that are weighed one by one in deciding."""

SHORT = 2
"""Most content words of a question that is looked up in the titles too."""

FEW = 4
"""Most words of a question that is taken as search words rather than a sentence."""

BROAD_WORDS = 6
"""Most words of a question that may be too broad for one answer …"""

BROAD = 3
"""… when its words fit so many services."""

ORDINAL_DIGITS = 2
"""Most digits of a lone number that is read as a place in a list; a longer one asks for nothing."""

ADDED_WEIGHT = 1.5
"""Margin that a phrase added by staff gives its service when a question repeats it exactly."""

ADDED_LIKENESS = 0.55
"""Least cosine between a question and an added phrase for the phrase to count."""


@dataclass(frozen=True)
class Found:
    """What the finder says of one question. `candidates`: the ten likeliest services; `services`: what is shown;
    `form`: the matching form that was looked up."""

    question: str
    decision: Decision
    intent: str
    services: tuple[Scored, ...]
    candidates: tuple[Scored, ...]
    topic: Topic | None
    milliseconds: float
    form: str = ""


@dataclass(frozen=True)
class AddedPhrase:
    """A phrase that staff added to a service after training."""

    text: str
    label: Label


class Finder:
    """Answers questions from the catalogue with a trained artefact."""

    def __init__(  # noqa: PLR0917 — the parts are many, and each is small
        self,
        catalogue: Catalogue,
        artefact: Artefact,
        words: Lexicon,
        topics: dict[str, Topic],
        rules: Thresholds,
        added: Sequence[AddedPhrase] = (),
    ) -> None:
        self.catalogue = catalogue
        self.rules = rules
        self._artefact = artefact
        self._model = artefact.model
        self._words = words
        self._topics = topics
        self._vocabulary = Vocabulary(artefact.vocabulary, words.latin)
        self._place = {what: index for index, what in enumerate(self._model.labels)}
        services = [
            (index, name_of(what))
            for index, what in enumerate(self._model.labels)
            if kind_of(what) == "service" and name_of(what) in catalogue
        ]
        self._intent_places = np.array(
            [index for index, what in enumerate(self._model.labels) if kind_of(what) == "intent"], dtype=np.int64
        )
        self._service_places = np.array([index for index, _ in services], dtype=np.int64)
        self._codes = [code for _, code in services]
        by_word: dict[str, set[str]] = {}
        for service in catalogue.services:
            for word in self.form(service.title).split():
                by_word.setdefault(stem(word), set()).add(service.code)
        self._public = frozenset(service.code for service in catalogue.services if service.has_client)
        self._named = frozenset(rules.complaint_services).union(*rules.twins)
        self._sides = {
            service.code: sides_of(self.form(f"{service.title} {service.summary}"), rules)
            for service in catalogue.services
        }
        self._by_title_word = {word: frozenset(codes) for word, codes in by_word.items()}
        self._added: list[tuple[int, dict[int, float]]] = [
            (self._place[phrase.label], self._weights_of(form))
            for phrase in added
            if phrase.label in self._place and (form := self.form(phrase.text))
        ]

    def _titled(self, form: str) -> frozenset[str]:
        """Services whose titles hold every content word of a very short question; empty for a longer one."""
        words = [stem(word) for word in form.split() if len(word) > 2]
        if not 1 <= len(words) <= SHORT:
            return frozenset()
        return frozenset.intersection(*(self._by_title_word.get(word, frozenset()) for word in words))

    def _opposed(self, form: str, code: str) -> bool:
        wanted, offered = sides_of(form, self.rules), self._sides[code]
        return len(wanted) == 1 and bool(offered) and not wanted & offered

    def _weights_of(self, form: str) -> dict[int, float]:
        columns, values = self._model.vector(form)
        return dict(zip(columns.tolist(), values.tolist(), strict=True))

    def with_phrases(self, added: Sequence[AddedPhrase]) -> Finder:
        """The same finder that also heeds these phrases; nothing is trained again."""
        return Finder(self.catalogue, self._artefact, self._words, self._topics, self.rules, added)

    def with_catalogue(self, catalogue: Catalogue, added: Sequence[AddedPhrase] = ()) -> Finder:
        """The same finder over a catalogue with other texts, and with these phrases; nothing is trained again."""
        return Finder(catalogue, self._artefact, self._words, self._topics, self.rules, added)

    def with_rules(self, rules: Thresholds) -> Finder:
        """The same finder under other thresholds."""
        other = Finder.__new__(Finder)
        other.__dict__ = {
            **self.__dict__,
            "rules": rules,
            "_named": frozenset(rules.complaint_services).union(*rules.twins),
        }
        return other

    def form(self, question: str) -> str:
        """The matching form of a question: normalized, mended, in written words."""
        return self._words.written(self._vocabulary.mend(normalize(question)))

    def scores(self, form: str) -> tuple[Floats, float]:
        """One margin per label of the model, and the gate's, for a matching form."""
        scores, gate = self._model.scores(form)
        if self._added:
            here = self._weights_of(form)
            length = sum(value * value for value in here.values()) or 1.0
            for place, there in self._added:
                likeness = sum(value * there.get(column, 0.0) for column, value in here.items()) / length
                if likeness >= ADDED_LIKENESS:
                    scores[place] += ADDED_WEIGHT * likeness
                    gate += ADDED_WEIGHT * likeness
        return scores, gate

    def _weighed(self, question: str, form: str) -> tuple[Floats, float]:
        """The scores of a question; in a long story, half of each margin is that of the window that speaks for the
        label most, so that what else is told does not drown the need. Talk (intents) is judged by the whole alone."""
        scores, gate = self.scores(form)
        if len(form.split()) <= LONG:
            return scores, gate
        parts = [self.scores(form) for form in map(self.form, windows(question)) if form]
        if len(parts) < 2:
            return scores, gate
        best = np.maximum.reduce([margins for margins, _ in parts])
        best[self._intent_places] = scores[self._intent_places]
        return (scores + best) / 2, gate

    def _ranked(self, scores: Floats, chances: Floats, titled: frozenset[str]) -> tuple[Scored, ...]:
        """The likeliest services, and those that the rules name or the question's words title, best first."""
        margins, shares = scores[self._service_places], chances[self._service_places]
        order = np.argsort(-margins, kind="stable").tolist()
        named = titled | self._named
        chosen = order[:LIKELY] + [index for index in order[LIKELY:] if self._codes[index] in named]
        return tuple(
            Scored(self._codes[index], share, margin)
            for index, share, margin in zip(chosen, shares[chosen].tolist(), margins[chosen].tolist(), strict=True)
        )

    def find(self, question: str) -> Found:
        """Decide on one question. Never raises on any text."""
        started = time.perf_counter()
        form = self.form(question)
        if not form:
            return Found(question, "decline", "empty", (), (), None, (time.perf_counter() - started) * 1000)
        if not has_letters(form):
            intent = "ordinal" if len(form) <= ORDINAL_DIGITS else "out_of_scope"
            return Found(question, "decline", intent, (), (), None, (time.perf_counter() - started) * 1000, form)
        scores, gate = self._weighed(question, form)
        chances = probabilities(scores, self.rules.sharpness)
        titled = self._titled(form)
        ranked = self._ranked(scores, chances, titled)
        evidence = Evidence(
            self._model.labels,
            scores,
            chances,
            ranked,
            gate,
            self._model.known_share(form),
            titled,
            short=len(form.split()) <= FEW,
            lone=len(form.split()) == 1,
            public=self._public,
            opposed=self._opposed(form, ranked[0].code),
            broad=len(form.split()) <= BROAD_WORDS and self._artefact.breadth.fits(form) >= BROAD,
        )
        verdict = decide(evidence, self.rules)
        return Found(
            question,
            verdict.decision,
            verdict.intent,
            verdict.shown,
            ranked[:TOP],
            self._topics.get(verdict.topic) if verdict.topic else None,
            (time.perf_counter() - started) * 1000,
            form,
        )


def model_path() -> Path:
    """Where the artefact lives: `KHEDMATYAR_MODEL`, else beside the data, else (read-only) the user's cache."""
    if named := os.environ.get("KHEDMATYAR_MODEL"):
        return Path(named)
    beside = DATA / "model" / "finder.zip"
    if beside.exists() or os.access(DATA, os.W_OK):
        return beside
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "khedmatyar" / "finder.zip"


def build_artefact(catalogue: Catalogue, progress: Callable[[str, float], None], path: Path) -> Artefact:
    """Train on the data as it stands and store the artefact."""
    from knowledge.finder.train import train  # noqa: PLC0415 — answering must not pay for scikit-learn

    artefact = train(catalogue, load_phrases(catalogue), load_lexicon(), progress)
    save_artefact(artefact, path)
    return artefact


def stored_artefact(path: Path) -> Artefact | None:
    """The stored artefact when it is sound and of the data as it stands, else None."""
    from knowledge.finder.key import data_key  # noqa: PLC0415

    try:
        artefact = load_artefact(path)
    except ModelError:
        return None
    return artefact if artefact.key == data_key() else None


def load_finder(
    catalogue: Catalogue | None = None, progress: Callable[[str, float], None] = lambda _what, _share: None
) -> Finder:
    """The finder ready to answer; builds the artefact first when the data has changed since."""
    catalogue = catalogue or load_catalogue()
    path = model_path()
    artefact = stored_artefact(path) or build_artefact(catalogue, progress, path)
    rules = load_thresholds()
    check_codes(rules, catalogue)
    return Finder(catalogue, artefact, load_lexicon(), load_topics(), rules)
