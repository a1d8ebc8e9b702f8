"""The shape of the workbook that editors fill in: its sheets and columns, told apart by their Persian names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.export import KINDS
from knowledge.models import Bureau, DocumentKind, Service
from knowledge.overlay.edition import Edition
from knowledge.overlay.fields import FIELDS, documents_text

CODE, PHRASE_CODE, BUREAU_CODE = "کد", "کد خدمت", "کد دفتر"
PHRASE_TEXT = "عبارت"
GUIDE, CONTACTS, PHRASES = "راهنما", "تماس دفترها", "عبارت‌ها"
VERSION = "نسخه"

DOCUMENT_COLUMNS: dict[str, DocumentKind] = {f"مدارک: {name}": kind for kind, name in KINDS.items()}
"""Columns of documents: one kind each, a document a line."""

_BEFORE = ("title", "short_title", "summary", "scope", "has_client")
_AFTER = ("workflow", "duration", "fee", "link", "outdated")
CHOICES = ("scope", "has_client")
"""Fields whose cells have a list to choose from."""

WIDTHS = {"title": 50, "short_title": 26, "summary": 50, "workflow": 70, "link": 34, "outdated": 34}
TITLE_LIMIT = 31
"""Most characters of a sheet's name (Excel)."""


@dataclass(frozen=True)
class Column:
    """One column. `field` None: for reading only."""

    name: str
    field: str | None
    kind: DocumentKind | None = None
    width: int = 16


SERVICE_COLUMNS: tuple[Column, ...] = (
    Column(CODE, None),
    *(Column(FIELDS[name].label, name, width=WIDTHS.get(name, 16)) for name in _BEFORE),
    *(Column(name, "documents", kind, 40) for name, kind in DOCUMENT_COLUMNS.items()),
    *(Column(FIELDS[name].label, name, width=WIDTHS.get(name, 16)) for name in _AFTER),
    Column("شناسه‌ی خدمت (ثابت)", None),
    Column("سطرهای کتابچه (ثابت)", None),
)
CONTACT_COLUMNS: tuple[Column, ...] = (
    Column(BUREAU_CODE, None),
    Column("نام دفتر (ثابت)", None, width=50),
    *(Column(FIELDS[name].label, name, width=40) for name in ("phone", "address", "hours")),
)
PHRASE_COLUMNS: tuple[Column, ...] = (Column(PHRASE_CODE, None), Column(PHRASE_TEXT, "phrase", width=90))


def sheet_name(bureau: Bureau) -> str:
    """The name of a bureau's sheet: its own name, cut to what Excel allows, and its slug."""
    room = TITLE_LIMIT - len(bureau.slug) - 3
    name = re.sub(r"[\[\]:*?/\\']", " ", bureau.name)
    if len(name) > room:
        name = name[: name.rfind(" ", 0, room)] if " " in name[:room] else name[:room]
    return f"{name.strip()} ({bureau.slug})"


def service_cell(edition: Edition, service: Service, column: Column) -> str:
    """What stands in a column for a service."""
    if column.field is None:
        if column.name == CODE:
            return service.code
        if column.name.startswith("شناسه"):
            return service.service_id or "فاقد شناسه"
        first, last = service.source.lines or service.source.table or (0, 0)
        return f"{first}–{last}"
    if column.kind is not None:
        return documents_text(service.documents, column.kind)
    return FIELDS[column.field].show(edition.value(service.code, column.field))
