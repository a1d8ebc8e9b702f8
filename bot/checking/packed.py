"""What is in a zip: an office document without macros, or something that is not taken. Nothing is unpacked but the list
of a document's parts, and of that a bounded piece."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from handlers.complaint.checked import Verdict

MOST_PARTS = 10_000
LONGEST_LIST = 4 * 1024 * 1024
"""Bytes of `[Content_Types].xml` that are read."""

_PARTS_LIST = "[Content_Types].xml"
_MACROS = re.compile(
    r"vbaproject|vbadata|activex|macrosheets|dialogsheets|/customui|embeddings/[^/]*\.(?!docx$|xlsx$|pptx$)"
    r"|^basic/|^scripts/",
    re.IGNORECASE,
)
"""Parts that hold programs: VBA, ActiveX, Excel 4 sheets, embedded objects; Basic and scripts of OpenDocument."""

_MACRO_TYPES = re.compile(rb"macroenabled|vbaproject|activex|ms-excel\.(?:macrosheet|intlmacrosheet)", re.IGNORECASE)
_PROGRAMS = re.compile(
    r"\.(?:exe|dll|com|scr|bat|cmd|msi|js|jse|vbs|vbe|wsf|hta|lnk|ps1|sh|class|dex|so|jar|apk|cpl|pif|sys|pyc?)$"
    r"|^META-INF/MANIFEST\.MF$|^AndroidManifest\.xml$|\.app/|^Payload/",
    re.IGNORECASE,
)
_OPEN_DOCUMENTS = b"application/vnd.oasis.opendocument."
_ENCRYPTED = 0x1


def packed_verdict(content: bytes) -> Verdict:
    """The verdict of a file that begins as a zip does."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return _verdict(packed)
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, ValueError, EOFError, OSError, RuntimeError):
        return "archive"


def _verdict(packed: zipfile.ZipFile) -> Verdict:
    parts = packed.infolist()
    if len(parts) > MOST_PARTS:
        return "archive"
    names = [part.filename.replace("\\", "/") for part in parts]
    document = _is_document(packed, names)
    if any(_PROGRAMS.search(name) for name in names):
        return "program"
    if not document:
        return "archive"
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        return "locked"
    if any(_MACROS.search(name) for name in names):
        return "macros"
    listed = _read(packed, _PARTS_LIST) if _PARTS_LIST in names else b""
    return "macros" if _MACRO_TYPES.search(listed.replace(b"\0", b"")) else "fine"


def _is_document(packed: zipfile.ZipFile, names: list[str]) -> bool:
    """Whether it is one of Word, Excel, PowerPoint or OpenDocument."""
    if _PARTS_LIST in names:
        return any(name.startswith(("word/", "xl/", "ppt/")) for name in names)
    return "mimetype" in names and _read(packed, "mimetype").startswith(_OPEN_DOCUMENTS)


def _read(packed: zipfile.ZipFile, name: str) -> bytes:
    with packed.open(name) as part:
        read = part.read(LONGEST_LIST + 1)
    if len(read) > LONGEST_LIST:
        raise ValueError("a list of parts of no honest document")
    return read
