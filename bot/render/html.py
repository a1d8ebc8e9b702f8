"""Blocks as Telegram's HTML (Bot API, "HTML style"): only <b>, <i> and <code>, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from bot.render.lines import MESSAGE_LIMIT, RIGHT_TO_LEFT_MARK, Line, messages, right_to_left
from handlers.reply import Block, SpanStyle

_TAGS: dict[SpanStyle, str] = {"plain": "", "strong": "b", "quiet": "i", "code": "code"}


def telegram_html(blocks: Iterable[Block], limit: int = MESSAGE_LIMIT) -> list[str]:
    """The messages to send for these blocks, each of at most `limit` UTF-16 code units, marks included."""
    return messages(blocks, _marked, limit)


def _marked(line: Line) -> str:
    text = "".join(_span(span.text, _TAGS[span.style]) for span in line)
    return text if right_to_left(line) else RIGHT_TO_LEFT_MARK + text


def _span(text: str, tag: str) -> str:
    text = escape(text, quote=False)
    return f"<{tag}>{text}</{tag}>" if tag and text.strip() else text
