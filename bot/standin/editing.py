"""The methods that change or remove a message."""

from __future__ import annotations

from bot.standin.arguments import Arguments
from bot.standin.errors import NOT_MODIFIED, Json, MistakeError, RefusalError
from bot.standin.sending import Content, Methods, input_media, markup_of
from bot.standin.world import Chat, Shown, Stored, World

METHODS = method = Methods()

_TEXT_FIELDS = ("text", "entities")
_CAPTION_FIELDS = ("caption", "caption_entities")
_MEDIA = ("photo", "document", "video", "audio", "animation")
_CAPTIONED = (*_MEDIA, "voice")


def _target(world: World, call: Arguments) -> tuple[Chat, Stored] | str:
    """The bot's own message to edit, or the id of one sent through inline mode."""
    inline = call.get("inline_message_id")
    if inline is not None:
        if inline not in world.inline_messages:
            raise MistakeError("inline_message_id", "no such inline message", "Bad Request: MESSAGE_ID_INVALID")
        return str(inline)
    if "chat_id" not in call.values or "message_id" not in call.values:
        raise MistakeError(
            "message_id",
            "neither chat_id with message_id nor inline_message_id",
            "Bad Request: message identifier is not specified",
        )
    chat = world.chat(call["chat_id"])
    stored = world.message(chat, call["message_id"], "message to edit")
    if not stored.shown.by_bot:
        raise MistakeError("message_id", "not the bot's own message", "Bad Request: message can't be edited")
    return chat, stored


def _changed(shown: Shown, content: Json, fields: tuple[str, ...], markup: Json | None) -> Json | None:
    """The message's JSON with ``fields`` replaced; None when nothing at all differs."""
    data = {name: value for name, value in shown.data.items() if name not in fields}
    data.update(content)
    same_markup = ((markup or {}).get("inline_keyboard") or []) == shown.buttons
    same = all(data.get(name) == shown.data.get(name) for name in (*fields, *content))
    return None if same and same_markup else data


def _edit(world: World, call: Arguments, content: Json, fields: tuple[str, ...], source: str | None) -> Json | bool:
    """Replace ``fields`` of the message by ``content``. The JSON of the message, or True for an inline message."""
    target = _target(world, call)
    markup = markup_of(world, call)
    shown = world.inline_messages[target] if isinstance(target, str) else target[1].shown
    data = _changed(shown, content, fields, markup)
    if data is None:
        raise RefusalError(400, NOT_MODIFIED)
    source = shown.source if source is None else source
    if isinstance(target, str):
        world.inline_messages[target] = Shown(data, markup, source, by_bot=True, edited=True)
        return True
    return world.change(*target, data, source, markup).data


def _shown(world: World, call: Arguments) -> Shown:
    target = _target(world, call)
    return world.inline_messages[target] if isinstance(target, str) else target[1].shown


@method("editMessageText")
def edit_text(world: World, call: Arguments) -> Json | bool:
    """Replace text and keyboard of a text message."""
    shown = _shown(world, call)
    if "inline_message_id" not in call.values and "text" not in shown.data:
        description = "Bad Request: there is no text in the message to edit"
        raise MistakeError("message_id", "there is no text in the message to edit", description)
    content = Content(world, call.values, "text")
    return _edit(world, call, content.json, _TEXT_FIELDS, content.source)


@method("editMessageCaption")
def edit_caption(world: World, call: Arguments) -> Json | bool:
    """Replace caption and keyboard of a message with a file."""
    shown = _shown(world, call)
    if "inline_message_id" not in call.values and not any(kind in shown.data for kind in _CAPTIONED):
        description = "Bad Request: there is no caption in the message to edit"
        raise MistakeError("message_id", "there is no caption in the message to edit", description)
    content = Content(world, call.values, "caption")
    return _edit(world, call, content.json, _CAPTION_FIELDS, content.source)


@method("editMessageReplyMarkup")
def edit_markup(world: World, call: Arguments) -> Json | bool:
    """Replace only the keyboard; none takes it away."""
    return _edit(world, call, {}, (), None)


@method("editMessageMedia")
def edit_media(world: World, call: Arguments) -> Json | bool:
    """Replace file, caption and keyboard."""
    _shown(world, call)
    content, source = input_media(world, call, call["media"], "media")
    return _edit(world, call, content, (*_MEDIA, *_TEXT_FIELDS, *_CAPTION_FIELDS), source)


def _delete(world: World, chat: Chat, stored: Stored) -> None:
    if not stored.shown.by_bot and not chat.private and chat.members.get(world.me["id"]) != "administrator":
        raise MistakeError("message_id", "not the bot's own message", "Bad Request: message can't be deleted")
    stored.deleted = True


@method("deleteMessage")
def delete_message(world: World, call: Arguments) -> bool:
    """Take one message away."""
    chat = world.known_chat(call["chat_id"])
    _delete(world, chat, world.message(chat, call["message_id"], "message to delete"))
    return True


@method("deleteMessages")
def delete_messages(world: World, call: Arguments) -> bool:
    """Take 1 to 100 messages away; those that are not there are passed over."""
    numbers: list[int] = call["message_ids"]
    if world.check and not 1 <= len(numbers) <= 100:
        raise MistakeError("message_ids", "not 1 to 100 messages")
    chat = world.known_chat(call["chat_id"])
    for number in numbers:
        stored = chat.messages.get(number)
        if stored is not None and not stored.deleted:
            _delete(world, chat, stored)
    return True


@method("pinChatMessage", "unpinChatMessage")
def pin(world: World, call: Arguments) -> bool:
    """Only that the message is there."""
    if "message_id" in call.values:
        world.message(world.known_chat(call["chat_id"]), call["message_id"], "message to pin")
    return True
