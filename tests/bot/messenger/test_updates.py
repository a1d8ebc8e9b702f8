"""Every kind of update that a messenger sends, as it sends it, becomes the turn or event that it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messenger.updates import Arrived, Asked, Chosen, Me, Membership, Raw, chat_of, parse, read
from handlers.turn import Attachment, Channel, Turn

ME = Me(42, "Khedmatyar_bot")
AT = 1_770_000_000
ALI = {"id": 7, "is_bot": False, "first_name": "علی", "last_name": "رضایی", "language_code": "fa"}
HOME = {"id": 7, "first_name": "علی", "type": "private"}
DESK = {"id": -100123, "title": "میز", "type": "supergroup"}
NEWS = {"id": -5, "title": "خبر", "type": "channel"}
OURSELVES = {"id": 42, "is_bot": True, "first_name": "خدمت‌یار", "username": "Khedmatyar_bot"}
FILE = {"file_id": "F1", "file_unique_id": "u1"}


def arrived(raw: Raw, channel: Channel = "telegram") -> Arrived:
    return read(parse(raw), channel, ME)


def heard(channel: Channel = "telegram", kind: str = "message", **content: Any) -> Turn | None:
    message = {"message_id": 11, "from": ALI, "chat": HOME, "date": AT, **content}
    event = arrived({"update_id": 900, kind: {k: v for k, v in message.items() if v is not None}}, channel).event
    assert event is None or isinstance(event, Turn)
    return event


def turn(**content: Any) -> Turn:
    made = heard(**content)
    assert made is not None
    return made


def test_a_text() -> None:
    assert turn(text="سلام 😀") == Turn(
        channel="telegram",
        update="900",
        chat="7",
        person="7",
        at=datetime.fromtimestamp(AT, UTC),
        text="سلام 😀",
        message="11",
        name="علی رضایی",
    )
    assert turn(text="x").at.utcoffset() == timedelta(0)


def test_an_edited_text_is_of_the_moment_of_the_edit() -> None:
    made = turn(kind="edited_message", text="درست شد", edit_date=AT + 60)
    assert made.edited
    assert made.message == "11"
    assert made.at == datetime.fromtimestamp(AT + 60, UTC)


def test_a_very_long_text_comes_whole() -> None:
    assert turn(text="ن" * 4096).text == "ن" * 4096


SIZES = [
    {**FILE, "file_id": "small", "width": 90, "height": 60, "file_size": 1000},
    {**FILE, "file_id": "large", "width": 1280, "height": 853, "file_size": 90_000},
    {**FILE, "file_id": "middle", "width": 320, "height": 213, "file_size": 9000},
]
STICKER = {**FILE, "type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
VIDEO = {**FILE, "width": 640, "height": 480, "duration": 3}
STORY = {"chat": {"id": 8, "type": "private", "first_name": "ر"}, "id": 3}
POLL = {
    "id": "1",
    "question": "؟",
    "options": [{"text": "بله", "voter_count": 0, "persistent_id": "1"}],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": True,
    "members_only": False,
}


@pytest.mark.parametrize(
    ("content", "attachment"),
    [
        ({"photo": SIZES}, Attachment("photo", "large", size=90_000)),
        ({"photo": SIZES, "media_group_id": "G"}, Attachment("photo", "large", size=90_000, album="G")),
        ({"voice": {**FILE, "duration": 4, "file_size": 77}}, Attachment("voice", "F1", size=77)),
        ({"audio": {**FILE, "duration": 4, "file_name": "a.mp3"}}, Attachment("audio", "F1", "a.mp3")),
        ({"video": {**VIDEO, "file_name": "v.mp4"}}, Attachment("video", "F1", "v.mp4")),
        ({"animation": VIDEO, "document": FILE}, Attachment("video", "F1")),
        ({"video_note": {**FILE, "length": 240, "duration": 3}}, Attachment("video", "F1")),
        (
            {"document": {**FILE, "file_name": "نامه.pdf", "file_size": 5}, "media_group_id": "D"},
            Attachment("document", "F1", "نامه.pdf", 5, "D"),
        ),
        ({"sticker": {**STICKER, "emoji": "🙂"}}, Attachment("sticker", "F1", "🙂")),
        ({"location": {"latitude": 36.28, "longitude": 50.0}}, Attachment("location", place=(36.28, 50.0))),
        (
            {"contact": {"phone_number": "+98912", "first_name": "رضا", "last_name": "نوری"}},
            Attachment("contact", name="رضا نوری", phone="+98912"),
        ),
        ({"dice": {"value": 3, "emoji": "🎲"}}, Attachment("other")),
        ({"story": STORY}, Attachment("other")),
        ({"poll": POLL}, Attachment("other")),
    ],
)
def test_attachments(content: dict[str, Any], attachment: Attachment) -> None:
    assert turn(**content).attachments == (attachment,)


def test_a_caption_is_the_text() -> None:
    assert turn(photo=SIZES, caption="این نامه").text == "این نامه"


@pytest.mark.parametrize(
    ("origin", "person"),
    [
        ({"type": "user", "date": AT, "sender_user": {**ALI, "id": 99}}, "99"),
        ({"type": "hidden_user", "date": AT, "sender_user_name": "ناشناس"}, None),
        ({"type": "channel", "date": AT, "chat": {"id": -5, "type": "channel", "title": "خبر"}, "message_id": 3}, None),
        ({"type": "chat", "date": AT, "sender_chat": {"id": -6, "type": "group", "title": "گروه"}}, None),
    ],
)
def test_forwarded(origin: dict[str, Any], person: str | None) -> None:
    made = turn(text="x", forward_origin=origin)
    assert (made.forwarded, made.forwarded_from) == (True, person)


def test_forwarded_as_older_interfaces_say_it() -> None:
    made = turn(channel="bale", text="x", forward_from={**ALI, "id": 99}, forward_date=AT)
    assert (made.channel, made.forwarded, made.forwarded_from) == ("bale", True, "99")


def test_in_groups_only_what_is_said_to_us_is_heard() -> None:
    said = {"message_id": 5, "chat": DESK, "date": AT}
    ours = {**said, "from": OURSELVES, "text": "شکایت تازه"}
    assert heard(chat=DESK, text="سلام همکاران") is None
    assert heard(chat=DESK, text="x", reply_to_message={**said, "from": ALI, "text": "y"}) is None
    answer = turn(chat=DESK, text="پاسخ", reply_to_message=ours)
    assert (answer.chat, answer.person, answer.private, answer.text) == ("-100123", "7", False, "پاسخ")
    assert turn(chat=DESK, photo=SIZES, reply_to_message=ours).attachments
    assert turn(chat=DESK, text="لطفاً @khedmatyar_bot پهپاد").text == "لطفاً پهپاد"
    assert heard(chat=DESK, text="@khedmatyar_bots پهپاد") is None
    assert turn(chat=DESK, text="/desk").text == "/desk"
    assert turn(chat=DESK, text="/desk@KHEDMATYAR_bot all").text == "/desk all"
    assert heard(chat=DESK, text="/desk@other_bot") is None


def test_a_command_with_our_name_in_private() -> None:
    assert turn(text="/start@Khedmatyar_bot s_1005").text == "/start s_1005"
    assert turn(text="/start@other_bot").text == "/start@other_bot"


@pytest.mark.parametrize(
    "content",
    [
        {"chat": DESK, "new_chat_members": [OURSELVES]},
        {"chat": DESK, "left_chat_member": ALI},
        {"chat": DESK, "migrate_to_chat_id": -1002},
        {"chat": DESK, "pinned_message": {"message_id": 1, "chat": DESK, "date": AT, "text": "x"}},
        {"chat": DESK, "from": OURSELVES, "text": "/start"},
        {"chat": DESK, "from": None, "sender_chat": DESK, "text": "/start"},
        {"write_access_allowed": {}},
        {},
    ],
)
def test_what_is_none_of_our_business(content: dict[str, Any]) -> None:
    assert heard(**content) is None


@pytest.mark.parametrize(
    "update",
    [
        {"channel_post": {"message_id": 1, "chat": NEWS, "date": AT, "text": "x"}},
        {"poll": POLL},
        {"something_new": {"id": 1}},
        {},
    ],
)
def test_unknown_updates_are_nothing(update: Raw) -> None:
    assert arrived({"update_id": 900, **update}) == Arrived()


def pressed(**content: Any) -> Arrived:
    query = {"id": "Q1", "from": ALI, "chat_instance": "1", **content}
    return arrived({"update_id": 901, "callback_query": query})


def test_a_pressed_button() -> None:
    bearer = {"message_id": 20, "from": OURSELVES, "chat": HOME, "date": AT, "text": "x"}
    made = pressed(message=bearer, data="rate:1")
    assert made.press == "Q1"
    assert isinstance(made.event, Turn)
    assert (made.event.button, made.event.message, made.event.chat, made.event.private) == ("rate:1", "20", "7", True)
    assert made.event.text == ""
    assert abs(datetime.now(UTC) - made.event.at) < timedelta(minutes=1)


def test_a_button_of_the_desk_is_pressed_in_the_desk() -> None:
    bearer = {"message_id": 20, "from": OURSELVES, "chat": DESK, "date": AT, "text": "x"}
    event = pressed(message=bearer, data="a").event
    assert isinstance(event, Turn)
    assert (event.chat, event.person, event.private) == ("-100123", "7", False)


def test_a_button_of_a_message_that_is_no_longer_accessible() -> None:
    event = pressed(message={"message_id": 20, "chat": HOME, "date": 0}, data="a").event
    assert isinstance(event, Turn)
    assert event.message == "20"


def test_a_button_of_an_inline_card_is_answered_in_private() -> None:
    made = pressed(inline_message_id="I1", data="a")
    assert isinstance(made.event, Turn)
    assert (made.event.chat, made.event.message, made.event.private) == ("7", None, True)


def test_a_press_without_data_is_still_answered() -> None:
    assert pressed(game_short_name="g") == Arrived(None, "Q1")


def test_what_bale_leaves_out_is_made_up_for() -> None:
    raw = {
        "update_id": 902,
        "callback_query": {
            "id": "Q2",
            "from": {"id": 7},
            "message": {"message_id": 3, "chat": {"id": 7, "type": "private"}},
            "data": "a",
        },
    }
    made = arrived(raw, "bale")
    assert made.press == "Q2"
    assert isinstance(made.event, Turn)
    assert made.event.name == ""
    message = {"message_id": 3, "from": {"id": 7, "first_name": "ع"}, "chat": HOME, "text": "x"}
    undated = arrived({"update_id": 903, "message": message}, "bale").event
    assert isinstance(undated, Turn)
    assert abs(datetime.now(UTC) - undated.at) < timedelta(minutes=1)


def test_a_message_with_a_part_of_another_form_is_still_heard() -> None:
    made = turn(channel="bale", text="سلام", invoice={"title": "x"}, photo=[{"file_id": 5}])
    assert (made.text, made.attachments, made.person) == ("سلام", (), "7")
    bearer = {"message_id": 3, "chat": HOME, "date": AT, "text": "x", "reply_markup": {"inline_keyboard": [[{}]]}}
    press = {"id": "Q", "from": ALI, "message": bearer, "data": "a"}
    event = arrived({"update_id": 1, "callback_query": press}, "bale").event
    assert isinstance(event, Turn)
    assert event.message == "3"


@pytest.mark.parametrize(
    ("status", "present"), [("kicked", False), ("left", False), ("member", True), ("administrator", True)]
)
def test_who_blocks_the_bot_and_who_comes_back(status: str, present: bool) -> None:
    rights = dict.fromkeys(
        (
            "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
            "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
            "can_edit_stories", "can_delete_stories",
        ),
        True,
    )  # fmt: skip
    new = {"user": OURSELVES, "status": status, "until_date": 0, **(rights if status == "administrator" else {})}
    change = {
        "chat": HOME,
        "from": ALI,
        "date": AT,
        "old_chat_member": {"user": OURSELVES, "status": "left"},
        "new_chat_member": new,
    }
    event = arrived({"update_id": 904, "my_chat_member": change}).event
    assert event == Membership("telegram", "904", "7", "7", datetime.fromtimestamp(AT, UTC), present, private=True)


def test_inline_queries() -> None:
    query = {"id": "I9", "from": ALI, "query": "پهپاد", "offset": ""}
    assert arrived({"update_id": 905, "inline_query": query}).event == Asked("905", "I9", "7", "پهپاد")
    chosen = {"result_id": "1005", "from": ALI, "query": "پهپاد"}
    assert arrived({"update_id": 906, "chosen_inline_result": chosen}).event == Chosen("906", "7", "1005", "پهپاد")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "chat", "from", "x"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["update_id", "message", "callback_query", "inline_query", "x"]), JSON))
def test_whose_turn_an_update_is_can_always_be_said(raw: Raw) -> None:
    assert isinstance(chat_of(raw), str)


def test_updates_of_one_chat_belong_together() -> None:
    message = {"message_id": 1, "from": ALI, "chat": HOME, "date": AT, "text": "x"}
    press = {"id": "Q", "from": ALI, "chat_instance": "1", "message": {**message, "from": OURSELVES}, "data": "a"}
    whose = {
        chat_of({"update_id": 1, "message": message}),
        chat_of({"update_id": 2, "edited_message": message}),
        chat_of({"update_id": 3, "callback_query": press}),
    }
    assert len(whose) == 1
    assert chat_of({"update_id": 4, "message": {**message, "chat": DESK}}) not in whose
