"""Last step: from probabilities to one of a closed set of decisions: answer, choose, decline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from knowledge.catalogue import DATA
from knowledge.finder.model import Floats
from knowledge.finder.phrases import Label, kind_of, name_of
from knowledge.models import Code
from knowledge.tables import read_table

DECISION = DATA / "decision.yaml"

Decision = Literal["answer", "choose", "decline"]
Share = Annotated[float, Field(ge=0, le=1)]


class Thresholds(BaseModel):
    """The settings of `decision.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sharpness: Annotated[float, Field(gt=0)]
    answer_at: Share
    answer_gap: Share
    ours_at: Share
    shown_at: Share
    shown_most: Annotated[int, Field(ge=2, le=5)]
    cover: Share
    known_at: Share
    twins: tuple[tuple[Code, ...], ...] = ()
    complaint_services: tuple[Code, ...] = ()


def load_thresholds(path: Path = DECISION) -> Thresholds:
    """The thresholds from their file; DataError when it does not hold together."""
    return read_table(Thresholds, path)


@dataclass(frozen=True)
class Scored:
    """A service and its probability."""

    code: str
    score: float


@dataclass(frozen=True)
class Verdict:
    """What to do. `intent` is `find_service`, `out_of_scope`, or the name of a conversational intent."""

    decision: Decision
    intent: str
    shown: tuple[Scored, ...]
    topic: str | None


def probabilities(scores: Floats, sharpness: float) -> Floats:
    """Softmax of the scores."""
    raised = np.exp((scores - scores.max()) * sharpness)
    return np.asarray(raised / raised.sum(), dtype=np.float32)


def decide(
    labels: tuple[Label, ...], chances: Floats, ranked: tuple[Scored, ...], known: float, rules: Thresholds
) -> Verdict:
    """The verdict on one question. `ranked`: all services, best first; `known`: share of known letter groups."""
    by_kind: dict[str, float] = {"service": 0.0, "elsewhere": 0.0, "intent": 0.0}
    best: dict[str, tuple[float, str]] = {}
    for what, chance in zip(labels, chances.tolist(), strict=True):
        kind = kind_of(what)
        by_kind[kind] += chance
        if chance > best.get(kind, (-1.0, ""))[0]:
            best[kind] = (chance, name_of(what))
    topic = best["elsewhere"][1] if "elsewhere" in best else None
    intent = best["intent"][1] if "intent" in best else ""
    if known < rules.known_at:
        return Verdict("decline", "out_of_scope", (), "nothing")
    if intent == "complain" and by_kind["intent"] > max(by_kind["elsewhere"], ranked[0].score):
        return Verdict("choose", "complain", _complaints(ranked, rules), None)
    if by_kind["service"] < rules.ours_at:
        if by_kind["intent"] >= by_kind["elsewhere"]:
            return Verdict("decline", intent, (), None)
        return Verdict("decline", "out_of_scope", (), topic)
    return _among_services(ranked, by_kind["service"], rules)


def _complaints(ranked: tuple[Scored, ...], rules: Thresholds) -> tuple[Scored, ...]:
    wanted = set(rules.complaint_services)
    return tuple(scored for scored in ranked if scored.code in wanted)[: rules.shown_most]


def _among_services(ranked: tuple[Scored, ...], ours: float, rules: Thresholds) -> Verdict:
    first, second = ranked[0], ranked[1]
    twins = _twins_of(first.code, rules)
    rival = next((scored for scored in ranked[1:] if scored.code not in twins), second)
    sure = first.score >= rules.answer_at and first.score - rival.score >= rules.answer_gap
    if sure and not twins:
        return Verdict("answer", "find_service", (first,), None)
    shown = [first]
    covered = first.score
    by_code = {scored.code: scored for scored in ranked}
    for code in twins:
        if code in by_code:
            shown.append(by_code[code])
            covered += by_code[code].score
    for scored in ranked[1:]:
        if len(shown) >= rules.shown_most or (len(shown) >= 2 and covered >= rules.cover * ours):
            break
        if scored in shown:
            continue
        if len(shown) >= 2 and scored.score < rules.shown_at:
            break
        shown.append(scored)
        covered += scored.score
    return Verdict("choose", "find_service", tuple(shown), None)


def _twins_of(code: str, rules: Thresholds) -> tuple[str, ...]:
    return tuple(other for group in rules.twins if code in group for other in group if other != code)


def check_codes(rules: Thresholds, known: Mapping[str, object]) -> list[str]:
    """Codes in the rules that no service has."""
    named = [code for group in rules.twins for code in group] + list(rules.complaint_services)
    return [code for code in named if code not in known]
