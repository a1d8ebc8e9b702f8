"""A question in a chat: card, choice, honest «not ours», small talk; the real finder over the real catalogue."""

from __future__ import annotations

import pytest

from handlers.ask import (
    BOTH,
    CHOOSE,
    GUIDANCE,
    NOBODY,
    NOBODYS,
    NONE_OF_THESE,
    NOT_OURS,
    SMALL_TALK,
    decline_blocks,
    plain_reply,
    small_talk,
)
from handlers.reply import Heading, Items, plain_text
from knowledge.catalogue import Catalogue
from knowledge.finder.decide import Decision, Scored
from knowledge.finder.finder import Found
from knowledge.finder.phrases import Topic, load_topics
from knowledge.tables import load_contacts
from tests.handlers.chat import Chat, labels, only, text

DRONE = "برای فیلم‌برداری هوایی با پهپاد مجوز پرواز می‌خواهم"
MARRIAGE = "ازدواج با خارجی"
WATER_BILL = "قبض آبم خیلی زیاد اومده"


def found(decision: Decision, intent: str, codes: tuple[str, ...] = (), topic: Topic | None = None) -> Found:
    services = tuple(Scored(code, 0.5) for code in codes)
    return Found("پرسش", decision, intent, services, services, topic, 1.0)


def names_the_contacts(said: str) -> bool:
    return all(contact.name in said and contact.phone in said for contact in load_contacts().values())


async def test_an_answer_is_the_card_with_its_buttons(chat: Chat) -> None:
    reply = await chat.say(DRONE)
    service = chat.office.catalogue.service("security-02")
    assert only(reply).blocks[0] == Heading(service.title, 1)
    assert service.summary in text(reply)
    assert [label.split()[0] for label in labels(reply)] == ["مبنای", "شکایت", "هم‌رسانی", "👍", "👎"]
    assert chat.state.service == "security-02"


async def test_the_legal_basis_is_folded_until_it_is_asked_for(chat: Chat) -> None:
    law = "دستورالعمل ساماندهی"
    assert law not in text(await chat.say(DRONE))
    assert law in text(await chat.press("مبنای قانونی"))


async def test_a_question_for_papers_unfolds_them(chat: Chat) -> None:
    assert "۲۰۲۷۱۲" in text(await chat.say("برگه تردد سه ماهه چه مدارکی میخواد"))


async def test_a_choice_has_a_button_for_each_and_none_of_these(chat: Chat) -> None:
    reply = await chat.say(MARRIAGE)
    said = text(reply)
    assert said.startswith(CHOOSE)
    offered = chat.state.offered
    assert 2 <= len(offered) <= 5
    assert labels(reply)[-1] == NONE_OF_THESE
    for code, label in zip(offered, labels(reply), strict=False):
        assert chat.office.catalogue.service(code).short_title in label
        assert f"{chat.office.catalogue.service(code).title} — {chat.office.catalogue.bureau_of(code).name}" in said


async def test_a_pressed_choice_opens_its_card_and_the_list_stays(chat: Chat) -> None:
    await chat.say(MARRIAGE)
    code = chat.state.offered[1]
    reply = await chat.press("۲.")
    assert only(reply).blocks[0] == Heading(chat.office.catalogue.service(code).title, 1)
    assert only(reply).replaces is None


@pytest.mark.parametrize(("word", "place"), [("دومی", 1), ("۲", 1), ("2", 1), ("اولی", 0), ("آخری", -1), ("سوم", 2)])
async def test_a_choice_is_picked_by_word_too(chat: Chat, word: str, place: int) -> None:
    await chat.say(MARRIAGE)
    code = chat.state.offered[place]
    assert only(await chat.say(word)).blocks[0] == Heading(chat.office.catalogue.service(code).title, 1)


