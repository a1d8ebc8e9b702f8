"""Two needs in one message: «هم سیم‌کارت می‌خواهم، هم باید بروم مشهد»."""

from __future__ import annotations

import re

from handlers.visit import Office

MARKS = re.compile(r"(?:^|[\s،,.؛])هم(?=\s)|(?:^|\s)(?:یکی اینکه|یکی این که|دوم اینکه|دوم این که|و اینکه|همچنین)\s|\n+")
LEAST = 0.35
"""Least probability of a part's best service for the part to be a need of its own."""

LEAD = 3.0
"""How many times likelier than the second it must be."""

FEWEST_WORDS = 3
MOST = 4


def needs(office: Office, text: str) -> tuple[str, ...]:
    """The services that the parts of a message ask for, one a part; empty when it is one need.

    What stands before the first of several «هم» tells who asks: it is read with every part.
    """
    if not MARKS.search(text):
        return ()
    first, *rest = (piece.strip() for piece in MARKS.split(text))
    if len(rest) > 1:
        pieces = [f"{first} {piece}" for piece in rest if len(piece.split()) >= FEWEST_WORDS]
    else:
        pieces = [piece for piece in (first, *rest) if len(piece.split()) >= FEWEST_WORDS]
    if not 2 <= len(pieces) <= MOST:
        return ()
    codes: dict[str, None] = {}
    for piece in pieces:
        found = office.find(piece)
        if found.decision == "decline":
            continue
        first_one, second = found.candidates[0].score, found.candidates[1].score
        if first_one >= max(LEAST, LEAD * second):
            codes[found.candidates[0].code] = None
    return tuple(codes) if len(codes) >= 2 else ()
