"""What a file is, by its content: of the kinds that are taken, or which of those that are not.

Signatures: the formats' own specifications, as in WHATWG «MIME Sniffing» and the freedesktop shared-mime-info database.
"""

from __future__ import annotations

import re

from bot.checking.compound import compound_verdict
from bot.checking.packed import packed_verdict
from bot.checking.pdf import pdf_verdict
from handlers.complaint.checked import Verdict

HEAD = 64 * 1024
"""Bytes that tell what a file is; of a PDF or an office document the whole is needed to tell what is in it."""

PDF_WITHIN = 1024
"""Readers look for a PDF's mark in so many bytes."""

_PROGRAMS = (
    b"MZ",  # Windows and DOS
    b"\x7fELF",
    b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",  # Mach-O
    b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf", b"\xca\xfe\xd0\x0d",  # Java class, Mach-O of several processors, pack200
    b"dex\n", b"dey\n", b"oat\n",  # Android
    b"\0asm", b"BC\xc0\xde",  # WebAssembly, LLVM
    b"L\0\0\0\x01\x14\x02\0",  # Windows shortcut
    b"ITSF", b"?_\x03\0",  # Windows help
    b"#!",
    b"!<arch>\n", b"\xed\xab\xee\xdb", b"xar!", b"Cr24",  # packages: deb, rpm, pkg, crx
)  # fmt: skip

_ARCHIVES = (
    b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18", b"MSCF", b"ISc(", b"LZIP", b"\x1f\x9d", b"\x1f\xa0", b"MSWIM\0",
)  # fmt: skip

_MEDIA = re.compile(
    rb"""
    \x89PNG\r\n\x1a\n | \xff\xd8\xff | GIF8[79]a | II\*\0 | MM\0\* | BM.{4}\0\0\0\0 | RIFF.{4}(?:WEBP|WAVE|AVI\ )
    | \0\0\0\x0cJXL\ \r\n\x87\n | \xff\x0a
    | [\0\x01].{3}(?:ftyp|moov|mdat|wide|free|skip|pnot)
    | OggS | fLaC | ID3[\x02-\x04] | \#!AMR | ADIF | \xff[\xe2-\xe7\xf2-\xf7\xfa\xfb\xf0\xf1\xf8\xf9] | MThd
    | FORM.{4}AIF[FC] | \.snd | \x1a\x45\xdf\xa3 | FLV\x01
    | \x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c
    | \0\0\x01[\xb3\xba] | G.{187}G.{187}G
    """,
    re.DOTALL | re.VERBOSE,
)
"""Pictures, sounds and films: PNG, JPEG, GIF, TIFF, BMP, WebP, WAV, AVI, JPEG XL; MP4, MOV, 3GP, M4A, HEIC and AVIF;
Ogg, FLAC, MP3, AMR, AAC, MIDI, AIFF, AU; Matroska and WebM, FLV, WMV and WMA, MPEG. «#!AMR» is a sound, no script."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_COMPOUND = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)
_TEXT_ENDINGS = frozenset({"", "txt", "csv", "md", "vcf", "ics", "log"})
_NO_TEXT = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_PAGE = re.compile(r"\s*<|.*<(?:script|iframe|object|embed|svg|html|body)\b", re.DOTALL | re.IGNORECASE)


def whole_needed(head: bytes | bytearray) -> bool:
    """Whether the head does not tell enough: what is in a document must be looked for in all of it."""
    return head.startswith((*_ZIP, *_COMPOUND)) or _is_pdf(head)


def verdict_of(content: bytes, name: str = "") -> Verdict:
    """The verdict of a file: its whole content, or its head where `whole_needed` says no. `name`: as it was sent; only
    plain text is also judged by it, for of a text it is the name that makes a script. Never raises."""
    if content.startswith(_PROGRAMS) and not content.startswith(b"#!AMR"):
        return "program"
    if _is_archive(content):
        return "archive"
    for begins, verdict in ((_ZIP, packed_verdict), (_COMPOUND, compound_verdict)):
        if content.startswith(begins):
            return verdict(content)
    if _is_pdf(content):
        return pdf_verdict(content)
    return "fine" if _MEDIA.match(content) else _text_verdict(content[:HEAD], name)


def _is_archive(content: bytes) -> bool:
    """Whether it is packed, or the picture of a disk, and no zip."""
    return content.startswith(_ARCHIVES) or content[257:262] == b"ustar" or content[32769:32774] == b"CD001"


def _is_pdf(content: bytes | bytearray) -> bool:
    return b"%PDF-" in content[:PDF_WITHIN]


def _text_verdict(head: bytes, name: str) -> Verdict:
    text = _decoded(head)
    if text is None or not text or _NO_TEXT.search(text):
        return "unknown"
    if text.lstrip("\ufeff").startswith("#!") or _PAGE.match(text.lstrip("\ufeff")):
        return "program"
    ending = name.rpartition(".")[2].strip().lower() if "." in name else ""
    return "fine" if ending in _TEXT_ENDINGS else "unknown"


def _decoded(head: bytes) -> str | None:
    """The text of the head, however it is encoded; a character cut off at its end is left out."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) & ~1].decode("utf-16", "ignore")
    for cut in range(4):
        try:
            return head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            if len(head) < HEAD:
                break
    try:
        return head.decode("cp1256")
    except UnicodeDecodeError:
        return None
