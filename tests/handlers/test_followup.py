"""Follow-ups about the service last shown: what the booklet says, and plainly what it does not."""

from __future__ import annotations

import pytest

from handlers.card import NO_COST, NO_STEPS, NO_TIME, step_lines
from handlers.followup import ASK_WHICH, LAST_STEP, NO_ADDRESS
from handlers.reply import Flowchart, Heading
from knowledge.persian import persian_digits
from tests.handlers.chat import Chat, labels, only, text

RECRUITMENT = "استانداری چطور نیرو استخدام می‌کند، آزمون جذب و استخدام استانداری"
DRONE = "برای فیلم‌برداری هوایی با پهپاد مجوز پرواز می‌خواهم"


async def on(chat: Chat, question: str, code: str) -> None:
    """Ask, and see that the talk is of this service."""
    await chat.say(question)
    assert chat.state.service == code


@pytest.mark.parametrize("said", ["مدارکش؟", "چه مدارکی لازمه", "chi lazeme", "مدارکش چیه"])
async def test_documents(chat: Chat, said: str) -> None:
    await on(chat, DRONE, "security-02")
    reply = text(await chat.say(said))
    for document in chat.office.catalogue.service("security-02").public_documents:
        assert document.text in reply


@pytest.mark.parametrize("said", ["چند روز طول می‌کشه؟", "کی آماده میشه", "چقدر زمان میبره", "chand rooz tool mikeshe"])
async def test_a_time_that_the_booklet_lacks_is_said_to_be_lacking(chat: Chat, said: str) -> None:
    await on(chat, DRONE, "security-02")
    reply = text(await chat.say(said))
    assert NO_TIME in reply
    assert chat.office.catalogue.bureau_of("security-02").name in reply
    assert not any(f"{persian_digits(number)} روز" in reply for number in range(1, 100))


async def test_a_time_that_the_booklet_has_is_told(chat: Chat) -> None:
    service = chat.office.catalogue.service("admin-35")
    await chat.press_data("s:admin-35")
    assert service.duration is not None
    assert service.duration in text(await chat.say("چند روز طول می‌کشه؟"))


async def test_deadlines_of_steps_are_told_as_deadlines(chat: Chat) -> None:
    service = next(
        one for one in chat.office.catalogue.services
        if one.workflow and not one.duration and any(step.deadline for step in one.workflow.steps)
    )  # fmt: skip
    assert service.workflow is not None
    await chat.press_data(f"s:{service.code}")
    reply = text(await chat.say("چقدر طول میکشه؟"))
    for step in service.workflow.steps:
        assert (step.deadline is not None) == (f"{step.text} ⏱" in reply)


async def test_cost_is_never_made_up(chat: Chat) -> None:
    await on(chat, DRONE, "security-02")
    assert NO_COST in text(await chat.say("هزینه‌اش چقدره؟"))


async def test_the_bureau(chat: Chat) -> None:
    await on(chat, DRONE, "security-02")
    reply = text(await chat.say("کدوم دفتر؟"))
    assert chat.office.catalogue.bureau_of("security-02").name in reply
    assert NO_ADDRESS in reply


async def test_the_service_id(chat: Chat) -> None:
    await chat.press_data("s:foreign-02")
    number = chat.office.catalogue.service("foreign-02").service_id
    assert number is not None
    assert persian_digits(number) in text(await chat.say("شناسه‌اش؟"))


async def test_the_steps_and_one_after_another(chat: Chat) -> None:
    await on(chat, RECRUITMENT, "admin-21")
    workflow = chat.office.catalogue.service("admin-21").workflow
    assert workflow is not None
    lines = step_lines(workflow)
    whole = text(await chat.say("روند کارش چیه"))
    assert all(line in whole for line in lines)
    first = await chat.say("مرحله بعدش؟")
    assert lines[0] in text(first)
    for line in lines[1:]:
        assert line in text(await chat.press("مرحله‌ی بعد"))
    assert text(await chat.say("مرحله بعد")).startswith(LAST_STEP)


async def test_steps_that_the_booklet_lacks(chat: Chat) -> None:
    await on(chat, DRONE, "security-02")
    assert NO_STEPS in text(await chat.say("مرحله به مرحله بگو چیکار کنم"))


async def test_the_drawn_steps(chat: Chat) -> None:
    await on(chat, RECRUITMENT, "admin-21")
    part = only(await chat.say("فلوچارتش رو بفرست"))
    assert part.file == Flowchart("admin-21")
    assert only(await chat.press("PDF")).file == Flowchart("admin-21", "pdf")


async def test_a_word_of_a_step_finds_the_step(chat: Chat) -> None:
    await on(chat, RECRUITMENT, "admin-21")
    reply = text(await chat.say("آزمونش با کجاست"))
    assert "برگزاری آزمون توسط سازمان سنجش" in reply
    assert "ارسال به امور مالی" not in reply


async def test_a_question_of_its_own_is_no_follow_up(chat: Chat) -> None:
    await on(chat, DRONE, "security-02")
    await chat.say("مدارک لازم برای برگه تردد ۹۰ روزه اتباع خارجی")
    assert chat.state.service == "foreign-02"


async def test_what_is_others_is_declined_in_the_middle_of_a_talk(chat: Chat) -> None:
    await on(chat, RECRUITMENT, "admin-21")
    assert "پلیس" in text(await chat.say("گذرنامه هم شما صادر می‌کنید؟"))


@pytest.mark.parametrize("said", ["مدارکش؟", "چقدر طول میکشه", "مرحله بعد"])
async def test_without_a_service_it_asks_which(chat: Chat, said: str) -> None:
    assert text(await chat.say(said)) == ASK_WHICH


async def test_the_talk_is_forgotten_after_a_quiet_hour(chat: Chat) -> None:
    await on(chat, DRONE, "security-02")
    chat.wait(minutes=50)
    assert "پهپاد" in text(await chat.say("مدارکش؟"))
    chat.wait(minutes=61)
    assert text(await chat.say("مدارکش؟")) == ASK_WHICH


async def test_after_a_choice_with_a_clear_leader_the_follow_up_is_about_it(chat: Chat) -> None:
    await chat.say("زلزله دیوار خانه‌مان را ترک انداخته خسارتش را که می‌دهد؟")
    reply = await chat.say("کی پولش میاد")
    assert only(reply).blocks[0] == Heading(chat.office.catalogue.service("crisis-04").title, 1)
    assert NO_TIME in text(reply)
    assert "همه‌ی این خدمت" in labels(reply)
