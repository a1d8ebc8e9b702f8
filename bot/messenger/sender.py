"""Parts of replies as messages of a messenger: texts, pictures and files, new ones and edits."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from telegram import InputFile
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError, TimedOut

from bot.delivery import Blocked, Later, Refused, SendError, Uncertain, Unreachable
from bot.messenger.albums import album_media, ids_of, remembered
from bot.messenger.api import MessengerBot, seconds_of
from bot.messenger.dialect import Dialect
from bot.render.keyboard import Json
from bot.render.lines import CAPTION_LIMIT, utf16
from handlers.reply import PART, Album, Block, Flowchart, Made, Part, Received, say
from records.outbox import Posted

LOG = logging.getLogger(__name__)

KEPT = 512
"""File ids of uploaded pictures, chats that moved and messages begun that are kept in mind."""

BETWEEN = 1.05
"""Seconds between an album and its text: a chat takes one message a second."""

NO_PICTURE = "نمودار این خدمت آماده نشد؛ متن مراحل در کارت آن هست."
ELSEWHERE = "این پیام یک پیوست دارد که این‌جا نشان داده نمی‌شود."

_RECEIVED = {
    "photo": "sendPhoto",
    "voice": "sendVoice",
    "audio": "sendAudio",
    "video": "sendVideo",
    "document": "sendDocument",
    "sticker": "sendSticker",
}
_GONE = ("chat not found", "user not found", "peer_id_invalid", "group chat was deactivated")


class Artist(Protocol):
    """Draws the workflows of services."""

    def key(self, chart: Flowchart) -> str | None:
        """What names the drawing's content, quickly: another content has another key. None: nothing to draw."""
        ...

    def draw(self, chart: Flowchart) -> bytes:
        """The file. Called in a worker thread, one at a time."""
        ...


class Importer(Protocol):
    """Fetches files that came in on another channel."""

    async def fetch(self, file: Received) -> tuple[str, bytes] | None:
        """Name and content; None when it cannot be had."""
        ...


Step = Callable[[], Awaitable[str]]
"""Sends one message; the id of it."""


@dataclass
class _Begun:
    """A part of several messages of which the first `sent` have gone out; `message` is the last of them."""

    sent: int
    message: str


