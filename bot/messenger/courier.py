"""Announcements in one messenger: sent as replies are, and put right or taken back afterwards."""

from __future__ import annotations

from telegram.error import BadRequest, TelegramError

from bot.delivery import SendError
from bot.messenger.api import MessengerBot
from bot.messenger.dialect import Dialect
from bot.messenger.sender import MessengerSender, outcome
from bot.render.keyboard import Json
from bot.render.lines import CAPTION_LIMIT
from handlers.reply import Album, Part
from records.outbox import Posted


class Courier:
    """Sends to one messenger; `message` in what follows is what `send` answered."""

    def __init__(self, bot: MessengerBot, dialect: Dialect, sender: MessengerSender) -> None:
        self.channel: str = dialect.channel
        self._bot = bot
        self._dialect = dialect
        self._sender = sender

    async def send(self, posted: Posted) -> str | None:
        """Send a part; the ids of its messages, with commas between. Raises a SendError."""
        return await self._sender.send(posted)

    async def amend(self, chat: str, message: str, part: Part) -> bool:
        """Have the message say what the part says; files stay. False when it cannot be changed any more.

        Raises:
            SendError: not now.
        """
        target = message.rpartition(",")[2]
        captioned = part.file is not None and not isinstance(part.file, Album)
        options: Json = {"reply_markup": self._dialect.keyboard(part.buttons)}
        if captioned:
            texts = self._dialect.render(part.blocks, CAPTION_LIMIT)
            options |= {"caption": texts[0] if texts else "", **self._dialect.caption_options}
        else:
            options |= {"text": self._dialect.render(part.blocks)[0], **self._dialect.text_options}
        method = "editMessageCaption" if captioned else "editMessageText"
        try:
            await self._bot.call(method, chat_id=chat, message_id=target, **options)
        except BadRequest as refusal:
            return "not modified" in refusal.message.lower()
        except TelegramError as error:
            raise outcome(error, chat) from error
        return True

    async def recall(self, chat: str, message: str, instead: Part) -> bool:
        """Take the messages away; where one is too old for that (48 hours), have it say `instead`. Whether it is gone
        or changed.

        Raises:
            SendError: not now.
        """
        try:
            for one in message.split(","):
                await self._bot.call("deleteMessage", chat_id=chat, message_id=one)
        except BadRequest as refusal:
            if "not found" in refusal.message.lower():
                return True
        except TelegramError as error:
            raise outcome(error, chat) from error
        else:
            return True
        try:
            return await self.amend(chat, message, instead)
        except SendError:
            return False
