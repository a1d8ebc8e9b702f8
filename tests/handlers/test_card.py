"""The card of every service says what the booklet says, and plainly what it does not."""

from __future__ import annotations

import re

import pytest

from handlers.card import (
    DOCUMENT_HEADINGS,
    INFERRED_NOTE,
    NOT_IN_BOOKLET,
    not_in_booklet,
    service_card,
    source_text,
)
from handlers.reply import Block, Heading, Items, Paragraph, Reply
from knowledge.catalogue import Catalogue, load_catalogue
from knowledge.models import Bureau, Service

SERVICES = load_catalogue().services
WITH_WORKFLOW = [service for service in SERVICES if service.workflow is not None]


def lines(reply: Reply) -> list[str]:
    """The reply's text, a line for each paragraph, heading and item."""
    return [line for block in reply.blocks for line in lines_of(block)]


def lines_of(block: Block) -> list[str]:
    match block:
        case Heading(text, _):
            return [text]
        case Paragraph(spans):
            return ["".join(span.text for span in spans)]
        case Items(items, _):
            return list(items)


def section(reply: Reply, heading: str) -> list[str]:
    """The items under a heading."""
    blocks = list(reply.blocks)
    place = next(i for i, block in enumerate(blocks) if isinstance(block, Heading) and block.text == heading)
    following = blocks[place + 1]
    assert isinstance(following, Items)
    return list(following.items)


def headings(reply: Reply) -> list[str]:
    return [block.text for block in reply.blocks if isinstance(block, Heading)]


def card(catalogue: Catalogue, service: Service) -> Reply:
    return service_card(service, catalogue.bureau_of(service.code))


def test_every_card_names_title_summary_bureau_and_source(catalogue: Catalogue) -> None:
    for service in catalogue.services:
        reply = card(catalogue, service)
        bureau = catalogue.bureau_of(service.code)
        text = lines(reply)
        assert reply.blocks[0] == Heading(service.title, 1), service.code
        assert any(service.summary in line for line in text), service.code
        assert any(line.startswith("مسئول: ") and bureau.name in line and bureau.deputy in line for line in text)
        assert any(source_text(service) in line for line in text), service.code


def test_every_card_is_clean_to_render(catalogue: Catalogue) -> None:
    for service in catalogue.services:
        reply = card(catalogue, service)
        for block in reply.blocks:
            assert all(line.strip() for line in lines_of(block)), service.code
            if isinstance(block, Items) and block.marks:
                assert len(block.marks) == len(block.items)
        shown = "\n".join(lines(reply))
        assert "None" not in shown, service.code
        assert not re.search(r"[0-9٠-٩]", shown), service.code


def test_the_card_has_one_title(catalogue: Catalogue) -> None:
    for service in catalogue.services:
        assert [b for b in card(catalogue, service).blocks if isinstance(b, Heading) and b.level == 1] == [
            Heading(service.title, 1)
        ]


def test_no_confidential_document_is_ever_shown(catalogue: Catalogue) -> None:
    seen = 0
    for service in catalogue.services:
        public = {document.text for document in service.public_documents}
        shown = lines(card(catalogue, service))
        for document in service.documents:
            if document.confidential and document.text not in public:
                seen += 1
                assert not any(document.text in line for line in shown), service.code
    assert seen


def test_every_public_document_is_shown_under_its_kind(catalogue: Catalogue) -> None:
    for service in catalogue.services:
        reply = card(catalogue, service)
        for kind, heading in DOCUMENT_HEADINGS.items():
            wanted = [document.text for document in service.public_documents if document.kind == kind]
            if wanted:
                assert section(reply, heading) == wanted, service.code
            else:
                assert heading not in headings(reply), service.code


def test_a_service_without_workflow_says_so(catalogue: Catalogue) -> None:
    for service in catalogue.services:
        reply = card(catalogue, service)
        assert ("مراحل" in headings(reply)) == (service.workflow is not None), service.code


