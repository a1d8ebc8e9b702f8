"""Telegram's reading of ``parse_mode=HTML``: the text a person sees, its entities, or the error Telegram answers.

Follows the rules of the Bot API's "HTML style" and, as far as we know it, tdlib's ``MessageEntity.cpp`` with its
wording of errors. Lengths and offsets are UTF-16 code units, as everywhere in the Bot API.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.entities import html5

from bot.standin.errors import Json

_ENTITY_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_SPACE = " \t\r\n\0\v"
_SPECIAL = re.compile(r"[<&]")
_REFERENCE = re.compile(r"&(?:#(?:x([0-9a-fA-F]{1,7})|([0-9]{1,8}))|([A-Za-z][A-Za-z0-9]*));?")
_TAG_NAME = re.compile(r"[^\s>]*")
_NAME_TOKEN = re.compile(r"[0-9A-Za-z.\-]*")
# What Telegram shows as nothing: text made only of these counts as empty.
_INVISIBLE = (
    "".join(map(chr, [*range(0x2000, 0x2010), *range(0x2028, 0x2030), *range(0x205F, 0x2070)])) + "\u2800\u3164\ufeff"
)


class HtmlError(ValueError):
    """Telegram's words after ``can't parse entities:``."""


def utf16(text: str) -> int:
    """The length of ``text`` in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass
class Parsed:
    """What is shown: plain text, entities, and the character references Telegram shows as written (``&nbsp;``)."""

    text: str
    entities: list[Json] = field(default_factory=list)
    undecoded: list[str] = field(default_factory=list)

    def trimmed(self) -> Parsed:
        """Without the white space Telegram drops at both ends; empty when nothing visible is left."""
        if not self.text.strip(_INVISIBLE + " \t\r\n\v\f\u00a0"):
            return Parsed("", [], self.undecoded)
        start = len(self.text) - len(self.text.lstrip())
        text = self.text.strip()
        if text == self.text:
            return self
        shift, length = utf16(self.text[:start]), utf16(text)
        entities = []
        for entity in self.entities:
            begin = max(0, entity["offset"] - shift)
            end = min(length, entity["offset"] + entity["length"] - shift)
            if end > begin:
                entities.append({**entity, "offset": begin, "length": end - begin})
        return Parsed(text, entities, self.undecoded)


@dataclass
class _Open:
    tag: str
    argument: str
    offset: int
    piece: int


