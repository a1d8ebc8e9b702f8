"""The log: JSON lines (or lines to read on a terminal) that hold no token, no personal data and no citizen's words.

Our own code says what happened and to which row; it never passes text of people to a logger. This module is the net
below that: secrets and long digits are cut out of every value, control and bidirectional characters are written as
escapes, an exception shows its kind and its place but not its text, and other libraries are heard from WARNING on,
without the values that they put into their messages.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
import sys
import traceback
import unicodedata
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO, cast

import structlog

Form = Literal["auto", "json", "console"]
Event = MutableMapping[str, Any]

OURS = ("bot", "handlers", "records", "knowledge")
LONGEST = 2000
"""Most characters of one value."""

FIELDS = "fields"
"""Name of the `extra` under which our code hands over fields: `LOG.info("turn", extra={"fields": {…}})`."""

QUIET = (
    "aiohttp",
    "aiosqlite",
    "alembic",
    "asyncio",
    "asyncpg",
    "httpcore",
    "httpx",
    "sqlalchemy",
    "telegram",
    "uvicorn",
)

_HIDDEN = "[hidden]"
_DIGITS = "[digits]"
_TOKEN = re.compile(r"\b\d{2,20}:[A-Za-z0-9_-]{4,}|(?<=/bot)[^/\s]{4,}", re.ASCII)
# A national id, a card, a mobile: eight digits or more of any script, also with the marks that people put between them.
_LONG_DIGITS = re.compile(r"\d(?:[\s\u200c\u200f\u200e\u2066-\u2069().\-_/+]{0,2}\d){7,}")
_SUSPECT = re.compile(r"[^\x20-\x7e\u0600-\u061b\u061d-\u06ff\u200c\u00ab\u00bb\u2026\u2013\u2014]")
_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})


class _Keys:
    """What one process knows of secrets: the key of its hashes, and the texts that must never show."""

    def __init__(self) -> None:
        self.chats = secrets.token_bytes(32)
        self.hidden: tuple[str, ...] = ()


_KEYS = _Keys()


def configure(
    level: str = "INFO",
    form: Form = "auto",
    *,
    hidden: Iterable[str] = (),
    key: bytes | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send the log of the whole process to `stream` (standard error), in place of what was set up before.

    `hidden`: secrets that are cut out wherever they stand. `key`: makes the hashes of chats the same in every process
    that has it; without one they are those of this process alone.
    """
    out = stream if stream is not None else sys.stderr
    console = form == "console" or (form == "auto" and out.isatty())
    _KEYS.hidden = tuple(sorted({one for one in hidden if len(one) >= 4}, key=len, reverse=True))
    if key is not None:
        _KEYS.chats = hashlib.blake2b(key, digest_size=32, person=b"log chats").digest()
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[_described, _neutral, _readable if console else _as_json],
            keep_exc_info=False,
            keep_stack_info=False,
        )
    )
    handler.addFilter(_heard)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in QUIET:
        other = logging.getLogger(name)
        other.setLevel(max(logging.WARNING, root.level))
    # Else a record that cannot be written is printed with its values.
    logging.raiseExceptions = False


_HEX_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def chat_hash(channel: str, chat: str) -> str:
    """A chat's name in the log: a keyed hash, the same for the same chat, from which nobody gets back to the chat.

    In letters only: long digits are taken out of a log line.
    """
    hashed = hashlib.blake2b(f"{channel}:{chat}".encode(), digest_size=8, key=_KEYS.chats).hexdigest()
    return hashed.translate(_HEX_LETTERS)


def neutral(text: str) -> str:
    """A text without secrets and long digits, its control, bidirectional and invisible characters as escapes."""
    for secret in _KEYS.hidden:
        if secret in text:
            text = text.replace(secret, _HIDDEN)
    text = text[:LONGEST]
    if ":" in text or "/bot" in text:
        text = _TOKEN.sub(_HIDDEN, text)
    text = _LONG_DIGITS.sub(_DIGITS, text)
    return _SUSPECT.sub(_escaped, text)


def frames(trace: TracebackType | None) -> list[str]:
    """Where an exception passed, innermost last: files, lines and functions, no text."""
    return [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(trace, limit=40)]


def kinds(error: BaseException | None) -> list[str]:
    """The kinds of an exception and of its causes, the outermost first."""
    found: list[str] = []
    while error is not None and len(found) < 8:
        found.append(type(error).__name__)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def _escaped(match: re.Match[str]) -> str:
    char = match.group()
    if unicodedata.category(char) not in _CONTROLS:
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_ours(name: str) -> bool:
    return name.split(".", 1)[0] in OURS


def _heard(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or _is_ours(record.name)


def _described(_: object, __: str, event: Event) -> Event:
    """The fields of a record of the standard library's logging, in the order they are written."""
    record: logging.LogRecord = event["_record"]
    told: Event = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
    }
    if _is_ours(record.name):
        told["event"] = event["event"]
        fields = getattr(record, FIELDS, None)
        if isinstance(fields, Mapping):
            told.update({str(name): value for name, value in fields.items() if name not in told})
    else:
        # Their messages hold URLs, requests and texts of exceptions: only the sentence they are made from is kept.
        told["event"] = record.msg.split("\n", 1)[0] if isinstance(record.msg, str) else type(record.msg).__name__
    raised = event.get("exc_info")
    if isinstance(raised, tuple) and raised[1] is not None:
        told["error"] = kinds(raised[1])
        told["trace"] = frames(raised[2])
    return told


def _neutral(_: object, __: str, event: Event) -> Event:
    return {neutral(name): _clean(value) for name, value in event.items()}


def _clean(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            # The time is ours and would pass for long digits.
            return value if value[4:5] == "-" and value.endswith("+00:00") and len(value) == 29 else neutral(value)
        case Mapping():
            return {neutral(str(name)): _clean(one) for name, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(one) for one in value]
        case _:
            return type(value).__name__


def _as_json(_: object, __: str, event: Event) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def _readable(_: object, __: str, event: Event) -> str:
    trace = cast("list[str]", event.pop("trace", []))
    head = f"{event.pop('at')} {event.pop('level'):<7} {event.pop('logger')}: {event.pop('event')}"
    rest = "".join(f" {name}={_shown(value)}" for name, value in event.items())
    return "\n    ".join([head + rest, *trace])


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    # Else a value could pass for further fields.
    return json.dumps(text, ensure_ascii=False) if " " in text or "=" in text else text
