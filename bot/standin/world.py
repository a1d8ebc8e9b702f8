"""What the stand-in remembers: people, chats and their messages, files, queries waiting for an answer.

Knows nothing of HTTP. Messages are kept as the JSON the Bot API gives; a message's JSON is replaced, never changed, so
that what a test has taken hold of stays as it was.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.standin.errors import Json, MistakeError, RefusalError
from bot.standin.schema import reference
from bot.standin.wire import Upload

BOT_ID = 42


@dataclass(frozen=True)
class Shown:
    """A message as it stood at one moment. ``edited`` tells a change of it from its first appearance."""

    data: Json
    markup: Json | None
    source: str
    by_bot: bool
    edited: bool = False

    @property
    def message_id(self) -> int:
        """The message's number in its chat."""
        return int(self.data["message_id"])

    @property
    def text(self) -> str:
        """What a person reads: the text or the caption, without markup tags."""
        return str(self.data.get("text", self.data.get("caption", "")))

    @property
    def buttons(self) -> list[list[Json]]:
        """Rows of the inline keyboard."""
        rows: list[list[Json]] = (self.markup or {}).get("inline_keyboard", [])
        return rows

    @property
    def labels(self) -> list[str]:
        """Labels of the inline keyboard's buttons, row by row."""
        return [button["text"] for row in self.buttons for button in row]

    @property
    def callbacks(self) -> list[str]:
        """Callback data of the inline keyboard's buttons, row by row."""
        return [button["callback_data"] for row in self.buttons for button in row if "callback_data" in button]

    @property
    def file_id(self) -> str | None:
        """The file of a photo (its largest size), document, voice, video, audio or sticker."""
        photo = self.data.get("photo")
        if photo:
            return str(photo[-1]["file_id"])
        for kind in ("document", "voice", "video", "audio", "sticker", "animation"):
            if kind in self.data:
                return str(self.data[kind]["file_id"])
        return None

    def button(self, wanted: str) -> Json:
        """The button with this label or callback data, or the only one whose label contains ``wanted``.

        Raises:
            LookupError: there is none, or more than one.
        """
        buttons = [button for row in self.buttons for button in row]
        exact = [button for button in buttons if wanted in (button["text"], button.get("callback_data"))]
        found = exact[:1] or [button for button in buttons if wanted in button["text"]]
        if len(found) != 1:
            raise LookupError(f"{len(found)} buttons are {wanted!r}; the message has {self.labels}")
        return found[0]


@dataclass
class Stored:
    """A message in a chat, and whether it still stands there."""

    shown: Shown
    deleted: bool = False


@dataclass
class Chat:
    """A private chat or a group, with its messages in order."""

    data: Json
    started: bool = True
    blocked: bool = False
    members: dict[int, str] = field(default_factory=dict)
    messages: dict[int, Stored] = field(default_factory=dict)
    keyboard: Json | None = None
    events: list[Shown] = field(default_factory=list)
    seen: int = 0
    next_id: int = 1
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def id(self) -> int:
        """The chat's id: a person's own id, or a negative number for a group."""
        return int(self.data["id"])

    @property
    def private(self) -> bool:
        """Whether it is a chat with one person."""
        return bool(self.data["type"] == "private")

    def standing(self) -> list[Shown]:
        """Every message as now shown, oldest first."""
        return [stored.shown for stored in self.messages.values() if not stored.deleted]


@dataclass
class Query:
    """A callback query or an inline query, waiting for the bot's answer."""

    id: str
    data: Json
    at: float
    answered: bool = False
    answer: Json | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class StoredFile:
    """A file as ``getFile`` and the download know it."""

    data: Json
    content: bytes
    mime: str


