"""Which way each arrow goes, before anything is measured: straight down, or by a lane along the left or right side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from bot.flowchart.chart import Chart, Edge, Way

Side = Literal["left", "right"]
LEFT: Side = "left"
RIGHT: Side = "right"

SHORT_LABEL = 9


@dataclass(frozen=True)
class Plan:
    """Rows of boxes and the side of every arrow that does not lead to the very next row.

    `sides` holds an entry for each such arrow; it leaves from the side of its box where it can, else from below.
    """

    chart: Chart
    rows: tuple[tuple[str, ...], ...]
    sides: dict[Edge, Side]

    @classmethod
    def first(cls, chart: Chart) -> Plan:
        """The plan to start the search from: an arrow goes by the side on which its box or its target stands."""
        plan = cls(chart, tuple(tuple(row) for row in chart.rows()), {})
        sides = {edge: plan._near_side(edge) for edge in chart.edges if not plan.is_next_row(edge)}
        return replace(plan, sides=sides)

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {node: index for index, row in enumerate(self.rows) for node in row}

    def is_next_row(self, edge: Edge) -> bool:
        return self.row_of[edge.target] == self.row_of[edge.source] + 1

    def is_outermost(self, node: str, side: Side) -> bool:
        row = self.rows[self.row_of[node]]
        return row[0 if side == RIGHT else -1] == node

    def _near_side(self, edge: Edge) -> Side:
        for node in (edge.source, edge.target):
            if len(self.rows[self.row_of[node]]) > 1:
                for side in (LEFT, RIGHT):
                    if self.is_outermost(node, side):
                        return side
        return LEFT

    @cached_property
    def side_exits(self) -> dict[tuple[str, Side], Way]:
        """The way that leaves a box at a side; at most one for each side of a box."""
        taken: dict[tuple[str, Side], Way] = {}
        for edge, side in self.sides.items():
            crowded = len(self.rows[self.row_of[edge.source]]) > 2
            short = not edge.way.marked or (not crowded and len(edge.way.label or "") <= SHORT_LABEL)
            if short and self.is_outermost(edge.source, side):
                taken.setdefault((edge.source, side), edge.way)
        return taken

    def leaves_at_side(self, edge: Edge) -> bool:
        return edge in self.sides and self.side_exits.get((edge.source, self.sides[edge])) == edge.way

    def arrives_at_side(self, edge: Edge) -> bool:
        """Whether the arrow ends at the side of its target; a decision's corner with a way out takes none in."""
        if edge not in self.sides:
            return False
        side = self.sides[edge]
        is_decision = self.chart.by_id[edge.target].kind == "decision"
        return self.is_outermost(edge.target, side) and not (is_decision and (edge.target, side) in self.side_exits)

    def ways_below(self, node: str) -> list[Way]:
        """The ways that leave this box from below."""
        ways = self.chart.by_id[node].ways
        return [way for way in ways if any(not self.leaves_at_side(Edge(way, target)) for target in way.targets)]

    def neighbours(self) -> Iterator[Plan]:
        """Plans that differ in one thing: the side of the arrows into one box, of one arrow, the order of one row."""
        targets = dict.fromkeys((edge.target, side) for edge, side in self.sides.items())
        for target, side in targets:
            group = [edge for edge, its in self.sides.items() if edge.target == target and its == side]
            yield replace(self, sides=self.sides | {edge: _other(side) for edge in group})
            if len(group) > 1:
                for edge in group:
                    yield replace(self, sides=self.sides | {edge: _other(side)})
        for index, row in enumerate(self.rows):
            for left in range(len(row) - 1):
                swapped = (*row[:left], row[left + 1], row[left], *row[left + 2 :])
                yield replace(self, rows=(*self.rows[:index], swapped, *self.rows[index + 1 :]))


def _other(side: Side) -> Side:
    return LEFT if side == RIGHT else RIGHT
