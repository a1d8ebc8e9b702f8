"""The methods that answer queries, describe the bot, and ask about chats and files."""

from __future__ import annotations

import json
import time
from typing import Any

from bot.standin import limits
from bot.standin.arguments import Arguments
from bot.standin.errors import Json, MistakeError, RefusalError
from bot.standin.sending import Methods
from bot.standin.world import Query, World

METHODS = method = Methods()

_TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


def _answer(world: World, queries: dict[str, Query], field: str, call: Arguments) -> bool:
    """Take the bot's answer. Unknown is a mistake; late or repeated can happen to a correct bot after a crash."""
    query = queries.get(call[field])
    if query is None:
        raise MistakeError(field, f"no query {call[field]!r} was ever sent", _TOO_OLD)
    if query.answered or time.monotonic() - query.at > world.query_lifetime:
        raise RefusalError(400, _TOO_OLD)
    query.answered = True
    query.answer = dict(call.values)
    query.done.set()
    return True


@method("answerCallbackQuery")
def answer_callback(world: World, call: Arguments) -> bool:
    """A toast or an alert of at most 200 characters, or nothing at all."""
    if world.check:
        limits.check_span(call.get("text"), 0, 200, "text", "MESSAGE_TOO_LONG")
    return _answer(world, world.callbacks, "callback_query_id", call)


@method("answerInlineQuery")
def answer_inline(world: World, call: Arguments) -> bool:
    """At most 50 results with different ids."""
    if world.check:
        limits.check_inline_results(call["results"])
        if len(call.get("next_offset", "").encode()) > 64:
            raise MistakeError("next_offset", "more than 64 bytes", "Bad Request: NEXT_OFFSET_INVALID")
    return _answer(world, world.inline_queries, "inline_query_id", call)


@method("getMe")
def get_me(world: World, _call: Arguments) -> Json:
    """The bot itself."""
    return world.me


def _scope(call: Arguments) -> tuple[str, str]:
    scope = call.get("scope") or {"type": "default"}
    return json.dumps(scope, sort_keys=True), call.get("language_code", "")


@method("setMyCommands")
def set_commands(world: World, call: Arguments) -> bool:
    """The menu of one scope and language."""
    if world.check:
        limits.check_commands(call["commands"])
    world.commands[_scope(call)] = call["commands"]
    return True


@method("getMyCommands")
def get_commands(world: World, call: Arguments) -> list[Json]:
    """The menu of one scope and language, empty when none was set."""
    return world.commands.get(_scope(call), [])


@method("deleteMyCommands")
def delete_commands(world: World, call: Arguments) -> bool:
    """Forget the menu of one scope and language."""
    world.commands.pop(_scope(call), None)
    return True


_TEXTS = {"Name": ("name", 64), "Description": ("description", 512), "ShortDescription": ("short_description", 120)}


def _profile(suffix: str, field: str, limit: int) -> None:
    def set_text(world: World, call: Arguments) -> bool:
        if world.check:
            limits.check_span(call.get(field), 0, limit, field, f"BOT_{field.upper()}_TOO_LONG")
        world.texts[field, call.get("language_code", "")] = call.get(field, "")
        return True

    def get_text(world: World, call: Arguments) -> Json:
        default = world.me["first_name"] if field == "name" else ""
        return {field: world.texts.get((field, call.get("language_code", "")), default)}

    METHODS[f"setMy{suffix}"] = set_text
    METHODS[f"getMy{suffix}"] = get_text


for _suffix, (_field, _limit) in _TEXTS.items():
    _profile(_suffix, _field, _limit)


@method("setChatMenuButton")
def set_menu_button(world: World, call: Arguments) -> bool:
    """The button beside the message field, of one chat or of all."""
    world.menu_buttons[call.get("chat_id")] = call.get("menu_button") or {"type": "default"}
    return True


@method("getChatMenuButton")
def get_menu_button(world: World, call: Arguments) -> Json:
    """The chat's own button, or the one of all chats."""
    default = world.menu_buttons.get(None, {"type": "default"})
    return world.menu_buttons.get(call.get("chat_id"), default)


@method("sendChatAction")
def send_chat_action(world: World, call: Arguments) -> bool:
    """«is typing …» and the like."""
    if world.check and call["action"] not in limits.CHAT_ACTIONS:
        raise MistakeError(
            "action", f"{call['action']!r} is no action", "Bad Request: wrong parameter action in request"
        )
    world.chat(call["chat_id"])
    return True


@method("getFile")
def get_file(world: World, call: Arguments) -> Json:
    """The path for a download, of a file of at most 20 MB."""
    kept = world.files.get(call["file_id"])
    if kept is None:
        # No mistake of the bot's: ids that a messenger gave out itself are answered so when the file is gone.
        raise RefusalError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
    if len(kept.content) > limits.DOWNLOAD_BYTES:
        raise RefusalError(400, "Bad Request: file is too big")
    return kept.data


@method("getChat")
def get_chat(world: World, call: Arguments) -> Json:
    """The chat with what `ChatFullInfo` requires."""
    chat = world.known_chat(call["chat_id"])
    return {**world.plausible("ChatFullInfo"), **chat.data, "accepted_gift_types": world.plausible("AcceptedGiftTypes")}


_MEMBERS = {
    "creator": "ChatMemberOwner",
    "administrator": "ChatMemberAdministrator",
    "member": "ChatMemberMember",
    "left": "ChatMemberLeft",
    "kicked": "ChatMemberBanned",
}


def member_json(world: World, status: str, user: Json) -> Json:
    """A `ChatMember` object."""
    member: dict[str, Any] = world.plausible(_MEMBERS[status])
    return {**member, "status": status, "user": user}


@method("getChatMember")
def get_chat_member(world: World, call: Arguments) -> Json:
    """How one person stands in a chat; `left` for a known person who is not in it."""
    chat = world.known_chat(call["chat_id"])
    user = world.me if call["user_id"] == world.me["id"] else world.users.get(call["user_id"])
    if user is None:
        raise RefusalError(400, "Bad Request: PARTICIPANT_ID_INVALID")
    default = "member" if chat.private and user["id"] in {chat.id, world.me["id"]} else "left"
    return member_json(world, chat.members.get(user["id"], default), user)


@method("getChatAdministrators")
def get_administrators(world: World, call: Arguments) -> list[Json]:
    """Owner and administrators of a group."""
    chat = world.known_chat(call["chat_id"])
    people = {**world.users, world.me["id"]: world.me}
    leading = {person: status for person, status in chat.members.items() if status in {"creator", "administrator"}}
    return [member_json(world, status, people[person]) for person, status in leading.items()]


@method("getChatMemberCount")
def get_member_count(world: World, call: Arguments) -> int:
    """Members of a group, or two."""
    chat = world.known_chat(call["chat_id"])
    return 2 if chat.private else len(chat.members)
