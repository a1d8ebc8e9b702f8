"""The Bot API's methods and types as checks: is this value one that the method's field declares?

The reference (`bot_api.json`, made by `bot.standin.make_reference`) is turned into small functions the first time each
type is met, so that checking a call costs tens of microseconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.standin.errors import Json, MistakeError
from bot.standin.make_reference import COPY

Problem = tuple[str, str]
"""Where in the value, and what is wrong there."""

Checker = Callable[[Any, str], Problem | None]

_SCALARS: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "String": (str,),
    "Boolean": (bool,),
    "Float": (float, int),
}
_TRUE = {"true": True, "1": True, "false": False, "0": False}
_SNAKE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Method:
    """A method: what it returns, and its fields with their types and whether they are required."""

    name: str
    returns: tuple[str, ...]
    fields: dict[str, tuple[str, ...]]
    required: frozenset[str]


def _split(declared: str) -> tuple[tuple[str, ...], bool]:
    return tuple(declared.rstrip("!").split("|")), declared.endswith("!")


class Reference:
    """Every method and type of the Bot API, with a check for each."""

    def __init__(self, data: Json) -> None:
        self.version: str = data["version"]
        self.types: dict[str, dict[str, str] | list[str]] = data["types"]
        self.methods = {name: self._method(name, method) for name, method in data["methods"].items()}
        self._checkers: dict[str, Checker] = {}

    @staticmethod
    def _method(name: str, method: Json) -> Method:
        fields = {field: _split(declared) for field, declared in method["fields"].items()}
        required = frozenset(field for field, (_, needed) in fields.items() if needed)
        types = {field: kinds for field, (kinds, _) in fields.items()}
        return Method(name, tuple(method["returns"].split("|")), types, required)

    def check(self, kinds: tuple[str, ...], value: Any, where: str) -> Problem | None:
        """None when ``value`` is of one of ``kinds``; otherwise the nearest kind's problem."""
        return self._any_of(kinds)(value, where) if len(kinds) > 1 else self.checker(kinds[0])(value, where)

    def checker(self, kind: str) -> Checker:
        """The check for one type's name, such as ``Integer`` or ``Array of InputMediaPhoto``."""
        known = self._checkers.get(kind)
        if known is None:
            known = self._checkers[kind] = self._build(kind)
        return known

    def _build(self, kind: str) -> Checker:
        if kind in _SCALARS:
            return _scalar(kind)
        if kind.startswith("Array of "):
            return self._array(kind.removeprefix("Array of "))
        if kind == "InputFile":
            return lambda _value, where: (where, "is not an uploaded file")
        if kind == "KeyboardButton":
            return self._either_text(self._object(kind))
        declared = self.types[kind]
        if isinstance(declared, list):
            return self._any_of(tuple(declared), _tags(kind, tuple(declared)))
        return self._object(kind)

    def _array(self, item: str) -> Checker:
        def check(value: Any, where: str) -> Problem | None:
            if not isinstance(value, list):
                return where, f"is not an array of {item}"
            checker = self.checker(item)
            for index, element in enumerate(value):
                problem = checker(element, f"{where}[{index}]")
                if problem is not None:
                    return problem
            return None

        return check

    def _object(self, kind: str) -> Checker:
        declared = self.types[kind]
        assert isinstance(declared, dict)  # noqa: S101 — the list form is handled by the caller
        fields = {name: _split(text) for name, text in declared.items()}
        required = [name for name, (_, needed) in fields.items() if needed]

        def check(value: Any, where: str) -> Problem | None:
            if not isinstance(value, dict):
                return where, f"is not an object of type {kind}"
            for name in required:
                if name not in value:
                    return f"{where}.{name}", f"is required in {kind}"
            for name, inner in value.items():
                entry = fields.get(name)
                if entry is None:
                    return f"{where}.{name}", f"is not a field of {kind}"
                problem = self.check(entry[0], inner, f"{where}.{name}")
                if problem is not None:
                    return problem
            return None

        return check

    @staticmethod
    def _either_text(check_object: Checker) -> Checker:
        return lambda value, where: None if isinstance(value, str) else check_object(value, where)

    def _any_of(self, kinds: tuple[str, ...], tags: dict[str, tuple[str, str]] | None = None) -> Checker:
        def check(value: Any, where: str) -> Problem | None:
            candidates = [kind for kind in kinds if _tagged(kind, tags, value)]
            if not candidates:
                return where, f"has no type of {_named(kinds)}"
            problems: list[tuple[int, Problem]] = []
            for kind in candidates:
                problem = self.checker(kind)(value, where)
                if problem is None:
                    return None
                problems.append((self._likeness(kind, value), problem))
            return max(problems, key=lambda item: item[0])[1]

        return check

    def _likeness(self, kind: str, value: Any) -> int:
        declared = self.types.get(kind)
        if isinstance(value, dict) and isinstance(declared, dict):
            return len(declared.keys() & value.keys()) - len(value.keys() - declared.keys())
        return -1000


