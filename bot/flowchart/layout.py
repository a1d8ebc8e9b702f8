"""Where every box, arrow and label of a flowchart goes.

Rows of at most three boxes stand under each other. An arrow to the next row runs straight down, or bends once in the
channel between the rows; any other arrow (a loop, a way past several rows) runs by a lane outside of all boxes. So no
arrow can pass through a box. `arrange` tries plans (sides of lanes, order in rows) for the fewest crossings, has the
texts measured at the widths that the plan gives, and places everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from bot.flowchart.chart import Chart, Node, Way
from bot.flowchart.geometry import Layout, Size, TextBlock, crossings, slant_of
from bot.flowchart.plan import LEFT, RIGHT, Plan, Side
from bot.flowchart.route import LANE, LANE_START, Frame, Router, Shape

PAGE = 360.0
MARGIN = 10.0
GAP = 14.0
PILL_WIDTH = 96.0
PADDING = (10.0, 8.0)
STUB = 12.0
LEAST_HEIGHT: Mapping[str, float] = {"start": 31.0, "end": 31.0, "action": 37.0, "decision": 52.0}
LEAST_CONTENT = {1: 230.0, 2: 268.0, 3: 300.0}
MOST_TRIES = 90
_NOMINAL_TEXT = TextBlock(60.0, 28.0, 12.0)

MarkMeasurer = Callable[[Sequence[tuple[Way, float]]], list[Size]]
NodeMeasurer = Callable[[Sequence[tuple[Node, float]]], list[TextBlock]]


@dataclass(frozen=True)
class Measurer:
    """What tells the size of set text: of each way's label within a width, of each step's text at a width."""

    marks: MarkMeasurer
    nodes: NodeMeasurer


def arrange(chart: Chart, measurer: Measurer) -> Layout:
    """The layout of a chart, from its own top-left corner: nothing is reserved for a title."""
    plan = _best(chart)
    marked = [way for node in chart.nodes for way in node.ways if way.marked]
    sizes = measurer.marks([(way, _mark_limit(plan, way)) for way in marked]) if marked else []
    marks = {(way.source, way.index): size for way, size in zip(marked, sizes, strict=True)}
    lanes = _nominal(plan).lanes_used()
    while True:
        frame, widths = _frame(plan, marks, lanes)
        texts = measurer.nodes([(node, text_width(node, widths[node.id])) for node in chart.nodes])
        shapes = {
            node.id: Shape(widths[node.id], max(LEAST_HEIGHT[node.kind], text.height + 2 * PADDING[1]), text)
            for node, text in zip(chart.nodes, texts, strict=True)
        }
        router = Router(plan, shapes, marks, frame)
        used = router.lanes_used()
        if used[LEFT] <= lanes[LEFT] and used[RIGHT] <= lanes[RIGHT]:
            return router.layout()
        lanes = {side: max(lanes[side], used[side]) for side in lanes}


def text_width(node: Node, width: float) -> float:
    """How wide the text of a box of this width may be."""
    if node.kind == "decision":
        return width - 2 * slant_of(width)
    return width - 2 * PADDING[0]


def _mark_limit(plan: Plan, way: Way) -> float:
    below = plan.ways_below(way.source)
    room = LEAST_CONTENT[3] / len(plan.rows[plan.row_of[way.source]])
    return min(150.0, room / max(1, len(below)) - 8.0)


def _frame(
    plan: Plan, marks: Mapping[tuple[str, int], Size], lanes: Mapping[Side, int]
) -> tuple[Frame, dict[str, float]]:
    """The frame of the page and the width of every box."""
    columns = max(len(row) for row in plan.rows)
    reserved = {side: LANE_START + LANE * count if count else 0.0 for side, count in lanes.items()}
    page = max(PAGE, LEAST_CONTENT[columns] + reserved[LEFT] + reserved[RIGHT] + 2 * MARGIN)
    left = MARGIN + reserved[LEFT]
    right = page - MARGIN - reserved[RIGHT]
    widths: dict[str, float] = {}
    for row in plan.rows:
        cell = (right - left - GAP * (len(row) - 1)) / len(row)
        for node in row:
            stubs = [_stub(plan, marks, node, side) for side in (LEFT, RIGHT)]
            narrowed = 2 * max(stubs) if len(row) == 1 else sum(stubs)
            widths[node] = min(_pill_width(plan.chart.by_id[node]), cell - narrowed)
    return Frame(page, left, right, GAP), widths


def _pill_width(node: Node) -> float:
    """The width of a start or an end by the length of its text; no limit for any other box."""
    if node.kind not in ("start", "end"):
        return inf
    return PILL_WIDTH if sum(len(part.text) for part in node.parts) <= 12 else 2 * PILL_WIDTH


def _stub(plan: Plan, marks: Mapping[tuple[str, int], Size], node: str, side: Side) -> float:
    """The room beside a box for what is written on the arrow that leaves there."""
    way = plan.side_exits.get((node, side))
    return marks[way.source, way.index][0] + STUB if way is not None and way.marked else 0.0


def _nominal(plan: Plan) -> Router:
    """The plan routed with typical sizes: crossings and lanes come out as they will with the true ones."""
    marks = {(way.source, way.index): (26.0, 16.0) for node in plan.chart.nodes for way in node.ways if way.marked}
    frame, widths = _frame(plan, marks, {LEFT: 2, RIGHT: 2})
    return Router(plan, {node: Shape(width, 44.0, _NOMINAL_TEXT) for node, width in widths.items()}, marks, frame)


def _cost(plan: Plan) -> tuple[float, float]:
    router = _nominal(plan)
    layout = router.layout()
    used = router.lanes_used()
    bends = sum(len(arrow.points) - 2 for arrow in layout.arrows)
    length = sum(
        abs(x0 - x1) + abs(y0 - y1)
        for arrow in layout.arrows
        for (x0, y0), (x1, y1) in zip(arrow.points, arrow.points[1:], strict=False)
    )
    ugly = 10 * crossings(layout.arrows) + 5 * (used[LEFT] + used[RIGHT]) + 2 * bends
    return (ugly, length)


def _best(chart: Chart) -> Plan:
    """The best plan that changing one thing at a time finds."""
    best = Plan.first(chart)
    if not best.sides and all(len(row) == 1 for row in best.rows):
        return best
    least = _cost(best)
    tries = 0
    improved = True
    while improved and tries < MOST_TRIES:
        improved = False
        for plan in best.neighbours():
            tries += 1
            cost = _cost(plan)
            if cost < least:
                best, least, improved = plan, cost, True
                break
            if tries >= MOST_TRIES:
                break
    return best
