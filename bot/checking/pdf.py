"""What a PDF does by itself: scripts, programs that it starts, files that it carries (ISO 32000-1, 12.6.4, 7.11.4)."""

from __future__ import annotations

import re
import zlib
from itertools import islice

from handlers.complaint.checked import Verdict

MOST_STREAMS = 2_000
LONGEST_PACKED = 1024 * 1024
"""Bytes of one object stream as it stands in the file."""

LONGEST_STREAM = 4 * 1024 * 1024
MOST_UNPACKED = 64 * 1024 * 1024
"""Bytes of object streams that are unpacked, of one and of all."""

MOST_NAMES = 20_000
"""Names written with numbers of characters; fonts have some, a page full of them has something to hide."""

_NAMES = rb"JavaScript|Launch|EmbeddedFiles?|RichMedia|ImportData|XFA"
_ACTIVE = re.compile(rb"/(?:" + _NAMES + rb")(?![A-Za-z0-9])")
_NAME = re.compile(rb"/[A-Za-z0-9]{0,20}#[0-9A-Fa-f]{2}[A-Za-z0-9#]{0,60}")
_HIDDEN = re.compile(rb"/(?:ObjStm|" + _NAMES + rb")")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"stream\r?\n")
_BEFORE = 400
"""Bytes before a stream in which its dictionary is looked for."""


def pdf_verdict(content: bytes) -> Verdict:
    """The verdict of a PDF: what its objects name, also those that are packed into object streams."""
    if _is_active(content):
        return "active"
    if b"/ObjStm" in content and b"/Encrypt" in content:
        return "locked"
    return _streams_verdict(content)


def _is_active(objects: bytes) -> bool:
    if _ACTIVE.search(objects):
        return True
    # A name may be written with numbers of characters (/Java#53cript): who does so with these names hides them.
    names = [name[0] for name in islice(_NAME.finditer(objects), MOST_NAMES)]
    return len(names) == MOST_NAMES or any(_HIDDEN.fullmatch(_ESCAPED.sub(_plain, name)) for name in names)


def _plain(escaped: re.Match[bytes]) -> bytes:
    return bytes([int(escaped[1], 16)])


def _streams_verdict(content: bytes) -> Verdict:
    unpacked, count, at = 0, 0, content.find(b"/ObjStm")
    while at >= 0:
        start = _STREAM.search(content, at, at + _BEFORE)
        count += 1
        if start is not None:
            objects = _unpacked(content, start.end())
            unpacked += len(objects)
            if _is_active(objects):
                return "active"
        if count > MOST_STREAMS or unpacked > MOST_UNPACKED:
            return "locked"
        at = content.find(b"/ObjStm", at + 7)
    return "fine"


def _unpacked(content: bytes, start: int) -> bytes:
    """The objects of a stream; what is not packed, or badly, is in plain sight already or read by nobody."""
    most = start + LONGEST_PACKED
    end = content.find(b"endstream", start, most)
    try:
        return zlib.decompressobj().decompress(content[start : end if end >= 0 else most], LONGEST_STREAM)
    except zlib.error:
        return b""
