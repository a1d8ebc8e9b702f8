"""One update of a messenger as a Turn or another event; what we do not know is nothing, never an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from telegram import (
    Bot,
    CallbackQuery,
    ChatMember,
    ChatMemberUpdated,
    Message,
    MessageOriginUser,
    Update,
)

from handlers.turn import Attachment, Channel, Turn

Raw = dict[str, Any]
"""An update, or a part of one, as the messenger sent it."""

_PLAIN = ("message_id", "from", "chat", "date", "edit_date", "text", "caption")
_COMMAND = re.compile(r"/(\w+)@(\w+)")


@dataclass(frozen=True)
class Me:
    """The bot itself in one messenger."""

    id: int
    username: str


@dataclass(frozen=True)
class Membership:
    """A citizen has blocked or unblocked the bot (`private`), or a group has taken it in or put it out."""

    channel: Channel
    update: str
    chat: str
    person: str
    at: datetime
    present: bool
    private: bool


@dataclass(frozen=True)
class Asked:
    """An inline query: what a person types after the bot's name in any chat."""

    update: str
    query: str
    person: str
    text: str


@dataclass(frozen=True)
class Chosen:
    """A person has sent one of the cards of an inline query; `result` is the card's id."""

    update: str
    person: str
    result: str
    text: str


LONGEST_ID = 256
LARGEST = 2**31 - 1
"""Bytes: no messenger hands out more, and the database's column holds no more."""

_UNSOUND = re.compile("[\x00\ud800-\udfff]")

Event = Turn | Membership | Asked | Chosen
KINDS: dict[type, str] = {Turn: "turn", Membership: "membership", Asked: "inline", Chosen: "chosen"}


@dataclass(frozen=True)
class Arrived:
    """What an update says to us. `press`: the id of the pressed button's query, which must be answered in any case."""

    event: Event | None = None
    press: str | None = None
    unreadable: bool = False

    @property
    def kind(self) -> str:
        """The kind of update, as it is counted."""
        if self.unreadable:
            return "unreadable"
        return KINDS.get(type(self.event), "ignored")


def parse(raw: Raw, bot: Bot | None = None) -> Update:
    """The update as python-telegram-bot's object. Fields that Bale leaves out and Telegram requires are filled in; of a
    message with some part of another form than Telegram's, what everybody agrees on is kept: who, where and the text.

    Raises:
        Exception: of any kind, when the update is not of the Bot API's form.
    """
    pressed = raw.get("callback_query")
    if isinstance(pressed, dict):
        pressed.setdefault("chat_instance", "")
        _fill_person(pressed.get("from"))
    for message in _messages(raw):
        message.setdefault("date", 0)
        _fill_person(message.get("from"))
    try:
        update = Update.de_json(raw, bot)
    except (TypeError, ValueError, KeyError, AttributeError):
        update = Update.de_json(_plain(raw), bot)
    if not isinstance(update.update_id, int):
        raise TypeError(f"no update id: {update.update_id!r}")
    return update


def chat_of(raw: Raw) -> str:
    """Whose turn an update is: the chat, else the person, else the update alone. Never raises."""
    for message in _messages(raw):
        chat = message.get("chat")
        if isinstance(chat, dict):
            return f"chat {chat.get('id')}"
    for kind, value in raw.items():
        if isinstance(value, dict):
            # Blocking and coming back stand in one line with the chat's messages.
            if isinstance(value.get("chat"), dict):
                return f"chat {value['chat'].get('id')}"
            if isinstance(value.get("from"), dict):
                return f"{kind} {value['from'].get('id')}"
    return f"update {raw.get('update_id')}"


def read(update: Update, channel: Channel, me: Me) -> Arrived:
    """What the update says; an empty Arrived when it is none of our business."""
    number = str(_number(update.update_id))
    if update.callback_query is not None:
        return Arrived(_sound(_pressed(update.callback_query, channel, number)), _query(update.callback_query.id))
    if update.message is not None:
        return Arrived(_sound(_message(update.message, channel, number, me, edited=False)))
    if update.edited_message is not None:
        return Arrived(_sound(_message(update.edited_message, channel, number, me, edited=True)))
    return Arrived(_other(update, channel, number))


