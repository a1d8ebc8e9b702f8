"""The commands that Telegram shows in its menu, one list for everybody and one for each staff chat."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from telegram.error import BadRequest, Forbidden

from bot.messenger.api import MessengerBot
from bot.render.keyboard import Json

LOG = logging.getLogger(__name__)

Commands = Sequence[tuple[str, str]]
"""Names without the slash, and what each does, in Persian."""


async def publish_commands(bot: MessengerBot, public: Commands, staff: Mapping[str, Commands] | None = None) -> None:
    """Publish the lists where they differ from what is published. `staff`: by chat id; a chat that the bot does not
    know is passed over.

    Raises:
        TelegramError: the messenger is out of reach; call again.
    """
    await _publish(bot, {"type": "default"}, public)
    await _publish(bot, {"type": "all_private_chats"}, public)
    for chat, commands in (staff or {}).items():
        try:
            await _publish(bot, {"type": "chat", "chat_id": chat}, commands)
        except (BadRequest, Forbidden) as refusal:
            LOG.warning("the commands of staff chat %s were not published: %s", chat, refusal.message)


async def _publish(bot: MessengerBot, scope: Json, commands: Commands) -> None:
    wanted = [{"command": name, "description": description} for name, description in commands]
    published = await bot.call("getMyCommands", scope=scope)
    if published != wanted:
        await bot.call("setMyCommands", scope=scope, commands=wanted)
