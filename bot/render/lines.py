"""Blocks as lines of spans, and lines as messages: what the renderers of all messengers share.

Marks never cross a line, so a message may be cut at any line end. Right-to-left: a line whose first strong character
(Unicode Standard Annex 9, rules P2 and P3) is not of a right-to-left script begins with a right-to-left mark, else
phones would set it from the left.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from handlers.reply import Block, Heading, Items, Paragraph, Span

MESSAGE_LIMIT = 4096
"""Most UTF-16 code units of a message's text (Bot API: sendMessage)."""

CAPTION_LIMIT = 1024
"""Most UTF-16 code units of a caption (Bot API: sendPhoto)."""

RIGHT_TO_LEFT_MARK = "\u200f"

Line = tuple[Span, ...]
Marked = Callable[[Line], str]
"""One line with the messenger's marks and escapes."""

_BREAKS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Embeddings, overrides and isolates (a citizen's own could turn round what follows), controls and lone surrogates.
_UNWANTED = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without marks that turn round the direction of what follows and without control characters; line
    breaks of all kinds become newlines and tabs spaces."""
    return _UNWANTED.sub("", _BREAKS.sub("\n", text)).replace("\t", " ")


def utf16(text: str) -> int:
    """The length in UTF-16 code units, as messengers count."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def lines(blocks: Iterable[Block]) -> list[Line]:
    """The lines of the blocks; an empty line is an empty tuple. Paragraphs that begin with a label («مسئول: …») stand
    on lines of their own without an empty line between them."""
    out: list[Line] = []
    before: Block | None = None
    for block in blocks:
        made = _block_lines(block)
        if not made:
            continue
        if before is not None and not _close(before, block):
            out.append(())
        out.extend(made)
        before = block
    return out


def messages(blocks: Iterable[Block], marked: Marked, limit: int = MESSAGE_LIMIT) -> list[str]:
    """The blocks as texts of at most `limit` UTF-16 code units each, cut between lines; none when nothing is said."""
    out: list[str] = []
    kept: list[str] = []
    used = 0
    for line in lines(blocks):
        for text, size in _fitting(line, marked, limit):
            if used + size + 1 > limit + 1:
                out.append("\n".join(kept))
                kept, used = [], 0
            if text or kept:
                kept.append(text)
                used += size + 1
    out.append("\n".join(kept))
    return [text for text in (one.rstrip("\n") for one in out) if text.strip()]


def right_to_left(line: Line) -> bool:
    """Whether a line is set from the right without our help (nothing to set counts as such)."""
    letters = False
    for span in line:
        for character in span.text:
            kind = unicodedata.bidirectional(character)
            if kind in ("R", "AL"):
                return True
            if kind == "L":
                return False
            letters = letters or kind in ("EN", "AN")
    return not letters


def _close(before: Block, after: Block) -> bool:
    match before, after:
        case Heading(_, 1), _:
            return False
        case Heading(), _:
            return True
        case Paragraph(), Items():
            return True
        case Paragraph(first), Paragraph(second):
            return _labelled(first) and _labelled(second)
        case _:
            return False


def _labelled(spans: tuple[Span, ...]) -> bool:
    return len(spans) > 1 and spans[0].style == "strong"


def _block_lines(block: Block) -> list[Line]:
    match block:
        case Heading(text):
            return _broken((Span(text, "strong"),))
        case Paragraph(spans):
            return _broken(spans)
        case Items(items, marks):
            signs = [f"{mark}. " for mark in marks] if marks else ["• "] * len(items)
            return [line for sign, item in zip(signs, items, strict=True) for line in _broken((Span(sign), Span(item)))]


def _broken(spans: tuple[Span, ...]) -> list[Line]:
    broken: list[list[Span]] = [[]]
    for span in spans:
        first, *others = clean(span.text).split("\n")
        if first:
            broken[-1].append(Span(first, span.style))
        broken.extend([Span(text, span.style)] if text else [] for text in others)
    while broken and not _said(broken[-1]):
        broken.pop()
    return [tuple(line) for line in broken]


def _said(line: Iterable[Span]) -> bool:
    return any(span.text.strip() for span in line)


def _fitting(line: Line, marked: Marked, limit: int) -> list[tuple[str, int]]:
    text = marked(line)
    size = utf16(text)
    if size <= limit:
        return [(text, size)]
    head, tail = _halves(line)
    return [*_fitting(head, marked, limit), *_fitting(tail, marked, limit)]


def _halves(line: Line) -> tuple[Line, Line]:
    """The line cut at the space next before its middle, or at the middle."""
    text = "".join(span.text for span in line)
    at = text.rfind(" ", 1, len(text) // 2) + 1 or len(text) // 2
    head: list[Span] = []
    tail: list[Span] = []
    for span in line:
        cut = max(0, min(len(span.text), at))
        at -= len(span.text)
        head.extend([Span(span.text[:cut], span.style)] if cut else [])
        tail.extend([Span(span.text[cut:], span.style)] if cut < len(span.text) else [])
    return tuple(head), tuple(tail)
