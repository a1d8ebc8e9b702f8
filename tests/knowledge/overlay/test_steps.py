from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.catalogue import Catalogue, load_catalogue
from knowledge.models import Workflow
from knowledge.overlay.steps import StepsError, read_steps, steps_text
from knowledge.overlay.tidy import tidy

DRAWN = [service for service in load_catalogue().services if service.workflow is not None]


def read(text: str, before: Workflow | None = None) -> Workflow:
    return Workflow.model_validate(read_steps(text, before))


def test_every_workflow_comes_back_as_it_was(catalogue: Catalogue) -> None:
    drawn = [service.workflow for service in catalogue.services if service.workflow is not None]
    assert len(drawn) == 32
    for workflow in drawn:
        assert read(steps_text(workflow), workflow) == workflow


def test_every_workflow_means_the_same_without_the_old_one() -> None:
    for service in DRAWN:
        text = steps_text(service.workflow)
        assert steps_text(read(text)) == text


def test_a_plain_list_is_a_straight_way() -> None:
    workflow = read("1. درخواست\n2) بررسی\n۳- پاسخ")
    assert [(step.kind, step.next) for step in workflow] == [
        ("start", "e1"), ("action", "e2"), ("action", "e3"), ("action", "end"), ("end", None),
    ]  # fmt: skip


def test_branches_and_leaps() -> None:
    workflow = read("۱. کامل است؟ [بلی ← ۳؛ خیر≈ ← ۲]\n۲. رفع نقص [← ۱]\n۳. صدور [≈← پایان]")
    first, second, third = list(workflow)[1:4]
    assert [(one.label, one.next, one.inferred) for one in first.branches] == [
        ("بلی", "e3", False),
        ("خیر", "e2", True),
    ]
    assert (second.next, third.next, third.inferred) == ("e1", "end", True)


def test_actor_stays_with_a_reworded_step() -> None:
    service = next(one for one in DRAWN if one.workflow and any(step.actor for step in one.workflow))
    assert service.workflow is not None
    place, step = next((n, s) for n, s in enumerate(service.workflow.steps) if s.actor and s.kind == "action")
    lines = steps_text(service.workflow).splitlines()
    lines[place - 1] = lines[place - 1].replace(step.text, step.text + " به زودی")
    again = read("\n".join(lines), service.workflow)
    assert again.step(step.id).actor == step.actor
    assert again.step(step.id).text == step.text + " به زودی"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("درخواست بدهید", "هر گام باید با شماره"),
        ("۱. درخواست\n۳. پاسخ", "به ترتیب نیست"),
        ("۱. درخواست [← ۷]", "می‌رود که نیست"),
        ("۱. درخواست؟ [بلی ← ب]", "شماره‌ی گام نیست"),
        ("۱. درخواست؟ [بلی؛ خیر ← ۱]", "به شکل"),
        ("۱.", "متن ندارد"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, reason: str) -> None:
    with pytest.raises(StepsError, match=reason):
        read_steps(text)


def test_no_text_is_no_workflow() -> None:
    assert read_steps(" \n ") is None


@given(st.text(max_size=60))
def test_tidy_is_idempotent_and_reading_never_breaks(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
    with suppress(StepsError):
        read_steps(f"۱. {text}")
