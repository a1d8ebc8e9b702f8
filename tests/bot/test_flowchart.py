"""The drawn workflows: every real one, random graphs through the layout, and what a picture must hold."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.cli.pictures import draw
from bot.flowchart import Draughtsman, NoWorkflowError, default_draughtsman, flowchart_pdf, flowchart_png
from bot.flowchart.chart import Chart, Node, Way
from bot.flowchart.geometry import Arrow, Box, Layout, Pill, Point, Size, TextBlock, crossings
from bot.flowchart.layout import Measurer, arrange, text_width
from handlers.card import workflow_blocks
from handlers.reply import Items
from knowledge.catalogue import Catalogue, load_catalogue
from knowledge.models import Branch, Service, Step, Workflow

ROOT = Path(__file__).parents[2]
DRAWN = [service for service in load_catalogue().services if service.workflow is not None]

every_workflow = pytest.mark.parametrize("service", DRAWN, ids=[service.code for service in DRAWN])


def workflow_of(service: Service) -> Workflow:
    assert service.workflow is not None
    return service.workflow


def service_with(steps: Sequence[Step], title: str = "خدمتی برای آزمون") -> Service:
    return DRAWN[0].model_copy(update={"title": title, "workflow": Workflow(steps=tuple(steps))})


def guessed_sizes() -> Measurer:
    """Sizes from the number of letters: a layout must hold whatever the sizes are."""

    def marks(ways: Sequence[tuple[Way, float]]) -> list[Size]:
        return [(min(limit, 12.0 + 5 * len(way.label or "")), 17.0) for way, limit in ways]

    def nodes(items: Sequence[tuple[Node, float]]) -> list[TextBlock]:
        lengths = [(sum(len(part.text) for part in node.parts) * 6.0, room) for node, room in items]
        return [TextBlock(min(length, room), 17.0 * (1 + length // room), 12.0) for length, room in lengths]

    return Measurer(marks, nodes)


def overlap(a: Box | Pill, b: Box | Pill) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


def passes(a: Point, b: Point, box: Box) -> bool:
    """Whether a straight stretch runs through the inside of a box."""
    (left, right), (top, bottom) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    inside = 0.1
    return (
        left < box.right - inside and right > box.x + inside and top < box.bottom - inside and bottom > box.y + inside
    )


def on_outline(point: Point, box: Box) -> bool:
    x, y = point
    beside = abs(x - box.x) < 0.1 or abs(x - box.right) < 0.1
    above = abs(y - box.y) < 0.1 or abs(y - box.bottom) < 0.1
    return (beside and box.y - 0.1 <= y <= box.bottom + 0.1) or (above and box.x - 0.1 <= x <= box.right + 0.1)


def assert_sound(chart: Chart, layout: Layout) -> None:
    boxes = {box.node.id: box for box in layout.boxes}
    assert boxes.keys() == chart.by_id.keys()
    assert len(layout.boxes) == len(chart.nodes)
    for one, other in combinations(layout.boxes, 2):
        assert not overlap(one, other), (one, other)
    for box in layout.boxes:
        assert box.x >= 0
        assert box.right <= layout.width
        assert box.y >= 0
        assert box.bottom <= layout.height
        assert box.text.width <= text_width(box.node, box.width) + 0.1
        assert box.text.height <= box.height
    assert sorted(map(repr, (arrow.edge for arrow in layout.arrows))) == sorted(map(repr, chart.edges))
    for arrow in layout.arrows:
        assert_arrow(arrow, boxes, layout)
    assert {(pill.edge.source, pill.edge.way.index) for pill in layout.pills} == {
        (way.source, way.index) for node in chart.nodes for way in node.ways if way.marked
    }


def assert_arrow(arrow: Arrow, boxes: dict[str, Box], layout: Layout) -> None:
    assert on_outline(arrow.points[0], boxes[arrow.edge.source])
    assert on_outline(arrow.points[-1], boxes[arrow.edge.target])
    for a, b in pairwise(arrow.points):
        assert abs(a[0] - b[0]) < 0.02 or abs(a[1] - b[1]) < 0.02, "an arrow runs along rows and columns only"
        assert not any(passes(a, b, box) for box in boxes.values()), arrow
        assert all(0 <= x <= layout.width and 0 <= y <= layout.height for x, y in (a, b))


def assert_lines_all_drawn(layout: Layout) -> None:
    """What an arrow leaves out is drawn by another; each box that arrows lead to has an arrowhead."""
    assert {arrow.edge.target for arrow in layout.arrows} == {
        arrow.edge.target for arrow in layout.arrows if arrow.head
    }
    drawn = [stretch for arrow in layout.arrows for stretch in pairwise(arrow.drawn)]
    for arrow in layout.arrows:
        for a, b in pairwise(arrow.points):
            for part in (0.05, 0.35, 0.65, 0.95):
                x, y = a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part
                assert any(
                    min(p[0], q[0]) - 0.05 <= x <= max(p[0], q[0]) + 0.05
                    and min(p[1], q[1]) - 0.05 <= y <= max(p[1], q[1]) + 0.05
                    for p, q in drawn
                )


@every_workflow
def test_real_layout_is_sound(service: Service) -> None:
    chart = Chart.of(workflow_of(service))
    layout = default_draughtsman().layout(chart)
    assert_sound(chart, layout)
    assert_lines_all_drawn(layout)
    assert crossings(tuple(layout.arrows)) == 0
    for pill in layout.pills:
        assert not any(overlap(pill, box) for box in layout.boxes)
    for one, other in combinations(layout.pills, 2):
        assert not overlap(one, other)


@every_workflow
def test_real_picture_fits_telegram_and_a_phone(service: Service, catalogue: Catalogue) -> None:
    drawn = default_draughtsman().draw(service, catalogue.bureau_of(service.code).name)
    assert drawn.png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", drawn.png[16:24]) == (drawn.width, drawn.height)
    assert drawn.width == 1080
    assert drawn.width + drawn.height <= 10_000
    assert drawn.height / drawn.width <= 20
    assert len(drawn.png) < 700_000
    assert drawn.pdf.startswith(b"%PDF")
    assert len(drawn.pdf) < 200_000


@every_workflow
def test_type_is_large_enough_on_a_phone(service: Service) -> None:
    """A page of 360 points is 360 CSS pixels wide on a phone, so a size in points is one in CSS pixels."""
    layout = default_draughtsman().layout(Chart.of(workflow_of(service)))
    assert layout.width == 360
    most = max(sum(other.y <= box.middle[1] <= other.bottom for other in layout.boxes) for box in layout.boxes)
    assert min(box.text.size for box in layout.boxes) >= (12 if most < 3 else 11)


@every_workflow
def test_numbers_are_those_of_the_card(service: Service) -> None:
    workflow = workflow_of(service)
    items = next(block for block in workflow_blocks(workflow) if isinstance(block, Items))
    drawn = [node for node in Chart.of(workflow).nodes if node.number is not None]
    assert tuple(node.number for node in drawn) == items.marks
    for node, text in zip(drawn, items.items, strict=True):
        assert text.startswith("".join(part.text for part in node.parts))


def test_deadline_is_a_part_of_its_own() -> None:
    step = Step(id="a", kind="action", text="بررسی ظرف ۵ روز و پاسخ", deadline="ظرف ۵ روز", next="b")
    end = Step(id="b", kind="end", text="پایان")
    parts = Chart.of(Workflow(steps=(step, end))).nodes[0].parts
    assert [(part.text, part.style) for part in parts] == [
        ("بررسی ", "plain"),
        ("ظرف ۵ روز", "deadline"),
        (" و پاسخ", "plain"),
    ]


def test_actor_is_named_only_where_the_text_does_not() -> None:
    steps = (
        Step(id="a", kind="action", text="بررسی درخواست", actor="کارشناس دفتر", next="b"),
        Step(id="b", kind="action", text="تأیید توسط کارشناس دفتر", actor="کارشناس دفتر", next="c"),
        Step(id="c", kind="end", text="پایان"),
    )
    assert [node.actor for node in Chart.of(Workflow(steps=steps)).nodes] == ["کارشناس دفتر", None, None]
    without = tuple(step.model_copy(update={"actor": None}) for step in steps)
    assert flowchart_png(service_with(steps)) != flowchart_png(service_with(without))


def names(count: int) -> list[str]:
    return [f"s{index}" for index in range(count)]


@st.composite
def workflows(draw: st.DrawFn) -> Workflow:
    """A chain from start to end, so that every step is reached and ends, with any branches and jumps besides."""
    ids = names(draw(st.integers(3, 16)))
    anywhere = st.sampled_from(ids[1:])
    text = st.integers(1, 20).map(lambda words: " ".join(["بررسی"] * words))
    label = st.sampled_from(["بلی", "خیر", "موافق", "قیمت بیشتر از حد"])
    steps = [Step(id=ids[0], kind="start", text="شروع", next=ids[1])]
    for current, following in pairwise(ids[1:]):
        others = draw(st.lists(anywhere, max_size=3))
        if draw(st.booleans()):
            branches = [Branch(label=draw(label), next=following, inferred=draw(st.booleans()))]
            branches += [Branch(label=draw(label), next=other, inferred=draw(st.booleans())) for other in others]
            if len(others) > 1 and draw(st.booleans()):
                branches.append(Branch(label=draw(label), next=tuple(dict.fromkeys(others))))
            order = draw(st.permutations(branches))
            steps.append(Step(id=current, kind="decision", text=draw(text), branches=tuple(order)))
        else:
            targets = tuple(dict.fromkeys([following, *others]))
            inferred = draw(st.booleans())
            steps.append(Step(id=current, kind="action", text=draw(text), next=targets, inferred=inferred))
    steps.append(Step(id=ids[-1], kind="end", text="پایان"))
    return Workflow(steps=tuple(steps))


@given(workflows())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_layout_is_sound(workflow: Workflow) -> None:
    chart = Chart.of(workflow)
    layout = arrange(chart, guessed_sizes())
    assert_sound(chart, layout)
    assert_lines_all_drawn(layout)


@given(workflows())
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_workflow_draws(workflow: Workflow) -> None:
    drawn = default_draughtsman().draw(service_with(workflow.steps))
    assert drawn.width + drawn.height <= 10_000
    assert_sound(Chart.of(workflow), default_draughtsman().layout(Chart.of(workflow)))


def test_words_wider_than_a_box_are_set_smaller() -> None:
    word = "سرمایه‌گذاری‌هایشان‌ووابسته‌هایشان"
    middle = [Step(id=f"m{i}", kind="action", text=word, next="end") for i in range(3)]
    start = Step(id="start", kind="start", text="شروع", next=tuple(step.id for step in middle))
    chart = Chart.of(Workflow(steps=(start, *middle, Step(id="end", kind="end", text="پایان"))))
    layout = default_draughtsman().layout(chart)
    assert_sound(chart, layout)
    assert all(box.text.size < 11 for box in layout.boxes if box.node.kind == "action")


def test_a_very_long_workflow_stays_within_the_limits() -> None:
    text = "بررسی مدارک و ارسال آن به دفتر تخصصی برای اعلام نظر " * 8
    ids = names(50)
    steps = [Step(id=a, kind="action", text=text.strip(), next=b) for a, b in pairwise(ids)]
    drawn = default_draughtsman().draw(service_with([*steps, Step(id=ids[-1], kind="end", text="پایان")]))
    assert drawn.width + drawn.height <= 10_000
    assert drawn.height / drawn.width <= 20


def test_same_content_is_drawn_once_and_kept() -> None:
    draughtsman = Draughtsman()
    first = draughtsman.draw(DRAWN[0])
    assert draughtsman.draw(DRAWN[0].model_copy(deep=True)) is first
    assert draughtsman.draw(DRAWN[0], "دفتر نمونه").png != first.png
    again = Draughtsman().draw(DRAWN[0])
    assert again is not first
    assert again == first


def test_only_the_last_drawings_are_kept() -> None:
    draughtsman = Draughtsman(keep=2)
    small = sorted(DRAWN, key=lambda service: len(workflow_of(service).steps))[:3]
    first, second, _third = [draughtsman.draw(service) for service in small]
    assert draughtsman.draw(small[1]) is second
    assert draughtsman.draw(small[0]) is not first


def test_another_process_draws_the_same_bytes() -> None:
    service = DRAWN[2]
    program = (
        "import hashlib, sys\n"
        "from bot.flowchart import Draughtsman\n"
        "from knowledge.catalogue import load_catalogue\n"
        "drawn = Draughtsman().draw(load_catalogue().service(sys.argv[1]))\n"
        "print(hashlib.sha256(drawn.png).hexdigest(), hashlib.sha256(drawn.pdf).hexdigest())\n"
    )
    out = subprocess.run(  # noqa: S603 — our own program
        [sys.executable, "-c", program, service.code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    ours = Draughtsman().draw(service)
    assert out.stdout.split() == [hashlib.sha256(data).hexdigest() for data in (ours.png, ours.pdf)]


def test_threads_draw_what_one_thread_draws() -> None:
    services = DRAWN[:6]
    alone = [Draughtsman().draw(service) for service in services]
    shared = Draughtsman()
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(shared.draw, services * 3))
    assert together == alone * 3


def changed(service: Service, **update: Any) -> Service:
    steps = list(workflow_of(service).steps)
    steps[1] = steps[1].model_copy(update=update)
    return service.model_copy(update={"workflow": Workflow(steps=tuple(steps))})


def test_a_changed_step_changes_the_picture_and_the_document() -> None:
    service = DRAWN[0]
    other = changed(service, text="متن دیگری برای این گام")
    assert flowchart_png(other) != flowchart_png(service)
    assert flowchart_pdf(other) != flowchart_pdf(service)


def test_what_we_judged_ourselves_looks_different() -> None:
    service = DRAWN[0]
    assert flowchart_png(changed(service, inferred=True)) != flowchart_png(service)


def test_a_service_without_workflow_is_refused(catalogue: Catalogue) -> None:
    service = next(service for service in catalogue.services if service.workflow is None)
    for function in (flowchart_png, flowchart_pdf):
        with pytest.raises(NoWorkflowError) as caught:
            function(service)
        assert caught.value.code == service.code
        assert service.code in str(caught.value)


MARKUP = '#panic("x") *پررنگ* _کج_ $x^y$ \\ "نقل" <a> @b `c` // d [e] {f} = g'


def test_markup_in_every_place_draws() -> None:
    """Were any of it run or read as markup, drawing would fail at `#panic` or at the unclosed marks."""
    steps = [
        Step(id="a", kind="start", text=MARKUP, next="b"),
        Step(id="b", kind="action", text=MARKUP, actor=MARKUP + "*", deadline=MARKUP[:19], next="c"),
        Step(id="c", kind="decision", text=MARKUP, branches=(Branch(label=MARKUP + " $", next="d", inferred=True),)),
        Step(id="d", kind="end", text="$ * _ ` #"),
    ]
    service = service_with(steps, title=MARKUP)
    drawn = Draughtsman().draw(service, bureau=MARKUP)
    assert drawn.png != Draughtsman().draw(service, bureau=MARKUP.replace("*", "")).png
    chart = Chart.of(workflow_of(service))
    assert_sound(chart, default_draughtsman().layout(chart))


@pytest.mark.parametrize("mark", list("#*_$`\\\"'<>@[]{}=~/-+"))
def test_marks_take_the_room_of_their_letters(mark: str) -> None:
    """A mark that is read as markup would vanish from the line; as a letter it makes the line longer by its width."""

    def width(text: str) -> float:
        ways = [(Way("a", 0, words, inferred=False, targets=()), 300.0) for words in (text, "")]
        (whole, _), (padding, _) = default_draughtsman()._measure_marks(ways)
        return whole - padding

    space = width("متن متن") - 2 * width("متن")
    assert width(mark) > 1
    assert width(f"متن {mark} متن") == pytest.approx(2 * width("متن") + 2 * space + width(mark), abs=0.5)


def test_draw_command_writes_both_files(tmp_path: Path) -> None:
    out = tmp_path / "made" / "here"
    app = typer.Typer()
    app.command()(draw)
    result = CliRunner().invoke(app, ["political-22", "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "political-22" in result.stdout
    assert sorted(path.name for path in out.iterdir()) == ["political-22.pdf", "political-22.png"]
    assert (out / "political-22.pdf").read_bytes().startswith(b"%PDF")
