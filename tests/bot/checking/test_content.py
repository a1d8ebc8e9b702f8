"""A file is judged by its content, whatever its name says; and judging costs bounded time and memory."""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checking.content import HEAD, verdict_of, whole_needed
from bot.checking.pdf import MOST_NAMES, MOST_STREAMS
from handlers.complaint.checked import REFUSED as LINES
from handlers.complaint.checked import WITHHELD
from tests.bot.checking.samples import FINE, REFUSED, docx, pdf, portable_executable, xlsx, zipped

WHOLE = [docx(), xlsx(), pdf(packed=b"7 0 <<>>")]


@pytest.mark.parametrize("kind", sorted(FINE))
def test_what_is_taken(kind: str) -> None:
    name, content = FINE[kind]
    assert verdict_of(content, name) == "fine"


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_what_is_refused(kind: str) -> None:
    name, content, verdict = REFUSED[kind]
    assert verdict_of(content, name) == verdict
    assert {verdict} <= LINES.keys() & WITHHELD.keys()


@pytest.mark.parametrize("kind", sorted(FINE.keys() | REFUSED.keys()))
def test_the_head_tells_when_the_whole_is_needed(kind: str) -> None:
    name, content = (FINE.get(kind) or REFUSED[kind])[:2]
    long = content + b"\0" * (2 * HEAD)
    if not whole_needed(long[:HEAD]):
        assert verdict_of(long[:HEAD], name) == verdict_of(long, name)


def test_macros_at_the_end_of_a_long_document_are_seen() -> None:
    long = zipped({"[Content_Types].xml": "<Types/>", "word/a.xml": "a", "word/b.jpg": bytes(300_000)})
    assert verdict_of(long) == "fine"
    made = io.BytesIO(long)
    with zipfile.ZipFile(made, "a") as packed:
        packed.writestr("word/vbaProject.bin", "a")
    assert whole_needed(made.getvalue()[:HEAD])
    assert verdict_of(made.getvalue()) == "macros"


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zlib.compress(bytes(50_000_000))
    head = b"<</Type /ObjStm /Filter /FlateDecode>>\nstream\n"
    assert verdict_of(pdf(*[head + bomb + b"\nendstream"] * 40)) == "locked"
    assert verdict_of(pdf(*[head + b"\nendstream"] * (MOST_STREAMS + 1))) == "locked"
    assert verdict_of(docx({"word/document.xml": bytes(60_000_000)})) == "fine"
    assert verdict_of(pdf(b"/aaa#41" * (MOST_NAMES + 1))) == "active"
    assert verdict_of(zipped({"[Content_Types].xml": bytes(60_000_000), "word/a.xml": "a"})) == "archive"


@given(st.binary(max_size=2000), st.sampled_from([b"", b"PK\x03\x04", b"%PDF-", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]))
def test_no_content_raises(rest: bytes, begins: bytes) -> None:
    assert verdict_of(begins + rest, "a.txt") in {"fine", *LINES}


@given(st.data())
def test_a_damaged_document_does_not_raise(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(WHOLE)))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=20)):
        content[place] = data.draw(st.integers(0, 255))
    assert verdict_of(bytes(content)) in {"fine", *LINES}


@given(st.binary(max_size=500))
def test_a_program_is_one_whatever_follows(rest: bytes) -> None:
    assert verdict_of(portable_executable() + rest, "نامه.pdf") == "program"
