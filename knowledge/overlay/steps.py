"""A workflow as numbered text that a clerk can edit, and back.

A line is a step: «۳. متن گام». Without a mark it leads to the next line, the last one to the end. A mark at the end of
the line says otherwise: `[← ۵]` leads elsewhere, `[بلی ← ۴؛ خیر ← ۶ و ۷]` makes a decision, `پایان` and `آغاز` are the
ends, `≈` marks a way that was judged from sense.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rapidfuzz import fuzz

from knowledge.models import Step, Workflow
from knowledge.overlay.tidy import tidy
from knowledge.persian import ascii_digits, persian_digits

END, START = "پایان", "آغاز"
ARROW, INFERRED = "←", "≈"
ALIKE = 60.0
"""Least likeness of a rewritten step to the one that stood in its place for its actor to be kept."""

_NUMBERED = re.compile(r"(\d{1,3})\s*[.)\-–]\s*(.*)", re.DOTALL)
_MARK = re.compile(r"^(?P<text>.*?)\s*\[(?P<mark>[^\[\]]*)\]$", re.DOTALL)
_TARGET = re.compile(r"\d{1,3}|" + END + "|" + START)


class StepsError(ValueError):
    """A text that is no list of steps; the message is Persian and names the line."""


@dataclass(frozen=True)
class _Line:
    text: str
    ways: tuple[tuple[str, tuple[str, ...], bool], ...] = ()
    to: tuple[str, ...] = ()
    inferred: bool = False


def steps_text(workflow: Workflow | None) -> str:
    """The steps as lines; empty without a workflow."""
    if workflow is None:
        return ""
    shown = [step for step in workflow.steps if step.kind in ("action", "decision")]
    numbers = {step.id: persian_digits(place) for place, step in enumerate(shown, start=1)}
    names = {step.id: END if step.kind == "end" else START for step in workflow.steps if step.kind in ("start", "end")}
    names |= numbers
    default = {here.id: after.id for here, after in pairwise(shown)}
    ends = [step.id for step in workflow.steps if step.kind == "end"]
    if shown and ends:
        default[shown[-1].id] = ends[-1]
    return "\n".join(f"{numbers[step.id]}. {step.text}{_mark(step, names, default)}" for step in shown)


def _mark(step: Step, names: dict[str, str], default: dict[str, str]) -> str:
    def places(targets: Sequence[str]) -> str:
        return " و ".join(names[target] for target in targets)

    if step.branches:
        ways = (
            f"{branch.label}{INFERRED if branch.inferred else ''} {ARROW} {places(branch.targets)}"
            for branch in step.branches
        )
        return f" [{'؛ '.join(ways)}]"
    plain = step.targets == ((default[step.id],) if step.id in default else ())
    if plain:
        return f" [{INFERRED}]" if step.inferred else ""
    return f" [{INFERRED if step.inferred else ''}{ARROW} {places(step.targets) or END}]"


def read_steps(text: str, before: Workflow | None = None) -> dict[str, Any] | None:
    """The workflow that a text of steps says, as its JSON; None for an empty text. What the text cannot say (ids,
    actors, printed wording) is taken from the steps of `before` that read the same.

    Raises:
        StepsError: the lines are not numbered in order, or a mark cannot be read.
    """
    lines = _lines(text)
    if not lines:
        return None
    old_start = next((step for step in before.steps if step.kind == "start"), None) if before else None
    old_end = next((step for step in reversed(before.steps) if step.kind == "end"), None) if before else None
    ids = _ids(lines, before)
    start = old_start.id if old_start else _free("start", ids)
    end = old_end.id if old_end else _free("end", ids)
    by_name = {str(place): step_id for place, step_id in enumerate(ids, start=1)} | {START: start, END: end}
    made = [_dump(old_start) if old_start else {"id": start, "text": "شروع", "kind": "start"}]
    made[0]["next"] = ids[0]
    old = {step.id: step for step in before.steps} if before else {}
    for place, (line, step_id) in enumerate(zip(lines, ids, strict=True), start=1):
        following = ids[place] if place < len(lines) else end
        made.append(_step(line, step_id, following, by_name, old.get(step_id), place))
    made.append(_dump(old_end) if old_end else {"id": end, "text": "پایان", "kind": "end"})
    return {"steps": made}


def _lines(text: str) -> list[_Line]:
    raw = [line for piece in text.splitlines() if (line := tidy(piece))]
    joined: list[str] = []
    for line in raw:
        found = _NUMBERED.fullmatch(ascii_digits(line[:4]) + line[4:])
        if found and int(found[1]) == len(joined) + 1:
            joined.append(found[2].strip())
        elif found and int(found[1]) <= len(joined) + 2:
            raise StepsError(f"شماره‌ی گام «{line[:30]}» به ترتیب نیست؛ باید {persian_digits(len(joined) + 1)} باشد")
        elif joined:
            joined[-1] += f" {line}"
        else:
            raise StepsError("هر گام باید با شماره‌اش آغاز شود: «۱. …»")
    return [_line(text, place) for place, text in enumerate(joined, start=1)]


def _line(text: str, place: int) -> _Line:
    if not text:
        raise StepsError(f"گام {persian_digits(place)} متن ندارد")
    found = _MARK.fullmatch(text)
    if found is None or not (ARROW in found["mark"] or found["mark"].strip() == INFERRED):
        return _Line(text)
    mark, words = found["mark"].strip(), found["text"].strip()
    if mark == INFERRED:
        return _Line(words, inferred=True)
    if (lone := mark.removeprefix(INFERRED).strip()).startswith(ARROW):
        return _Line(words, to=_targets(lone.removeprefix(ARROW), place), inferred=mark.startswith(INFERRED))
    ways = []
    for way in mark.split("؛"):
        label, arrow, targets = way.partition(ARROW)
        label = label.strip()
        if not arrow or not label.removesuffix(INFERRED).strip():
            raise StepsError(f"شاخه‌ی «{way.strip()}» در گام {persian_digits(place)} به شکل «نام ← شماره» نیست")
        ways.append((label.removesuffix(INFERRED).strip(), _targets(targets, place), label.endswith(INFERRED)))
    return _Line(words, ways=tuple(ways))


def _targets(text: str, place: int) -> tuple[str, ...]:
    targets = tuple(target for piece in re.split(r"\s+و\s+|،", ascii_digits(text)) if (target := piece.strip()))
    if not targets or not all(_TARGET.fullmatch(target) for target in targets):
        raise StepsError(f"«{text.strip()}» در گام {persian_digits(place)} شماره‌ی گام نیست")
    return targets


def _ids(lines: Sequence[_Line], before: Workflow | None) -> list[str]:
    """An id for each line: that of the old step that reads the same, else of the one that stood there, if alike."""
    shown = [step for step in before.steps if step.kind in ("action", "decision")] if before else []
    taken: set[str] = {step.id for step in before.steps if step.kind in ("start", "end")} if before else set()
    ids: list[str | None] = []
    for line in lines:
        same = next((step.id for step in shown if step.id not in taken and step.text == line.text), None)
        ids.append(same)
        taken |= {same} if same else set()
    for place, line in enumerate(lines):
        if ids[place] is None and place < len(shown) and shown[place].id not in taken:
            step = shown[place]
            if fuzz.ratio(step.text, line.text) >= ALIKE:
                ids[place] = step.id
                taken.add(step.id)
    made: list[str] = []
    for place, known in enumerate(ids, start=1):
        made.append(known or _free(f"e{place}", [*taken, *made]))
    return made


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "x"
    return name


def _dump(step: Step) -> dict[str, Any]:
    return step.model_dump(mode="json", exclude_defaults=True)


def _step(  # noqa: PLR0917 — a line and all that its targets may mean
    line: _Line, step_id: str, following: str, by_name: dict[str, str], old: Step | None, place: int
) -> dict[str, Any]:
    def ids(targets: Sequence[str]) -> str | list[str]:
        for target in targets:
            if target not in by_name:
                raise StepsError(f"گام {persian_digits(place)} به گام {persian_digits(target)} می‌رود که نیست")
        found = [by_name[target] for target in targets]
        return found[0] if len(found) == 1 else found

    kept: dict[str, Any] = {}
    if old is not None:
        kept = {"actor": old.actor} if old.actor else {}
        if old.deadline and old.deadline in line.text:
            kept["deadline"] = old.deadline
        if old.printed and old.text == line.text:
            kept["printed"] = old.printed
    made: dict[str, Any] = {"id": step_id, "text": line.text, "kind": "decision" if line.ways else "action", **kept}
    if line.ways:
        made["branches"] = [
            {"label": label, "next": ids(targets)} | ({"inferred": True} if inferred else {})
            for label, targets, inferred in line.ways
        ]
    else:
        made["next"] = ids(line.to) if line.to else following
        if line.inferred:
            made["inferred"] = True
    return made