class MessengerSender:
    """Sends to one messenger. `artist` draws the flowcharts; without one, parts are sent without their drawing.
    `importer` brings files of other channels; they are uploaded here once. An album's messages and its text are told as
    one id, with commas between; `rest` waits between the two."""

    def __init__(
        self,
        bot: MessengerBot,
        dialect: Dialect,
        artist: Artist | None = None,
        *,
        importer: Importer | None = None,
        rest: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.channel: str = dialect.channel
        self._bot = bot
        self._dialect = dialect
        self._artist = artist
        self._importer = importer
        self._rest = rest
        self._drawing = asyncio.Lock()
        self._importing = asyncio.Lock()
        self._uploaded: OrderedDict[str, str] = OrderedDict()
        self._moved: OrderedDict[str, str] = OrderedDict()
        self._begun: OrderedDict[int, _Begun] = OrderedDict()

    async def send(self, posted: Posted) -> str | None:
        """Send a part, or edit `posted.target_message`; the id of the (last) message, which bears the buttons. Tried
        again, a part of several messages goes on where it was broken off.

        Raises:
            SendError: one of its kinds.
        """
        part = PART.validate_json(posted.part)
        steps = self._steps(posted, part)
        if not steps:
            raise Refused("the part says nothing")
        begun = self._begun.pop(posted.id, None)
        sent, message = (begun.sent, begun.message) if begun else (0, "")
        try:
            for step in steps[sent:]:
                made = await self._moving(posted.chat, step)
                message = f"{message},{made}" if message and isinstance(part.file, Album) else made
                sent += 1
        except TelegramError as error:
            if sent:
                _keep(self._begun, posted.id, _Begun(sent, message))
            raise outcome(error, posted.chat) from error
        return message

    async def _moving(self, chat: str, step: Step) -> str:
        """Do a step; when the group meanwhile bears a new id, do it there."""
        try:
            return await step()
        except ChatMigrated as moved:
            _keep(self._moved, chat, str(moved.new_chat_id))
            return await step()

    def _steps(self, posted: Posted, part: Part) -> list[Step]:
        match part.file:
            case Flowchart():
                return self._with_file(posted, part, self._flowchart)
            case Received():
                return self._with_file(posted, part, self._received)
            case Album(files):
                return [
                    lambda: self._album(posted, files),
                    *map(self._rested, self._texts(posted, part.blocks, part, None)),
                ]
            case Made():
                return self._with_file(posted, part, self._made)
            case None:
                return self._texts(posted, part.blocks, part, posted.target_message)

    def _with_file(
        self, posted: Posted, part: Part, send: Callable[[Posted, Part, Json], Awaitable[str | None]]
    ) -> list[Step]:
        """The file with the text below it, or before the text where that is too long for it."""
        texts = self._dialect.render(part.blocks)
        keyboard = self._dialect.keyboard(part.buttons)
        caption = texts[0] if len(texts) == 1 and utf16(texts[0]) <= CAPTION_LIMIT else None
        alone = caption is None and bool(texts)
        options: Json = dict(self._dialect.caption_options) if caption else {}
        options |= {"caption": caption, "reply_markup": None if alone else keyboard, **self._answering(posted)}
        note = NO_PICTURE if isinstance(part.file, Flowchart) else ELSEWHERE

        async def file() -> str:
            sent = await send(posted, part, options)
            if sent is not None:
                return sent
            instead = (say(note, "quiet"),) if alone else (*part.blocks, say(note, "quiet"))
            message = ""
            for step in self._texts(posted, instead, Part() if alone else part, None):
                message = await step()
            return message

        return [file, *(self._texts(posted, part.blocks, part, None) if alone else ())]

    def _texts(self, posted: Posted, blocks: tuple[Block, ...], part: Part, target: str | None) -> list[Step]:
        texts = self._dialect.render(blocks)
        keyboard = self._dialect.keyboard(part.buttons)
        return [
            self._text(
                posted,
                text,
                keyboard if place == len(texts) - 1 else None,
                target if place == 0 else None,
                self._answering(posted) if place == 0 else {},
            )
            for place, text in enumerate(texts)
        ]

    def _text(self, posted: Posted, text: str, keyboard: Json | None, target: str | None, answering: Json) -> Step:
        async def send() -> str:
            options: Json = {"chat_id": self._chat(posted), "text": text, "reply_markup": keyboard}
            options |= self._dialect.text_options
            if target is not None and await self._edited(target, options):
                return target
            return _id(await self._bot.call("sendMessage", **options, **answering))

        return send

    async def _edited(self, target: str, options: Json) -> bool:
        """Whether the message now reads so; False when it cannot be edited (gone, too old, a picture)."""
        try:
            await self._bot.call("editMessageText", message_id=target, **options)
        except BadRequest as refusal:
            # What else can be wrong with the text itself, sending it anew brings to light.
            return "not modified" in refusal.message.lower()
        return True

    async def _flowchart(self, posted: Posted, part: Part, options: Json) -> str | None:
        chart = part.file
        if self._artist is None or not isinstance(chart, Flowchart):
            return None
        key = self._artist.key(chart)
        if key is None:
            return None
        method, kind = ("sendPhoto", "photo") if chart.form == "png" else ("sendDocument", "document")
        known = self._uploaded.get(key)
        if known is not None:
            try:
                return _id(await self._bot.call(method, chat_id=self._chat(posted), **{kind: known}, **options))
            except BadRequest:
                del self._uploaded[key]
        file = await self._drawn(posted, chart, kind)
        if file is None:
            return None
        answer = await self._bot.call(method, chat_id=self._chat(posted), **{kind: file}, **options)
        with suppress(KeyError, IndexError, TypeError):
            made = answer[kind]
            _keep(self._uploaded, key, (made[-1] if isinstance(made, list) else made)["file_id"])
        return _id(answer)

    async def _drawn(self, posted: Posted, chart: Flowchart, kind: str) -> InputFile | None:
        if self._artist is None:
            return None
        with suppress(TelegramError):
            await self._bot.call("sendChatAction", chat_id=self._chat(posted), action=f"upload_{kind}")
        try:
            async with self._drawing:
                body = await asyncio.to_thread(self._artist.draw, chart)
        except Exception:
            LOG.exception("the workflow of %s could not be drawn", chart.code)
            return None
        return InputFile(body, filename=f"khedmatyar-{re.sub(r'[^0-9A-Za-z-]+', '-', chart.code)}.{chart.form}")

    async def _received(self, posted: Posted, part: Part, options: Json) -> str | None:
        file = part.file
        if not isinstance(file, Received) or file.kind not in _RECEIVED:
            return None
        if file.channel != self.channel:
            return await self._imported(posted, file, options)
        if file.kind == "sticker" and options["caption"]:
            return None
        try:
            answer = await self._bot.call(
                _RECEIVED[file.kind], chat_id=self._chat(posted), **{file.kind: file.file_id}, **options
            )
        except BadRequest as refusal:
            LOG.info("a received %s could not be shown again: %s", file.kind, refusal.message)
            return None
        return _id(answer)

    async def _made(self, posted: Posted, part: Part, options: Json) -> str | None:
        file = part.file
        if not isinstance(file, Made):
            return None
        method, kind = ("sendPhoto", "photo") if file.name.endswith(".png") else ("sendDocument", "document")
        body = InputFile(file.content, filename=file.name)
        return _id(await self._bot.call(method, chat_id=self._chat(posted), **{kind: body}, **options))

    async def _imported(self, posted: Posted, file: Received, options: Json) -> str | None:
        """A file of another channel: uploaded the first time, by its id here from then on."""
        async with self._importing:
            known = await self._known(file)
            if known is None:
                return None
            answer = await self._bot.call(
                _RECEIVED[file.kind], chat_id=self._chat(posted), **{file.kind: known}, **options
            )
            with suppress(KeyError, IndexError, TypeError):
                _keep(self._uploaded, _abroad(file), remembered(answer, file.kind))
            return _id(answer)

    async def _known(self, file: Received) -> str | InputFile | None:
        if file.channel == self.channel:
            return file.file_id
        known = self._uploaded.get(_abroad(file))
        if known is not None:
            return known
        fetched = await self._importer.fetch(file) if self._importer is not None else None
        return None if fetched is None else InputFile(fetched[1], filename=fetched[0], attach=True)

    async def _album(self, posted: Posted, files: tuple[Received, ...]) -> str:
        async with self._importing if any(one.channel != self.channel for one in files) else nullcontext():
            known = [(one, media) for one in files if (media := await self._known(one)) is not None]
            if len(known) < 2:
                return ""
            answer = await self._bot.call("sendMediaGroup", chat_id=self._chat(posted), media=album_media(known))
            for (file, _), made in zip(known, answer, strict=False):
                if file.channel != self.channel:
                    with suppress(KeyError, IndexError, TypeError):
                        _keep(self._uploaded, _abroad(file), remembered(made, file.kind))
        return ids_of(answer)

    def _rested(self, step: Step) -> Step:
        async def rested() -> str:
            await self._rest(BETWEEN)
            return await step()

        return rested

    def _chat(self, posted: Posted) -> str:
        return self._moved.get(posted.chat, posted.chat)

    def _answering(self, posted: Posted) -> Json:
        """In a group, the first message of a reply says whom it answers."""
        if posted.place or posted.answers_message is None or not _group(posted.chat):
            return {}
        return self._dialect.answering(posted.answers_message)


def outcome(error: TelegramError, chat: str) -> SendError:
    """What an error of a call means for the message."""
    match error:
        case RetryAfter():
            # Groups have a limit of their own (20 messages a minute); what hits a private chat hits the whole bot.
            return Later(seconds_of(error), "chat" if _group(chat) else "channel")
        case Forbidden():
            return Blocked(error.message)
        case BadRequest():
            reason = error.message.lower()
            return Blocked(error.message) if any(sign in reason for sign in _GONE) else Refused(error.message)
        case TimedOut() if not isinstance(error.__cause__, httpx.ConnectTimeout | httpx.PoolTimeout):
            return Uncertain(error.message)
        case _:
            # Also a rejected token: that is the operator's to mend, and the message waits for it.
            return Unreachable(error.message)


def _abroad(file: Received) -> str:
    return f"{file.channel}:{file.file_id}"


def _group(chat: str) -> bool:
    return chat.startswith("-")


def _id(answer: Any) -> str:
    return str(answer["message_id"])


def _keep(kept: OrderedDict[Any, Any], key: object, value: object) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > KEPT:
        kept.popitem(last=False)
