"""Albums, and files of one messenger shown in another."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from telegram import InputFile, InputMediaAudio, InputMediaDocument, InputMediaPhoto, InputMediaVideo
from telegram.error import TelegramError

from bot.messenger.api import MessengerBot
from handlers.reply import Received

LOG = logging.getLogger(__name__)

_MEDIA = {"photo": InputMediaPhoto, "video": InputMediaVideo, "document": InputMediaDocument, "audio": InputMediaAudio}


def album_media(files: Sequence[tuple[Received, str | InputFile]]) -> list[Any]:
    """The files as sendMediaGroup takes them: each with its id there, or its content."""
    return [_MEDIA[file.kind](media=media) for file, media in files]


def ids_of(answer: Sequence[Mapping[str, Any]]) -> str:
    """The ids of several messages, with commas between."""
    return ",".join(str(one["message_id"]) for one in answer)


def remembered(answer: Mapping[str, Any], kind: str) -> str:
    """The id by which the messenger knows the file of a message it just took."""
    made = answer[kind]
    file_id: str = (made[-1] if isinstance(made, list) else made)["file_id"]
    return file_id


class Importers:
    """Fetches files from the messengers that they came in on."""

    def __init__(self, bots: Mapping[str, MessengerBot]) -> None:
        self._bots = bots

    async def fetch(self, file: Received) -> tuple[str, bytes] | None:
        """Name and content; None when the messenger does not give it."""
        bot = self._bots.get(file.channel)
        if bot is None:
            return None
        try:
            answer = await bot.call("getFile", file_id=file.file_id)
            path = str(answer["file_path"])
            return PurePosixPath(path).name, bytes(await bot.request.retrieve(f"{bot.base_file_url}/{path}"))
        except (TelegramError, KeyError, TypeError) as error:
            LOG.warning("a file of %s could not be fetched: %s", file.channel, type(error).__name__)
            return None
