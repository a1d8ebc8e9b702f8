"""What the Bot API demands of a call's values beyond their types: lengths, keyboards, pictures, inline results.

Every function raises `MistakeError`, with Telegram's own words where these are known. Lengths of texts are UTF-16 code
units of what is shown (after reading the markup); lengths of callback data and result ids are bytes of UTF-8.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from bot.standin.entities import HtmlError, Parsed, parse_html, utf16
from bot.standin.errors import Json, MistakeError

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
PHOTO_BYTES = 10 * 1024 * 1024
FILE_BYTES = 50 * 1024 * 1024
DOWNLOAD_BYTES = 20 * 1024 * 1024

CHAT_ACTIONS = frozenset(
    {
        *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document"),
        *("choose_sticker", "find_location", "record_video_note", "upload_video_note"),
    }
)
_PARSE_MODES = frozenset({"html", "markdown", "markdownv2"})
_ACTIONS = frozenset(
    {
        *("url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat"),
        *("switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay"),
    }
)
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_SCHEMES = frozenset({"http", "https", "tg"})


def read_text(source: str, parse_mode: str | None, field: str, *, bale: bool = False) -> Parsed:
    """``source`` as it is shown. Markdown is not read: its text is taken as written."""
    if parse_mode:
        if bale and parse_mode.lower() != "markdown":
            raise MistakeError(
                "parse_mode", f"Bale renders every text as Markdown and knows no parse_mode {parse_mode}"
            )
        if parse_mode.lower() not in _PARSE_MODES:
            raise MistakeError("parse_mode", "unsupported parse_mode")
    if not parse_mode or parse_mode.lower() != "html":
        return Parsed(source).trimmed()
    try:
        return parse_html(source).trimmed()
    except HtmlError as error:
        raise MistakeError(field, f"can't parse entities: {error}") from None


def check_length(parsed: Parsed, limit: int, field: str, description: str) -> None:
    """At most ``limit`` UTF-16 code units."""
    length = utf16(parsed.text)
    if length > limit:
        raise MistakeError(field, f"{length} UTF-16 code units, more than {limit}", f"Bad Request: {description}")


def check_keyboard(markup: Json | None, where: str = "reply_markup") -> None:
    """The limits of an inline keyboard or a reply keyboard; other markups have none."""
    if not markup:
        return
    if "keyboard" in markup:
        for row, column, button in _buttons(markup["keyboard"]):
            if not (button if isinstance(button, str) else button["text"]).strip():
                raise MistakeError(f"{where}.keyboard[{row}][{column}].text", "keyboard button text must be non-empty")
    rows = markup.get("inline_keyboard", ())
    for total, (row, column, button) in enumerate(_buttons(rows), start=1):
        if column >= 8:
            raise MistakeError(f"{where}.inline_keyboard[{row}]", "more than 8 buttons in a row")
        if total > 100:
            raise MistakeError(
                f"{where}.inline_keyboard", "more than 100 buttons", "Bad Request: reply markup is too long"
            )
        _check_button(button, f"{where}.inline_keyboard[{row}][{column}]")


def _buttons(rows: Iterable[Iterable[Any]]) -> Iterable[tuple[int, int, Any]]:
    for row, buttons in enumerate(rows):
        for column, button in enumerate(buttons):
            yield row, column, button


def _check_button(button: Json, where: str) -> None:
    if not button["text"].strip():
        raise MistakeError(f"{where}.text", "inline keyboard button text must be non-empty")
    actions = _ACTIONS & button.keys()
    if not actions:
        raise MistakeError(
            where,
            "the button has no action field",
            "Bad Request: can't parse inline keyboard button: Text buttons are not allowed in the inline keyboard",
        )
    if len(actions) > 1:
        raise MistakeError(where, f"the button has more than one action field: {', '.join(sorted(actions))}")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(data.encode()) <= 64:
        raise MistakeError(
            f"{where}.callback_data", f"{len(data.encode())} bytes, not 1 to 64", "Bad Request: BUTTON_DATA_INVALID"
        )
    if "url" in button:
        _check_url(button["url"], f"{where}.url", "inline keyboard button URL")


def _check_url(url: str, where: str, what: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme.lower() not in _SCHEMES:
        raise MistakeError(where, f"{what} '{url}' is invalid: Unsupported URL protocol")
    if not parts.netloc or any(character.isspace() for character in url):
        raise MistakeError(where, f"{what} '{url}' is invalid: Wrong HTTP URL")


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels from a PNG or JPEG header; None when it is neither."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    return _jpeg_size(data) if data[:2] == b"\xff\xd8" else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def check_photo(data: bytes, field: str = "photo") -> tuple[int, int]:
    """Width and height of a picture that Telegram accepts as a photo."""
    if len(data) > PHOTO_BYTES:
        raise MistakeError(
            field, f"file of size {len(data)} bytes is too big for a photo; the maximum size is {PHOTO_BYTES} bytes"
        )
    size = picture_size(data)
    if size is None:
        raise MistakeError(field, "neither PNG nor JPEG", "Bad Request: IMAGE_PROCESS_FAILED")
    width, height = size
    if not width or not height or width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise MistakeError(field, f"{width} × {height} pixels", "Bad Request: PHOTO_INVALID_DIMENSIONS")
    return size


def check_file(data: bytes, field: str) -> None:
    """At most 50 MB."""
    if len(data) > FILE_BYTES:
        raise MistakeError(field, f"{len(data)} bytes, more than {FILE_BYTES}", "Request Entity Too Large", 413)


def check_commands(commands: list[Json]) -> None:
    """Names, descriptions and number of a bot's commands."""
    if len(commands) > 100:
        raise MistakeError("commands", "more than 100 commands", "Bad Request: BOT_COMMANDS_TOO_MUCH")
    for index, command in enumerate(commands):
        if not _COMMAND.fullmatch(command["command"]):
            raise MistakeError(
                f"commands[{index}].command", "not 1 to 32 of a-z, 0-9 and _", "Bad Request: BOT_COMMAND_INVALID"
            )
        if not 1 <= utf16(command["description"].strip()) <= 256:
            raise MistakeError(
                f"commands[{index}].description",
                "not 1 to 256 characters",
                "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID",
            )


