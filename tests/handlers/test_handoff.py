"""The handoff card: confirmed facts, the citizen's own words, and no claim that anything was filed."""

from __future__ import annotations

from handlers.handoff import COPY_LIMIT, NOT_FILED, QUOTED, handoff, ready_text
from handlers.reply import Paragraph, Reply, plain_text
from knowledge.tables import load_contacts


def text(reply: Reply) -> str:
    return "\n".join(plain_text(part.blocks) for part in reply.parts)


def test_every_contact_with_what_it_asks_and_gives() -> None:
    card = text(handoff())
    for contact in load_contacts().values():
        for fact in (contact.name, contact.phone, contact.use_for, contact.gives, contact.follow_up, *contact.asks_for):
            assert fact is None or fact in card
    assert not handoff().parts[0].buttons


def test_short_request_can_be_copied() -> None:
    reply = handoff("آب روستای ما سه روز است قطع است", "دفتر امور روستایی")
    (button,) = reply.parts[0].buttons[0]
    assert button.copy is not None
    assert "سه روز است قطع است" in button.copy
    assert "دفتر امور روستایی" in button.copy
    assert button.copy in text(reply)
    assert NOT_FILED in text(reply)


def test_long_request_is_shown_to_be_copied_by_hand() -> None:
    reply = handoff("کوچه‌ی ما خراب است و کسی نمی‌آید " * 40)
    assert not reply.parts[0].buttons
    code = [
        span.text
        for block in reply.parts[0].blocks
        if isinstance(block, Paragraph)
        for span in block.spans
        if span.style == "code"
    ]
    assert len(code) == 1
    assert COPY_LIMIT < len(code[0]) < QUOTED + 100


def test_never_says_that_it_was_filed() -> None:
    ready = ready_text("آب قطع است", "دفتر امور روستایی")
    assert "ثبت شد" not in ready
    assert "ثبت شد." not in text(handoff("آب قطع است"))