class World:
    """Everything the methods read and change. ``check=False`` leaves out limits and markup, for speed."""

    def __init__(self, *, platform: str, check: bool, keep_messages: int | None) -> None:
        self.bale = platform == "bale"
        self.check = check
        self.keep_messages = keep_messages
        self.users: dict[int, Json] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.paths: dict[str, StoredFile] = {}
        self.callbacks: dict[str, Query] = {}
        self.inline_queries: dict[str, Query] = {}
        self.inline_messages: dict[str, Shown] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.texts: dict[tuple[str, str], str] = {}
        self.menu_buttons: dict[int | None, Json] = {}
        self.query_lifetime = 900.0
        self._numbers: Iterator[int] = itertools.count(1)
        self.sloppy: list[tuple[str, str]] = []
        self.me: Json = {
            "id": BOT_ID,
            "is_bot": True,
            "first_name": "خدمت‌یار",
            "username": "khedmatyar_test_bot",
            "can_join_groups": True,
            "can_read_all_group_messages": True,
            "supports_inline_queries": not self.bale,
        }

    def number(self) -> int:
        """A number not given out before."""
        return next(self._numbers)

    def note_sloppy(self, where: str, found: list[str]) -> None:
        """Remember what Telegram lets pass in a call, but no correct bot sends."""
        self.sloppy += [(where, f"{text} is shown as written: Telegram does not decode it") for text in found]

    def chat(self, chat_id: int | str) -> Chat:
        """The chat the bot writes to.

        Raises:
            RefusalError: unknown chat, or a person who blocked the bot or never wrote to it.
        """
        chat = self.known_chat(chat_id)
        if chat.blocked:
            how = "blocked by the user" if chat.private else "kicked from the group chat"
            raise RefusalError(403, f"Forbidden: bot was {how}")
        if not chat.started:
            raise RefusalError(403, "Forbidden: bot can't initiate conversation with a user")
        return chat

    def known_chat(self, chat_id: int | str) -> Chat:
        """The chat with this id, whether or not the bot may write to it."""
        chat = self.chats.get(chat_id) if isinstance(chat_id, int) else None
        if chat is None:
            raise RefusalError(400, "Bad Request: chat not found")
        return chat

    def message(self, chat: Chat, message_id: int, wanted: str) -> Stored:
        """A standing message, for ``wanted`` (the words before ``not found``).

        Raises:
            RefusalError: it was deleted.
            MistakeError: there never was such a message.
        """
        stored = chat.messages.get(message_id)
        if stored is not None and not stored.deleted:
            return stored
        description = f"Bad Request: {wanted} not found"
        if stored is not None or message_id < chat.next_id:
            raise RefusalError(400, description)
        raise MistakeError("message_id", f"{wanted} not found: {message_id} never was in chat {chat.id}", description)

    def post(self, chat: Chat, sender: Json, content: Json, *, source: str = "", markup: Json | None = None) -> Shown:
        """Put a new message into ``chat``; the bot's own also wake those who wait for its next one."""
        by_bot = sender["id"] == self.me["id"]
        data: Json = {
            "message_id": chat.next_id,
            "from": sender,
            "chat": chat.data,
            "date": int(time.time()),
            **content,
        }
        inline = markup if markup and "inline_keyboard" in markup else None
        if inline is not None and inline["inline_keyboard"]:
            data["reply_markup"] = inline
        shown = Shown(data, markup, source, by_bot)
        chat.messages[chat.next_id] = Stored(shown)
        chat.next_id += 1
        if by_bot and markup is not None and inline is None:
            chat.keyboard = markup if "keyboard" in markup else None
        self._announce(chat, shown)
        self._forget(chat)
        return shown

    def change(self, chat: Chat, stored: Stored, data: Json, source: str, markup: Json | None) -> Shown:
        """Replace a message by its edited form."""
        by_bot = stored.shown.by_bot
        data = {**data, "edit_date": int(time.time())}
        data.pop("reply_markup", None)
        if markup and markup.get("inline_keyboard"):
            data["reply_markup"] = markup
        stored.shown = Shown(data, markup, source, by_bot, edited=True)
        self._announce(chat, stored.shown)
        return stored.shown

    def _announce(self, chat: Chat, shown: Shown) -> None:
        if shown.by_bot and self.keep_messages is None:
            chat.events.append(shown)
            chat.changed.set()

    def _forget(self, chat: Chat) -> None:
        if self.keep_messages is not None:
            while len(chat.messages) > self.keep_messages:
                del chat.messages[next(iter(chat.messages))]

    def store(self, content: bytes, name: str, mime: str, folder: str) -> Json:
        """Keep a file; its ``file_id``, ``file_unique_id`` and ``file_size``."""
        number = self.number()
        path = f"{folder}/file_{number}{'.' + name.rpartition('.')[2] if '.' in name else ''}"
        data: Json = {
            "file_id": f"{folder}-{number}-AgACAgQAAxkBAAI",
            "file_unique_id": f"u{number}",
            "file_size": len(content),
        }
        kept = StoredFile({**data, "file_path": path}, content, mime)
        self.files[data["file_id"]] = kept
        self.paths[path] = kept
        return data

    def upload(self, upload: Upload, folder: str) -> Json:
        """Keep an uploaded file."""
        return self.store(upload.data, upload.filename, upload.mime, folder)

    def plausible(self, kind: str) -> Any:
        """A value of the type ``kind`` with only its required fields, for methods that the stand-in does not act on."""
        scalars: dict[str, Any] = {"Integer": 1, "String": "x", "Boolean": True, "Float": 1.0, "User": self.me}
        if kind in scalars:
            return scalars[kind]
        if kind.startswith("Array of "):
            return []
        declared = reference().types[kind]
        if isinstance(declared, list):
            return self.plausible(declared[0])
        return {name: self.plausible(text[:-1].split("|")[0]) for name, text in declared.items() if text.endswith("!")}
