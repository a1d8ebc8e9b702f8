"""Rows of buttons as the Bot API's inline keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bot.render.lines import clean, utf16
from handlers.reply import Button, Row

ROW_LIMIT = 8
"""Most buttons of a row that phones still show readably (Telegram's own limit)."""
BUTTON_LIMIT = 100
LABEL_LIMIT = 64
COPY_LIMIT = 256
"""Most characters of a CopyTextButton's text (Bot API)."""

Json = dict[str, Any]
"""An object of the Bot API, ready for json.dumps."""


def telegram_keyboard(rows: Iterable[Row]) -> Json | None:
    """An InlineKeyboardMarkup, None when no button remains. Long rows are broken, long labels cut with «…»."""
    return _keyboard(rows, _telegram_action)


def bale_keyboard(rows: Iterable[Row]) -> Json | None:
    """The same for Bale, which has neither inline mode nor buttons that copy: those are left out."""
    return _keyboard(rows, _bale_action)


_Action = Callable[[Button], Json | None]


def _keyboard(rows: Iterable[Row], action: _Action) -> Json | None:
    made: list[list[Json]] = []
    left = BUTTON_LIMIT
    for row in rows:
        shown = [{"text": _label(button.label), **does} for button in row if (does := action(button)) is not None][
            :left
        ]
        left -= len(shown)
        made.extend(shown[at : at + ROW_LIMIT] for at in range(0, len(shown), ROW_LIMIT))
    return {"inline_keyboard": made} if made else None


def _telegram_action(button: Button) -> Json | None:
    if button.share is not None:
        return {"switch_inline_query": button.share}
    if button.copy is not None:
        return {"copy_text": {"text": button.copy}} if 1 <= utf16(button.copy) <= COPY_LIMIT else None
    return _bale_action(button)


def _bale_action(button: Button) -> Json | None:
    if button.data is not None:
        return {"callback_data": button.data}
    return {"url": button.url} if button.url is not None else None


def _label(label: str) -> str:
    label = clean(label).replace("\n", " ").strip()
    return label if len(label) <= LABEL_LIMIT else f"{label[: LABEL_LIMIT - 1].rstrip()}…"
