"""How well does it understand? Question files in, figures with 95 % intervals out.

Files of a folder: `in_scope.jsonl` {q, service, bureau, style, also_ok}, `out_of_scope.jsonl` {q, style, why},
`ambiguous.jsonl` {q, acceptable, why}; services are named by title, compared without spaces and half-spaces.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from knowledge.catalogue import Catalogue
from knowledge.errors import DataError, DataFileError, Problem
from knowledge.finder.finder import Finder, Found
from knowledge.finder.normalize import normalize

TITLE_LIKENESS = 88.0


@dataclass(frozen=True)
class Share:
    """So many of so many, with the Wilson 95 % interval."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        return self.hits / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        if not self.total:
            return (math.nan, math.nan)
        z, n, p = 1.96, self.total, self.value
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return (middle - half, middle + half)


@dataclass(frozen=True)
class Asked:
    """One question for a service. `right` are the codes its title stands for (a title may stand in two bureaus)."""

    q: str
    right: frozenset[str]
    also: frozenset[str]
    style: str
    bureau: str


@dataclass
class Report:
    """Figures by name, the same by style and bureau, and the questions missed."""

    figures: dict[str, Share] = field(default_factory=dict)
    by_style: dict[str, Share] = field(default_factory=dict)
    by_bureau: dict[str, Share] = field(default_factory=dict)
    misses: list[dict[str, Any]] = field(default_factory=list)


class Titles:
    """Finds services by the titles that question files name, whatever their spaces."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._codes: dict[str, set[str]] = {}
        for service in catalogue.services:
            for title in filter(None, (service.title, service.title_printed, service.heading)):
                self._codes.setdefault(_key(title), set()).add(service.code)

    def codes(self, title: str) -> frozenset[str]:
        """Codes of the services with this title; DataError when no title is like it."""
        key = _key(title)
        if key in self._codes:
            return frozenset(self._codes[key])
        best = process.extractOne(key, list(self._codes), scorer=fuzz.ratio, processor=None)
        if best is None or best[1] < TITLE_LIKENESS:
            raise DataError([Problem("questions", None, "service", f"خدمتی با این عنوان نیست: «{title}»")])
        return frozenset(self._codes[best[0]])


def _key(title: str) -> str:
    return normalize(title).replace(" ", "")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON-lines file; DataError names the bad line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        raise DataFileError([Problem(str(path), None, None, "فایل پرسش‌ها خوانده نمی‌شود")]) from None
    return list(parse_lines(lines, path.name))


def parse_lines(lines: Iterable[str], name: str) -> Iterator[dict[str, Any]]:
    """The objects of JSON lines that have a text `q`; DataError names the first bad line. Blank ones pass."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict) or not isinstance(row.get("q"), str):
            raise DataError([Problem(name, None, f"سطر {number}", "هر سطر باید یک JSON با کلید q باشد")])
        yield row


def read_asked(path: Path, catalogue: Catalogue) -> list[Asked]:
    """The in-scope questions of a file."""
    titles = Titles(catalogue)
    return [
        Asked(
            row["q"],
            titles.codes(row["service"]),
            frozenset(code for title in row.get("also_ok", ()) for code in titles.codes(title)),
            row.get("style", ""),
            row.get("bureau", ""),
        )
        for row in read_lines(path)
    ]


Ranker = Callable[[str], Sequence[str]]
"""Codes of services for a question, best first."""


def rank_figures(asked: Iterable[Asked], rank: Ranker) -> dict[str, Share]:
    """Right first, in three, in five."""
    hits, total = {1: 0, 3: 0, 5: 0}, 0
    for question in asked:
        total += 1
        codes = rank(question.q)
        for depth in hits:
            hits[depth] += any(code in question.right for code in codes[:depth])
    return {f"right in {depth}": Share(hit, total) for depth, hit in hits.items()}


