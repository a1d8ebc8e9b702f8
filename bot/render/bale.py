"""Blocks as Bale's Markdown: ``*bold*`` and ``_italic_``; Bale reads it in every text and documents no escape.

Its marks count only at the edges of words: an opening one after a space or line start, a closing one before a space or
line end (so reads the text parser of the Actor messenger, which Bale grew from). Where a mark would stand elsewhere it
is left out, and the text stays plain. Characters of the text that could be read as marks are replaced by look-alikes:
``*`` by U+2217, a backtick by U+02CB, ``_`` at the edge of a word by U+02CD (inside words, as in addresses, it stays),
``]`` before ``(`` by U+FF3D so that no text turns into a link. Bale has no code inside a line: such spans are bold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.render.lines import MESSAGE_LIMIT, RIGHT_TO_LEFT_MARK, Line, messages, right_to_left
from handlers.reply import Block, SpanStyle

_SIGNS: dict[SpanStyle, str] = {"plain": "", "strong": "*", "quiet": "_", "code": "*"}
_LOOKALIKES = str.maketrans({"*": "\u2217", "`": "\u02cb"})
_LOW_LINE = "\u02cd"
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


def bale_markdown(blocks: Iterable[Block], limit: int = MESSAGE_LIMIT) -> list[str]:
    """The messages to send for these blocks, each of at most `limit` UTF-16 code units, marks included."""
    return messages(blocks, _marked, limit)


def neutral(text: str) -> str:
    """The text, of the same length, with nothing in it that Bale would read as a mark."""
    return _EDGE_UNDERSCORE.sub(_LOW_LINE, text.translate(_LOOKALIKES).replace("](", "\uff3d("))


def _marked(line: Line) -> str:
    whole = neutral("".join(span.text for span in line))
    turn = "" if right_to_left(line) else RIGHT_TO_LEFT_MARK
    out: list[str] = []
    at = 0
    for span in line:
        end = at + len(span.text)
        sign = _SIGNS[span.style]
        core = whole[at:end].strip()
        start = whole.index(core, at)
        after = start + len(core)
        free = (start == 0 or whole[start - 1] == " ") and (after == len(whole) or whole[after] == " ")
        if sign and core and free:
            text = core.replace("_", _LOW_LINE) if sign == "_" else core
            # Before the sign the mark would keep it from the line start.
            inside = turn if not out and start == 0 else ""
            out.append(f"{whole[at:start]}{sign}{inside}{text}{sign}{whole[after:end]}")
            turn = "" if inside else turn
        else:
            out.append(whole[at:end])
        at = end
    return turn + "".join(out)
