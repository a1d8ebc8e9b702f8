"""Building the artefact from the data: deterministic, two processes, no network.

One linear classifier per label (one against the rest, squared hinge loss) over character and word n-grams of all
phrases, titles and summaries, by scikit-learn; scikit-learn is not loaded when a question is answered.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from knowledge.catalogue import Catalogue
from knowledge.finder.breadth import Breadth
from knowledge.finder.features import Hashes, char_features, word_features
from knowledge.finder.key import data_key
from knowledge.finder.lexicon import Lexicon
from knowledge.finder.model import Artefact, Family, Floats, LinearModel
from knowledge.finder.normalize import normalize as normal_form
from knowledge.finder.phrases import Label, Phrase, PhraseBook, kind_of, label
from knowledge.finder.vocabulary import Vocabulary

COST = 1.0
"""C of the classifiers: the price of a training phrase on the wrong side."""

GATE_COST = 0.3
TOLERANCE = 1e-2
LEAST_SEEN_CHARS = 2
LEAST_SEEN_WORDS = 2
NOISY_EVERY = 6
"""One phrase in so many is learned a second time with slips of the keyboard."""

SMALLEST_WEIGHT = 0.005
"""Weights nearer to zero than this share of the largest are dropped from the artefact."""

_KEYS = ("ضصثقفغعهخحجچ", "شسیبلاتنمکگ", "ظطزرذدپو")

Progress = Callable[[str, float], None]
"""Told what is being done and how much of the whole is done (0 to 1)."""


def training_phrases(book: PhraseBook, catalogue: Catalogue) -> list[Phrase]:
    """The phrases, and for each service its title and summary in batch `catalogue`."""
    own = [
        Phrase(text, label("service", service.code), "catalogue")
        for service in catalogue.services
        for text in (service.title, service.summary)
    ]
    return [*book.phrases, *own]


def slipped(text: str, rng: random.Random) -> str:
    """The text as a hurried thumb types it, with one to three slips: a neighbour key, a letter or space lost, …"""
    letters = list(text)
    for _ in range(rng.randint(1, 3)):
        if len(letters) < 4:
            break
        place = rng.randrange(1, len(letters) - 1)
        match rng.randrange(5):
            case 0:
                row = next((keys for keys in _KEYS if letters[place] in keys), None)
                if row:
                    near = row.index(letters[place]) + rng.choice((-1, 1))
                    letters[place] = row[max(0, min(near, len(row) - 1))]
            case 1:
                del letters[place]
            case 2:
                letters.insert(place, letters[place])
            case 3:
                letters[place], letters[place + 1] = letters[place + 1], letters[place]
            case _:
                spaces = [index for index, letter in enumerate(letters) if letter == " "]
                if spaces:
                    del letters[rng.choice(spaces)]
    return "".join(letters)


def fit_family(forms: Iterable[Hashes], least: int, weight: float) -> Family:
    """The features seen in at least `least` forms, with smoothed IDF weights."""
    per_form = [np.unique(found) for found in forms]
    hashes, seen = np.unique(np.concatenate(per_form), return_counts=True)
    kept = seen >= least
    idf = np.log((1 + len(per_form)) / (1 + seen[kept])) + 1
    # half precision is what the artefact stores: train on what will be scored
    return Family(hashes[kept], idf.astype(np.float16).astype(np.float32), weight)


def _matrix(vectors: Sequence[tuple[npt.NDArray[np.int64], Floats]], width: int) -> csr_array:
    lengths = np.cumsum([0, *(len(columns) for columns, _ in vectors)]).astype(np.int32)
    columns = np.concatenate([columns for columns, _ in vectors]).astype(np.int32)
    values = np.concatenate([values for _, values in vectors])
    return csr_array((values, columns, lengths), shape=(len(vectors), width))


def _fit_some(matrix: csr_array, wanted: Sequence[Label], labels: Sequence[Label]) -> tuple[Floats, Floats]:
    from scipy.sparse import csr_matrix  # noqa: PLC0415 — scikit-learn wants the older class
    from sklearn.svm import LinearSVC  # noqa: PLC0415 — a second of import that answering never pays

    chosen = set(wanted)
    targets = np.array([what if what in chosen else "~rest" for what in labels])
    classifier = LinearSVC(C=COST, tol=TOLERANCE, random_state=0).fit(csr_matrix(matrix), targets)
    if len(wanted) == 1:  # two classes: scikit-learn keeps one row, for the second of them
        sign = 1.0 if classifier.classes_[1] == wanted[0] else -1.0
        return (sign * classifier.coef_.T).astype(np.float32), (sign * classifier.intercept_).astype(np.float32)
    rows = [list(classifier.classes_).index(what) for what in wanted]
    return classifier.coef_[rows].T.astype(np.float32), classifier.intercept_[rows].astype(np.float32)


def _fit_gate(matrix: csr_array, labels: Sequence[Label]) -> tuple[Floats, float]:
    """One more classifier: any service of ours against everything else, both sides of equal weight."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 — as above
    from sklearn.svm import LinearSVC  # noqa: PLC0415 — as above

    ours = np.array([kind_of(what) == "service" for what in labels])
    classifier = LinearSVC(C=GATE_COST, class_weight="balanced", tol=1e-3, random_state=0).fit(csr_matrix(matrix), ours)
    return classifier.coef_[0].astype(np.float32), float(classifier.intercept_[0])


