"""The catalogue taken out: Markdown for reading, an Excel workbook for the office."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from knowledge.catalogue import Catalogue
from knowledge.models import BOOKLET, DocumentKind, Scope, Service, Workflow
from knowledge.persian import persian_digits

SCOPES: dict[Scope | None, str] = {"exclusive": "اختصاصی", "general": "عمومی", "shared": "مشترک", None: "نامعلوم"}
CLIENTS: dict[bool | None, str] = {True: "دارد", False: "ندارد", None: "نامعلوم"}
KINDS: dict[DocumentKind, str] = {
    "bring": "ارائه‌ی متقاضی",
    "form": "فرم",
    "system": "سامانه",
    "law": "قانون و مقررات",
    "internal": "داخلی",
}
COLUMNS = (
    ("کد", 14),
    ("عنوان", 60),
    ("عنوان کوتاه", 28),
    ("به زبان ساده (ویراستاری)", 60),
    ("خدمت مادر", 36),
    ("شناسه‌ی مادر", 16),
    ("شناسه‌ی خدمت", 16),
    ("دامنه", 10),
    ("ارباب رجوع", 10),
    ("مدارک", 60),
    ("گردش کار", 70),
    ("سطرهای کتابچه", 14),
    ("یادداشت", 50),
)


def step_lines(workflow: Workflow) -> Iterator[str]:
    """The steps as numbered lines, decisions with their branches."""
    numbers = {step.id: persian_digits(index) for index, step in enumerate(workflow.steps, start=1)}
    for step in workflow.steps:
        line = f"{numbers[step.id]}. {step.text}"
        if step.branches:
            ways = (
                f"{branch.label} ← {' و '.join(numbers[target] for target in branch.targets)}"
                f"{' (برداشت)' if branch.inferred else ''}"
                for branch in step.branches
            )
            line += f" [{'؛ '.join(ways)}]"
        yield line


def export_markdown(catalogue: Catalogue) -> str:
    """The public catalogue as one Markdown text; confidential documents are left out."""
    lines = ["# فهرست خدمات استانداری قزوین", "", f"منبع: {BOOKLET}", ""]
    for file in catalogue.files:
        lines += [f"## {file.bureau.name}", "", f"{file.bureau.deputy}", ""]
        for service in file.services:
            lines += _service_markdown(service)
    return "\n".join(lines)


def _service_markdown(service: Service) -> list[str]:
    number = persian_digits(service.service_id) if service.service_id else "فاقد شناسه"
    facts = f"`{service.code}` · شناسه: {number} · {SCOPES[service.scope]} · ارباب رجوع: {CLIENTS[service.has_client]}"
    lines = [f"### {service.title}", "", facts, "", f"*به زبان ساده:* {service.summary}", ""]
    if service.public_documents:
        lines += [f"- {document.text} ({KINDS[document.kind]})" for document in service.public_documents]
        lines.append("")
    if service.workflow is not None:
        lines += [f"{line}  " for line in step_lines(service.workflow)]
        lines.append("")
    return lines


def write_workbook(catalogue: Catalogue, path: Path) -> None:
    """An .xlsx with one right-to-left sheet per bureau and every service in it. Overwrites the file at `path`."""
    workbook = Workbook()
    if workbook.active is not None:
        workbook.remove(workbook.active)
    for file in catalogue.files:
        sheet = workbook.create_sheet(file.bureau.slug)
        sheet.sheet_view.rightToLeft = True
        sheet.freeze_panes = "C2"
        for column, (name, width) in enumerate(COLUMNS, start=1):
            sheet.column_dimensions[get_column_letter(column)].width = width
            _write(sheet, 1, column, name, bold=True)
        for row, service in enumerate(file.services, start=2):
            for column, value in enumerate(_row(service), start=1):
                _write(sheet, row, column, value)
    workbook.save(path)


def _write(sheet: Worksheet, row: int, column: int, value: str, *, bold: bool = False) -> None:
    cell = sheet.cell(row=row, column=column, value=value)
    cell.data_type = "s"
    cell.font = Font(bold=bold)
    cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="right", readingOrder=2)


def _row(service: Service) -> tuple[str, ...]:
    lines = service.source.lines or service.source.table or (0, 0)
    documents = (
        f"{persian_digits(index)}. {document.text} "
        f"({KINDS[document.kind]}{'، محرمانه' if document.confidential else ''})"
        for index, document in enumerate(service.documents, start=1)
    )
    return (
        service.code,
        service.title,
        service.short_title,
        service.summary,
        service.parent or "",
        service.parent_id or "",
        service.service_id or "فاقد شناسه",
        SCOPES[service.scope],
        CLIENTS[service.has_client],
        "\n".join(documents),
        "\n".join(step_lines(service.workflow)) if service.workflow else service.workflow_absent or "",
        f"{lines[0]}–{lines[1]}",
        service.notes or "",
    )
