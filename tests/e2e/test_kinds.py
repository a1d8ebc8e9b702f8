"""Every kind of update that a messenger sends gets a fitting reply or none, and never an error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.standin import Participant, Shown, StandIn
from handlers import ask, menu, router
from handlers.show import STALE
from knowledge.persian import persian_digits
from tests.e2e.running import Running, replies, reply, said

PLANE = "می‌خواهم پهپاد پرواز بدهم، مجوزش با کیست؟"
PLANE_TITLE = "صدور مجوز و هماهنگی پرواز پهپادهای غیرنظامی"
GROUP = -1001234567890

pytestmark = pytest.mark.usefixtures("service", "quiet")

Kind = Callable[[Participant], Awaitable[object]]


def raw(api: StandIn, person: Participant, content: dict[str, Any]) -> int:
    """A message of a kind that the stand-in's people do not send by themselves."""
    data = api.world.post(person.chat, person.user, content).data
    person.chat.started = True
    return api.updates.push("message", data)


async def still_answers(api: StandIn, person: Participant) -> None:
    """The chat is not stuck: the next question is answered, and nothing came in between."""
    shown = await said(person, "/start women-01")
    assert "women-01" in " ".join(shown.callbacks)
    api.assert_clean()


FILES: dict[str, Kind] = {
    "photo": lambda person: person.send_photo(),
    "photo with caption": lambda person: person.send_photo(caption="این دیوار ترک خورده"),
    "document": lambda person: person.send_document(),
    "voice": lambda person: person.send_voice(),
    "location": lambda person: person.send_location(),
}


@pytest.mark.parametrize("kind", FILES)
async def test_a_file_is_kept_for_a_complaint(api: StandIn, kind: str) -> None:
    person = api.user(7)
    await FILES[kind](person)
    shown = await reply(person)
    assert "شکایت" in shown.text
    api.assert_clean()


async def test_a_video(api: StandIn) -> None:
    person = api.user(7)
    stored = api.world.store(b"\0" * 64, "v.mp4", "video/mp4", "videos")
    raw(api, person, {"video": {**stored, "width": 640, "height": 480, "duration": 4, "mime_type": "video/mp4"}})
    assert "شکایت" in (await reply(person)).text
    api.assert_clean()


async def test_an_album_is_taken_picture_by_picture(api: StandIn, service: Running) -> None:
    person = api.user(7)
    sent = await person.album([None, None, None], caption="عکس‌های خرابی")
    assert "آلبوم" in (await reply(person)).text
    await person.send("/cancel")
    await person.send("/help")
    while "راهنما" not in (await reply(person)).text:
        pass
    handled = {number for (number,) in service.rows("SELECT update_id FROM updates")}
    assert {str(number) for number in sent} <= handled
    api.assert_clean()


async def test_a_caption_is_read_as_a_question(api: StandIn) -> None:
    person = api.user(7)
    await person.send_photo(caption=PLANE)
    assert PLANE_TITLE in (await reply(person)).text
    api.assert_clean()


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        pytest.param(lambda person: person.send_contact(), router.CONTACT, id="contact"),
        pytest.param(lambda person: person.send_sticker(), router.STICKER, id="sticker"),
        pytest.param(lambda person: person.send("🙏🙏❤️"), ask.SMALL_TALK["empty"], id="emoji"),
        pytest.param(lambda person: person.send("؟؟؟"), ask.SMALL_TALK["empty"], id="marks alone"),
        pytest.param(lambda person: person.send("/nothing_like_it"), menu.UNKNOWN, id="unknown command"),
        pytest.param(lambda person: person.send("/پهپاد"), menu.UNKNOWN, id="command of no letters"),
        pytest.param(lambda person: person.send("/start no-such-code"), menu.HELLO, id="link to nothing"),
        pytest.param(lambda person: person.send("سلام"), ask.SMALL_TALK["greeting"], id="greeting"),
        pytest.param(lambda person: person.send("ممنون"), ask.SMALL_TALK["thanks"], id="thanks"),
        pytest.param(lambda person: person.send("چقد شماها احمقید"), ask.SMALL_TALK["rude"], id="rudeness"),
        pytest.param(lambda person: person.forward(PLANE), PLANE_TITLE, id="forwarded"),
        pytest.param(lambda person: person.send(f"<b>{PLANE}</b> *_&lt;\u202e"), PLANE_TITLE, id="marks"),
    ],
)
async def test_what_is_said_to(api: StandIn, act: Kind, expected: str) -> None:
    person = api.user(7)
    await act(person)
    shown = await reply(person)
    assert expected in shown.text
    await still_answers(api, person)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"dice": {"emoji": "🎲", "value": 3}}, id="dice"),
        pytest.param(
            {
                "poll": {
                    "id": "1",
                    "question": "؟",
                    "options": [
                        {"text": "الف", "voter_count": 0, "persistent_id": "1"},
                        {"text": "ب", "voter_count": 0, "persistent_id": "2"},
                    ],
                    "total_voter_count": 0,
                    "is_closed": False,
                    "is_anonymous": True,
                    "type": "regular",
                    "allows_multiple_answers": False,
                    "allows_revoting": False,
                    "members_only": False,
                }
            },
            id="poll",
        ),
    ],
)
async def test_what_cannot_be_read_is_said_so(api: StandIn, content: dict[str, Any]) -> None:
    person = api.user(7)
    raw(api, person, content)
    assert router.NOT_READ in (await reply(person)).text
    await still_answers(api, person)


