"""Real files, made here: what the tests send and what it should be taken for."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import py_compile
import struct
import sys
import tarfile
import tempfile
import wave
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from openpyxl import Workbook

from bot.standin.people import blank_png

TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>'
)
PLAIN_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
MACRO_DOCX = "application/vnd.ms-word.document.macroEnabled.main+xml"


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip of these."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return made.getvalue()


def docx(more: Mapping[str, str | bytes] | None = None, kind: str = PLAIN_DOCX) -> bytes:
    """A Word document, with further parts."""
    body = "<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body/></w:document>"
    return zipped({"[Content_Types].xml": TYPES.format(kind=kind), "word/document.xml": body, **(more or {})})


def xlsx() -> bytes:
    """A workbook as openpyxl writes it."""
    made = io.BytesIO()
    Workbook().save(made)
    return made.getvalue()


def odt(more: Mapping[str, str | bytes] | None = None) -> bytes:
    """An OpenDocument text."""
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>", **(more or {})})


def pdf(*objects: bytes, packed: bytes = b"") -> bytes:
    """A PDF of these objects; `packed` ones stand in an object stream."""
    body = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type /Catalog /Pages 2 0 R>>\nendobj\n"
    body += b"2 0 obj\n<</Type /Pages /Kids [] /Count 0>>\nendobj\n"
    for number, one in enumerate(objects, 3):
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    if packed:
        squeezed = zlib.compress(packed)
        head = b"<</Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d>>" % len(squeezed)
        body += b"99 0 obj\n" + head + b"\nstream\r\n" + squeezed + b"\nendstream\nendobj\n"
    return body + b"trailer\n<</Root 1 0 R>>\n%%EOF\n"


def compound(*names: str, more: bytes = b"") -> bytes:
    """A compound file with a directory of these names."""
    entries = b"".join(name.encode("utf-16-le").ljust(64, b"\0") + b"\0" * 64 for name in ("Root Entry", *names))
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + entries + more


def portable_executable() -> bytes:
    """The head of a Windows program: DOS header, stub and PE header."""
    dos = b"MZ" + b"\x90\0\x03\0" + b"\0" * 54 + struct.pack("<I", 0x80)
    return dos.ljust(0x80, b"\0") + b"PE\0\0" + struct.pack("<HH", 0x8664, 2) + b"\0" * 400


def elf() -> bytes:
    """The beginning of the running Python, or an ELF header where that is none."""
    head = Path(sys.executable).resolve().read_bytes()[:4096]
    return head if head.startswith(b"\x7fELF") else b"\x7fELF\x02\x01\x01" + b"\0" * 57


def java_class() -> bytes:
    """The beginning of a Java 17 class."""
    return b"\xca\xfe\xba\xbe\0\0\0\x3d\0\x10" + b"\x07\0\x02\x01\0\x01A"


def tar() -> bytes:
    """A tar of one file."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as packed:
        packed.add(__file__, arcname="a.txt")
    return made.getvalue()


def wav() -> bytes:
    """A tenth of a second of silence."""
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 800)
    return made.getvalue()


def compiled_python() -> bytes:
    """This module, compiled."""
    with tempfile.TemporaryDirectory() as folder:
        made = py_compile.compile(__file__, cfile=str(Path(folder) / "a.pyc"), doraise=True)
        return Path(str(made)).read_bytes()


SCRIPT = "#!/bin/sh\nrm -rf ~\n"
SHEET = b"\x85\0\x0e\0" + b"\x10\x02\0\0" + b"\x02\x01" + b"\x06\0Macro1"
"""A BOUNDSHEET record: a very hidden sheet of Excel 4 macros."""

FINE: dict[str, tuple[str, bytes]] = {
    "png": ("a.png", blank_png()),
    "png without ending": ("عکس", blank_png()),
    "jpeg": ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 90),
    "heic": ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
    "mp4": ("a.mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"),
    "old mov": ("a.mov", b"\0\0\0\x08wide\0\0\x10\0mdat"),
    "3gp": ("a.3gp", b"\0\0\0\x18ftyp3gp4\0\0\2\0"),
    "mkv": ("a.mkv", b"\x1a\x45\xdf\xa3\x01\0\0\0"),
    "ogg": ("a.ogg", b"OggS\0\2" + b"\0" * 20),
    "mp3 with tags": ("a.mp3", b"ID3\x04\0\0\0\0\0\0"),
    "mp3 without": ("a.mp3", b"\xff\xfb\x90\x64" + b"\0" * 50),
    "amr": ("a.amr", b"#!AMR\n\x3c\x91"),
    "wav": ("a.wav", wav()),
    "aac": ("a.aac", b"\xff\xf1\x50\x80\x02\x1f"),
    "pdf": ("a.pdf", pdf()),
    "least pdf": ("نامه.pdf", b"%PDF-1.4"),
    "pdf with packed objects": ("a.pdf", pdf(packed=b"7 0 <</Type /Font>>")),
    "pdf after rubbish": ("a.pdf", b"\r\n\r\n" + pdf()),
    "docx": ("a.docx", docx()),
    "docx with a chart's workbook": ("a.docx", docx({"word/embeddings/Sheet1.xlsx": b"PK"})),
    "xlsx": ("a.xlsx", xlsx()),
    "odt": ("a.odt", odt({"META-INF/manifest.xml": "<a/>"})),
    "old word": ("a.doc", compound("WordDocument", "1Table")),
    "old excel": ("a.xls", compound("Workbook", more=b"\x85\0\x0e\0\x10\x02\0\0\0\0\x06\0Sheet1")),
    "text": ("a.txt", "آقای استاندار\nسلام".encode()),
    "text of Windows": ("a.txt", "سلام بر استاندار، با درود".encode("cp1256")),
    "text in UTF-16": ("a.txt", "آقای استاندار، سلام".encode("utf-16")),
    "text cut in a letter": ("a.txt", ("الف" * 40_000).encode()[: 64 * 1024]),
    "text that names a page": ("a.txt", "صفحه‌ی <b> باز نشد".encode()),
    "csv": ("a.csv", "نام;شماره\n".encode()),
}

