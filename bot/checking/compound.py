"""What is in a compound file (the format of Office 97–2003): a document without macros, or something else.

Sources: [MS-CFB] 2.6 (names in the directory are UTF-16), [MS-OVBA] 2.2.1, [MS-OFFCRYPTO] 2.3.4.4, [MS-XLS] 2.4.28.
"""

from __future__ import annotations

import re

from handlers.complaint.checked import Verdict


def _name(text: str) -> bytes:
    return text.encode("utf-16-le")


_MACROS = tuple(map(_name, ("_VBA_PROJECT", "PROJECTwm", "\x01Ole10Native")))
_LOCKED = tuple(map(_name, ("EncryptedPackage", "DRMContent")))
_DOCUMENTS = tuple(map(_name, ("WordDocument", "Workbook", "PowerPoint Document")))
_OLD_MACRO_SHEET = re.compile(rb"\x85\0[\x08-\x48]\0.{4}[\x00-\x02][\x01\x06][\x01-\x1f][\x00\x01]", re.DOTALL)
"""A BOUNDSHEET record of Excel whose sheet holds Excel 4 macros (type 1) or a VBA module (type 6)."""


def compound_verdict(content: bytes) -> Verdict:
    """The verdict of a file that begins as a compound file does; an installer (.msi) is one too, and no document."""
    if any(name in content for name in _LOCKED):
        return "locked"
    if not any(name in content for name in _DOCUMENTS):
        return "unknown"
    if any(name in content for name in _MACROS):
        return "macros"
    if _name("Workbook") in content and _OLD_MACRO_SHEET.search(content):
        return "macros"
    return "fine"