def _named(kinds: tuple[str, ...]) -> str:
    return ", ".join(kinds[:3]) + (" …" if len(kinds) > 3 else "")


def _scalar(kind: str) -> Checker:
    accepted = _SCALARS[kind]

    def check(value: Any, where: str) -> Problem | None:
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind != "Boolean"):
            return where, f"is not of type {kind}"
        return None

    return check


_TAG_FIELDS = {
    "InputMedia": "type",
    "InputPollMedia": "type",
    "InputPollOptionMedia": "type",
    "InputPaidMedia": "type",
    "InputProfilePhoto": "type",
    "InputStoryContent": "type",
    "InlineQueryResult": "type",
    "BotCommandScope": "type",
    "MenuButton": "type",
    "ReactionType": "type",
}
_TAG_PREFIXES = {"InputPollMedia": "InputMedia", "InputPollOptionMedia": "InputMedia"}


def _tags(parent: str, kinds: tuple[str, ...]) -> dict[str, tuple[str, str]] | None:
    """For each subtype the field and value that mark it (``InputMediaPhoto``: type = photo); None when nothing does."""
    field = _TAG_FIELDS.get(parent)
    if field is None:
        return None
    prefix = _TAG_PREFIXES.get(parent, parent)
    return {kind: (field, _SNAKE.sub("_", kind.removeprefix(prefix).removeprefix("Cached")).lower()) for kind in kinds}


def _tagged(kind: str, tags: dict[str, tuple[str, str]] | None, value: Any) -> bool:
    if tags is None or not isinstance(value, dict):
        return True
    field, expected = tags[kind]
    return bool(value.get(field) == expected)


@cache
def reference() -> Reference:
    """The committed reference, read once."""
    return Reference(json.loads(COPY.read_text(encoding="utf-8")))


def decode(method: Method, field: str, raw: Any) -> Any:
    """The value of a field as sent in a form (text) or in a JSON body (already a value).

    Raises:
        MistakeError: the text stands for no declared type.
    """
    if not isinstance(raw, str):
        return raw
    kinds = method.fields[field]
    if kinds in {("String",), ("InputFile", "String"), ("InputFile",)}:
        return raw
    for kind in kinds:
        value = _decode_scalar(kind, raw)
        if value is not None:
            return value
    if any(kind not in _SCALARS and kind != "InputFile" for kind in kinds):
        return _decode_json(field, raw)
    if "String" in kinds:
        return raw
    raise MistakeError(field, f'value "{raw[:60]}" is not of type {" or ".join(kinds)}')


def _decode_scalar(kind: str, raw: str) -> int | float | bool | None:
    if kind == "Boolean":
        return _TRUE.get(raw.strip().lower())
    try:
        if kind == "Integer":
            return int(raw) if raw.lstrip("-").isascii() and raw.lstrip("-").isdigit() else None
        return float(raw) if kind == "Float" else None
    except ValueError:
        return None


def _decode_json(field: str, raw: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise MistakeError(
            field, "is not JSON", f"Bad Request: can't parse {field.replace('_', ' ')} JSON object"
        ) from None
