"""Workbooks as a clerk edits them: opened, a cell changed, saved."""

from __future__ import annotations

import io

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from knowledge.overlay.edition import Edition
from knowledge.overlay.workbook import workbook_bytes


class Desk:
    """One workbook, in Excel's stead. `cells` are found by their heading."""

    def __init__(self, edition: Edition) -> None:
        self.book: Workbook = load_workbook(io.BytesIO(workbook_bytes(edition)))

    def sheet(self, name: str) -> Worksheet:
        """The sheet whose name is this, or ends with this in brackets."""
        for sheet in self.book.worksheets:
            if sheet.title == name or sheet.title.endswith(f"({name})"):
                return sheet
        raise KeyError(name)

    def column(self, sheet: str, heading: str) -> int:
        """The number of a column."""
        return next(cell.column for cell in self.sheet(sheet)[1] if cell.value == heading)

    def row(self, sheet: str, code: str) -> int:
        """The number of the row with this code."""
        return next(row[0].row for row in self.sheet(sheet).iter_rows(max_col=1) if row[0].value == code)

    def put(self, sheet: str, code: str, heading: str, value: object) -> str:
        """Write a cell; its letter and row, such as C5."""
        cell = self.sheet(sheet).cell(self.row(sheet, code), self.column(sheet, heading))
        cell.value = value  # type: ignore[assignment] # whatever a test wants to try
        return cell.coordinate

    def saved(self) -> bytes:
        """The file."""
        made = io.BytesIO()
        self.book.save(made)
        return made.getvalue()
