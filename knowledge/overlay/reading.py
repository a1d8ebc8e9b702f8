"""An edited workbook read back: what it changes, or what is wrong with which cell. Bounded, whatever is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from knowledge.errors import DataError, Problem
from knowledge.finder.normalize import normalize
from knowledge.models import DocumentKind
from knowledge.overlay.batch import MOST_NEW, Batch, new_phrases
from knowledge.overlay.edition import PHRASE, PHRASE_LENGTH, Edit, Edition, phrase_subject
from knowledge.overlay.fields import BUREAU_FIELDS, FIELDS, FieldError, documents_of
from knowledge.overlay.package import DAMAGED, RefusedFileError, check_package
from knowledge.overlay.sheets import (
    BUREAU_CODE,
    CODE,
    CONTACT_COLUMNS,
    GUIDE,
    PHRASE_CODE,
    PHRASE_COLUMNS,
    SERVICE_COLUMNS,
    VERSION,
    Column,
    service_cell,
)
from knowledge.overlay.tidy import tidy, tidy_lines
from knowledge.persian import ascii_digits, persian_digits

MOST_ROWS = 20_000
MOST_COLUMNS = 40
MOST_SHEETS = 60
KEPT_PROBLEMS = 200
LONGEST_CELL = 32_767

NO_SHEETS = "در این فایل برگه‌ای با ستون «کد» پیدا نشد. لطفاً همان فایلی را بفرستید که از /catalogue گرفتید."
FORMULA = "فرمول پذیرفته نیست؛ خود متن را بنویسید"
NO_TEXT = "باید متن باشد، نه تاریخ یا خطا"
TOO_MANY_NEW = f"در هر فایل تا {persian_digits(MOST_NEW)} عبارت تازه آزموده می‌شود؛ بقیه را در فایل بعدی بفرستید"
_CODE_IN_REASON = re.compile(r"^([a-z]+-\d{2,3}): (\w+)")


@dataclass(frozen=True)
class CellProblem:
    """What is wrong with one cell. `row` from 1; `column` its letter; `name` its heading."""

    sheet: str
    row: int
    column: str
    name: str
    reason: str

    def __str__(self) -> str:
        return f"برگه‌ی «{self.sheet}»، سطر {persian_digits(self.row)}، ستون {self.column} ({self.name}): {self.reason}"


@dataclass(frozen=True)
class Reading:
    """What a file says. `refused`: why it was not opened; `problems`: the first of `problem_count`; `version`: the
    edition that the file was made of, None when it does not say; `rows`: how many services it names; `batch`: what came
    of trying its new phrases (knowledge.overlay.batch), None when they were not tried yet."""

    edits: tuple[Edit, ...] = ()
    problems: tuple[CellProblem, ...] = ()
    problem_count: int = 0
    refused: str | None = None
    version: int | None = None
    rows: int = 0
    batch: Batch | None = None


@dataclass(frozen=True)
class Cell:
    """A cell: its place, and its text or what is wrong with it."""

    row: int
    column: int
    text: str = ""
    wrong: str | None = None


@dataclass(frozen=True)
class Sheet:
    """A sheet: the column of each heading, and its rows that hold anything."""

    name: str
    headings: Mapping[str, int]
    rows: tuple[dict[int, Cell], ...]


@dataclass(frozen=True)
class Book:
    """The texts of a workbook, opened safely; nothing is said yet of what they mean."""

    sheets: tuple[Sheet, ...]
    version: int | None = None


def open_book(data: bytes) -> Book:
    """The cells of an .xlsx.

    Raises:
        RefusedFileError: it is none, or not to be opened.
    """
    check_package(data)
    try:
        workbook = load_workbook(BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            return _book(workbook.worksheets[:MOST_SHEETS])
        finally:
            workbook.close()
    except Exception as error:
        raise RefusedFileError(DAMAGED) from error


def _book(worksheets: Iterable[Any]) -> Book:
    sheets = []
    version = None
    left = MOST_ROWS
    for worksheet in worksheets:
        rows: list[dict[int, Cell]] = []
        # The size that a sheet claims may be wrong.
        worksheet.reset_dimensions()
        for number, row in enumerate(worksheet.iter_rows(max_row=left, max_col=MOST_COLUMNS), start=1):
            cells = {place: made for place, cell in enumerate(row, start=1) if (made := _cell(cell, number, place))}
            if cells:
                rows.append(cells)
        left = max(left - len(rows), 1)
        if not rows:
            continue
        headings = {tidy(cell.text): place for place, cell in rows[0].items()}
        if worksheet.title == GUIDE or VERSION in headings:
            second = rows[0].get(2)
            if second is not None and ascii_digits(second.text).isdecimal() and len(second.text) < 10:
                version = int(ascii_digits(second.text))
            continue
        sheets.append(Sheet(worksheet.title, headings, tuple(rows[1:])))
    return Book(tuple(sheets), version)


def _cell(cell: Any, row: int, column: int) -> Cell | None:
    value = cell.value
    if value is None:
        return None
    if cell.data_type == "f":
        return Cell(row, column, wrong=FORMULA)
    if isinstance(value, bool) or cell.data_type == "e":
        return Cell(row, column, wrong=NO_TEXT)
    if isinstance(value, int | float):
        return Cell(row, column, str(int(value)) if float(value).is_integer() else str(value))
    if not isinstance(value, str):
        return Cell(row, column, wrong=NO_TEXT)
    text = value[:LONGEST_CELL].replace("_x000D_", "")
    return Cell(row, column, text) if text.strip() else None


def read_book(book: Book, edition: Edition) -> Reading:
    """What a workbook changes in the edition that it was made of (see `Book.version`)."""
    reader = _Reader(edition)
    known = 0
    for sheet in book.sheets:
        if CODE in sheet.headings:
            known += 1
            reader.services(sheet)
        elif BUREAU_CODE in sheet.headings:
            known += 1
            reader.contacts(sheet)
        elif PHRASE_CODE in sheet.headings:
            known += 1
            reader.phrases(sheet)
    if not known:
        return Reading(refused=NO_SHEETS)
    return replace(reader.reading(), version=book.version)


def read_workbook(data: bytes, edition: Edition) -> Reading:
    """`open_book` and `read_book` in one; a file that is not opened is told so by `refused`."""
    try:
        return read_book(open_book(data), edition)
    except RefusedFileError as refusal:
        return Reading(refused=str(refusal))


@dataclass
class _Reader:
    edition: Edition
    edits: list[Edit] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)
    count: int = 0
    rows: int = 0
    places: dict[tuple[str, str], tuple[Sheet, Cell, str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def reading(self) -> Reading:
        if not self.count:
            try:
                self.edition.with_edits(self.edits)
            except DataError as error:
                for problem in error.problems:
                    self._unsound(problem)
        return Reading(() if self.count else tuple(self.edits), tuple(self.problems), self.count, rows=self.rows)

    def services(self, sheet: Sheet) -> None:
        columns = _columns(sheet, SERVICE_COLUMNS)
        for row, code in self._coded(sheet, CODE, lambda code: code in self.edition.base):
            self.rows += 1
            kinds: dict[DocumentKind, Cell] = {}
            for column, place in columns:
                cell = row.get(place) or Cell(_row(row), place)
                if cell.wrong is not None:
                    self._wrong(sheet, cell, column.name, cell.wrong)
                elif self._same(code, column, cell.text):
                    continue
                elif column.kind is not None:
                    kinds[column.kind] = cell
                elif column.field is not None:
                    self._read(sheet, cell, code, column.field)
            if kinds:
                self._documents(sheet, code, kinds)

    def contacts(self, sheet: Sheet) -> None:
        columns = _columns(sheet, CONTACT_COLUMNS)
        slugs = {bureau.slug for bureau in self.edition.base.bureaus}
        for row, slug in self._coded(sheet, BUREAU_CODE, lambda slug: slug in slugs):
            for column, place in columns:
                cell = row.get(place) or Cell(_row(row), place)
                if cell.wrong is not None:
                    self._wrong(sheet, cell, column.name, cell.wrong)
                elif column.field in BUREAU_FIELDS:
                    self._read(sheet, cell, slug, column.field)

    def phrases(self, sheet: Sheet) -> None:
        """Phrases are the whole list: one that stands in it no more is removed."""
        columns = _columns(sheet, PHRASE_COLUMNS)
        if not columns:
            return
        (column, place), *_ = columns
        named: dict[str, Cell] = {}
        for row in sheet.rows:
            code_cell, cell = row.get(sheet.headings[PHRASE_CODE]), row.get(place)
            if cell is None and code_cell is None:
                continue
            cell = cell or Cell(_row(row), place)
            code = tidy(code_cell.text, digits=False) if code_cell else ""
            if code not in self.edition.base:
                at = code_cell or Cell(cell.row, sheet.headings[PHRASE_CODE])
                self._wrong(sheet, at, PHRASE_CODE, at.wrong or f"خدمتی با کد «{code[:20]}» در فهرست نیست")
                continue
            text = " ".join(cell.text.split())
            if reason := cell.wrong or _wrong_phrase(text):
                self._wrong(sheet, cell, column.name, reason)
                continue
            subject = phrase_subject(text)
            if subject in named:
                reason = f"در سطر {persian_digits(named[subject].row)} هم آمده است"
                self._wrong(sheet, cell, column.name, reason)
                continue
            named[subject] = cell
            self.places[subject, PHRASE] = (sheet, cell, column.name)
            self._add(subject, PHRASE, {"text": text, "label": f"service:{code}"})
        for (subject, name), _fact in sorted(self.edition.facts.items()):
            if name == PHRASE and subject not in named:
                self._add(subject, PHRASE, None)
        for subject in list(new_phrases(self.edits))[MOST_NEW:]:
            self._wrong(sheet, named[subject], column.name, TOO_MANY_NEW)

    def _coded(self, sheet: Sheet, heading: str, known: Any) -> Iterator[tuple[dict[int, Cell], str]]:
        for row in sheet.rows:
            cell = row.get(sheet.headings[heading]) or Cell(_row(row), sheet.headings[heading])
            code = tidy(cell.text, digits=False)
            if cell.wrong or not code:
                self._wrong(sheet, cell, heading, cell.wrong or "کد این سطر خالی است")
            elif not known(code):
                self._wrong(sheet, cell, heading, f"«{code[:20]}» در فهرست نیست؛ افزودن خدمت یا دفتر از این راه نمی‌شود")
            elif code in self.seen:
                self._wrong(sheet, cell, heading, f"«{code}» دو بار آمده است")
            else:
                self.seen.add(code)
                yield row, code

    def _same(self, code: str, column: Column, text: str) -> bool:
        if column.field is None:
            return True
        shown = service_cell(self.edition, self.edition.catalogue.service(code), column)
        return tidy_lines(text) == tidy_lines(shown)

    def _read(self, sheet: Sheet, cell: Cell, subject: str, name: str) -> None:
        self.places[subject, name] = (sheet, cell, FIELDS[name].label)
        before = self.edition.value(subject, name)
        if tidy_lines(cell.text) == tidy_lines(FIELDS[name].show(before)):
            return
        try:
            self._add(subject, name, FIELDS[name].read(cell.text, before))
        except FieldError as error:
            self._wrong(sheet, cell, FIELDS[name].label, str(error))

    def _documents(self, sheet: Sheet, code: str, kinds: Mapping[DocumentKind, Cell]) -> None:
        old = self.edition.catalogue.service(code).documents
        waiting = {kind: list(tidy_lines(kinds[kind].text)) if kind in kinds else None for kind in _KINDS_IN_ORDER}
        pairs: list[tuple[DocumentKind, str]] = []
        for one in old:
            lines = waiting[one.kind]
            if lines is None:
                pairs.append((one.kind, f"{one.text} (محرمانه)" if one.confidential else one.text))
            elif lines:
                pairs.append((one.kind, lines.pop(0)))
        pairs += [(kind, line) for kind, lines in waiting.items() for line in lines or ()]
        first = next(iter(kinds.values()))
        for kind, cell in kinds.items():
            name = next(column.name for column in SERVICE_COLUMNS if column.kind == kind)
            try:
                documents_of([pair for pair in pairs if pair[0] == kind], old)
            except FieldError as error:
                self._wrong(sheet, cell, name, str(error))
                return
        self.places[code, "documents"] = (sheet, first, FIELDS["documents"].label)
        self._add(code, "documents", documents_of(pairs, old))

    def _add(self, subject: str, name: str, value: Any) -> None:
        edit = self.edition.edit(subject, name, value)
        if edit is not None:
            self.edits.append(edit)

    def _wrong(self, sheet: Sheet, cell: Cell, name: str, reason: str) -> None:
        self.count += 1
        if len(self.problems) < KEPT_PROBLEMS:
            self.problems.append(CellProblem(sheet.name, cell.row, get_column_letter(cell.column), name, reason))

    def _unsound(self, problem: Problem) -> None:
        """A problem of the whole, at the cell that it comes from."""
        subject, name, reason = problem.service or "", (problem.field or "").split(".")[0], problem.reason
        if found := _CODE_IN_REASON.match(reason):
            subject, name, reason = found[1], found[2], reason[len(found[1]) + 2 :]
        sheet, cell, label = self.places.get((subject, name)) or next(
            (place for (whose, _), place in self.places.items() if whose == subject), next(iter(self.places.values()))
        )
        self._wrong(sheet, cell, label, reason)


_KINDS_IN_ORDER: tuple[DocumentKind, ...] = tuple(column.kind for column in SERVICE_COLUMNS if column.kind is not None)


def _columns(sheet: Sheet, known: Sequence[Column]) -> list[tuple[Column, int]]:
    """The columns that the sheet has and that can be changed."""
    return [
        (column, sheet.headings[tidy(column.name)])
        for column in known
        if column.field is not None and tidy(column.name) in sheet.headings
    ]


def _row(row: Mapping[int, Cell]) -> int:
    return next(iter(row.values())).row


def _wrong_phrase(text: str) -> str | None:
    if not normalize(text):
        return "عبارت خالی یا بی‌واژه است"
    return "عبارت از اندازه‌ی مجاز بلندتر است" if len(text) > PHRASE_LENGTH else None
