"""One reply for each kind of decision."""

from __future__ import annotations

import pytest

from handlers.ask import (
    CHOOSE,
    DONT_KNOW,
    GUIDANCE,
    NOBODY,
    NOBODYS,
    NOT_OURS,
    SMALL_TALK,
    WITH_CONTACTS,
    handoff,
    reply_to,
)
from handlers.card import service_card
from handlers.reply import Items, Reply
from knowledge.catalogue import Catalogue
from knowledge.finder.decide import Decision, Scored
from knowledge.finder.finder import Found
from knowledge.finder.phrases import Topic, load_topics
from knowledge.tables import load_contacts
from tests.handlers.test_card import headings, lines

CONTACTS = "راه‌های دیگر"


def found(decision: Decision, intent: str, codes: tuple[str, ...] = (), topic: Topic | None = None) -> Found:
    services = tuple(Scored(code, 0.5) for code in codes)
    return Found("پرسش", decision, intent, services, services, topic, 1.0)


def names_the_contacts(reply: Reply) -> bool:
    text = "\n".join(lines(reply))
    return CONTACTS in headings(reply) and all(
        contact.name in text and contact.phone in text for contact in load_contacts().values()
    )


@pytest.mark.parametrize("code", ["security-02", "urban-34", "admin-01"])
def test_an_answer_is_the_card(catalogue: Catalogue, code: str) -> None:
    reply = reply_to(found("answer", "find_service", (code,)), catalogue)
    assert reply == service_card(catalogue.service(code), catalogue.bureau_of(code))


@pytest.mark.parametrize("intent", ["find_service", "complain"])
def test_a_choice_numbers_titles_with_their_bureaus(catalogue: Catalogue, intent: str) -> None:
    codes = ("urban-33", "rural-15", "performance-01")
    reply = reply_to(found("choose", intent, codes), catalogue)
    assert lines(reply)[0] == CHOOSE
    items = reply.blocks[-1]
    assert isinstance(items, Items)
    assert items.marks == ("۱", "۲", "۳")
    for code, item in zip(codes, items.items, strict=True):
        assert catalogue.service(code).title in item
        assert catalogue.bureau_of(code).name in item


def test_of_a_known_topic_we_say_whose_it_is(catalogue: Catalogue) -> None:
    topic = next(topic for topic in load_topics().values() if topic.id != "nothing")
    reply = reply_to(found("decline", "out_of_scope", topic=topic), catalogue)
    text = lines(reply)
    assert text[0] == NOT_OURS
    assert any(topic.title in line and topic.authority in line for line in text)
    assert GUIDANCE in text
    assert names_the_contacts(reply)


def test_of_an_unknown_topic_we_only_say_it_is_not_ours(catalogue: Catalogue) -> None:
    reply = reply_to(found("decline", "out_of_scope"), catalogue)
    text = lines(reply)
    assert text[0] == NOT_OURS
    assert GUIDANCE not in text
    assert names_the_contacts(reply)


def test_of_what_no_office_does_nobody_is_named(catalogue: Catalogue) -> None:
    nothing = Topic(id="nothing", title="هیچ", authority=f"{NOBODY}", phrases={})
    reply = reply_to(found("decline", "out_of_scope", topic=nothing), catalogue)
    assert lines(reply)[0] == NOBODYS
    assert not any(NOBODY in line for line in lines(reply))
    assert not names_the_contacts(reply)


def test_the_topic_of_chatter_is_known_as_nobodys() -> None:
    assert load_topics()["nothing"].authority.startswith(NOBODY)


@pytest.mark.parametrize("intent", sorted(SMALL_TALK))
def test_small_talk_is_met_in_kind(catalogue: Catalogue, intent: str) -> None:
    reply = reply_to(found("decline", intent), catalogue)
    assert lines(reply)[0] == SMALL_TALK[intent]
    assert names_the_contacts(reply) == (intent in WITH_CONTACTS)
    assert NOT_OURS not in lines(reply)


@pytest.mark.parametrize("intent", ["documents", "yes", "track", "ordinal"])
def test_what_makes_no_sense_alone_is_asked_back(catalogue: Catalogue, intent: str) -> None:
    reply = reply_to(found("decline", intent), catalogue)
    assert lines(reply)[0] == DONT_KNOW
    assert names_the_contacts(reply)


def test_the_contacts_are_said_in_full() -> None:
    text = "\n".join(lines(Reply(handoff())))
    for contact in load_contacts().values():
        assert contact.full_name in text
        assert contact.use_for in text
        for asked in contact.asks_for:
            assert asked in text
        assert contact.site is None or contact.site not in text
