"""From a service to the picture of its workflow: measured and drawn by typst, laid out in between by us."""

from __future__ import annotations

import hashlib
import json
import struct
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import fontpkg_noto_sans_arabic  # type: ignore[import-untyped]  # it ships no types
import typst

from bot.flowchart.chart import Chart, Node, Way
from bot.flowchart.geometry import Layout, Size, TextBlock
from bot.flowchart.layout import PAGE, Measurer, arrange, text_width
from knowledge.errors import NoWorkflowError
from knowledge.models import Service, Workflow

SOURCE = "کتابچه خدمات استانداری قزوین، بهمن ۱۴۰۲"
LEGEND = "کتابچه این راه را روشن ننوشته است و برداشت ماست."
TEMPLATE = Path(__file__).with_name("chart.typ")

PIXELS_PER_POINT = 3.0
MOST_PIXELS = 9600
"""Telegram refuses a photo whose width and height together pass 10000 pixels."""
MOST_RATIO = 19.5
"""Nor does it take one that is more than 20 times as high as wide; we leave white beside it."""

MARK_PADDING = (6.0, 1.0)
EDGE = 16.0
TITLE_GAP = 3.0
HEADING_GAP = 18.0
FOOTER_GAP = 16.0
TEXT_SIZE = 12.5
NARROW = 90.0
NARROW_TEXT_SIZE = 11.0
WIDE_LETTER = 0.62
"""More than the usual width of a letter, in sizes of type."""


@dataclass(frozen=True)
class Drawn:
    """A workflow as a picture and as a one-page document; `width` and `height` are the picture's, in pixels."""

    png: bytes
    pdf: bytes
    width: int
    height: int


class Draughtsman:
    """Draws workflows and keeps the last `keep` of them. May be used from several threads at once."""

    def __init__(self, keep: int = 64) -> None:
        self._keep = keep
        self._kept: OrderedDict[str, Drawn] = OrderedDict()
        self._lock = Lock()

    @cached_property
    def _template(self) -> bytes:
        return TEMPLATE.read_bytes()

    @cached_property
    def _fonts(self) -> typst.Fonts:
        return typst.Fonts(include_system_fonts=False, font_paths=[Path(fontpkg_noto_sans_arabic.ROOT) / "files"])

    def draw(self, service: Service, bureau: str | None = None) -> Drawn:
        """The drawn workflow of a service, with the bureau's name below the title; NoWorkflowError when it has none."""
        if service.workflow is None:
            raise NoWorkflowError(service.code)
        content = json.dumps([service.title, bureau, service.workflow.model_dump(mode="json")], ensure_ascii=False)
        key = hashlib.sha256(self._template + content.encode()).hexdigest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        drawn = self._made(service.title, bureau, service.workflow)
        with self._lock:
            self._kept[key] = drawn
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)
        return drawn

    def layout(self, chart: Chart) -> Layout:
        """Where everything of a chart goes, with the sizes that its texts really take."""
        return arrange(chart, Measurer(self._measure_marks, self._measure_nodes))

    def _made(self, title: str, bureau: str | None, workflow: Workflow) -> Drawn:
        """Draw it now."""
        chart = Chart.of(workflow)
        layout = self.layout(chart)
        heading: dict[str, Any] = {
            "title": title,
            "bureau": bureau,
            "inferred": chart.inferred,
            "legend": LEGEND,
            "source": SOURCE,
            "page": layout.width,
        }
        sizes = self._measure(heading)
        bureau_y = EDGE + sizes["title"][1] + TITLE_GAP
        chart_y = bureau_y + sizes["bureau"][1] + HEADING_GAP
        footer_y = chart_y + layout.height + FOOTER_GAP
        height = footer_y + sizes["footer"][1] + EDGE
        places: dict[str, Any] = {
            "title-width": sizes["title"][0],
            "title-y": EDGE,
            "bureau-y": bureau_y,
            "chart-y": chart_y,
            "footer-y": footer_y,
            "height": height,
        }
        page = max(layout.width, height / MOST_RATIO)
        places |= {"page": page, "chart-x": (page - layout.width) / 2}
        data = heading | places | _content(layout)
        scale = min(PIXELS_PER_POINT, MOST_PIXELS / (page + height))
        inputs = {"mode": "draw", "data": json.dumps(data, ensure_ascii=False)}
        png = self._compile("png", inputs, scale)
        width, tall = struct.unpack(">II", png[16:24])
        return Drawn(png, self._compile("pdf", inputs, scale), width, tall)

    def _compile(self, form: typst.OutputFormat, inputs: dict[str, str], scale: float) -> bytes:
        return typst.compile(
            self._template,
            format=form,
            ppi=72 * scale,
            font_paths=self._fonts,
            ignore_system_fonts=True,
            sys_inputs=inputs,
            timestamp=0,
        )

    def _measure(self, data: dict[str, Any]) -> Any:
        empty: dict[str, Any] = {
            "title": "",
            "bureau": None,
            "inferred": False,
            "legend": "",
            "source": "",
            "page": PAGE,
            "marks": [],
            "steps": [],
        }
        inputs = {"mode": "measure", "data": json.dumps(empty | data, ensure_ascii=False)}
        found = typst.query(
            self._template,
            "<sizes>",
            field="value",
            one=True,
            font_paths=self._fonts,
            ignore_system_fonts=True,
            sys_inputs=inputs,
        )
        return json.loads(found)

    def _measure_marks(self, ways: Sequence[tuple[Way, float]]) -> list[Size]:
        across, along = MARK_PADDING
        marks = [_mark(way) | {"limit": max(limit - across, 10.0)} for way, limit in ways]
        sizes = self._measure({"marks": marks})["marks"]
        return [(width + across, height + along) for width, height in sizes]

    def _measure_nodes(self, nodes: Sequence[tuple[Node, float]]) -> list[TextBlock]:
        steps = [_step(node, room) | {"size": _text_size(node, room)} for node, room in nodes]
        return [TextBlock(*block) for block in self._measure({"steps": steps})["steps"]]