def evaluate(finder: Finder, folder: Path, progress: Callable[[str], None] = lambda _what: None) -> Report:
    """All figures of a folder of question files (those that are there)."""
    report = Report()
    if (folder / "in_scope.jsonl").exists():
        progress("in_scope")
        _in_scope(finder, read_asked(folder / "in_scope.jsonl", finder.catalogue), report)
    if (folder / "out_of_scope.jsonl").exists():
        progress("out_of_scope")
        _out_of_scope(finder, read_lines(folder / "out_of_scope.jsonl"), report)
    if (folder / "ambiguous.jsonl").exists():
        progress("ambiguous")
        _ambiguous(finder, read_lines(folder / "ambiguous.jsonl"), report)
    return report


def _in_scope(finder: Finder, asked: Sequence[Asked], report: Report) -> None:
    found = [finder.find(question.q) for question in asked]
    pairs = list(zip(asked, found, strict=True))

    def share(test: Callable[[Asked, Found], bool], among: Callable[[Found], bool] = lambda _found: True) -> Share:
        chosen = [(question, result) for question, result in pairs if among(result)]
        return Share(sum(test(question, result) for question, result in chosen), len(chosen))

    def within(depth: int) -> Callable[[Asked, Found], bool]:
        return lambda q, f: any(scored.code in q.right for scored in f.candidates[:depth])

    def shown(question: Asked, result: Found) -> bool:
        return any(scored.code in question.right for scored in result.services)

    def answered(result: Found) -> bool:
        return result.decision == "answer"

    report.figures |= {
        "right first": share(within(1)),
        "right first (or also accepted)": share(
            lambda q, f: bool(f.candidates) and f.candidates[0].code in q.right | q.also
        ),
        "right in 3": share(within(3)),
        "right in 5": share(within(5)),
        "helped (right among shown)": share(shown),
        "answers straight": share(lambda _q, f: answered(f)),
        "precision of answer": share(shown, answered),
        "precision of answer (or also accepted)": share(lambda q, f: f.services[0].code in q.right | q.also, answered),
        "in scope declined": share(lambda _q, f: f.decision == "decline"),
    }
    for name, key in (("by_style", "style"), ("by_bureau", "bureau")):
        table: dict[str, Share] = {}
        for value in sorted({getattr(question, key) for question in asked}):
            some = [(q, f) for q, f in pairs if getattr(q, key) == value]
            table[value] = Share(sum(within(1)(q, f) for q, f in some), len(some))
        setattr(report, name, table)
    report.misses += [
        _miss("in_scope", q.q, sorted(q.right), f) for q, f in pairs if not (within(1)(q, f) and shown(q, f))
    ]


def _out_of_scope(finder: Finder, rows: Sequence[dict[str, Any]], report: Report) -> None:
    found = [finder.find(row["q"]) for row in rows]
    report.figures |= {
        "out of scope declined": Share(sum(result.decision == "decline" for result in found), len(found)),
        "out of scope answered": Share(sum(result.decision == "answer" for result in found), len(found)),
    }
    report.misses += [
        _miss("out_of_scope", row["q"], [row.get("why", "")], result)
        for row, result in zip(rows, found, strict=True)
        if result.decision != "decline"
    ]


def _ambiguous(finder: Finder, rows: Sequence[dict[str, Any]], report: Report) -> None:
    titles = Titles(finder.catalogue)
    offered = 0
    for row in rows:
        right: set[str] = set()
        for title in row["acceptable"]:
            try:
                right |= titles.codes(title)
            except DataError:
                continue
        result = finder.find(row["q"])
        good = result.decision == "choose" and any(scored.code in right for scored in result.services)
        offered += good
        if not good:
            report.misses.append(_miss("ambiguous", row["q"], sorted(right), result))
    report.figures["ambiguous: right choice offered"] = Share(offered, len(rows))


def _miss(kind: str, question: str, right: Sequence[str], result: Found) -> dict[str, Any]:
    return {
        "file": kind,
        "q": question,
        "right": list(right),
        "decision": result.decision,
        "intent": result.intent,
        "topic": result.topic.id if result.topic else None,
        "shown": [(scored.code, round(scored.score, 3)) for scored in result.services],
        "candidates": [(scored.code, round(scored.score, 3)) for scored in result.candidates[:5]],
    }
