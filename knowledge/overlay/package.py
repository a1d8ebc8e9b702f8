"""Is a file that a person sent an .xlsx that may be opened? Looked at before any of it is read as a workbook."""

from __future__ import annotations

import zipfile
from io import BytesIO

SIZE_LIMIT = 5 << 20
"""Most bytes of a file."""

UNPACKED_LIMIT = 40 << 20
"""Most bytes of all that a file unpacks to; the whole catalogue is about 3 MB."""

PARTS_LIMIT = 300
_CHUNK = 1 << 16
_OLE = b"\xd0\xcf\x11\xe0"
_DECLARATIONS = tuple(
    mark.encode(code) for mark in ("<!DOCTYPE", "<!ENTITY") for code in ("utf-8", "utf-16-le", "utf-16-be")
)

NO_EXCEL = "این فایل اکسل نیست (تنها نامش .xlsx است). لطفاً همان فایلی را بفرستید که از /catalogue گرفتید."
OLD_EXCEL = "این فایل .xls قدیمی یا رمزدار است. در اکسل با Save As آن را «Excel Workbook (.xlsx)» و بی‌رمز ذخیره کنید."
MACROS = "این فایل ماکرو دارد و باز نمی‌شود. آن را با پسوند .xlsx و بی‌ماکرو ذخیره کنید."
TOO_BIG = "این فایل بزرگ‌تر از اندازه است. لطفاً همان فایلی را بفرستید که از /catalogue گرفتید، بی‌تصویر و برگه‌ی اضافه."
DAMAGED = "این فایل خراب است و باز نمی‌شود. لطفاً دوباره ذخیره کنید و بفرستید."
UNSAFE = "این فایل بخشی دارد که در فایل اکسل جایی ندارد؛ باز نمی‌شود."


class RefusedFileError(ValueError):
    """The file is not opened; the message says why, in Persian."""


def check_package(data: bytes) -> None:
    """Look at the file's kind, its size packed and unpacked, and that it holds no macros or XML declarations.

    Raises:
        RefusedFileError: it is not to be opened.
    """
    if len(data) > SIZE_LIMIT:
        raise RefusedFileError(TOO_BIG)
    if data.startswith(_OLE):
        raise RefusedFileError(OLD_EXCEL)
    if not data.startswith(b"PK"):
        raise RefusedFileError(NO_EXCEL)
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            _check_parts(package)
            _check_contents(package)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, NotImplementedError, ValueError) as error:
        if isinstance(error, RefusedFileError):
            raise
        raise RefusedFileError(DAMAGED) from None
    except Exception as error:
        raise RefusedFileError(DAMAGED) from error


def _check_parts(package: zipfile.ZipFile) -> None:
    parts = package.infolist()
    names = {part.filename.lower() for part in parts}
    if len(parts) > PARTS_LIMIT or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
        raise RefusedFileError(TOO_BIG)
    if len(names) < len(parts) or any(part.flag_bits & 1 for part in parts):
        raise RefusedFileError(UNSAFE)
    if any("vbaproject" in name or "macrosheets/" in name or "dialogsheets/" in name for name in names):
        raise RefusedFileError(MACROS)
    if not {"[content_types].xml", "xl/workbook.xml"} <= names:
        raise RefusedFileError(NO_EXCEL)


def _check_contents(package: zipfile.ZipFile) -> None:
    """Unpack everything once without keeping it: sizes in the directory may lie."""
    unpacked = 0
    for part in package.infolist():
        tail = b""
        with package.open(part) as content:
            while chunk := content.read(_CHUNK):
                unpacked += len(chunk)
                if unpacked > UNPACKED_LIMIT:
                    raise RefusedFileError(TOO_BIG)
                seen = tail + chunk
                if any(mark in seen for mark in _DECLARATIONS):
                    raise RefusedFileError(UNSAFE)
                if part.filename.lower() == "[content_types].xml" and b"macroEnabled" in seen:
                    raise RefusedFileError(MACROS)
                tail = chunk[-32:]
