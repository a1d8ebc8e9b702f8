"""Inline mode of Telegram: `@bot پهپاد` in any chat offers cards to share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from telegram.error import TelegramError

from bot.messenger.api import MessengerBot
from bot.messenger.dialect import Dialect
from bot.messenger.updates import Asked
from bot.render.keyboard import Json
from handlers.reply import Block, Row

LOG = logging.getLogger(__name__)

MOST = 10
KEPT_FOR = 60
"""Seconds that Telegram may answer the same query by itself."""


class Card(Protocol):
    """One result: what the list shows, and the message that is shared (handlers.inline.InlineCard)."""

    @property
    def code(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def blocks(self) -> tuple[Block, ...]: ...
    @property
    def buttons(self) -> tuple[Row, ...]: ...


Cards = Callable[[str], Sequence[Card]]
"""The cards for what was typed; called in a worker thread."""


def results(cards: Iterable[Card], dialect: Dialect) -> list[Json]:
    """At most ten InlineQueryResultArticle objects; the id of each is the card's code (at most 64 bytes)."""
    made: list[Json] = []
    for card in cards:
        texts = dialect.render(card.blocks)
        if not texts or len(made) == MOST or not 1 <= len(card.code.encode()) <= 64:
            continue
        article: Json = {
            "type": "article",
            "id": card.code,
            "title": card.title,
            "description": card.description,
            "input_message_content": {"message_text": texts[0], **dialect.text_options},
        }
        keyboard = dialect.keyboard(card.buttons)
        made.append(article if keyboard is None else {**article, "reply_markup": keyboard})
    return made


async def answer_inline(bot: MessengerBot, dialect: Dialect, asked: Asked, cards: Cards) -> None:
    """Answer an inline query. It is never worth an error: a query that is too old is asked again by typing on."""
    try:
        found = results(await asyncio.to_thread(cards, asked.text), dialect)
        await bot.call(
            "answerInlineQuery", inline_query_id=asked.query, results=found, cache_time=KEPT_FOR, is_personal=False
        )
    except TelegramError as error:
        LOG.info("an inline query was not answered: %s", type(error).__name__)
    except Exception:
        LOG.exception("no cards could be made for an inline query")
