"""Long stories cut to their need: the windows of a text that are looked at beside the whole."""

from __future__ import annotations

import re

LONG = 18
"""Words of a text above which it is looked at in windows too."""

WINDOW = 16
STRIDE = 8
MOST = 12
"""Windows of one text that are looked at, from its beginning on … and from its end, where it has more."""

_CLAUSE = re.compile(r"[.!؟?،,؛;:\n…]+")


def windows(text: str) -> list[str]:
    """The windows of a text as it was typed: neighbouring clauses together up to `WINDOW` words; a longer clause (a
    transcript without marks) in overlapping pieces. A story of more than `MOST` windows gives its first and last."""
    pieces: list[str] = []
    together: list[str] = []
    for clause in _CLAUSE.split(text):
        words = clause.split()
        if together and len(together) + len(words) > WINDOW:
            pieces.append(" ".join(together))
            together = []
        if len(words) > WINDOW:
            starts = range(0, len(words) - STRIDE, STRIDE)
            pieces += [" ".join(words[start : start + WINDOW]) for start in starts]
        else:
            together += words
    if together:
        pieces.append(" ".join(together))
    distinct = list(dict.fromkeys(pieces))
    return distinct if len(distinct) <= MOST else [*distinct[: MOST // 2], *distinct[-MOST // 2 :]]