def _number(value: object) -> int:
    """An id, as the Bot API has them; TypeError for anything else: it would become part of a key."""
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) < value < 2**63:
        raise TypeError(f"no id: {type(value).__name__}")
    return value


def _query(value: object) -> str:
    """The id of a query that is to be answered; TypeError for anything else."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID:
        raise TypeError(f"no id of a query: {type(value).__name__}")
    return value


def _text(value: object) -> str:
    """A text without what neither JSON nor PostgreSQL can hold: zero bytes, and halves of characters."""
    if not isinstance(value, str):
        raise TypeError(f"no text: {type(value).__name__}")
    return value if _UNSOUND.search(value) is None else _UNSOUND.sub("\ufffd", value)


def _sound(turn: Turn | None) -> Turn | None:
    """The turn with texts that can be stored; TypeError when one is none. Attachments without a file's id are left
    out, and sizes are those that a file can have."""
    if turn is None:
        return None
    attachments = tuple(
        replace(
            one,
            file_id=_text(one.file_id),
            name=_text(one.name),
            size=_size(one.size),
            album=None if one.album is None else _text(one.album),
            phone=None if one.phone is None else _text(one.phone),
        )
        for one in turn.attachments
        if isinstance(one.file_id, str) and _is_on_earth(one.place)
    )
    button = None if turn.button is None else _text(turn.button)
    return replace(turn, text=_text(turn.text), button=button, name=_text(turn.name), attachments=attachments)


def _is_on_earth(place: tuple[float, float] | None) -> bool:
    return place is None or (abs(place[0]) <= 90 and abs(place[1]) <= 180)


def _size(value: object) -> int:
    return min(max(value, 0), LARGEST) if isinstance(value, int) else 0


def _other(update: Update, channel: Channel, number: str) -> Event | None:
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member, channel, number)
    if update.inline_query is not None:
        query = update.inline_query
        return Asked(number, _query(query.id), str(_number(query.from_user.id)), _text(query.query))
    if update.chosen_inline_result is not None:
        chosen = update.chosen_inline_result
        return Chosen(number, str(_number(chosen.from_user.id)), _text(chosen.result_id), _text(chosen.query))
    return None


def _message(message: Message, channel: Channel, number: str, me: Me, *, edited: bool) -> Turn | None:
    sender = message.from_user
    attachments = tuple(_attachments(message))
    text = message.text or message.caption or ""
    # An anonymous administrator writes as a bot that all of them share: nobody to answer to.
    if sender is None or sender.is_bot or not (text or attachments):
        return None
    private = message.chat.type == message.chat.PRIVATE
    heard = _addressed(text, message, me, private=private)
    if heard is None:
        return None
    origin = message.forward_origin
    older = message.api_kwargs.get("forward_from")
    from_user = origin.sender_user.id if isinstance(origin, MessageOriginUser) else None
    if origin is None and isinstance(older, dict):
        from_user = older.get("id")
    return Turn(
        channel=channel,
        update=number,
        chat=str(_number(message.chat.id)),
        person=str(_number(sender.id)),
        at=(message.edit_date if edited else None) or _when(message.date),
        text=heard,
        message=str(_number(message.message_id)),
        attachments=attachments,
        edited=edited,
        forwarded=origin is not None or any(key.startswith("forward_") for key in message.api_kwargs),
        forwarded_from=None if from_user is None else str(from_user),
        private=private,
        name=sender.full_name or "",
    )


def _addressed(text: str, message: Message, me: Me, *, private: bool) -> str | None:
    """The text without our own name, or None when in a group it is not said to us."""
    command = _COMMAND.match(text)
    if command:
        if command[2].casefold() != me.username.casefold():
            return text if private else None
        return f"/{command[1]}{text[command.end() :]}"
    if private or text.startswith("/"):
        return text
    name = re.compile(rf"@{re.escape(me.username)}(?!\w)", re.IGNORECASE)
    if me.username and name.search(text):
        return " ".join(name.sub(" ", text).split())
    return text if _answers_us(message, me) else None


def _answers_us(message: Message, me: Me) -> bool:
    answered = message.reply_to_message
    return (
        answered is not None
        and answered.from_user is not None
        and answered.from_user.id == me.id
        and answered.forum_topic_created is None
    )


def _pressed(query: CallbackQuery, channel: Channel, number: str) -> Turn | None:
    if query.data is None:
        return None
    bearer = query.message
    # A button of an inline card stands in a chat that we do not see: we speak with the person alone.
    chat = bearer.chat.id if bearer is not None else query.from_user.id
    return Turn(
        channel=channel,
        update=number,
        chat=str(_number(chat)),
        person=str(_number(query.from_user.id)),
        at=datetime.now(UTC),
        button=query.data,
        message=None if bearer is None else str(_number(bearer.message_id)),
        private=bearer is None or bearer.chat.type == bearer.chat.PRIVATE,
        name=query.from_user.full_name or "",
    )


def _membership(change: ChatMemberUpdated, channel: Channel, number: str) -> Membership:
    return Membership(
        channel=channel,
        update=number,
        chat=str(_number(change.chat.id)),
        person=str(_number(change.from_user.id)),
        at=_when(change.date),
        present=change.new_chat_member.status not in (ChatMember.BANNED, ChatMember.LEFT),
        private=change.chat.type == change.chat.PRIVATE,
    )


def _attachments(message: Message) -> Iterator[Attachment]:
    album = message.media_group_id
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        yield Attachment("photo", largest.file_id, size=largest.file_size or 0, album=album)
    elif message.voice:
        yield Attachment("voice", message.voice.file_id, size=message.voice.file_size or 0)
    elif message.audio:
        audio = message.audio
        yield Attachment("audio", audio.file_id, audio.file_name or "", audio.file_size or 0, album)
    elif video := message.video or message.animation:
        yield Attachment("video", video.file_id, video.file_name or "", video.file_size or 0, album)
    elif message.video_note:
        yield Attachment("video", message.video_note.file_id, size=message.video_note.file_size or 0)
    elif message.document:
        document = message.document
        yield Attachment("document", document.file_id, document.file_name or "", document.file_size or 0, album)
    elif message.sticker:
        yield Attachment("sticker", message.sticker.file_id, message.sticker.emoji or "")
    elif message.location:
        yield Attachment("location", place=(message.location.latitude, message.location.longitude))
    elif message.contact:
        contact = message.contact
        name = " ".join(filter(None, (contact.first_name, contact.last_name)))
        yield Attachment("contact", name=name, phone=contact.phone_number)
    elif message.poll or message.dice or message.story or message.game or message.paid_media or message.checklist:
        yield Attachment("other")


def _when(moment: datetime) -> datetime:
    """The moment; now for one that the messenger left out (it reads as 1970)."""
    return moment if moment.timestamp() > 0 else datetime.now(UTC)


def _messages(raw: Raw) -> Iterator[Raw]:
    pressed = raw.get("callback_query")
    holders = (
        raw.get("message"),
        raw.get("edited_message"),
        pressed.get("message") if isinstance(pressed, dict) else None,
    )
    for message in holders:
        if isinstance(message, dict):
            yield message
            if isinstance(message.get("reply_to_message"), dict):
                yield message["reply_to_message"]


def _plain(raw: Raw) -> Raw:
    """The update with nothing in its message but what can hardly be of a wrong form."""
    plain = dict(raw)
    for kind in ("message", "edited_message"):
        if isinstance(raw.get(kind), dict):
            plain[kind] = {name: value for name, value in raw[kind].items() if name in _PLAIN}
    pressed = raw.get("callback_query")
    if isinstance(pressed, dict) and isinstance(pressed.get("message"), dict):
        bearer = {name: value for name, value in pressed["message"].items() if name in _PLAIN}
        plain["callback_query"] = {**pressed, "message": bearer}
    return plain


def _fill_person(person: object) -> None:
    if isinstance(person, dict):
        person.setdefault("is_bot", False)
        person.setdefault("first_name", "")
