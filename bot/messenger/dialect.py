"""What differs between the messengers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from bot.render.bale import bale_markdown
from bot.render.html import telegram_html
from bot.render.keyboard import Json, bale_keyboard, telegram_keyboard
from handlers.reply import Block, Row


class Render(Protocol):
    """Blocks to texts of at most `limit` UTF-16 code units."""

    def __call__(self, blocks: Iterable[Block], limit: int = ..., /) -> list[str]: ...


@dataclass(frozen=True)
class Dialect:
    """One messenger.

    `name` as people say it; `setting` that holds its token; `text_options` of every call that sends a text and
    `caption_options` of every call that sends a file; `updates` asked for (None: all that it has); `secret_header`: its
    webhook bears a secret; `answering`: the parameters of a message that answers another.
    """

    channel: Literal["telegram", "bale"]
    name: str
    setting: str
    render: Render
    keyboard: Callable[[Iterable[Row]], Json | None]
    text_options: Mapping[str, Any] = field(default_factory=dict)
    caption_options: Mapping[str, Any] = field(default_factory=dict)
    updates: tuple[str, ...] | None = None
    secret_header: bool = False
    answering: Callable[[str], dict[str, Any]] = lambda message: {"reply_to_message_id": message}


TELEGRAM = Dialect(
    channel="telegram",
    name="تلگرام",
    setting="KHEDMATYAR_TELEGRAM_TOKEN",
    render=telegram_html,
    keyboard=telegram_keyboard,
    text_options={"parse_mode": "HTML", "link_preview_options": {"is_disabled": True}},
    caption_options={"parse_mode": "HTML"},
    updates=("message", "edited_message", "callback_query", "inline_query", "chosen_inline_result", "my_chat_member"),
    secret_header=True,
    answering=lambda message: {"reply_parameters": {"message_id": int(message), "allow_sending_without_reply": True}},
)

BALE = Dialect(
    channel="bale",
    name="بله",
    setting="KHEDMATYAR_BALE_TOKEN",
    render=bale_markdown,
    keyboard=bale_keyboard,
)
