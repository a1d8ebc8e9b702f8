"""Last step: from probabilities to one of a closed set of decisions: answer, choose, decline."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from knowledge.catalogue import DATA
from knowledge.errors import DataError, Problem
from knowledge.finder.model import Floats
from knowledge.finder.phrases import Label, LabelKind, kind_of, name_of
from knowledge.models import Code
from knowledge.tables import read_table

DECISION = DATA / "decision.yaml"

LIKELY = 0.05
"""A service so probable stands in a list of those whose titles hold the question's words, whatever its own title."""

Decision = Literal["answer", "choose", "decline"]
Sign = Literal["best_service", "best_elsewhere", "gate"]
Side = Literal["making", "ending"]
Share = Annotated[float, Field(ge=0, le=1)]


class Thresholds(BaseModel):
    """The settings of `decision.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sharpness: Annotated[float, Field(gt=0)]
    offer_at: Share
    offer_ours_at: Share
    offer_short_at: Share
    answer_at: Share
    answer_at_short: Share
    answer_gap: Share
    ours_weights: dict[Sign, float]
    ours_bias: float
    ours_at: Share
    answer_ours_at: Share
    shown_at: Share
    shown_most: Annotated[int, Field(ge=2, le=5)]
    cover: Share
    known_at: Share
    twins: tuple[tuple[Code, ...], ...] = ()
    complaint_services: tuple[Code, ...] = ()
    opposites: dict[Side, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _every_sign_is_weighed(self) -> Self:
        if missing := [sign for sign in get_args(Sign) if sign not in self.ours_weights]:
            raise ValueError(f"ours_weights: وزن این نشانه‌ها نیست: {'، '.join(missing)}")
        return self


def load_thresholds(path: Path = DECISION) -> Thresholds:
    """The thresholds from their file; DataError when it does not hold together."""
    return read_table(Thresholds, path)


@dataclass(frozen=True)
class Scored:
    """A service, its probability and its margin."""

    code: str
    score: float
    margin: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """What to do. `intent` is `find_service`, `out_of_scope`, or the name of a conversational intent."""

    decision: Decision
    intent: str
    shown: tuple[Scored, ...]
    topic: str | None


def probabilities(scores: Floats, sharpness: float) -> Floats:
    """Softmax of the scores."""
    raised = np.exp((scores - np.max(scores)) * sharpness)
    return np.asarray(raised / raised.sum(), dtype=np.float32)


@dataclass(frozen=True)
class Evidence:
    """All that is known of one question when deciding.

    `margins` and `chances`: per label; `ranked`: the likeliest services and those that the rules name, best first;
    `gate`: margin of ours against not ours;
    `known`: share of known letter groups; `titled`: services whose titles hold all words of a very short question;
    `short`: the question is a few search words rather than a sentence; `lone`: it is a single word; `broad`: it is
    short and its words fit several services; `opposed`: it wants an end made of what the likeliest service makes, or
    the reverse. The last three never get one straight answer. `public`: the services that have clients.
    """

    labels: tuple[Label, ...]
    margins: Floats
    chances: Floats
    ranked: tuple[Scored, ...]
    gate: float
    known: float
    titled: frozenset[str]
    short: bool
    lone: bool = False
    broad: bool = False
    opposed: bool = False
    public: frozenset[str] = frozenset()

    @cached_property
    def kinds(self) -> dict[LabelKind, _Kind]:
        """The best label of each kind."""
        return _kinds(self)


@dataclass(frozen=True)
class _Kind:
    """The best label of one kind: its name and margin, and the probability of the whole kind."""

    name: str
    margin: float
    chance: float


@lru_cache(maxsize=8)
def _places(labels: tuple[Label, ...]) -> dict[LabelKind, npt.NDArray[np.int64]]:
    """Where the labels of each kind stand."""
    kinds = [kind_of(what) for what in labels]
    return {
        kind: np.array([place for place, other in enumerate(kinds) if other == kind], dtype=np.int64)
        for kind in get_args(LabelKind)
    }


def _kinds(evidence: Evidence) -> dict[LabelKind, _Kind]:
    best: dict[LabelKind, _Kind] = {}
    for kind, places in _places(evidence.labels).items():
        if not len(places):
            best[kind] = _Kind("", -1.0, 0.0)
            continue
        top = places[int(np.argmax(evidence.margins[places]))]
        chance = float(evidence.chances[places].sum())
        best[kind] = _Kind(name_of(evidence.labels[top]), float(evidence.margins[top]), chance)
    return best


def ours(evidence: Evidence, rules: Thresholds) -> float:
    """Probability that the question is for a service of ours: a logistic function of three readable signs."""
    kinds = evidence.kinds
    signs: dict[Sign, float] = {
        "best_service": kinds["service"].margin,
        "best_elsewhere": kinds["elsewhere"].margin,
        "gate": evidence.gate,
    }
    total = rules.ours_bias + sum(rules.ours_weights[name] * value for name, value in signs.items())
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, total))))


def decide(evidence: Evidence, rules: Thresholds) -> Verdict:
    """The verdict on one question."""
    if (verdict := _no_question(evidence, rules)) is not None:
        return verdict
    kinds = evidence.kinds
    intent, topic, ranked = kinds["intent"], kinds["elsewhere"], evidence.ranked
    if len(evidence.titled) > 1:
        likely = {scored.code for scored in ranked if scored is ranked[0] or scored.score >= LIKELY}
        named = [scored for scored in ranked if scored.code in evidence.titled | likely]
        # Of many that only share the words, those that citizens come for.
        named.sort(key=lambda scored: scored.code not in likely and scored.code not in evidence.public)
        return Verdict("choose", "find_service", tuple(named[: rules.shown_most]), None)
    chance = ours(evidence, rules)
    ahead = kinds["service"].margin > topic.margin and ranked[0].score >= rules.offer_at
    ahead = ahead and chance >= rules.offer_ours_at
    offered = ahead or (evidence.short and ranked[0].score >= rules.offer_short_at)
    if chance < rules.ours_at and not offered:
        if intent.margin >= topic.margin:
            return Verdict("decline", intent.name, (), None)
        return Verdict("decline", "out_of_scope", (), topic.name)
    least = rules.answer_at_short if evidence.short else rules.answer_at
    doubtful = evidence.lone or evidence.broad or evidence.opposed
    may_answer = chance >= rules.answer_ours_at and ranked[0].score >= least and not doubtful
    return _among_services(ranked, kinds["service"].chance, may_answer, rules)


def _no_question(evidence: Evidence, rules: Thresholds) -> Verdict | None:
    """What is no question for a service: not of our world, talk, or the wish to complain; None for a question."""
    intent, topic = evidence.kinds["intent"], evidence.kinds["elsewhere"]
    if evidence.known < rules.known_at:
        return Verdict("decline", "out_of_scope", (), "nothing")
    if intent.name == "complain":
        if intent.chance > max(topic.chance, evidence.ranked[0].score):
            return Verdict("choose", "complain", _complaints(evidence.ranked, rules), None)
    elif intent.margin > max(evidence.kinds["service"].margin, topic.margin, 0.0):
        return Verdict("decline", intent.name, (), None)
    return None


def sides_of(form: str, rules: Thresholds) -> frozenset[Side]:
    """The sides whose verbs a matching form has («صدور» and «تمدید» make, «ابطال» and «لغو» end)."""
    padded = f" {form} "
    return frozenset(side for side, verbs in rules.opposites.items() if any(f" {verb}" in padded for verb in verbs))


def _complaints(ranked: tuple[Scored, ...], rules: Thresholds) -> tuple[Scored, ...]:
    wanted = set(rules.complaint_services)
    return tuple(scored for scored in ranked if scored.code in wanted)[: rules.shown_most]


def _among_services(ranked: tuple[Scored, ...], whole: float, may_answer: bool, rules: Thresholds) -> Verdict:
    first, second = ranked[0], ranked[1]
    twins = _twins_of(first.code, rules)
    rival = next((scored for scored in ranked[1:] if scored.code not in twins), second)
    sure = may_answer and first.score - rival.score >= rules.answer_gap
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
        if len(shown) >= rules.shown_most or (len(shown) >= 2 and covered >= rules.cover * whole):
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


def check_codes(rules: Thresholds, known: Container[str]) -> None:
    """DataError when the rules name a service that is not among the known codes."""
    named = [("twins", code) for group in rules.twins for code in group]
    named += [("complaint_services", code) for code in rules.complaint_services]
    problems = [Problem(DECISION.name, code, key, "چنین خدمتی نیست") for key, code in named if code not in known]
    if problems:
        raise DataError(problems)