def check_secret(secret: str | None) -> None:
    """A webhook's secret token: 1 to 256 of A-Z, a-z, 0-9, ``_`` and ``-``."""
    if secret is not None and not _SECRET.fullmatch(secret):
        raise MistakeError("secret_token", "secret token contains unallowed characters")


def check_webhook_url(url: str) -> None:
    """https, or http on this machine (which Telegram itself would not take)."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}):
        raise MistakeError("url", "bad webhook: An HTTPS URL must be provided for webhook")


def check_inline_results(results: list[Json]) -> None:
    """Number, ids, texts and keyboards of the results of an inline query."""
    if len(results) > 50:
        raise MistakeError("results", f"{len(results)} results, more than 50", "Bad Request: RESULTS_TOO_MUCH")
    seen: set[str] = set()
    for index, result in enumerate(results):
        where = f"results[{index}]"
        identifier = result["id"]
        if not 1 <= len(identifier.encode()) <= 64:
            raise MistakeError(f"{where}.id", "not 1 to 64 bytes", "Bad Request: RESULT_ID_INVALID")
        if identifier in seen:
            raise MistakeError(f"{where}.id", f"'{identifier}' stands twice", "Bad Request: RESULT_ID_DUPLICATE")
        seen.add(identifier)
        _check_inline_result(result, where)


def _check_inline_result(result: Json, where: str) -> None:
    if result["type"] == "article" and not result["title"].strip():
        raise MistakeError(f"{where}.title", "is empty", "Bad Request: ARTICLE_TITLE_EMPTY")
    check_keyboard(result.get("reply_markup"), f"{where}.reply_markup")
    content = result.get("input_message_content")
    if content is not None and "message_text" in content:
        field = f"{where}.input_message_content.message_text"
        parsed = read_text(content["message_text"], content.get("parse_mode"), field)
        if not parsed.text:
            raise MistakeError(field, "message text is empty")
        check_length(parsed, TEXT_LIMIT, field, "message is too long")
    if "caption" in result:
        parsed = read_text(result["caption"], result.get("parse_mode"), f"{where}.caption")
        check_length(parsed, CAPTION_LIMIT, f"{where}.caption", "message caption is too long")


def check_span(text: str | None, low: int, high: int, field: str, description: str) -> None:
    """Between ``low`` and ``high`` UTF-16 code units, white space at the ends not counted; None passes."""
    if text is not None and not low <= utf16(text.strip()) <= high:
        raise MistakeError(field, f"not {low} to {high} characters", f"Bad Request: {description}")