@dataclass(frozen=True)
class Prepared:
    """The texts of training in matching form, with what mends and rewrites a question before scoring.

    `spoken`: the forms and labels without the noisy copies.
    """

    forms: list[str]
    labels: list[Label]
    vocabulary: Vocabulary
    spoken: list[tuple[str, Label]]

    def breadth(self, places: Mapping[Label, int]) -> Breadth:
        """Which services each word belongs to, by the places of the labels in the model."""
        return Breadth.of((form, places[what]) for form, what in self.spoken if kind_of(what) == "service")


def prepare(phrases: Sequence[Phrase], words: Lexicon) -> Prepared:
    """Normalize the phrases, add the noisy copies, and collect the vocabulary."""
    rng = random.Random(1402)  # noqa: S311 — noise for training, not a secret
    plain = [normal_form(phrase.text) for phrase in phrases]
    known = Vocabulary.of(plain, words.latin)
    forms: list[str] = []
    labels: list[Label] = []
    spoken: list[tuple[str, Label]] = []
    for index, (phrase, form) in enumerate(zip(phrases, plain, strict=True)):
        if not form:
            continue
        forms.append(words.written(known.mend(form)))
        labels.append(phrase.label)
        spoken.append((forms[-1], phrase.label))
        if index % NOISY_EVERY == 0:
            forms.append(words.written(known.mend(normal_form(slipped(form, rng)))))
            labels.append(phrase.label)
    return Prepared(forms, labels, known, spoken)


def train_model(prepared: Prepared, progress: Progress, processes: int = 2) -> LinearModel:
    """Fit all classifiers."""
    from joblib import Parallel, delayed  # noqa: PLC0415 — comes with scikit-learn

    progress("features", 0.05)
    chars = fit_family((char_features(form) for form in prepared.forms), LEAST_SEEN_CHARS, 1.0)
    words = fit_family((word_features(form) for form in prepared.forms), LEAST_SEEN_WORDS, 1.0)
    names = sorted(set(prepared.labels))
    width = len(chars.hashes) + len(words.hashes)
    columns = len(names) + 1
    empty = LinearModel(
        tuple(names),
        chars,
        words,
        csr_array((width, columns), dtype=np.float32),
        np.zeros(columns, np.float32),
        len(names),
    )
    matrix = _matrix([empty.vector(form) for form in prepared.forms], width)
    pieces = 4 * processes
    parts = [names[start::pieces] for start in range(pieces) if names[start::pieces]]
    progress("classifiers", 0.1)
    weights = np.zeros((width, columns), dtype=np.float32)
    bias = np.zeros(columns, dtype=np.float32)
    place = {name: index for index, name in enumerate(names)}
    jobs = Parallel(n_jobs=processes, return_as="generator", mmap_mode="r")(
        delayed(_fit_some)(matrix, part, prepared.labels) for part in parts
    )
    for done, (part, (some_weights, some_bias)) in enumerate(zip(parts, jobs, strict=True), start=1):
        places = [place[name] for name in part]
        weights[:, places] = some_weights
        bias[places] = some_bias
        progress("classifiers", 0.1 + 0.8 * done / len(parts))
    weights[:, -1], bias[-1] = _fit_gate(matrix, prepared.labels)
    weights[np.abs(weights) < SMALLEST_WEIGHT * np.abs(weights).max()] = 0
    return LinearModel(tuple(names), chars, words, csr_array(weights), bias, len(names))


def train(catalogue: Catalogue, book: PhraseBook, words: Lexicon, progress: Progress) -> Artefact:
    """The artefact of the data as it stands."""
    progress("phrases", 0.0)
    prepared = prepare(training_phrases(book, catalogue), words)
    fitted = train_model(prepared, progress)
    progress("done", 1.0)
    services = {what for what in fitted.labels if kind_of(what) == "service"}
    missing = [service.code for service in catalogue.services if label("service", service.code) not in services]
    if missing:
        raise AssertionError(f"services without a single phrase: {missing}")
    return artefact_of(data_key(), prepared, fitted)


def artefact_of(key: str, prepared: Prepared, fitted: LinearModel) -> Artefact:
    """What the finder is built from, out of the texts and the model fitted to them."""
    places = {what: place for place, what in enumerate(fitted.labels)}
    return Artefact(key, fitted, dict(prepared.vocabulary.counts), prepared.breadth(places))
