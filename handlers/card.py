"""The service card: everything the booklet says of one service, and plainly what it does not say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from handlers.reply import Block, Heading, Items, Paragraph, Part, Reply, Span, say
from knowledge.models import BOOKLET, Bureau, DocumentKind, Service, Step, Workflow
from knowledge.persian import persian_digits

DOCUMENT_HEADINGS: dict[DocumentKind, str] = {
    "bring": "مدارکی که باید بیاورید",
    "form": "فرم‌ها",
    "system": "سامانه‌ها",
    "law": "مبنای قانونی",
    "internal": "سندهای داخلی اداره",
}

NO_DOCUMENTS = "کتابچه برای این خدمت هیچ مدرکی ننوشته است."
NOT_IN_BOOKLET = "کتابچه این‌ها را ننوشته است: "
NO_STEPS = "کتابچه مراحل انجام این خدمت را ننوشته است."
NO_TIME = "کتابچه زمان انجام این خدمت را ننوشته است."
NO_COST = "کتابچه درباره‌ی هزینه چیزی ننوشته است."
INFERRED_NOTE = "نشانه‌ی «≈»: کتابچه این راه را روشن ننوشته است و برداشت ماست."


FOLDED: tuple[DocumentKind, ...] = ("law", "internal")
"""Kinds of documents that stand behind a button, so that the card stays short."""


def service_blocks(service: Service, bureau: Bureau, folded: bool = False) -> tuple[Block, ...]:
    """Everything the booklet says of a service; `folded` leaves out the legal basis and the office's own papers."""
    return tuple(_blocks(service, bureau, folded))


def service_card(service: Service, bureau: Bureau) -> Reply:
    """The whole card of a service, in one part without buttons."""
    return Reply((Part(service_blocks(service, bureau)),))


def _blocks(service: Service, bureau: Bureau, folded: bool) -> Iterator[Block]:
    yield Heading(service.title, level=1)
    yield Paragraph((Span("به زبان ساده: ", "strong"), Span(service.summary)))
    yield responsible(bureau)
    yield from contact_blocks(bureau)
    yield from document_blocks(service, tuple(kind for kind in DOCUMENT_HEADINGS if not folded or kind not in FOLDED))
    if service.workflow is not None:
        yield from workflow_blocks(service.workflow)
    if service.duration:
        yield Paragraph((Span("زمان انجام: ", "strong"), Span(f"{service.duration} ⏱")))
    yield Paragraph((Span(NOT_IN_BOOKLET, "strong"), Span("، ".join(not_in_booklet(service)) + ".")))
    yield service_number(service)
    yield say(f"منبع: {source_text(service)}", "quiet")


def responsible(bureau: Bureau) -> Paragraph:
    """The bureau and its deputy."""
    return Paragraph((Span("مسئول: ", "strong"), Span(_responsible(bureau))))


def service_number(service: Service) -> Paragraph:
    """The service id, or that there is none."""
    number = persian_digits(service.service_id) if service.service_id else "فاقد شناسه"
    return Paragraph((Span("شناسه‌ی خدمت: ", "strong"), Span(number, "code" if service.service_id else "plain")))


def _responsible(bureau: Bureau) -> str:
    return bureau.name if bureau.name == bureau.deputy else f"{bureau.name} ({bureau.deputy})"


def contact_blocks(bureau: Bureau) -> Iterator[Paragraph]:
    """Phone, address and hours of a bureau, where the operator has given them."""
    for label, value in (("تلفن", bureau.phone), ("نشانی", bureau.address), ("ساعت کار", bureau.hours)):
        if value:
            yield Paragraph((Span(f"{label}: ", "strong"), Span(value)))


def document_blocks(service: Service, kinds: tuple[DocumentKind, ...] = tuple(DOCUMENT_HEADINGS)) -> Iterator[Block]:
    """The public documents of a service of these kinds, a heading and a list for each kind."""
    for kind in kinds:
        heading = DOCUMENT_HEADINGS[kind]
        texts = tuple(document.text for document in service.public_documents if document.kind == kind)
        if texts:
            yield Heading(heading)
            yield Items(texts)


def workflow_blocks(workflow: Workflow) -> Iterator[Block]:
    """The steps numbered in the order of the process; decisions say where each answer leads, deadlines bear ⏱."""
    lines = step_lines(workflow)
    yield Heading("مراحل")
    yield Items(lines, tuple(persian_digits(number) for number in range(1, len(lines) + 1)))
    if any(step.inferred or any(branch.inferred for branch in step.branches) for step in workflow.steps):
        yield say(INFERRED_NOTE, "quiet")


def step_lines(workflow: Workflow) -> tuple[str, ...]:
    """The text of each numbered step, in order from number one."""
    shown = [step for step in workflow.steps if step.kind in ("action", "decision")]
    numbers = {step.id: persian_digits(index) for index, step in enumerate(shown, start=1)}
    following = {step.id: later.id for step, later in pairwise(shown)}
    return tuple(_step_text(step, workflow, numbers, following.get(step.id)) for step in shown)


def _step_text(step: Step, workflow: Workflow, numbers: dict[str, str], following: str | None) -> str:
    text = step.text if step.deadline is None else f"{step.text} ⏱"
    if step.actor and step.actor not in step.text:
        text = f"{text} — {step.actor}"
    if step.branches:
        ways = [
            f"{branch.label}{' ≈' if branch.inferred else ''}: {_places(branch.targets, workflow, numbers)}"
            for branch in step.branches
        ]
        return f"{text} ({'؛ '.join(ways)})"
    elsewhere = [target for target in step.targets if target != following]
    if elsewhere and not all(workflow.step(target).kind == "end" and following is None for target in elsewhere):
        return f"{text} (سپس{' ≈' if step.inferred else ''}: {_places(step.targets, workflow, numbers)})"
    return text


def _places(step_ids: tuple[str, ...], workflow: Workflow, numbers: dict[str, str]) -> str:
    return " و ".join(_place(step_id, workflow, numbers) for step_id in step_ids)


def _place(step_id: str, workflow: Workflow, numbers: dict[str, str]) -> str:
    step = workflow.step(step_id)
    if step.kind == "end":
        return "پایان"
    return f"گام {numbers[step_id]}" if step_id in numbers else "آغاز"


def not_in_booklet(service: Service) -> tuple[str, ...]:
    """What a citizen would ask and the booklet leaves unsaid, a name each; never empty, for it tells no cost."""
    missing = []
    if not any(document.kind == "bring" for document in service.public_documents):
        missing.append("مدارکی که باید بیاورید")
    if service.workflow is None:
        missing.append("مراحل")
    if service.duration is None and not (service.workflow and any(step.deadline for step in service.workflow.steps)):
        missing.append("زمان")
    return (*missing, "هزینه")


def source_text(service: Service) -> str:
    """The booklet and the lines of its text where the service stands."""
    first, last = service.source.lines or service.source.table or (0, 0)
    lines = f"سطر {first}" if first == last else f"سطرهای {first} تا {last}"
    return f"{BOOKLET}، {persian_digits(lines)} متن"