@pytest.mark.parametrize(
    "content", [{"pinned_message": {}}, {"new_chat_title": "x"}, {"something_new": {"a": 1}}, {"text": 5}]
)
async def test_what_says_nothing_gets_no_reply(api: StandIn, content: dict[str, Any]) -> None:
    person = api.user(7)
    raw(api, person, content)
    await still_answers(api, person)


async def test_a_story_of_4000_characters(api: StandIn) -> None:
    person = api.user(7)
    story = ("من چند سال است در این استان زندگی می‌کنم و هر روز گرفتاری تازه‌ای پیش می‌آید. " * 60)[:3900]
    shown = await said(person, f"{story} {PLANE}"[:4096])
    assert shown.text
    await still_answers(api, person)


async def test_an_edited_question_edits_its_answer(api: StandIn) -> None:
    person = api.user(7)
    first = await said(person, PLANE)
    assert PLANE_TITLE in first.text
    question = next(shown for shown in person.messages if not shown.by_bot)
    await person.edit(question, "سلام")
    second = await reply(person)
    assert second.edited
    assert second.message_id == first.message_id
    assert ask.SMALL_TALK["greeting"] in second.text
    assert len([shown for shown in person.messages if shown.by_bot]) == 1
    await person.edit(question, PLANE)
    assert PLANE_TITLE in (await reply(person)).text
    await still_answers(api, person)


@pytest.mark.parametrize(
    "data", ["", "x", "s:", "s:no-such", "s:women-01:99", "bs:x:y:z:q", "none:", "up:9", "🙂", "a" * 64]
)
async def test_a_forged_or_old_button(api: StandIn, data: str) -> None:
    person = api.user(7)
    card = await said(person, "/start women-01")
    await person.press_data(card, data)
    answer = await person.callback_answer()
    told = await reply(person) if data not in {"none:", "up:9"} else None
    assert told is not None or answer is not None
    await person.send("/about")
    while "درباره" not in (await reply(person)).text:
        pass
    api.assert_clean()
    assert not api.unanswered()


async def test_a_button_of_a_message_that_is_gone(api: StandIn) -> None:
    person = api.user(7)
    page = await said(person, "/services")
    await person.delete(page)
    await person.press_data(page, "bd:a")
    shown = await reply(person)
    assert shown.message_id != page.message_id
    assert "bd:p" in shown.callbacks
    api.assert_clean()


async def test_in_a_group_only_what_is_said_to_us(api: StandIn) -> None:
    group = api.group(GROUP)
    member = group.member(70)
    await member.send(PLANE)
    await member.send_photo()
    await member.send("/start@some_other_bot")
    await member.send(f"@{api.world.me['username']} {PLANE}")
    first: Shown = await group.next_message(30)
    assert PLANE_TITLE in first.text
    assert first.data["reply_to_message"]["text"].endswith(PLANE)
    await member.send(f"/help@{api.world.me['username']}")
    assert "راهنما" in (await group.next_message(30)).text
    await member.send("مدارکش؟", reply_to=first)
    assert PLANE_TITLE in (await group.next_message(30)).text
    assert not group.unread
    api.assert_clean()


async def test_channel_posts_and_updates_of_new_kinds_are_passed_over(api: StandIn, service: Running) -> None:
    person = api.user(7)
    channel = {"id": -1009, "type": "channel", "title": "کانال"}
    post = {"message_id": 1, "date": 1, "chat": channel, "sender_chat": channel, "text": PLANE}
    for kind, body in (("channel_post", post), ("edited_channel_post", post), ("thing_of_tomorrow", {"a": [1]})):
        # Pushed past allowed_updates: an update may have been queued before we said what we want.
        api.updates.allowed, wanted = None, api.updates.allowed
        api.updates.push(kind, body)
        api.updates.allowed = wanted
    await still_answers(api, person)
    assert service.rows("SELECT count(*) FROM outbox") == [(1,)]


async def test_a_choice_is_made_by_number_and_by_button(api: StandIn) -> None:
    person = api.user(7)
    offered = await said(person, "ازدواج با خارجی")
    codes = [data.split(":")[1] for data in offered.callbacks if data.startswith("s:")]
    assert 2 <= len(codes) <= 5
    assert persian_digits(1) in offered.text
    await person.press(offered, f"s:{codes[1]}")
    shown = await reply(person)
    assert f"cnew:{codes[1]}" in shown.callbacks
    await person.press(offered, ask.NONE_OF_THESE)
    (none,) = await replies(person)
    assert none.text
    assert STALE not in none.text
    api.assert_clean()