class _Reader:
    """One pass over the text; ``at`` is the position in it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.pieces: list[str] = []
        self.offset = 0
        self.open: list[_Open] = []
        self.parsed = Parsed("")

    def error(self, words: str, at: int) -> HtmlError:
        return HtmlError(f"{words} at byte offset {len(self.source[:at].encode('utf-8', 'surrogatepass'))}")

    def emit(self, text: str) -> None:
        self.pieces.append(text)
        self.offset += utf16(text)

    def run(self) -> Parsed:
        while (special := _SPECIAL.search(self.source, self.at)) is not None:
            self.emit(self.source[self.at : special.start()])
            self.at = special.start()
            if special.group() == "&":
                self.emit(self.reference(report=True))
            elif self.source.startswith("</", self.at):
                self.end_tag()
            else:
                self.start_tag()
        self.emit(self.source[self.at :])
        if self.open:
            raise HtmlError(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        self.parsed.text = "".join(self.pieces)
        self.parsed.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return self.parsed

    def reference(self, *, report: bool) -> str:
        """The character that the ``&`` at the position stands for, or the ``&`` itself."""
        match = _REFERENCE.match(self.source, self.at)
        if match is not None:
            hexadecimal, decimal, name = match.groups()
            code = int(hexadecimal, 16) if hexadecimal else int(decimal or 0)
            character = _NAMED.get(name or "") or (chr(code) if 0 < code < 0x10FFFF else None)
            if character is not None:
                self.at = match.end()
                return character
            if report and name and f"{name};" in html5 and match.group().endswith(";"):
                self.parsed.undecoded.append(match.group())
        self.at += 1
        return "&"

    def spaces(self) -> str:
        """Skip white space; the character after it, or nothing at the end."""
        while self.at < len(self.source) and self.source[self.at] in _SPACE:
            self.at += 1
        return self.source[self.at : self.at + 1]

    def start_tag(self) -> None:
        begin = self.at
        match = _TAG_NAME.match(self.source, begin + 1)
        assert match is not None  # noqa: S101 — the pattern matches the empty string too
        self.at = match.end()
        if self.at == len(self.source):
            raise self.error("Unclosed start tag", begin)
        tag = match.group().lower()
        if tag not in _ENTITY_TYPES:
            raise self.error(f'Unsupported start tag "{tag}"', begin)
        argument = ""
        while self.spaces() != ">":
            argument = self.attribute(tag, begin) or argument
        self.at += 1
        if tag == "span" and argument != "spoiler":
            raise self.error('Tag "span" must have class "tg-spoiler"', begin)
        if tag == "tg-emoji" and not argument.isdigit():
            raise self.error('Tag "tg-emoji" must have a numeric attribute "emoji-id"', begin)
        self.open.append(_Open(tag, argument, self.offset, len(self.pieces)))

    def attribute(self, tag: str, begin: int) -> str:
        """Read one attribute; what it means for this tag, or nothing."""
        start = self.at
        while self.at < len(self.source) and self.source[self.at] not in _SPACE + "=>/\"'":
            self.at += 1
        name = self.source[start : self.at]
        if self.at >= len(self.source):
            raise self.error("Unclosed start tag", begin)
        if not name:
            raise self.error(f'Empty attribute name in the tag "{tag}"', begin)
        if self.spaces() == "=":
            self.at += 1
            return _meaning(tag, name.lower(), self.value(begin))
        if tag != "blockquote":
            raise self.error(f'Expected equal sign in declaration of an attribute of the tag "{tag}"', begin)
        return _meaning(tag, name.lower(), "")

    def value(self, begin: int) -> str:
        quote = self.spaces()
        if quote not in {'"', "'"}:
            token = _NAME_TOKEN.match(self.source, self.at)
            assert token is not None  # noqa: S101 — the pattern matches the empty string too
            start, self.at = self.at, token.end()
            if self.at < len(self.source) and self.source[self.at] not in _SPACE + ">":
                raise self.error("Unexpected end of name token", start)
            return token.group().lower()
        self.at += 1
        value: list[str] = []
        while self.at < len(self.source) and self.source[self.at] != quote:
            if self.source[self.at] == "&":
                value.append(self.reference(report=False))
            else:
                value.append(self.source[self.at])
                self.at += 1
        self.at += 1
        if self.at >= len(self.source):
            raise self.error("Unclosed start tag", begin)
        return "".join(value)

    def end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise self.error("Unexpected end tag", begin)
        match = _TAG_NAME.match(self.source, begin + 2)
        assert match is not None  # noqa: S101 — the pattern matches the empty string too
        self.at = match.end()
        if self.spaces() != ">":
            raise self.error("Unclosed end tag", begin)
        self.at += 1
        opened, name = self.open.pop(), match.group().lower()
        if name and name != opened.tag:
            raise self.error(
                f'Unmatched end tag at byte offset {begin}, expected "</{opened.tag}>", found "</{name}>"', begin
            )
        if self.offset > opened.offset:
            self.close(opened)

    def close(self, opened: _Open) -> None:
        entity: Json = {
            "type": _ENTITY_TYPES[opened.tag],
            "offset": opened.offset,
            "length": self.offset - opened.offset,
        }
        if opened.tag == "a":
            entity["url"] = opened.argument or "".join(self.pieces[opened.piece :])
        elif opened.tag == "tg-emoji":
            entity["custom_emoji_id"] = opened.argument
        elif opened.tag == "blockquote" and opened.argument:
            entity["type"] = "expandable_blockquote"
        elif opened.tag == "code" and opened.argument and self.open and self.open[-1].tag == "pre":
            self.open[-1].argument = opened.argument
            return
        elif opened.tag == "pre" and opened.argument:
            entity["language"] = opened.argument
        self.parsed.entities.append(entity)


def _meaning(tag: str, name: str, value: str) -> str:
    if (tag, name) in {("a", "href"), ("tg-emoji", "emoji-id")}:
        return value
    if (tag, name) == ("span", "class") and value.startswith("tg-"):
        return value.removeprefix("tg-")
    if (tag, name) == ("code", "class") and value.startswith("language-"):
        return value.removeprefix("language-")
    return "1" if (tag, name) == ("blockquote", "expandable") else ""


def parse_html(source: str) -> Parsed:
    """Read ``source`` as Telegram reads HTML.

    Raises:
        HtmlError: unknown, unclosed or mismatched tag; the text is Telegram's.
    """
    if "<" not in source and "&" not in source:
        return Parsed(source)
    return _Reader(source).run()
