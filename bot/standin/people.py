"""The driving side: what a person does in a chat with the bot, and what they see there."""

from __future__ import annotations

import asyncio
import re
import struct
import time
import zlib
from collections.abc import Sequence
from typing import Any

from bot.standin.answering import member_json
from bot.standin.entities import utf16
from bot.standin.errors import Json
from bot.standin.updates import Updates
from bot.standin.world import Chat, Query, Shown, World

_COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,32}(?:@\w+)?")


def blank_png(width: int = 64, height: int = 64) -> bytes:
    """A white picture of this size in pixels, as a real PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\xff" * ((width + 7) // 8)) * height
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class ChatView:
    """A chat as its people see it."""

    def __init__(self, world: World, updates: Updates, chat: Chat) -> None:
        self._world = world
        self._updates = updates
        self.chat = chat

    @property
    def id(self) -> int:
        """The chat's id."""
        return self.chat.id

    @property
    def messages(self) -> list[Shown]:
        """Every message as now shown, after edits, without deleted ones; the bot's and the people's, oldest first."""
        return self.chat.standing()

    @property
    def unread(self) -> list[Shown]:
        """The bot's messages and edits that `next_message` has not given out yet."""
        return self.chat.events[self.chat.seen :]

    @property
    def keyboard(self) -> Json | None:
        """The reply keyboard under the message field, if the bot has put one there."""
        return self.chat.keyboard

    async def next_message(self, timeout: float = 5.0) -> Shown:  # noqa: ASYNC109 — the error tells what came instead
        """The bot's next new message or edit in this chat, in order.

        Raises:
            TimeoutError: nothing came within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while self.chat.seen >= len(self.chat.events):
            self.chat.changed.clear()
            try:
                await asyncio.wait_for(self.chat.changed.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                last = self.messages[-1].data if self.messages else None
                raise TimeoutError(f"no message in chat {self.id} within {timeout} s; the last is {last}") from None
        self.chat.seen += 1
        return self.chat.events[self.chat.seen - 1]

    def message(self, message: Shown | int) -> Shown:
        """A message as now shown.

        Raises:
            LookupError: it was deleted or never was.
        """
        number = message if isinstance(message, int) else message.message_id
        stored = self.chat.messages.get(number)
        if stored is None or stored.deleted:
            raise LookupError(f"message {number} does not stand in chat {self.id}")
        return stored.shown


class Participant(ChatView):
    """A person in a chat: a citizen in their private chat, or a member of a group."""

    def __init__(self, world: World, updates: Updates, chat: Chat, user: Json) -> None:
        super().__init__(world, updates, chat)
        self.user = user
        self._last_callback: Query | None = None
        self._last_inline: Query | None = None

    def _post(self, content: Json) -> int:
        if self.chat.blocked:
            raise RuntimeError("the person has blocked the bot: call unblock() first")
        self.chat.started = True
        return self._updates.push("message", self._world.post(self.chat, self.user, content).data)

    async def send(self, text: str, *, reply_to: Shown | int | None = None) -> int:
        """Write a text; the id of its update. Commands in it are marked as Telegram marks them."""
        content: Json = {"text": text, **self._reply(reply_to)}
        commands = [
            {"type": "bot_command", "offset": utf16(text[: match.start()]), "length": utf16(match.group())}
            for match in _COMMAND.finditer(text)
        ]
        if commands:
            content["entities"] = commands
        return self._post(content)

    def _reply(self, reply_to: Shown | int | None) -> Json:
        if reply_to is None:
            return {}
        data = self.message(reply_to).data
        return {"reply_to_message": {name: value for name, value in data.items() if name != "reply_to_message"}}

    async def deep_link(self, payload: str) -> int:
        """Open ``t.me/<bot>?start=<payload>``."""
        return await self.send(f"/start {payload}")

    async def tap(self, label: str) -> int:
        """Press a key of the reply keyboard, which sends its label.

        Raises:
            LookupError: there is no such key.
        """
        keys = [key for row in (self.keyboard or {}).get("keyboard", []) for key in row]
        labels = [key if isinstance(key, str) else key["text"] for key in keys]
        if label not in labels:
            raise LookupError(f"no key {label!r}; the keyboard has {labels}")
        return await self.send(label)

    async def send_photo(self, data: bytes | None = None, *, caption: str | None = None) -> int:
        """Send a picture."""
        return self._post(self._photo(blank_png() if data is None else data, caption))

    def _photo(self, data: bytes, caption: str | None) -> Json:
        photo = {**self._world.store(data, "photo.png", "image/png", "photos"), "width": 64, "height": 64}
        return {"photo": [photo], **_caption(caption)}

    async def album(self, pictures: Sequence[bytes | None], *, caption: str | None = None) -> list[int]:
        """Send several pictures as one album: one update for each, with one ``media_group_id``."""
        group = {"media_group_id": str(self._world.number())}
        captions = [caption, *[None] * len(pictures)]
        return [
            self._post({**self._photo(blank_png() if picture is None else picture, words), **group})
            for picture, words in zip(pictures, captions, strict=False)
        ]

    async def send_document(
        self, data: bytes = b"%PDF-1.4", *, name: str = "نامه.pdf", caption: str | None = None
    ) -> int:
        """Send a file."""
        mime = "application/pdf" if name.endswith(".pdf") else "application/octet-stream"
        document = {**self._world.store(data, name, mime, "documents"), "file_name": name, "mime_type": mime}
        return self._post({"document": document, **_caption(caption)})

    async def send_voice(self, data: bytes = b"OggS", *, seconds: int = 3) -> int:
        """Send a voice message."""
        voice = {**self._world.store(data, "voice.ogg", "audio/ogg", "voice"), "duration": seconds}
        return self._post({"voice": {**voice, "mime_type": "audio/ogg"}})

    async def send_location(self, latitude: float = 36.56, longitude: float = 53.06) -> int:
        """Send a point on the map, degrees."""
        return self._post({"location": {"latitude": latitude, "longitude": longitude}})

    async def send_contact(self, phone: str = "+989120000000", *, own: bool = True) -> int:
        """Send a telephone number: one's own, or somebody else's."""
        contact: Json = {"phone_number": phone, "first_name": self.user["first_name"]}
        return self._post({"contact": {**contact, **({"user_id": self.user["id"]} if own else {})}})

    async def send_sticker(self, emoji: str = "🙂") -> int:
        """Send a sticker."""
        looks = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self._post(
            {"sticker": {**self._world.store(b"RIFF", "s.webp", "image/webp", "stickers"), **looks, "emoji": emoji}}
        )

    async def forward(self, text: str, *, name: str = "ناشناس") -> int:
        """Forward somebody else's text."""
        origin = {"type": "hidden_user", "date": int(time.time()), "sender_user_name": name}
        return self._post({"text": text, "forward_origin": origin})

    async def edit(self, message: Shown | int, text: str) -> int:
        """Change one's own earlier text."""
        shown = self.message(message)
        stored = self.chat.messages[shown.message_id]
        if shown.data["from"]["id"] != self.user["id"]:
            raise ValueError("people edit their own messages only")
        changed = self._world.change(self.chat, stored, {**shown.data, "text": text}, text, None)
        return self._updates.push("edited_message", changed.data)

    async def delete(self, message: Shown | int) -> None:
        """Remove a message from the chat; the bot is not told."""
        self.chat.messages[self.message(message).message_id].deleted = True

    async def press(self, message: Shown | int, wanted: str) -> int:
        """Press the button with this label or callback data on the message as now shown.

        Raises:
            LookupError: there is no such button, or it is not a callback button.
        """
        button = self.message(message).button(wanted)
        if "callback_data" not in button:
            raise LookupError(f"{button} is not a callback button")
        return await self.press_data(message, button["callback_data"])

    async def press_data(self, message: Shown | int, data: str) -> int:
        """Send a callback query with any data, whether or not the message has such a button."""
        number = message if isinstance(message, int) else message.message_id
        stored = self.chat.messages.get(number)
        inaccessible = {"chat": self.chat.data, "message_id": number, "date": 0}
        shown = inaccessible if stored is None or stored.deleted else stored.shown.data
        return self._callback({"message": shown, "data": data})

    async def press_inline(self, inline_message_id: str, wanted: str) -> int:
        """Press a button of a message sent through inline mode."""
        button = self._world.inline_messages[inline_message_id].button(wanted)
        return self._callback({"inline_message_id": inline_message_id, "data": button["callback_data"]})

    def _callback(self, body: Json) -> int:
        identifier = str(4_000_000_000 + self._world.number())
        body = {"id": identifier, "from": self.user, "chat_instance": str(self.chat.id), **body}
        self._last_callback = self._world.callbacks[identifier] = Query(identifier, body, time.monotonic())
        return self._updates.push("callback_query", body)

    async def callback_answer(self, timeout: float = 5.0) -> Json:  # noqa: ASYNC109 — handed on to `_answer_of`
        """What the bot answered to the last press: ``text``, ``show_alert`` … as it sent them."""
        return await _answer_of(self._last_callback, timeout)

    async def inline(self, query: str, *, offset: str = "") -> int:
        """Type ``@bot query`` in some chat."""
        identifier = str(5_000_000_000 + self._world.number())
        body = {"id": identifier, "from": self.user, "query": query, "offset": offset, "chat_type": "private"}
        self._last_inline = self._world.inline_queries[identifier] = Query(identifier, body, time.monotonic())
        return self._updates.push("inline_query", body)

    async def inline_answer(self, timeout: float = 5.0) -> list[Json]:  # noqa: ASYNC109 — handed on to `_answer_of`
        """The results the bot offered for the last inline query."""
        results: list[Json] = (await _answer_of(self._last_inline, timeout))["results"]
        return results

    async def choose_inline(self, result_id: str) -> str | None:
        """Choose a result of the last inline query; the inline message's id when it has a keyboard.

        Raises:
            LookupError: no such result was offered.
        """
        query = self._last_inline
        offered = {result["id"]: result for result in ((query and query.answer) or {}).get("results", [])}
        result = offered[result_id]
        body: Json = {"result_id": result_id, "from": self.user, "query": query.data["query"] if query else ""}
        identifier = None
        if result.get("reply_markup"):
            identifier = body["inline_message_id"] = f"inline-{self._world.number()}"
            source = (result.get("input_message_content") or {}).get("message_text", "")
            shown = Shown({"message_id": 0, "text": source}, result["reply_markup"], source, by_bot=True)
            self._world.inline_messages[identifier] = shown
        self._updates.push("chosen_inline_result", body)
        return identifier

    def block(self) -> None:
        """Block the bot: it is told so, and every later call for this chat is refused with 403."""
        self._member("member", "kicked")
        self.chat.blocked = True

    def unblock(self) -> None:
        """Take the block back."""
        self._member("kicked", "member")
        self.chat.blocked = False

    def _member(self, old: str, new: str) -> None:
        old_member, new_member = (member_json(self._world, status, self._world.me) for status in (old, new))
        body = {"chat": self.chat.data, "from": self.user, "date": int(time.time())}
        self._updates.push("my_chat_member", {**body, "old_chat_member": old_member, "new_chat_member": new_member})


class Group(ChatView):
    """A staff group. The bot is its administrator."""

    def member(self, user_id: int, *, first_name: str = "کارشناس", status: str = "member", **more: Any) -> Participant:
        """A person in this group; they join it with this."""
        user = self._world.users.setdefault(user_id, person(user_id, first_name, more))
        self.chat.members[user_id] = status
        return Participant(self._world, self._updates, self.chat, user)


def person(user_id: int, first_name: str, more: Json) -> Json:
    """A `User` object."""
    return {"id": user_id, "is_bot": False, "first_name": first_name, "language_code": "fa", **more}


def _caption(caption: str | None) -> Json:
    return {} if caption is None else {"caption": caption}


async def _answer_of(query: Query | None, seconds: float) -> Json:
    if query is None:
        raise LookupError("nothing was asked yet")
    await asyncio.wait_for(query.done.wait(), seconds)
    return query.answer or {}
