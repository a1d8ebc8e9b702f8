"""Every rule of the Bot API that the stand-in watches: a bad call by the real client is reported and refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaDocument, InputMediaPhoto
from telegram.error import BadRequest, InvalidToken, NetworkError

from bot.standin import StandIn, blank_png
from bot.standin import limits as standin_limits
from tests.bot.standin_tools import call, client, reported

USER = 7


@pytest.fixture
async def api() -> AsyncIterator[StandIn]:
    async with StandIn() as api:
        api.user(USER, first_name="مریم")
        yield api


@pytest.fixture
async def bot(api: StandIn) -> AsyncIterator[Bot]:
    async with client(api) as bot:
        yield bot


def button(**fields: Any) -> dict[str, Any]:
    return {"text": "الف", **fields}


def keyboard(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(rows)}


async def test_unknown_method(api: StandIn, bot: Bot) -> None:
    violation = await reported(api, bot, "sendTelegram", InvalidToken, chat_id=USER)
    assert "no method" in violation.reason


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"chat_id": USER, "text": "سلام", "txet": "x"}, "txet"),
        ({"text": "سلام"}, "chat_id"),
        ({"chat_id": USER}, "text"),
        ({"chat_id": USER, "text": "سلام", "disable_notification": "perhaps"}, "disable_notification"),
        ({"chat_id": USER, "text": "سلام", "message_thread_id": "one"}, "message_thread_id"),
        ({"chat_id": USER, "text": "سلام", "reply_markup": "{broken"}, "reply_markup"),
        (
            {"chat_id": USER, "text": "سلام", "reply_markup": {"inline_keyboard": "rows"}},
            "reply_markup.inline_keyboard",
        ),
        (
            {"chat_id": USER, "text": "سلام", "reply_markup": {"inline_keyboard": [], "resize_keyboard": True}},
            "reply_markup.resize_keyboard",
        ),
        (
            {"chat_id": USER, "text": "سلام", "reply_markup": keyboard([button(callback_data="a", colour="red")])},
            "reply_markup.inline_keyboard[0][0].colour",
        ),
        (
            {"chat_id": USER, "text": "سلام", "reply_markup": keyboard([{"callback_data": "a"}])},
            "reply_markup.inline_keyboard[0][0].text",
        ),
        ({"chat_id": USER, "text": "سلام", "reply_parameters": {"message_id": "1"}}, "reply_parameters.message_id"),
    ],
)
async def test_schema_of_a_message(api: StandIn, bot: Bot, parameters: dict[str, Any], field: str) -> None:
    violation = await reported(api, bot, "sendMessage", **parameters)
    assert violation.field == field


@pytest.mark.parametrize(
    ("method", "parameters", "field"),
    [
        ("setMyCommands", {"commands": [{"command": "a"}]}, "commands[0].description"),
        ("setMyCommands", {"commands": [], "scope": {"type": "everybody"}}, "scope"),
        ("setMyCommands", {"commands": [], "scope": {"type": "chat"}}, "scope.chat_id"),
        ("editMessageMedia", {"chat_id": USER, "message_id": 1, "media": {"type": "photo"}}, "media.media"),
        ("setChatMenuButton", {"menu_button": {"type": "web_app", "text": "x"}}, "menu_button.web_app"),
        (
            "answerInlineQuery",
            {"inline_query_id": "1", "results": [{"type": "article", "id": "a"}]},
            "results[0].title",
        ),
        (
            "answerInlineQuery",
            {
                "inline_query_id": "1",
                "results": [
                    {"type": "article", "id": "a", "title": "t", "input_message_content": {"message_txt": "x"}},
                ],
            },
            "results[0].input_message_content.message_text",
        ),
    ],
)
async def test_schema_of_objects(api: StandIn, bot: Bot, method: str, parameters: dict[str, Any], field: str) -> None:
    violation = await reported(api, bot, method, **parameters)
    assert violation.field == field


async def test_text_is_counted_as_shown_in_utf16_units(api: StandIn, bot: Bot) -> None:
    user = api.user(USER)
    await bot.send_message(USER, f"<b>{'ب' * 4096}</b>", parse_mode="HTML")
    await bot.send_message(USER, "🙂" * 2048)
    assert [len(message.text) for message in user.messages] == [4096, 2048]
    violation = await reported(api, bot, "sendMessage", match="too long", chat_id=USER, text="🙂" * 2048 + "ب")
    assert violation.field == "text"


@pytest.mark.parametrize("text", ["", "  \n ", "\u200c\u200f", "<b> </b>"])
async def test_empty_text(api: StandIn, bot: Bot, text: str) -> None:
    match = "message text is empty"
    await reported(api, bot, "sendMessage", match=match, chat_id=USER, text=text, parse_mode="HTML")


async def test_caption_limit(api: StandIn, bot: Bot) -> None:
    await bot.send_photo(USER, blank_png(), caption="<i>" + "ب" * 1024 + "</i>", parse_mode="HTML")
    api.assert_clean()
    with pytest.raises(BadRequest, match=r"(?i)caption is too long"):
        await bot.send_photo(USER, blank_png(), caption="ب" * 1025)
    assert [violation.field for violation in api.violations] == ["caption"]


@pytest.mark.parametrize("parse_mode", ["XML", "html5"])
async def test_parse_mode(api: StandIn, bot: Bot, parse_mode: str) -> None:
    violation = await reported(api, bot, "sendMessage", chat_id=USER, text="x", parse_mode=parse_mode)
    assert violation.field == "parse_mode"


async def test_html_that_telegram_cannot_parse(api: StandIn, bot: Bot) -> None:
    match = "can't parse entities: Can't find end tag corresponding to start tag \"b\""
    await reported(api, bot, "sendMessage", match=match, chat_id=USER, text="<b>سلام", parse_mode="HTML")


async def test_a_reference_telegram_does_not_decode_is_reported_though_it_is_sent(api: StandIn, bot: Bot) -> None:
    message = await bot.send_message(USER, "الف&nbsp;ب", parse_mode="HTML")
    assert message.text == "الف&nbsp;ب"
    assert [violation.field for violation in api.violations] == ["text"]


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        (keyboard([button(callback_data="ب" * 33)]), "BUTTON_DATA_INVALID"),
        (keyboard([button(callback_data="")]), "BUTTON_DATA_INVALID"),
        (keyboard([button(callback_data="a")] * 9), "more than 8 buttons"),
        (keyboard(*[[button(callback_data="a")]] * 101), "reply markup is too long"),
        (keyboard([button()]), "Text buttons are not allowed"),
        (keyboard([button(callback_data="a", url="https://example.com")]), "more than one action"),
        (keyboard([{"text": " ", "callback_data": "a"}]), "text must be non-empty"),
        (keyboard([button(url="javascript:alert(1)")]), "Unsupported URL protocol"),
        (keyboard([button(url="example.com/x")]), "Unsupported URL protocol"),
        (keyboard([button(url="https://")]), "Wrong HTTP URL"),
        ({"keyboard": [[""]]}, "text must be non-empty"),
    ],
)
async def test_keyboards(api: StandIn, bot: Bot, markup: dict[str, Any], words: str) -> None:
    await reported(api, bot, "sendMessage", match=words, chat_id=USER, text="سلام", reply_markup=markup)


async def test_the_largest_keyboard_is_accepted(api: StandIn, bot: Bot) -> None:
    row = [InlineKeyboardButton("الف", callback_data="ب" * 32)] * 8
    rows = [row] * 12 + [
        [
            InlineKeyboardButton("وب", url="https://example.com/راهنما"),
            InlineKeyboardButton("تلگرام", url="tg://user?id=7"),
        ],
        [InlineKeyboardButton("جست‌وجو", switch_inline_query="پهپاد")],
        [InlineKeyboardButton("کپی", copy_text={"text": "x"})],  # type: ignore[arg-type]  # the plain object is sent as is
    ]
    await bot.send_message(USER, "سلام", reply_markup=InlineKeyboardMarkup(rows))
    api.assert_clean()


async def test_edit_that_changes_nothing_is_refused_but_no_violation(api: StandIn, bot: Bot) -> None:
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("الف", callback_data="a")]])
    sent = await bot.send_message(USER, "<b>سلام</b>", parse_mode="HTML", reply_markup=markup)
    with pytest.raises(
        BadRequest, match=r"(?i)message is not modified: specified new message content and reply markup are"
    ):
        await bot.edit_message_text("<b>سلام</b>", USER, sent.message_id, parse_mode="HTML", reply_markup=markup)
    with pytest.raises(BadRequest, match=r"(?i)not modified"):
        await bot.edit_message_reply_markup(USER, sent.message_id, reply_markup=markup)
    assert api.not_modified == 2
    assert not api.violations
    await bot.edit_message_text("سلام", USER, sent.message_id, reply_markup=markup)
    await bot.edit_message_reply_markup(USER, sent.message_id)
    assert api.not_modified == 2
    assert api.user(USER).messages[0].buttons == []


async def test_edit_of_a_message_that_never_was(api: StandIn, bot: Bot) -> None:
    match = "message to edit not found"
    await reported(api, bot, "editMessageText", match=match, chat_id=USER, message_id=99, text="x")


async def test_edit_of_a_deleted_message_is_no_violation(api: StandIn, bot: Bot) -> None:
    sent = await bot.send_message(USER, "سلام")
    await api.user(USER).delete(sent.message_id)
    with pytest.raises(BadRequest, match=r"(?i)message to edit not found"):
        await bot.edit_message_text("x", USER, sent.message_id)
    assert not api.violations
    assert len(api.refusals) == 1


async def test_edit_of_the_text_of_a_photo(api: StandIn, bot: Bot) -> None:
    sent = await bot.send_photo(USER, blank_png(), caption="الف")
    await bot.edit_message_caption(USER, sent.message_id, caption="ب")
    match = "there is no text in the message to edit"
    await reported(api, bot, "editMessageText", match=match, chat_id=USER, message_id=sent.message_id, text="x")


async def test_edit_of_the_caption_of_a_text(api: StandIn, bot: Bot) -> None:
    sent = await bot.send_message(USER, "سلام")
    match = "there is no caption in the message to edit"
    await reported(api, bot, "editMessageCaption", match=match, chat_id=USER, message_id=sent.message_id, caption="x")


async def test_edit_of_a_persons_message(api: StandIn, bot: Bot) -> None:
    await api.user(USER).send("سلام")
    match = "message can't be edited"
    await reported(api, bot, "editMessageText", match=match, chat_id=USER, message_id=1, text="x")


async def test_callback_answers(api: StandIn, bot: Bot) -> None:
    user = api.user(USER)
    sent = await bot.send_message(USER, "سلام")
    await user.press_data(sent.message_id, "x:y")
    (update,) = await bot.get_updates(timeout=1)
    assert update.callback_query is not None
    assert update.callback_query.data == "x:y"
    await bot.answer_callback_query(update.callback_query.id, "باشد", show_alert=True)
    assert (await user.callback_answer())["text"] == "باشد"
    with pytest.raises(BadRequest, match=r"(?i)query is too old and response timeout expired or query ID is invalid"):
        await bot.answer_callback_query(update.callback_query.id)
    assert not api.violations
    assert len(api.refusals) == 1
    await reported(api, bot, "answerCallbackQuery", match="query ID is invalid", callback_query_id="1")


async def test_a_late_callback_answer_is_refused(api: StandIn, bot: Bot) -> None:
    sent = await bot.send_message(USER, "سلام")
    await api.user(USER).press_data(sent.message_id, "x")
    api.world.query_lifetime = -1
    (update,) = await bot.get_updates(timeout=1)
    assert update.callback_query is not None
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await update.callback_query.answer()
    assert [refused.method for refused in api.refusals] == ["answerCallbackQuery"]


async def test_callback_text_limit(api: StandIn, bot: Bot) -> None:
    violation = await reported(api, bot, "answerCallbackQuery", callback_query_id="1", text="ب" * 201)
    assert violation.field == "text"


def article(identifier: str, text: str = "متن") -> dict[str, Any]:
    content = {"message_text": text, "parse_mode": "HTML"}
    return {"type": "article", "id": identifier, "title": "عنوان", "input_message_content": content}


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([article(str(number)) for number in range(51)], "RESULTS_TOO_MUCH"),
        ([article("a"), article("a")], "RESULT_ID_DUPLICATE"),
        ([article("ب" * 33)], "RESULT_ID_INVALID"),
        ([article("")], "RESULT_ID_INVALID"),
        ([article("a", "")], "message text is empty"),
        ([article("a", "<b>x")], "can't parse entities"),
        ([article("a", "x" * 4097)], "message is too long"),
        ([{**article("a"), "reply_markup": keyboard([button()])}], "Text buttons"),
        ([{**article("a"), "title": " "}], "ARTICLE_TITLE_EMPTY"),
        ([article("a")], "query ID is invalid"),
    ],
)
async def test_inline_answers(api: StandIn, bot: Bot, results: list[dict[str, Any]], words: str) -> None:
    await reported(api, bot, "answerInlineQuery", match=words, inline_query_id="1", results=results)


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([{"command": "Start", "description": "x"}], "BOT_COMMAND_INVALID"),
        ([{"command": "a" * 33, "description": "x"}], "BOT_COMMAND_INVALID"),
        ([{"command": "راهنما", "description": "x"}], "BOT_COMMAND_INVALID"),
        ([{"command": "a", "description": ""}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": "a", "description": "ب" * 257}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": f"c{number}", "description": "x"} for number in range(101)], "BOT_COMMANDS_TOO_MUCH"),
    ],
)
async def test_commands(api: StandIn, bot: Bot, commands: list[dict[str, Any]], words: str) -> None:
    await reported(api, bot, "setMyCommands", match=words, commands=commands)


@pytest.mark.parametrize(
    ("method", "field", "length"),
    [
        ("setMyName", "name", 65),
        ("setMyDescription", "description", 513),
        ("setMyShortDescription", "short_description", 121),
    ],
)
async def test_profile_texts(api: StandIn, bot: Bot, method: str, field: str, length: int) -> None:
    parameters: dict[str, Any] = {field: "ب" * length}
    violation = await reported(api, bot, method, **parameters)
    assert violation.field == field


@pytest.mark.parametrize(("width", "height"), [(5001, 5000), (2100, 100), (10, 201)])
async def test_photo_dimensions(api: StandIn, bot: Bot, width: int, height: int) -> None:
    with pytest.raises(BadRequest, match=r"(?i)PHOTO_INVALID_DIMENSIONS"):
        await bot.send_photo(USER, blank_png(width, height))
    assert [violation.field for violation in api.violations] == ["photo"]


async def test_photo_that_is_no_picture(api: StandIn, bot: Bot) -> None:
    with pytest.raises(BadRequest, match=r"(?i)IMAGE_PROCESS_FAILED"):
        await bot.send_photo(USER, b"<svg/>", filename="a.png")
    assert len(api.violations) == 1


async def test_sizes_of_files(api: StandIn, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (standin_limits.PHOTO_BYTES, standin_limits.FILE_BYTES) == (10 * 2**20, 50 * 2**20)
    monkeypatch.setattr(standin_limits, "PHOTO_BYTES", 1000)
    monkeypatch.setattr(standin_limits, "FILE_BYTES", 2000)
    with pytest.raises(BadRequest, match=r"(?i)too big for a photo"):
        await bot.send_photo(USER, blank_png() + b"\0" * 1000)
    with pytest.raises(NetworkError, match=r"(?i)Request Entity Too Large"):
        await bot.send_document(USER, b"\0" * 2001)
    assert [violation.field for violation in api.violations] == ["photo", "document"]


async def test_albums(api: StandIn, bot: Bot) -> None:
    photo, document = InputMediaPhoto("https://example.com/a.png"), InputMediaDocument("https://example.com/a.pdf")
    for media, words in (([photo], "2-10"), ([photo] * 11, "2-10"), ([photo, document], "can't be mixed")):
        await reported(api, bot, "sendMediaGroup", match=words, chat_id=USER, media=media)
        api.violations.clear()


@pytest.mark.parametrize("photo", ["attach://nothing", "AgAC-unknown"])
async def test_files_that_are_not_there(api: StandIn, bot: Bot, photo: str) -> None:
    await reported(api, bot, "sendPhoto", chat_id=USER, photo=photo)


async def test_chat_action(api: StandIn, bot: Bot) -> None:
    await bot.send_chat_action(USER, "typing")
    await reported(api, bot, "sendChatAction", match="wrong parameter action", chat_id=USER, action="thinking")


@pytest.mark.parametrize("method", ["copyMessage", "forwardMessage"])
async def test_copy_of_a_message_that_never_was(api: StandIn, bot: Bot, method: str) -> None:
    await reported(api, bot, method, match="not found", chat_id=USER, from_chat_id=USER, message_id=5)


@pytest.mark.parametrize("method", ["copyMessages", "forwardMessages"])
async def test_copy_of_messages_that_never_were(api: StandIn, bot: Bot, method: str) -> None:
    await reported(api, bot, method, match="not found", chat_id=USER, from_chat_id=USER, message_ids=[5, 6])


async def test_reply_to_a_message_that_never_was(api: StandIn, bot: Bot) -> None:
    reply = {"message_id": 9}
    match = "message to be replied not found"
    await reported(api, bot, "sendMessage", match=match, chat_id=USER, text="x", reply_parameters=reply)
    await bot.send_message(USER, "x", reply_to_message_id=9, allow_sending_without_reply=True)
    assert len(api.violations) == 1


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"question": "", "options": ["a", "b"]}, "poll question"),
        ({"question": "a" * 301, "options": ["a", "b"]}, "poll question"),
        ({"question": "a", "options": []}, "1-12 options"),
        ({"question": "a", "options": [{"text": "a" * 101}]}, "poll option"),
    ],
)
async def test_polls(api: StandIn, bot: Bot, parameters: dict[str, Any], words: str) -> None:
    if parameters["options"] == ["a", "b"]:
        parameters = {**parameters, "options": [{"text": "a"}, {"text": "b"}]}
    await reported(api, bot, "sendPoll", match=words, chat_id=USER, **parameters)


async def test_location(api: StandIn, bot: Bot) -> None:
    await reported(api, bot, "sendLocation", match="wrong latitude", chat_id=USER, latitude=91, longitude=0)


async def test_unknown_chat_is_a_refusal(api: StandIn, bot: Bot) -> None:
    with pytest.raises(BadRequest, match=r"(?i)[Cc]hat not found"):
        await bot.send_message(8, "سلام")
    assert not api.violations
    assert api.refusals[0].code == 400


async def test_a_call_is_kept_with_its_decoded_parameters(api: StandIn, bot: Bot) -> None:
    markup = keyboard([button(callback_data="a")])
    await call(bot, "sendMessage", chat_id=USER, text="سلام", reply_markup=json.dumps(markup))
    (kept,) = api.calls_of("sendMessage")
    assert kept.parameters == {"chat_id": USER, "text": "سلام", "reply_markup": markup}
    assert kept.outcome == "ok"
