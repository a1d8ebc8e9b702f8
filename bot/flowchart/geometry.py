"""The values of a finished layout. All lengths are in points; y grows downwards; a page is 360 points wide or more."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from bot.flowchart.chart import Edge, Node

Point = tuple[float, float]
Size = tuple[float, float]


@dataclass(frozen=True)
class TextBlock:
    """Set text: its width and height, and the size of its letters."""

    width: float
    height: float
    size: float


@dataclass(frozen=True)
class Box:
    """The place of one step. `slant` is how far the corners of a decision stick out, 0 for any other shape; the text
    stands in its middle.
    """

    node: Node
    x: float
    y: float
    width: float
    height: float
    slant: float
    text: TextBlock

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> Point:
        return (self.x + self.width / 2, self.y + self.height / 2)


@dataclass(frozen=True)
class Pill:
    """What is written on an arrow: a label, the sign ≈, or both. (x, y) is the upper left corner."""

    edge: Edge
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Arrow:
    """One way from box to box, corner by corner. `drawn` leaves out what an arrow before it has drawn already;
    where it only joins another arrow to the same box, it has no `head`.
    """

    edge: Edge
    points: tuple[Point, ...]
    drawn: tuple[Point, ...]
    head: bool


@dataclass(frozen=True)
class Layout:
    """Everything in its place on a page of this size."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    pills: tuple[Pill, ...]


def slant_of(width: float) -> float:
    """How far the corners of a decision of this width stick out."""
    return 34.0 if width >= 190 else 22.0 if width >= 130 else 13.0


def tidy(points: list[Point]) -> tuple[Point, ...]:
    """The same line without repeated points and without points in the middle of a straight stretch."""
    kept: list[Point] = []
    for point in points:
        if kept and abs(kept[-1][0] - point[0]) < 0.01 and abs(kept[-1][1] - point[1]) < 0.01:
            continue
        if len(kept) > 1 and _straight(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def _straight(a: Point, b: Point, c: Point) -> bool:
    return abs(a[0] - b[0]) + abs(b[0] - c[0]) < 0.01 or abs(a[1] - b[1]) + abs(b[1] - c[1]) < 0.01


def crossings(arrows: tuple[Arrow, ...]) -> int:
    """How often arrows cross that neither start nor end together."""
    level: list[tuple[float, float, float, Edge]] = []
    upright: list[tuple[float, float, float, Edge]] = []
    for arrow in arrows:
        for (x0, y0), (x1, y1) in pairwise(arrow.points):
            if abs(y0 - y1) < 0.01:
                level.append((y0, min(x0, x1), max(x0, x1), arrow.edge))
            else:
                upright.append((x0, min(y0, y1), max(y0, y1), arrow.edge))
    found: set[tuple[float, float]] = set()
    for y, left, right, edge in level:
        for x, top, bottom, other in upright:
            if left + 0.01 < x < right - 0.01 and top + 0.01 < y < bottom - 0.01:
                apart = edge.target != other.target and edge.way is not other.way
                if apart:
                    found.add((x, y))
    return len(found)


def without_drawn(points: tuple[Point, ...], same_start: list[Point], same_end: list[Point]) -> tuple[Point, ...]:
    """The line without the stretch it shares with lines drawn before: at its start with those of the same way, at its
    end with those into the same box. Both are given as flat lists of segment ends, two points each.
    """
    line = list(points)
    start = 0
    while start < len(line) - 1:
        covered = _covered_to(line[start], line[start + 1], same_start)
        if covered is None:
            break
        if covered != line[start + 1]:
            line[start] = covered
            break
        start += 1
    line = line[start:]
    end = len(line) - 1
    while end > 0:
        covered = _covered_to(line[end], line[end - 1], same_end)
        if covered is None:
            break
        if covered != line[end - 1]:
            line[end] = covered
            break
        end -= 1
    return tuple(line[: end + 1])


def _covered_to(a: Point, b: Point, segments: list[Point]) -> Point | None:
    """How far along from a to b the drawn segments reach, starting at a; None when none of them starts there."""
    axis = 0 if abs(a[1] - b[1]) < 0.01 else 1
    other = 1 - axis
    sign = 1.0 if b[axis] > a[axis] else -1.0
    reach = a[axis]
    grew = True
    while grew:
        grew = False
        for p, q in zip(segments[::2], segments[1::2], strict=True):
            if abs(p[other] - a[other]) > 0.01 or abs(q[other] - a[other]) > 0.01:
                continue
            near, far = sorted((p[axis] * sign, q[axis] * sign))
            if near - 0.01 <= reach * sign and far > reach * sign + 0.01:
                reach, grew = far * sign, True
    if (reach - a[axis]) * sign < 0.01:
        return None
    if (reach - b[axis]) * sign >= -0.01:
        return b
    return (reach, a[1]) if axis == 0 else (a[0], reach)
