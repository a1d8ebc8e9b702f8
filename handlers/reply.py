"""What the program says, as data: a Reply of rich-text blocks that every channel renders in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SpanStyle = Literal["plain", "strong", "quiet", "code"]


@dataclass(frozen=True)
class Span:
    """A run of text in one style. The text is plain: renderers escape it."""

    text: str
    style: SpanStyle = "plain"


@dataclass(frozen=True)
class Paragraph:
    """One paragraph of spans."""

    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Heading:
    """A line that names what follows; level 1 is the title of the whole reply."""

    text: str
    level: Literal[1, 2] = 2


@dataclass(frozen=True)
class Items:
    """A list. Ordered ones carry their own marks («۱», «۲», …) so that text can refer to them."""

    items: tuple[str, ...]
    marks: tuple[str, ...] = ()


Block = Paragraph | Heading | Items


@dataclass(frozen=True)
class Reply:
    """One answer: blocks in reading order."""

    blocks: tuple[Block, ...]


def say(text: str, style: SpanStyle = "plain") -> Paragraph:
    """A paragraph of one span."""
    return Paragraph((Span(text, style),))