async def test_two_needs_of_one_message_are_both_seen(chat: Chat) -> None:
    reply = await chat.say("من افغان هستم کارت دارم، هم سیم‌کارت به نام خودم می‌خوام هم برگه مسافرتی برای مشهد")
    assert text(reply).startswith(BOTH)
    assert set(chat.state.offered) == {"foreign-34", "foreign-17"}
    await chat.press("۱.")
    other = await chat.say("حالا اون یکی")
    assert only(other).blocks[0] == Heading(chat.office.catalogue.service(chat.state.service or "").title, 1)
    assert chat.state.service in {"foreign-34", "foreign-17"}


async def test_what_is_others_is_named_with_its_authority(chat: Chat) -> None:
    said = text(await chat.say(WATER_BILL))
    assert said.startswith(NOT_OURS)
    assert "آب و فاضلاب" in said
    assert GUIDANCE in said
    assert names_the_contacts(said)


def test_of_an_unknown_topic_we_only_say_it_is_not_ours() -> None:
    said = plain_text(decline_blocks(None, knows=True))
    assert said.startswith(NOT_OURS)
    assert GUIDANCE not in said
    assert names_the_contacts(said)


def test_of_what_no_office_does_nobody_is_named() -> None:
    nothing = Topic(id="nothing", title="هیچ", authority=f"{NOBODY}", phrases={})
    said = plain_text(decline_blocks(nothing, knows=True))
    assert said.startswith(NOBODYS)
    assert NOBODY not in said
    assert not names_the_contacts(said)


def test_the_topic_of_chatter_is_known_as_nobodys() -> None:
    assert load_topics()["nothing"].authority.startswith(NOBODY)


@pytest.mark.parametrize("intent", sorted(SMALL_TALK))
def test_small_talk_is_met_in_kind(intent: str) -> None:
    said = plain_text(small_talk(intent).blocks)
    assert said.startswith(SMALL_TALK[intent])
    assert names_the_contacts(said) == (intent == "human")
    assert NOT_OURS not in said


@pytest.mark.parametrize(
    ("said", "intent"),
    [("سلام", "greeting"), ("ممنونم", "thanks"), ("خداحافظ", "goodbye"), ("تو کی هستی؟", "about"), ("احمق", "rude"),
     ("😀😀", "empty"), ("   ", "empty"), ("میخوام با آدم حرف بزنم", "human")],
)  # fmt: skip
async def test_what_asks_for_no_service_gets_a_fitting_word(chat: Chat, said: str, intent: str) -> None:
    assert text(await chat.say(said)).startswith(SMALL_TALK[intent])


async def test_a_long_story_and_a_forwarded_text_are_read_like_any_other(chat: Chat) -> None:
    story = "سلام، این چند وقت خیلی گرفتار بودم و خانواده هم مریض بودند. " * 80 + DRONE
    assert (await chat.say(story[:6000])).parts
    assert only(await chat.say(DRONE, forwarded=True)).blocks[0] == Heading(
        chat.office.catalogue.service("security-02").title, 1
    )


async def test_an_edited_question_edits_its_answer(chat: Chat) -> None:
    await chat.say(WATER_BILL)
    reply = await chat.say(DRONE, edited=True)
    assert reply.parts[0].replaces == "answer"
    assert chat.state.service == "security-02"


async def test_no_after_an_answer_offers_the_next_likeliest(chat: Chat) -> None:
    await chat.say("اجازه ازدواج زن ایرانی با مرد خارجی")
    shown = chat.state.service
    reply = await chat.say("نه منظورم این نبود")
    assert text(reply).startswith(CHOOSE)
    assert shown not in chat.state.offered


def test_the_words_for_the_command_line(catalogue: Catalogue) -> None:
    assert plain_reply(found("answer", "find_service", ("security-02",)), catalogue) is None
    choice = plain_reply(found("choose", "find_service", ("urban-33", "rural-15")), catalogue)
    assert choice is not None
    assert isinstance(choice[-1], Items)
    assert choice[-1].marks == ("۱", "۲")
    assert plain_reply(found("decline", "greeting"), catalogue) == small_talk("greeting").blocks
    declined = plain_reply(found("decline", "out_of_scope"), catalogue)
    assert declined is not None
    assert plain_text(declined).startswith(NOT_OURS)
