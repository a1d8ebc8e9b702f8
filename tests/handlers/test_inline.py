"""Inline mode: cards to share."""

from __future__ import annotations

from handlers.inline import MOST, OPEN, inline_cards
from handlers.reply import plain_text
from handlers.visit import Office

LINK = "https://t.me/khedmatyar_bot?start={code}"


def test_a_query_gives_cards_best_first(office: Office) -> None:
    cards = inline_cards(office, "مجوز پرواز پهپاد", LINK)
    assert 1 <= len(cards) <= MOST
    assert cards[0].code == "security-02"
    assert office.catalogue.service("security-02").summary in plain_text(cards[0].blocks)
    assert cards[0].description == office.catalogue.bureau_of("security-02").name
    ((button,),) = cards[0].buttons
    assert (button.label, button.url) == (OPEN, "https://t.me/khedmatyar_bot?start=security-02")


def test_a_code_gives_its_card(office: Office) -> None:
    assert [card.code for card in inline_cards(office, "foreign-04")] == ["foreign-04"]


def test_an_empty_query_and_small_talk_give_nothing(office: Office) -> None:
    assert inline_cards(office, "  ") == ()
    assert inline_cards(office, "سلام") == ()


def test_no_card_is_too_long_to_share(office: Office) -> None:
    for service in office.catalogue.services:
        (card,) = inline_cards(office, service.code)
        assert len(plain_text(card.blocks)) < 3600
