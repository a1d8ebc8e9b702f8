"""Hostile texts of 100,000 characters take linear time in the normalizer and the finder.

No clock is compared with another (machines differ, and are shared): the work is counted in calls, of Python and of C
alike, at two lengths, and a wall of seconds that quadratic work could not keep stands around it all. What a single call
of the regular expression engine does inside is not seen by the count: that is what the wall is for.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from handlers.masking import mask
from knowledge.finder.finder import Finder
from knowledge.finder.normalize import normalize

SHORT, LONG = 10_000, 100_000

WALL = 20
"""Seconds for one text of 10,000 and one of 100,000 characters, counted. Measured without the count, on a busy machine
of 2 cores, for 100,000 characters: normalizer at most 25 ms, finder at most 154 ms (8 times its 10,000)."""

MOST = 14
"""Times as many calls for ten times the length, and no more."""

HOSTILE: dict[str, str] = {
    "one letter": "ا",
    "one word": "پهپاد ",
    "nothing but blanks": " ",
    "blank lines": "\n",
    "marks on marks": "ب\u064e\u0651\u0652",
    "combining characters": "e\u0301\u0302\u0303\u0304",
    "only combining characters": "\u0651",
    "half-spaces": "می\u200c\u200c",
    "only half-spaces": "\u200c",
    "bidi nesting": "\u202b\u2067ا\u202c\u2069",
    "unclosed bidi": "\u202e",
    "long digits": "۰",
    "digits of three scripts": "۱١1",
    "digits and dashes": "1-",
    "kashida": "ـ",
    "commas": "،",
    "questions": "؟!",
    "slashes": "/",
    "dots": ".",
    "at signs": "a@b.",
    "brackets": "((((",
    "latin words": "mojavez ",
    "mixed scripts": "aا",
    "verbs": "می‌خواهم ",
    "not": "نه نمی‌خواهم ",
    "conjunctions": "و ",
    "surrogates": "\ud800",
    "zero bytes": "\x00",
    "ligatures": "ﷺ",
    "emoji with joiners": "👨\u200d",
    "quotes": "«»\"'",
    "codes": "admin-52 ",
    "complaint": "شکایت دارم از ",
}


@contextmanager
def wall(seconds: int) -> Iterator[None]:
    """Fails what takes longer."""

    def over(_: int, __: FrameType | None) -> None:
        raise AssertionError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def calls(work: Callable[[str], object], text: str) -> int:
    """Calls of functions, of Python and of C, that the work makes."""
    count = 0

    def seen(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work(text)
    finally:
        sys.setprofile(before)
    return count


def long(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length]


@pytest.mark.parametrize("name", HOSTILE)
def test_the_normalizer_is_linear(name: str) -> None:
    with wall(WALL):
        few = calls(normalize, long(HOSTILE[name], SHORT))
        many = calls(normalize, long(HOSTILE[name], LONG))
    assert many <= MOST * max(few, 100)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_normalizer_is_linear_without_its_limit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at 4,096 characters; what it does with them is linear in itself."""
    monkeypatch.setattr("knowledge.finder.normalize.LONGEST", 10 * LONG)
    with wall(WALL):
        few = calls(normalize, long(HOSTILE[name], SHORT))
        many = calls(normalize, long(HOSTILE[name], LONG))
    assert many <= MOST * max(few, 100)


@pytest.mark.parametrize("name", HOSTILE)
def test_masking_is_linear(name: str) -> None:
    with wall(WALL):
        few = calls(mask, long(HOSTILE[name], SHORT))
        many = calls(mask, long(HOSTILE[name], LONG))
    assert many <= MOST * max(few, 100)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_finder_is_linear(finder: Finder, name: str) -> None:
    finder.find("سلام")
    with wall(WALL):
        few = calls(finder.find, long(HOSTILE[name], SHORT))
        many = calls(finder.find, long(HOSTILE[name], LONG))
    assert many <= MOST * max(few, 100)


def test_the_count_sees_quadratic_work() -> None:
    """Else the tests above could not fail."""

    def quadratic(text: str) -> int:
        return sum(len(text[:place]) for place in range(len(text)) for _ in range(len(text) // 50))

    assert calls(quadratic, "x" * 1000) > MOST * calls(quadratic, "x" * 100)


def test_the_wall_stops_what_does_not_end() -> None:
    def endless() -> None:
        with wall(1):
            while True:
                pass

    with pytest.raises(AssertionError, match="not done"):
        endless()
