"""Routing: ports on boxes, tracks in the channels between rows, lanes at the sides; then every point of every arrow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from bot.flowchart.chart import Edge, Way
from bot.flowchart.geometry import Arrow, Box, Layout, Pill, Point, Size, TextBlock, slant_of, tidy, without_drawn
from bot.flowchart.plan import LEFT, RIGHT, Plan, Side

LANE = 10.0
LANE_START = 4.0
TRACK = 9.0
ARROW_ROOM = 15.0
BARE_CHANNEL = 23.0
BADGE_ROOM = 26.0

WayKey = tuple[str, int]
NetKey = tuple[str, ...]


@dataclass
class _Net:
    """Arrows that share one horizontal track in a channel: what comes down into it, what leaves it, how far it goes."""

    ups: list[float] = field(default_factory=list)
    downs: list[float] = field(default_factory=list)
    reach: list[float] = field(default_factory=list)

    @property
    def span(self) -> tuple[float, float]:
        every = self.ups + self.downs + self.reach
        return min(every), max(every)


@dataclass(frozen=True)
class Frame:
    """The width of a page, where its content lies between the lanes, and how far boxes of a row are apart."""

    page: float
    left: float
    right: float
    gap: float


@dataclass(frozen=True)
class Shape:
    """The size of one box and of the text in it."""

    width: float
    height: float
    text: TextBlock


class Router:
    """One routing of a plan with boxes of known sizes. All work is done when it is built."""

    def __init__(self, plan: Plan, shapes: Mapping[str, Shape], marks: Mapping[WayKey, Size], frame: Frame) -> None:
        self._plan, self._marks, self._shapes = plan, marks, shapes
        self._page, self._left, self._right, self._gap = frame.page, frame.left, frame.right, frame.gap
        self._widths = {node: shape.width for node, shape in shapes.items()}
        self._x = self._columns()
        self._stems: dict[WayKey, float] = {}
        self._straight: dict[Edge, float] = {}
        self._ports: dict[str, float] = {}
        self._nets: list[dict[NetKey, _Net]] = [{} for _ in range(len(plan.rows) + 1)]
        for row in plan.rows:
            for node in row:
                self._place_stems(node)
        self._place_ports()
        self._build_nets()
        self._levels = [self._level_nets(nets) for nets in self._nets]
        self._place_rows()
        self._side_y = self._side_ports()
        self._lanes = {side: self._assign_lanes(side) for side in (LEFT, RIGHT)}

    def lanes_used(self) -> dict[Side, int]:
        return {side: max(lanes.values(), default=-1) + 1 for side, lanes in self._lanes.items()}

    def layout(self) -> Layout:
        arrows: list[Arrow] = []
        drawn_ways: dict[Way, list[Point]] = defaultdict(list)
        drawn_into: dict[str, list[Point]] = defaultdict(list)
        for edge in sorted(self._plan.chart.edges, key=lambda edge: (edge.way.inferred, edge in self._plan.sides)):
            points = self._path(edge)
            drawn = without_drawn(points, drawn_ways[edge.way], drawn_into[edge.target])
            arrows.append(Arrow(edge, points, drawn, head=len(drawn) > 1 and drawn[-1] == points[-1]))
            ends = [end for segment in pairwise(points) for end in segment]
            drawn_ways[edge.way] += ends
            drawn_into[edge.target] += ends
        boxes = tuple(self._boxes.values())
        return Layout(self._page, self._bottom, boxes, tuple(arrows), tuple(self._pills()))

    def _columns(self) -> dict[str, float]:
        """Left edge of every box: alone in the middle; beside others towards the middle of its cell's inner side."""
        edges: dict[str, float] = {}
        for row in self._plan.rows:
            cell = (self._right - self._left - self._gap * (len(row) - 1)) / len(row)
            for index, node in enumerate(row):
                cell_left = self._right - index * (cell + self._gap) - cell
                spare = cell - self._widths[node]
                is_round = self._plan.chart.by_id[node].kind in ("start", "end")
                if len(row) == 1 or is_round or 0 < index < len(row) - 1:
                    edges[node] = cell_left + spare / 2
                else:
                    edges[node] = cell_left if index == 0 else cell_left + spare
        for row, above in zip(self._plan.rows[1:], self._plan.rows, strict=False):
            sources = [node for node in above for way in self._plan.chart.by_id[node].ways if row[0] in way.targets]
            if len(row) == len(sources) == 1 and self._plan.chart.by_id[row[0]].kind == "end":
                edges[row[0]] = edges[sources[0]] + (self._widths[sources[0]] - self._widths[row[0]]) / 2
        return edges

    def _centre(self, node: str) -> float:
        return self._x[node] + self._widths[node] / 2

    def _range(self, node: str, *, top: bool) -> tuple[float, float]:
        """The part of a box's lower or upper edge that arrows may touch; the number's badge stands on the upper."""
        x, width = self._x[node], self._widths[node]
        kind = self._plan.chart.by_id[node].kind
        inset = width / 4 if kind in ("start", "end") else slant_of(width) + 2 if kind == "decision" else 14.0
        badge = BADGE_ROOM - 14.0 if top and kind in ("action", "decision") else 0.0
        return x + inset, x + width - inset - badge

    def _place_stems(self, node: str) -> None:
        """Where each way leaves a box from below: straight above its target where that can be."""
        plan = self._plan
        low, high = self._range(node, top=False)
        wanted: list[tuple[float, Way]] = []
        for way in plan.ways_below(node):
            edges = [Edge(way, target) for target in way.targets if not plan.leaves_at_side(Edge(way, target))]
            nexts = [edge for edge in edges if plan.is_next_row(edge)]
            if len(edges) > 1:
                x = (low + high) / 2
            elif nexts:
                x = self._over(node, nexts[0].target)
            else:
                x = high if plan.sides[edges[0]] == RIGHT else low
            wanted.append((min(max(x, low), high), way))
        wanted.sort(key=lambda item: item[0])
        places = _spread([x for x, _ in wanted], [self._half(way) for _, way in wanted], low, high)
        for place, (_, way) in zip(places, wanted, strict=True):
            self._stems[way.source, way.index] = place
            for target in way.targets:
                edge = Edge(way, target)
                top_low, top_high = self._range(target, top=True)
                if plan.is_next_row(edge) and top_low - 0.01 <= place <= top_high + 0.01:
                    self._straight[edge] = place

    def _half(self, way: Way) -> float:
        size = self._marks.get((way.source, way.index))
        return size[0] / 2 + 3 if size else 5.0

    def _over(self, source: str, target: str) -> float:
        low, high = self._range(source, top=False)
        top_low, top_high = self._range(target, top=True)
        low, high = max(low, top_low), min(high, top_high)
        if low > high:
            return self._centre(target)
        for x in (self._centre(target), self._centre(source)):
            if low <= x <= high:
                return x
        return (low + high) / 2

    def _place_ports(self) -> None:
        """Where bent arrows come down into each box: in its middle, or on a straight arrow that is near."""
        arriving: dict[str, list[float]] = defaultdict(list)
        for edge, x in self._straight.items():
            arriving[edge.target].append(x)
        for node in self._x:
            low, high = self._range(node, top=True)
            middle = min(max(self._centre(node), low), high)
            self._ports[node] = min((x for x in arriving[node] if abs(x - middle) < 12), default=middle)

    def _edge_of_page(self, side: Side) -> float:
        return self._left if side == LEFT else self._right

    def _build_nets(self) -> None:
        plan = self._plan
        for edge in plan.chart.edges:
            row, target_row = plan.row_of[edge.source], plan.row_of[edge.target]
            stem = self._stems.get((edge.source, edge.way.index))
            if edge in plan.sides:
                side = plan.sides[edge]
                if not plan.leaves_at_side(edge):
                    net = self._nets[row + 1].setdefault(("lane", edge.target, side), _Net())
                    net.ups.append(stem or 0.0)
                    net.reach.append(self._edge_of_page(side))
                if not plan.arrives_at_side(edge):
                    net = self._nets[target_row].setdefault(("into", edge.target), _Net())
                    net.downs.append(self._ports[edge.target])
                    net.reach.append(self._edge_of_page(side))
            elif edge not in self._straight:
                net = self._nets[target_row].setdefault(self._bend_key(edge), _Net())
                net.ups.append(stem or 0.0)
                net.downs.append(self._ports[edge.target])

    def _bend_key(self, edge: Edge) -> NetKey:
        if len(edge.way.targets) > 1:
            return ("way", edge.source, str(edge.way.index))
        return ("into", edge.target)

    def _level_nets(self, nets: dict[NetKey, _Net]) -> dict[NetKey, int]:
        """A track for every net, 0 the highest; nets side by side share one. A net that comes down where another
        leaves for its box has to stand above it; where that goes round in a circle, the order of the nets decides.
        """
        above: dict[NetKey, set[NetKey]] = {key: set() for key in nets}
        for key, net in nets.items():
            for other_key, other in nets.items():
                if key != other_key and any(abs(up - down) < 5 for up in net.ups for down in other.downs):
                    above[other_key].add(key)
        levels: dict[NetKey, int] = {}
        waiting = list(nets)
        while waiting:
            key = next((key for key in waiting if not above[key] & set(waiting)), waiting[0])
            waiting.remove(key)
            low, high = nets[key].span
            level = max((levels[higher] + 1 for higher in above[key] if higher in levels), default=0)
            taken = {
                levels[other] for other in levels if nets[other].span[0] - 8 < high and low < nets[other].span[1] + 8
            }
            while level in taken:
                level += 1
            levels[key] = level
        return levels

    def _place_rows(self) -> None:
        plan = self._plan
        self._boxes: dict[str, Box] = {}
        self._tracks: list[dict[NetKey, float]] = []
        y = 0.0
        for index in range(len(plan.rows) + 1):
            mark_room = max((self._marks[key][1] + 6 for key in self._marked_above(index)), default=0.0)
            self._tracks.append({key: y + mark_room + 8 + level * TRACK for key, level in self._levels[index].items()})
            tracks = max(self._levels[index].values(), default=-1) + 1
            height = mark_room + (8 + (tracks - 1) * TRACK if tracks else 0) + ARROW_ROOM
            y += max(height, BARE_CHANNEL) if 0 < index < len(plan.rows) else height if tracks else 0
            if index == len(plan.rows):
                break
            row = plan.rows[index]
            row_height = max(self._shapes[node].height for node in row)
            for node in row:
                shape = plan.chart.by_id[node]
                is_round = shape.kind in ("start", "end")
                height = self._shapes[node].height if is_round else row_height
                slant = slant_of(self._widths[node]) if shape.kind == "decision" else 0.0
                top = y + (row_height - height) / 2
                text = self._shapes[node].text
                self._boxes[node] = Box(shape, self._x[node], top, self._widths[node], height, slant, text)
            y += row_height
        self._bottom = y
        self._row_bottoms = {node: max(self._boxes[other].bottom for other in row) for row in plan.rows for node in row}

    def _marked_above(self, channel: int) -> list[WayKey]:
        if channel == 0:
            return []
        ways = (way for node in self._plan.rows[channel - 1] for way in self._plan.ways_below(node))
        return [(way.source, way.index) for way in ways if way.marked]

    def _side_ports(self) -> dict[tuple[str, Side, bool], float]:
        """Height of the port at a box's side, for ways out (True) and in (False); two ports keep their distance."""
        plan = self._plan
        slopes: dict[tuple[str, Side, bool], list[int]] = defaultdict(list)
        for edge, side in plan.sides.items():
            rise = plan.row_of[edge.target] - plan.row_of[edge.source]
            if plan.leaves_at_side(edge):
                slopes[edge.source, side, True].append(rise)
            if plan.arrives_at_side(edge):
                slopes[edge.target, side, False].append(-rise)
        heights: dict[tuple[str, Side, bool], float] = {}
        for (node, side, out), rises in slopes.items():
            box = self._boxes[node]
            shift = 0.0
            if (node, side, not out) in slopes:
                mine = sum(rises) / len(rises)
                others = slopes[node, side, not out]
                theirs = sum(others) / len(others)
                is_upper = mine < theirs or (mine == theirs and not out)
                shift = -min(11.0, box.height / 4) if is_upper else min(11.0, box.height / 4)
            heights[node, side, out] = box.middle[1] + shift
        return heights

    def _exit_y(self, edge: Edge) -> float:
        side = self._plan.sides[edge]
        if self._plan.leaves_at_side(edge):
            return self._side_y[edge.source, side, True]
        return self._tracks[self._plan.row_of[edge.source] + 1]["lane", edge.target, side]

    def _entry_y(self, edge: Edge) -> float:
        side = self._plan.sides[edge]
        if self._plan.arrives_at_side(edge):
            return self._side_y[edge.target, side, False]
        return self._tracks[self._plan.row_of[edge.target]]["into", edge.target]

    def _assign_lanes(self, side: Side) -> dict[str, int]:
        """A lane for all arrows into one box; short ways take the inner lanes."""
        spans: dict[str, tuple[float, float]] = {}
        for edge, its in self._plan.sides.items():
            if its == side:
                low, high = sorted((self._exit_y(edge), self._entry_y(edge)))
                old = spans.get(edge.target, (low, high))
                spans[edge.target] = (min(low, old[0]), max(high, old[1]))
        lanes: dict[str, int] = {}
        for target in sorted(spans, key=lambda target: spans[target][1] - spans[target][0]):
            low, high = spans[target]
            taken = {lanes[other] for other in lanes if spans[other][0] - 5 < high and low < spans[other][1] + 5}
            lanes[target] = next(lane for lane in range(len(taken) + 1) if lane not in taken)
        return lanes

    def _lane_x(self, side: Side, target: str) -> float:
        out = LANE_START + LANE * (self._lanes[side][target] + 0.5)
        return self._left - out if side == LEFT else self._right + out

    def _path(self, edge: Edge) -> tuple[Point, ...]:
        plan = self._plan
        source, target = self._boxes[edge.source], self._boxes[edge.target]
        stem = self._stems.get((edge.source, edge.way.index), 0.0)
        if edge in self._straight:
            return ((stem, source.bottom), (stem, target.y))
        port = self._ports[edge.target]
        if edge not in plan.sides:
            track = self._tracks[plan.row_of[edge.target]][self._bend_key(edge)]
            return tidy([(stem, source.bottom), (stem, track), (port, track), (port, target.y)])
        side = plan.sides[edge]
        lane = self._lane_x(side, edge.target)
        exit_y, entry_y = self._exit_y(edge), self._entry_y(edge)
        points: list[Point] = []
        if plan.leaves_at_side(edge):
            points.append((source.x if side == LEFT else source.right, exit_y))
        else:
            points += [(stem, source.bottom), (stem, exit_y)]
        points += [(lane, exit_y), (lane, entry_y)]
        if plan.arrives_at_side(edge):
            points.append((target.x if side == LEFT else target.right, entry_y))
        else:
            points += [(port, entry_y), (port, target.y)]
        return tidy(points)

    def _pills(self) -> list[Pill]:
        pills: dict[tuple[WayKey, Side | None], Pill] = {}
        for edge in self._plan.chart.edges:
            key = (edge.source, edge.way.index)
            if key not in self._marks:
                continue
            width, height = self._marks[key]
            box = self._boxes[edge.source]
            if self._plan.leaves_at_side(edge):
                side = self._plan.sides[edge]
                x = box.x - 4 - width if side == LEFT else box.right + 4
                pills.setdefault((key, side), Pill(edge, x, self._exit_y(edge) - height / 2, width, height))
            else:
                x = self._stems[key] - width / 2
                pills.setdefault((key, None), Pill(edge, x, self._row_bottoms[edge.source] + 3, width, height))
        return list(pills.values())


def _spread(wanted: list[float], halves: list[float], low: float, high: float) -> list[float]:
    """Places near the wanted ones (ascending), far enough from each other, within the range where it is wide enough."""
    places = list(wanted)
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + halves[index - 1] + halves[index])
    if places and places[-1] > high:
        places[-1] = high
        for index in range(len(places) - 2, -1, -1):
            places[index] = min(places[index], places[index + 1] - halves[index] - halves[index + 1])
    if places and places[0] < low:
        step = (high - low) / max(1, len(places) - 1)
        places = [low + step * index for index in range(len(places))] if len(places) > 1 else [low]
    return places
