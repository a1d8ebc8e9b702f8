"""The catalogue as the workbook that editors fill in: right to left, one sheet a bureau, phrases, contacts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from knowledge.export import CLIENTS, SCOPES
from knowledge.overlay.edition import Edition
from knowledge.overlay.fields import FIELDS
from knowledge.overlay.sheets import (
    CHOICES,
    CONTACT_COLUMNS,
    CONTACTS,
    GUIDE,
    PHRASE_COLUMNS,
    PHRASES,
    SERVICE_COLUMNS,
    VERSION,
    Column,
    service_cell,
    sheet_name,
)

_LISTS = {"scope": tuple(SCOPES.values()), "has_client": tuple(CLIENTS.values())}
_FIXED = PatternFill("solid", fgColor="E7E6E6")
_WRAPPED = Alignment(wrap_text=True, vertical="top", horizontal="right", readingOrder=2)
_BOLD, _PLAIN = Font(bold=True), Font(bold=False)
_LOCKED, _OPEN = Protection(locked=True), Protection(locked=False)
_GUIDE = (
    "خانه‌های خاکستری ثابت‌اند؛ به کد و سرستون دست نزنید.",
    "هر سطر یک خدمت است. خانه‌ای را که عوض می‌کنید همان‌جا بنویسید و خانه‌ی خالی یعنی «ندارد».",
    "در ستون‌های مدارک هر مدرک در یک سطرِ خانه است (Alt+Enter).",
    f"مراحل: {FIELDS['workflow'].hint}",
    "هزینه، پیوند و «کهنه شده است» در کتابچه نیست؛ روی کارت با نام «کارمند» و تاریخ نشان داده می‌شود.",
    "برگه‌ی «عبارت‌ها»: جمله‌هایی که مردم می‌نویسند و باید به یک خدمت برسد؛ سطر تازه بیفزایید یا سطری را پاک کنید.",
    "فرمول و ماکرو پذیرفته نمی‌شود. فایل را با پسوند .xlsx بفرستید.",
)


def workbook_bytes(edition: Edition) -> bytes:
    """The .xlsx of an edition. It bears the edition's version, so that what others change meanwhile is not undone."""
    workbook = Workbook()
    if workbook.active is not None:
        workbook.remove(workbook.active)
    _guide(workbook, edition)
    for file in edition.catalogue.files:
        sheet = _sheet(workbook, sheet_name(file.bureau), SERVICE_COLUMNS)
        rows = ([service_cell(edition, service, column) for column in SERVICE_COLUMNS] for service in file.services)
        _fill(sheet, SERVICE_COLUMNS, rows)
        _choices(sheet, len(file.services))
        _protect(sheet)
    sheet = _sheet(workbook, CONTACTS, CONTACT_COLUMNS)
    _fill(
        sheet,
        CONTACT_COLUMNS,
        ([bureau.slug, bureau.name, bureau.phone or "", bureau.address or "", bureau.hours or ""]
         for bureau in edition.catalogue.bureaus),
    )  # fmt: skip
    _protect(sheet)
    sheet = _sheet(workbook, PHRASES, PHRASE_COLUMNS)
    _fill(sheet, PHRASE_COLUMNS, ([p.label.removeprefix("service:"), p.text] for p in edition.phrases), fixed=False)
    made = BytesIO()
    workbook.save(made)
    return made.getvalue()


def _guide(workbook: Workbook, edition: Edition) -> None:
    sheet = _sheet(workbook, GUIDE, (Column(VERSION, None), Column(str(edition.version), None, width=100)))
    for row, line in enumerate(_GUIDE, start=2):
        _write(sheet, row, 2, line)
    _protect(sheet)


def _sheet(workbook: Workbook, name: str, columns: Sequence[Column]) -> Worksheet:
    sheet: Worksheet = workbook.create_sheet(name)
    sheet.sheet_view.rightToLeft = True
    sheet.freeze_panes = "B2"
    for place, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
        _write(sheet, 1, place, column.name, bold=True)
    return sheet


def _fill(sheet: Worksheet, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, fixed: bool = True) -> None:
    for row, values in enumerate(rows, start=2):
        for place, (column, value) in enumerate(zip(columns, values, strict=True), start=1):
            _write(sheet, row, place, value, locked=fixed and column.field is None)


def _write(sheet: Worksheet, row: int, place: int, value: str, *, bold: bool = False, locked: bool = True) -> None:
    cell = sheet.cell(row=row, column=place, value=value or None)
    if value:
        # Else a text that begins with = would become a formula.
        cell.data_type = "s"
    cell.font = _BOLD if bold else _PLAIN
    cell.alignment = _WRAPPED
    cell.protection = _LOCKED if locked else _OPEN
    cell.number_format = "@"
    if locked:
        cell.fill = _FIXED


def _choices(sheet: Worksheet, count: int) -> None:
    for place, column in enumerate(SERVICE_COLUMNS, start=1):
        if column.field in CHOICES:
            names = _LISTS[column.field]
            rule = DataValidation(
                type="list", formula1=f'"{",".join(names)}"', allow_blank=False, showErrorMessage=True
            )
            rule.error = f"یکی از این‌ها: {'، '.join(names)}"
            sheet.add_data_validation(rule)
            letter = get_column_letter(place)
            rule.add(f"{letter}2:{letter}{count + 1}")


def _protect(sheet: Worksheet) -> None:
    """Lock the fixed cells, without a password; columns and rows may still be resized and sorted by eye."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False
    sheet.protection.formatRows = False
    sheet.protection.formatCells = False