@pytest.mark.parametrize("service", WITH_WORKFLOW, ids=lambda service: service.code)
def test_steps_stand_in_order_and_decisions_show_where_they_lead(catalogue: Catalogue, service: Service) -> None:
    assert service.workflow is not None
    items = section(card(catalogue, service), "مراحل")
    shown = [step for step in service.workflow.steps if step.kind in {"action", "decision"}]
    assert len(items) == len(shown)
    for step, item in zip(shown, items, strict=True):
        assert item.startswith(step.text)
        assert ("⏱" in item) == (step.deadline is not None)
        if step.actor:
            assert step.actor in item
        for branch in step.branches:
            way = re.search(rf"{re.escape(branch.label)}(?: ≈)?: (?:گام [۰-۹]+|پایان|آغاز)", item)
            assert way, f"{step.id}: {item}"
            assert ("≈" in way.group(0)) == branch.inferred


@pytest.mark.parametrize("service", WITH_WORKFLOW, ids=lambda service: service.code)
def test_every_step_spoken_of_is_there(catalogue: Catalogue, service: Service) -> None:
    reply = card(catalogue, service)
    (steps,) = [block for block in reply.blocks if isinstance(block, Items) and block.marks]
    named = {mark for item in steps.items for mark in re.findall(r"(?:: | و )گام ([۰-۹]+)", item)}
    assert named <= set(steps.marks)


def test_what_we_inferred_is_marked_and_explained(catalogue: Catalogue) -> None:
    for service in WITH_WORKFLOW:
        assert service.workflow is not None
        inferred = any(
            step.inferred or any(branch.inferred for branch in step.branches) for step in service.workflow.steps
        )
        assert (INFERRED_NOTE in lines(card(catalogue, service))) == inferred, service.code


def test_what_the_booklet_does_not_say_is_said(catalogue: Catalogue) -> None:
    for service in catalogue.services:
        unsaid = not_in_booklet(service)
        assert f"{NOT_IN_BOOKLET}{'، '.join(unsaid)}." in lines(card(catalogue, service)), service.code
        bring = any(document.kind == "bring" for document in service.public_documents)
        timed = service.duration is not None or (
            service.workflow is not None and any(step.deadline for step in service.workflow.steps)
        )
        assert ("مدارکی که باید بیاورید" in unsaid) == (not bring), service.code
        assert ("مراحل" in unsaid) == (service.workflow is None), service.code
        assert ("زمان" in unsaid) == (not timed), service.code
        assert unsaid[-1] == "هزینه"


def test_the_time_of_the_whole_service_bears_a_clock(catalogue: Catalogue) -> None:
    timed = [service for service in catalogue.services if service.duration]
    assert timed
    for service in timed:
        assert any(f"{service.duration} ⏱" in line for line in lines(card(catalogue, service))), service.code


def test_the_id_or_its_lack_is_shown_in_persian_digits(catalogue: Catalogue) -> None:
    for service in catalogue.services:
        (line,) = [line for line in lines(card(catalogue, service)) if line.startswith("شناسه‌ی خدمت: ")]
        if service.service_id is None:
            assert line.endswith("فاقد شناسه")
        else:
            assert re.search(r"[۰-۹]{8,13}$", line)


def test_contacts_are_shown_only_when_the_operator_gave_them(catalogue: Catalogue) -> None:
    service = catalogue.services[0]
    bureau = catalogue.bureau_of(service.code)
    known: Bureau = bureau.model_copy(update={"phone": "۰۲۸۳۳۳۳۳۳۳۳", "address": "قزوین", "hours": "۸ تا ۱۴"})
    text = lines(service_card(service, known))
    assert {"تلفن: ۰۲۸۳۳۳۳۳۳۳۳", "نشانی: قزوین", "ساعت کار: ۸ تا ۱۴"} <= set(text)
    bare = bureau.model_copy(update={"phone": None, "address": None, "hours": None})
    assert not any(line.startswith(("تلفن", "نشانی", "ساعت")) for line in lines(service_card(service, bare)))
