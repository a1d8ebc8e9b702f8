"""The stand-in with a real python-telegram-bot client: conversations, and good calls that leave no violation."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import telegram
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputMediaDocument,
    InputMediaPhoto,
    InputTextMessageContent,
    KeyboardButton,
    MenuButtonCommands,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
)
from telegram.error import BadRequest, Forbidden, InvalidToken

from bot.standin import StandIn, blank_png
from bot.standin.make_reference import COPY, compact
from bot.standin.schema import reference
from tests.bot.standin_tools import TOKEN, client

USER = 7
SHARED = Path(__file__).parents[3] / "shared" / "reference" / "telegram_bot_api.json"


@pytest.fixture
async def api() -> AsyncIterator[StandIn]:
    async with StandIn() as api:
        yield api


@pytest.fixture
async def bot(api: StandIn) -> AsyncIterator[Bot]:
    async with client(api) as bot:
        yield bot


@pytest.mark.skipif(not SHARED.exists(), reason="the shared reference is not beside this checkout")
def test_the_committed_reference_is_the_shared_one() -> None:
    assert COPY.read_text(encoding="utf-8") == compact(json.loads(SHARED.read_text(encoding="utf-8")))


def test_every_type_of_the_reference_can_be_checked() -> None:
    known = reference()
    for method in known.methods.values():
        for name, kinds in method.fields.items():
            problem = known.check(kinds, {"no such field": object()}, name)
            assert problem is not None, (method.name, name)


async def test_a_conversation(api: StandIn, bot: Bot) -> None:
    user = api.user(USER, first_name="مریم")
    await user.send("سلام")
    (update,) = await bot.get_updates(timeout=5)
    assert update.message is not None
    assert update.message.from_user is not None
    assert (update.message.text, update.message.from_user.first_name) == ("سلام", "مریم")
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("ساختمان", callback_data="topic:1")]])
    await update.message.reply_html("<b>کدام؟</b>", reply_markup=markup)
    shown = await user.next_message()
    assert (shown.text, shown.labels, shown.edited) == ("کدام؟", ["ساختمان"], False)
    await user.press(shown, "ساختمان")
    (update,) = await bot.get_updates(offset=update.update_id + 1, timeout=5)
    assert update.callback_query is not None
    assert update.callback_query.data == "topic:1"
    assert api.unanswered()
    await update.callback_query.answer("باشد")
    await update.callback_query.edit_message_text("ساختمان")
    changed = await user.next_message()
    assert (changed.text, changed.edited, changed.message_id) == ("ساختمان", True, shown.message_id)
    assert shown.text == "کدام؟"
    assert [message.text for message in user.messages] == ["سلام", "ساختمان"]
    assert not api.unanswered()
    api.assert_clean()


async def test_waiting_for_a_message_that_does_not_come(api: StandIn) -> None:
    user = api.user(USER)
    await user.send("سلام")
    with pytest.raises(TimeoutError, match="سلام"):
        await user.next_message(timeout=0.01)


async def test_everything_a_person_can_send(api: StandIn, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    user = api.user(USER)
    await user.send_photo(blank_png(20, 10), caption="عکس")
    await user.send_voice(seconds=9)
    await user.send_document(b"abc", name="نامه.pdf")
    await user.send_location(36.5, 53.0)
    await user.send_contact("+98912")
    await user.send_sticker("👍")
    await user.album([None, blank_png()], caption="دو عکس")
    await user.deep_link("foreign-04")
    await user.forward("متن دیگران")
    first = user.messages[0]
    await user.send("بله", reply_to=first)
    await user.edit(user.messages[-1], "خیر")
    updates = await bot.get_updates(timeout=5)
    messages = [update.effective_message for update in updates]
    photo, voice, document, location, contact, sticker, one, two, link, forwarded, reply, edited = messages
    assert photo is not None
    assert photo.caption == "عکس"
    assert voice is not None
    assert voice.voice is not None
    assert voice.voice.duration == timedelta(seconds=9)
    assert document is not None
    assert document.document is not None
    assert document.document.file_name == "نامه.pdf"
    file = await document.document.get_file()
    assert await file.download_as_bytearray() == b"abc"
    assert location is not None
    assert location.location is not None
    assert contact is not None
    assert contact.contact is not None
    assert contact.contact.user_id == USER
    assert sticker is not None
    assert sticker.sticker is not None
    assert sticker.sticker.emoji == "👍"
    assert one is not None
    assert two is not None
    assert one.media_group_id == two.media_group_id is not None
    assert link is not None
    assert link.text == "/start foreign-04"
    assert [(entity.type, entity.offset, entity.length) for entity in link.entities] == [("bot_command", 0, 6)]
    assert forwarded is not None
    assert forwarded.forward_origin is not None
    assert reply is not None
    assert reply.reply_to_message is not None
    assert reply.reply_to_message.message_id == first.message_id
    assert edited is not None
    assert updates[-1].edited_message is edited
    assert edited.text == "خیر"
    assert [update.update_id for update in updates] == sorted({update.update_id for update in updates})


async def test_everything_a_bot_sends(api: StandIn, bot: Bot) -> None:
    user = api.user(USER)
    sent = await bot.send_message(USER, "سلام", reply_markup=ReplyKeyboardMarkup([[KeyboardButton("منو")]]))
    await user.tap("منو")
    await bot.send_message(USER, "پاسخ", reply_parameters=ReplyParameters(2), reply_markup=ReplyKeyboardRemove())
    assert user.keyboard is None
    photo = await bot.send_photo(USER, blank_png(300, 200), caption="<i>نمودار</i>", parse_mode="HTML")
    assert (photo.photo[-1].width, photo.photo[-1].height) == (300, 200)
    await bot.send_photo(USER, photo.photo[-1].file_id)
    document = await bot.send_document(USER, b"%PDF", filename="فهرست.pdf", caption="فهرست", thumbnail=blank_png())
    assert document.document is not None
    assert document.document.file_name == "فهرست.pdf"
    album = await bot.send_media_group(USER, [InputMediaPhoto(blank_png(), caption="یک"), InputMediaPhoto(blank_png())])
    assert len({message.media_group_id for message in album}) == 1
    await bot.send_media_group(USER, [InputMediaDocument(b"a", filename="a.txt"), InputMediaDocument(b"b")])
    await bot.send_voice(USER, b"OggS", duration=4)
    await bot.send_location(USER, 36.5, 53.0)
    await bot.send_contact(USER, "+98", "استانداری")
    await bot.send_venue(USER, 36.5, 53.0, "استانداری", "ساری")
    await bot.send_poll(USER, "راضی بودید؟", ["بله", "خیر"], is_anonymous=False)
    await bot.send_dice(USER)
    await bot.send_chat_action(USER, "typing")
    await bot.edit_message_media(InputMediaPhoto(blank_png(40, 40)), USER, photo.message_id)
    await bot.edit_message_caption(USER, document.message_id, caption="فهرست تازه")
    copied = await bot.copy_message(USER, USER, photo.message_id, caption="رونوشت")
    assert user.message(copied.message_id).text == "رونوشت"
    forwarded = await bot.forward_message(USER, USER, 2)
    assert forwarded.forward_origin is not None
    assert len(await bot.copy_messages(USER, USER, [sent.message_id, photo.message_id])) == 2
    assert len(await bot.forward_messages(USER, USER, [sent.message_id])) == 1
    await bot.delete_message(USER, sent.message_id)
    await bot.delete_messages(USER, [album[0].message_id, album[1].message_id])
    assert sent.message_id not in [message.message_id for message in user.messages]
    await bot.pin_chat_message(USER, photo.message_id)
    assert (await bot.get_chat(USER)).id == USER
    api.assert_clean()
    assert not api.refusals


async def test_what_a_bot_tells_of_itself(api: StandIn, bot: Bot) -> None:
    assert bot.username == "khedmatyar_test_bot"
    api.user(USER)
    await bot.set_my_commands([BotCommand("start", "آغاز")])
    await bot.set_my_commands([BotCommand("desk", "میز")], scope=BotCommandScopeChat(USER), language_code="fa")
    assert [command.command for command in await bot.get_my_commands()] == ["start"]
    scoped = await bot.get_my_commands(scope=BotCommandScopeChat(USER), language_code="fa")
    assert [command.command for command in scoped] == ["desk"]
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    await bot.set_my_description("خدمت‌یار")
    await bot.set_my_short_description("راهنما")
    await bot.set_my_name("خدمت‌یار")
    assert (await bot.get_my_short_description()).short_description == "راهنما"
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())
    assert isinstance(await bot.get_chat_menu_button(), MenuButtonCommands)
    api.assert_clean()


async def test_a_method_it_does_not_act_on_is_checked_and_answered(api: StandIn, bot: Bot) -> None:
    link = await bot.create_chat_invite_link(-100, name="میز")
    assert isinstance(link, telegram.ChatInviteLink)
    assert await bot.set_message_reaction(USER, 1, "👍")
    with pytest.raises(BadRequest):
        await bot.set_message_reaction(USER, 1, "👍", api_kwargs={"loud": True})
    assert [violation.field for violation in api.violations] == ["loud"]


async def test_inline_mode(api: StandIn, bot: Bot) -> None:
    user = api.user(USER)
    await user.inline("پهپاد")
    (update,) = await bot.get_updates(timeout=5)
    assert update.inline_query is not None
    assert update.inline_query.query == "پهپاد"
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("مدارک", callback_data="docs")]])
    content = InputTextMessageContent("<b>مجوز پهپاد</b>", parse_mode="HTML")
    results = [InlineQueryResultArticle("a", "مجوز", content, reply_markup=markup, description="شرح")]
    await update.inline_query.answer(results, cache_time=0, is_personal=True)
    assert [result["id"] for result in await user.inline_answer()] == ["a"]
    message = await user.choose_inline("a")
    assert message is not None
    await user.press_inline(message, "مدارک")
    chosen, pressed = await bot.get_updates(offset=update.update_id + 1, timeout=5)
    assert chosen.chosen_inline_result is not None
    assert chosen.chosen_inline_result.inline_message_id == message
    assert pressed.callback_query is not None
    await pressed.callback_query.answer()
    assert await bot.edit_message_text("مدارک", inline_message_id=message) is True
    api.assert_clean()


async def test_a_staff_group(api: StandIn, bot: Bot) -> None:
    desk = api.group(-1001, title="میز")
    first, second = desk.member(11, first_name="رضا", status="creator"), desk.member(12, first_name="سارا")
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("برداشتن", callback_data="take:5")]])
    await bot.send_message(-1001, "شکایت تازه", reply_markup=markup)
    shown = await desk.next_message()
    await first.press(shown, "برداشتن")
    await second.send("پاسخ", reply_to=shown)
    pressed, replied = await bot.get_updates(timeout=5)
    assert pressed.callback_query is not None
    assert pressed.callback_query.from_user.first_name == "رضا"
    assert replied.message is not None
    assert replied.message.chat.type == "supergroup"
    assert replied.message.reply_to_message is not None
    assert replied.message.reply_to_message.text == "شکایت تازه"
    assert [(await bot.get_chat_member(-1001, person)).status for person in (11, 12)] == ["creator", "member"]
    api.user(13)
    assert (await bot.get_chat_member(-1001, 13)).status == "left"
    assert {member.user.id for member in await bot.get_chat_administrators(-1001)} == {11, bot.id}
    assert await bot.get_chat_member_count(-1001) == 3
    await pressed.callback_query.answer()
    api.assert_clean()


async def test_pressing_a_button_that_is_not_there(api: StandIn, bot: Bot) -> None:
    user = api.user(USER)
    await bot.send_message(
        USER, "سلام", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("وب", url="https://example.com")]])
    )
    shown = await user.next_message()
    with pytest.raises(LookupError, match="وب"):
        await user.press(shown, "ادامه")
    with pytest.raises(LookupError, match="not a callback button"):
        await user.press(shown, "وب")


async def test_a_person_who_blocks_the_bot_or_never_wrote(api: StandIn, bot: Bot) -> None:
    user = api.user(USER)
    user.block()
    (update,) = await bot.get_updates(timeout=5)
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(USER, "سلام")
    user.unblock()
    await bot.send_message(USER, "سلام")
    stranger = api.user(8, started=False)
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        await bot.send_message(8, "سلام")
    await stranger.send("/start")
    await bot.send_message(8, "سلام")
    assert [refused.code for refused in api.refusals] == [403, 403]
    api.assert_clean()


async def test_a_wrong_token(api: StandIn) -> None:
    with pytest.raises(InvalidToken):
        async with client(api, token=f"{TOKEN}-other"):
            pass
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{api.url}/bot43:OTHER/getMe")
    assert answer.status_code == 401
    assert answer.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}


async def test_the_ways_to_pass_parameters(api: StandIn) -> None:
    user = api.user(USER)
    message: dict[str, str | int] = {"chat_id": USER, "text": "سلام + & = %"}
    async with httpx.AsyncClient(base_url=f"{api.url}/bot{TOKEN}") as http:
        await http.get("/sendMessage", params=message)
        await http.post("/sendMessage", data=message)
        await http.post("/sendMessage", json=message)
        await http.post("/sendMessage", data=message, files={"x": ("x.txt", b"\r\n--x\r\n\0")})
        await http.post(
            "/sendMessage", content=_in_pieces(json.dumps(message)), headers={"content-type": "application/json"}
        )
        broken = await http.post("/sendMessage", content=b"{", headers={"content-type": "application/json"})
    assert broken.status_code == 400
    assert [shown.text for shown in user.messages] == ["سلام + & = %"] * 5
    assert [violation.field for violation in api.violations] == ["x", None]


async def _in_pieces(text: str) -> AsyncIterator[bytes]:
    for character in text:
        yield character.encode()


async def test_one_connection_serves_many_calls(api: StandIn, bot: Bot) -> None:
    for _ in range(5):
        await bot.get_me()
    assert len(api._connections) == 1


async def test_assert_clean_names_the_violation(api: StandIn, bot: Bot) -> None:
    with pytest.raises(BadRequest):
        await bot.send_message(USER, "")
    with pytest.raises(AssertionError, match="sendMessage: text: "):
        api.assert_clean()
