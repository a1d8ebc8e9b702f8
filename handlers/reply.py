"""What the program says, as data: a Reply of parts that every channel renders in its own way.

A part is one message: rich-text blocks, rows of buttons, perhaps a file. Texts are plain; renderers escape them.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import TypeAdapter

SpanStyle = Literal["plain", "strong", "quiet", "code"]

DATA_LIMIT = 64
"""Most bytes of a button's data (Bot API: InlineKeyboardButton.callback_data)."""

PAGE_LIMIT = 3000
"""Most characters of one part's text: under the messengers' 4,096 with room for marks and escapes."""


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
class Button:
    """One button: exactly one of `data` (comes back as the turn's `button`; ASCII, at most 64 bytes), `url` (opens a
    page), `share` (text to hand on to another chat) and `copy` (text to put on the clipboard). A channel without a
    means for `share` or `copy` leaves the button out."""

    label: str
    data: str | None = None
    url: str | None = None
    share: str | None = None
    copy: str | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.data, self.url, self.share, self.copy)) != 1 or not self.label:
            raise ValueError(f"a button does one thing and has a label: {self}")
        if self.data is not None and not (self.data.isascii() and 1 <= len(self.data) <= DATA_LIMIT):
            raise ValueError(f"button data is 1 to {DATA_LIMIT} ASCII characters: {self.data!r}")


Row = tuple[Button, ...]


@dataclass(frozen=True)
class Flowchart:
    """The drawn workflow of a service: made when the part is delivered, cached by content."""

    code: str
    form: Literal["png", "pdf"] = "png"


@dataclass(frozen=True)
class Received:
    """A file that came in on a channel, to be shown again by its id there."""

    channel: str
    kind: str
    file_id: str


@dataclass(frozen=True)
class Album:
    """Two to ten received files shown together, above the text of their part: pictures and films, or documents."""

    files: tuple[Received, ...]


@dataclass(frozen=True)
class Made:
    """A small file that the handler made: it goes through the outbox whole. `name` with its ending (a `.png` is shown
    as a picture); `body` is base64."""

    name: str
    body: str

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """A file of these bytes."""
        return cls(name, b64encode(content).decode())

    @property
    def content(self) -> bytes:
        """The bytes."""
        return b64decode(self.body)


Replaces = Literal["pressed", "answer"]


@dataclass(frozen=True)
class Part:
    """One message. `replaces`: edit the message whose button was pressed, or the one that answered the question now
    edited, instead of sending a new one (a new one is sent where there is nothing to edit)."""

    blocks: tuple[Block, ...] = ()
    buttons: tuple[Row, ...] = ()
    file: Flowchart | Received | Album | Made | None = None
    replaces: Replaces | None = None


@dataclass(frozen=True)
class Reply:
    """What one turn is answered with, in order. `notice`: a passing line shown on a pressed button."""

    parts: tuple[Part, ...] = ()
    notice: str | None = None

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of all parts, in order."""
        return tuple(block for part in self.parts for block in part.blocks)


PART = TypeAdapter(Part)
"""Parts to and from JSON (the outbox keeps them so)."""


def say(text: str, style: SpanStyle = "plain") -> Paragraph:
    """A paragraph of one span."""
    return Paragraph((Span(text, style),))


def message(*blocks: Block | str, buttons: Iterable[Row] = (), replaces: Replaces | None = None) -> Reply:
    """A reply of one part; a bare string is a paragraph."""
    made = tuple(say(block) if isinstance(block, str) else block for block in blocks)
    return Reply((Part(made, tuple(buttons), replaces=replaces),))


def plain_text(blocks: Iterable[Block]) -> str:
    """The text of blocks without any marks, a line a paragraph or item."""
    return "\n".join(_line(block) for block in blocks)


def _line(block: Block) -> str:
    match block:
        case Heading(text):
            return text
        case Paragraph(spans):
            return "".join(span.text for span in spans)
        case Items(items, marks):
            signs = [f"{mark}. " for mark in marks] if marks else ["• "] * len(items)
            return "\n".join(sign + item for sign, item in zip(signs, items, strict=True))


def pages(blocks: Iterable[Block], limit: int = PAGE_LIMIT) -> tuple[tuple[Block, ...], ...]:
    """The blocks cut into pages of at most `limit` characters: between blocks where it can be, a heading never last
    on its page; else between items; else between words."""
    cut: list[list[Block]] = [[]]
    used = 0
    for block in (piece for whole in blocks for piece in _pieces(whole, limit)):
        size = len(_line(block)) + 2
        if used + size > limit and cut[-1]:
            carried: list[Block] = []
            while cut[-1] and isinstance(cut[-1][-1], Heading) and len(cut[-1]) > 1:
                carried.insert(0, cut[-1].pop())
            cut.append(carried)
            used = sum(len(_line(one)) + 2 for one in carried)
        cut[-1].append(block)
        used += size
    return tuple(tuple(page) for page in cut)


def _pieces(block: Block, limit: int) -> list[Block]:
    if len(_line(block)) + 2 <= limit // 2:
        return [block]
    match block:
        case Items(items, marks):
            lines = marks or ("",) * len(items)
            return [
                Items((text,), (mark,) if mark else ())
                for item, mark in zip(items, lines, strict=True)
                for text in _worded(item, limit // 2)
            ]
        case Paragraph((Span(text, style),)):
            return [Paragraph((Span(piece, style),)) for piece in _worded(text, limit // 2)]
        case _:
            return [block]


def _worded(text: str, limit: int) -> list[str]:
    pieces = []
    while len(text) > limit:
        at = text.rfind(" ", 1, limit)
        at = at if at > 0 else limit
        pieces.append(text[:at])
        text = text[at:].lstrip()
    return [*pieces, text]
