"""What a flowchart shows: the steps as boxes with their numbers, the ways between them, and the row of each box."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from knowledge.models import Step, StepKind, Workflow
from knowledge.persian import persian_digits

COLUMNS = 3

PartStyle = Literal["plain", "deadline"]


@dataclass(frozen=True)
class Part:
    """A run of text in one style."""

    text: str
    style: PartStyle = "plain"


@dataclass(frozen=True)
class Way:
    """One way out of a step: a branch of a decision with its label, or the `next` of any other step (no label)."""

    source: str
    index: int
    label: str | None
    inferred: bool
    targets: tuple[str, ...]

    @property
    def marked(self) -> bool:
        """Whether something is written on the arrow: a label, or the sign ≈."""
        return self.label is not None or self.inferred


@dataclass(frozen=True)
class Edge:
    """One arrow: a way, and one of the steps it leads to."""

    way: Way
    target: str

    @property
    def source(self) -> str:
        return self.way.source


@dataclass(frozen=True)
class Node:
    """One box. `number` is in Persian digits, the same as in the service's card; a start or an end has none."""

    id: str
    kind: StepKind
    number: str | None
    parts: tuple[Part, ...]
    actor: str | None
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Chart:
    """The graph of a workflow; `nodes` in the order of the process."""

    nodes: tuple[Node, ...]

    @classmethod
    def of(cls, workflow: Workflow) -> Chart:
        numbers: dict[str, str] = {}
        for step in workflow.steps:
            if step.kind in ("action", "decision"):
                numbers[step.id] = persian_digits(len(numbers) + 1)
        return cls(tuple(_node(step, numbers.get(step.id)) for step in workflow.steps))

    @cached_property
    def by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        return tuple(Edge(way, target) for node in self.nodes for way in node.ways for target in way.targets)

    @property
    def inferred(self) -> bool:
        """Whether any arrow is our own reading of the booklet."""
        return any(edge.way.inferred for edge in self.edges)

    def rows(self) -> list[list[str]]:
        """Ids by row, top to bottom, each row in reading order (right to left).

        A step stands below every earlier step that leads to it; an arrow to an earlier step is a loop and does not
        count. No row holds more than `COLUMNS` boxes, nor a decision of many ways beside others: what is too much
        for a row moves to the next.
        """
        position = {node.id: index for index, node in enumerate(self.nodes)}
        before: dict[str, list[str]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            if position[edge.source] < position[edge.target]:
                before[edge.target].append(edge.source)
        row_of: dict[str, int] = {}
        loads: list[int] = []
        for index, node in enumerate(self.nodes):
            above = before[node.id] or ([self.nodes[index - 1].id] if index else [])
            row = max((row_of[source] + 1 for source in above), default=0)
            load = min(COLUMNS, max(1, len(node.ways) - 1))
            while row < len(loads) and loads[row] + load > COLUMNS:
                row += 1
            loads.extend([0] * (row + 1 - len(loads)))
            loads[row] += load
            row_of[node.id] = row
        return self._ordered(row_of, before)

    def _ordered(self, row_of: dict[str, int], before: dict[str, list[str]]) -> list[list[str]]:
        length: dict[str, int] = {}
        for node in reversed(self.nodes):
            later = [length[target] for way in node.ways for target in way.targets if target in length]
            length[node.id] = 1 + max(later, default=0)
        rows: list[list[str]] = [[] for _ in range(max(row_of.values()) + 1)]
        for node in self.nodes:
            rows[row_of[node.id]].append(node.id)
        place: dict[str, float] = {}
        for row in rows:
            wanted = {
                node: sum(place[source] for source in before[node]) / len(before[node]) if before[node] else 0.0
                for node in row
            }
            longest = max(length[node] for node in row)
            row.sort(key=lambda node: (wanted[node], 1.6 * length[node] <= longest))
            place.update({node: (index + 0.5) / len(row) for index, node in enumerate(row)})
        return rows


def _node(step: Step, number: str | None) -> Node:
    if step.branches:
        ways = tuple(
            Way(step.id, index, branch.label, branch.inferred, tuple(dict.fromkeys(branch.targets)))
            for index, branch in enumerate(step.branches)
        )
    elif step.targets:
        ways = (Way(step.id, 0, None, step.inferred, tuple(dict.fromkeys(step.targets))),)
    else:
        ways = ()
    actor = step.actor if step.actor and step.actor not in step.text else None
    return Node(step.id, step.kind, number, _parts(step), actor, ways)


def _parts(step: Step) -> tuple[Part, ...]:
    if not step.deadline:
        return (Part(step.text),)
    head, _, tail = step.text.partition(step.deadline)
    parts = (Part(head), Part(step.deadline, "deadline"), Part(tail))
    return tuple(part for part in parts if part.text)