REFUSED: dict[str, tuple[str, bytes, str]] = {
    "exe": ("a.exe", portable_executable(), "program"),
    "exe named pdf": ("a.pdf", portable_executable(), "program"),
    "exe with a pdf's mark": ("a.pdf", portable_executable() + b"%PDF-1.4", "program"),
    "elf": ("a", elf(), "program"),
    "elf named jpg": ("a.jpg", elf(), "program"),
    "mach-o": ("a", b"\xcf\xfa\xed\xfe\x07\0\0\x01", "program"),
    "java class": ("a.txt", java_class(), "program"),
    "dex": ("a.bin", b"dex\n035\0" + b"\0" * 100, "program"),
    "script": ("a.txt", SCRIPT.encode(), "program"),
    "script with a mark before it": ("a.txt", ("\ufeff" + SCRIPT).encode(), "program"),
    "shortcut": ("a.pdf", b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", "program"),
    "page": ("a.txt", b"\n <!DOCTYPE html><html></html>", "program"),
    "page after text": ("a.txt", b"hello <script>alert(1)</script>", "program"),
    "svg": ("a.png", b'<?xml version="1.0"?><svg onload="a()"/>', "program"),
    "page in UTF-16": ("a.txt", "<html>".encode("utf-16"), "program"),
    "jar": ("a.zip", zipped({"META-INF/MANIFEST.MF": "a", "A.class": java_class()}), "program"),
    "apk": ("a.zip", zipped({"AndroidManifest.xml": b"\3\0", "classes.dex": b"dex\n"}), "program"),
    "apk as a document": ("a.docx", docx({"classes.dex": b"dex\n"}), "program"),
    "exe in a zip": ("a.zip", zipped({"folder/نامه.pdf.exe": portable_executable()}), "program"),
    "docm": ("a.docx", docx({"word/vbaProject.bin": compound("VBA")}), "macros"),
    "docm by another part": ("a.docx", docx({"word/x.bin": b"a"}, MACRO_DOCX), "macros"),
    "docx with an object": ("a.docx", docx({"word/embeddings/oleObject1.bin": b"a"}), "macros"),
    "docx with ActiveX": ("a.docx", docx({"word/activeX/activeX1.xml": b"a"}), "macros"),
    "odt with Basic": ("a.odt", odt({"Basic/Standard/Module1.xml": "<a/>"}), "macros"),
    "old word with VBA": ("a.doc", compound("WordDocument", "Macros", "VBA", "_VBA_PROJECT"), "macros"),
    "old word with a package": ("a.doc", compound("WordDocument", "\x01Ole10Native"), "macros"),
    "old excel with Excel 4 macros": ("a.xls", compound("Workbook", more=SHEET), "macros"),
    "encrypted document": ("a.docx", compound("EncryptionInfo", "EncryptedPackage"), "locked"),
    "installer": ("a.doc", compound("\u4840\u3f7f\u4164"), "unknown"),
    "pdf with a script": ("a.pdf", pdf(b"<</S /JavaScript /JS (app.alert(1))>>"), "active"),
    "pdf with a script's name escaped": ("a.pdf", pdf(b"<</S /Java#53cript /JS (a)>>"), "active"),
    "pdf with a packed script": ("a.pdf", pdf(packed=b"7 0 <</S/JavaScript/JS(a)>>"), "active"),
    "pdf that starts a program": ("a.pdf", pdf(b"<</S /Launch /F (cmd.exe)>>"), "active"),
    "pdf with a file": ("a.pdf", pdf(b"<</Type /EmbeddedFile>>"), "active"),
    "pdf locked": ("a.pdf", pdf(b"<</Encrypt 5 0 R>>", packed=b"7 0 <<>>"), "locked"),
    "zip": ("a.zip", zipped({"a.jpg": b"\xff\xd8\xff"}), "archive"),
    "broken zip": ("a.zip", b"PK\x03\x04" + b"\0" * 60, "archive"),
    "rar": ("a.rar", b"Rar!\x1a\x07\x01\0", "archive"),
    "7z": ("a.7z", b"7z\xbc\xaf\x27\x1c\0\4", "archive"),
    "gz": ("a.gz", gzip.compress(b"a"), "archive"),
    "bz2": ("a.bz2", bz2.compress(b"a"), "archive"),
    "xz": ("a.xz", lzma.compress(b"a"), "archive"),
    "tar": ("a.tar", tar(), "archive"),
    "nothing": ("a.pdf", b"", "unknown"),
    "zeros": ("a.mp4", b"\0" * 64, "unknown"),
    "bytes": ("a.jpg", bytes(range(256)), "unknown"),
    "compiled Python": ("a.txt", compiled_python(), "unknown"),
    "batch file": ("a.settings", b"@echo off\r\nformat c:\r\n", "unknown"),
}