def _mark(way: Way) -> dict[str, Any]:
    return {"label": way.label, "inferred": way.inferred}


def _text_size(node: Node, room: float) -> float:
    return NARROW_TEXT_SIZE if room < NARROW and node.number is not None else TEXT_SIZE


def _step(node: Node, room: float) -> dict[str, Any]:
    """A step's text for the room in its box. A deadline that surely fits a line is kept whole; `long` are the words
    (and such deadlines) that may come near the room.
    """
    size = _text_size(node, room)
    wide = room / 2 / (size * WIDE_LETTER)
    parts: list[dict[str, Any]] = []
    long: list[dict[str, Any]] = []
    for part in node.parts:
        whole = part.style == "deadline" and len(part.text) * size * 0.55 + 1.5 * size < room
        parts.append({"text": part.text, "style": part.style, "whole": whole})
        long += [parts[-1]] if whole else [{"text": word} for word in part.text.split() if len(word) > wide]
    if node.actor:
        long += [{"text": word} for word in node.actor.split() if len(word) > wide]
    return {"parts": parts, "actor": node.actor, "room": room, "long": long}


def _content(layout: Layout) -> dict[str, Any]:
    steps = []
    for box in layout.boxes:
        place = {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "slant": box.slant}
        look = {"kind": box.node.kind, "number": box.node.number, "text-width": box.text.width, "size": box.text.size}
        steps.append(_step(box.node, text_width(box.node, box.width)) | place | look)
    arrows = [
        {"points": arrow.drawn, "dashed": arrow.edge.way.inferred, "head": arrow.head}
        for arrow in layout.arrows
        if len(arrow.drawn) > 1
    ]
    marks = [
        _mark(pill.edge.way) | {"x": pill.x, "y": pill.y, "width": pill.width, "height": pill.height}
        for pill in layout.pills
    ]
    return {"steps": steps, "arrows": arrows, "marks": marks}


@lru_cache(maxsize=1)
def default_draughtsman() -> Draughtsman:
    """The one of this process."""
    return Draughtsman()


def flowchart_png(service: Service, bureau: str | None = None) -> bytes:
    """The workflow of a service as a PNG fit for a phone and for a Telegram photo; NoWorkflowError without one."""
    return default_draughtsman().draw(service, bureau).png


def flowchart_pdf(service: Service, bureau: str | None = None) -> bytes:
    """The workflow of a service as a PDF of one page; NoWorkflowError without one."""
    return default_draughtsman().draw(service, bureau).pdf
