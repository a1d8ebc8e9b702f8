"""Is the catalogue true to the booklet? Counts against table 1, and every text against its source lines.

Texts are compared squeezed: spaces, half-spaces, punctuation and letter variants dropped, digits unified; what then
still differs must be explained by the entry's own `printed`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rapidfuzz import fuzz

from knowledge.catalogue import Catalogue, count
from knowledge.errors import DataFileError, Problem
from knowledge.models import BureauFile, CountCell, Counts, Service
from knowledge.persian import ascii_digits
from knowledge.tables import Conflict, load_conflicts

NEAR = 4
LIKENESS = 60.0

_SAME = str.maketrans(
    {
        "ي": "ی",
        "ى": "ی",
        "ئ": "ی",
        "ك": "ک",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ة": "ه",
        "ۀ": "ه",
        "ؤ": "و",
        "ہ": "ه",
        "ە": "ه",
    }
)
_NOT_TEXT = re.compile(r"[^ا-یa-zA-Z0-9پچژگکی]")
_MINISTRY = "وزارتکشور"
_OFFICE = re.compile(r"^استا\w{3,8}(قزوین|قم)$")
_DEPUTY = "معاونتتوسعهمدیریتومنابع"
_LIST_HEADING = "مدارکفرمهارویههای"
_PARTS = re.compile(r"\s*…\s*")


def squeeze(text: str) -> str:
    """A text with all that OCR loses or varies taken out: only letters of one form and ASCII digits are left."""
    text = re.sub(r"</?(br|b)>", "", text)
    return _NOT_TEXT.sub("", ascii_digits(text).translate(_SAME)).replace("ء", "")


@dataclass(frozen=True)
class Booklet:
    """The booklet's text by line; `lines[0]` is line 1. Page headers are blanked, they are no content."""

    lines: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Booklet:
        """The booklet from its text file; DataFileError when it cannot be read."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise DataFileError([Problem(str(path), None, None, "متن کتابچه نیست")]) from None
        except (OSError, UnicodeDecodeError):
            raise DataFileError([Problem(str(path), None, None, "متن کتابچه خوانده نمی‌شود")]) from None
        return cls(_without_page_headers(text.split("\n")))

    def window(self, first: int, last: int, near: int = NEAR) -> str:
        """Squeezed text of lines first..last (1-based) and `near` lines on both sides."""
        return squeeze(" ".join(self.lines[max(0, first - 1 - near) : last + near]))


def _without_page_headers(lines: list[str]) -> tuple[str, ...]:
    """The lines with «وزارت کشور / استانداری قزوین / معاونت …» blanked where they stand together as a page's header."""
    kept = list(lines)
    for index, line in enumerate(lines):
        if not _OFFICE.match(squeeze(line)):
            continue
        kept[index] = ""
        for near in (index - 2, index - 1):
            if near >= 0 and squeeze(lines[near]) == _MINISTRY:
                kept[near] = ""
        for near in (index + 1, index + 2):
            if near < len(lines) and squeeze(lines[near]) == _DEPUTY:
                kept[near] = ""
    return tuple(kept)


@dataclass(frozen=True)
class CountDifference:
    """A cell of table 1 that the data does not reach, and what the data says of the reason (None: unexplained)."""

    slug: str
    cell: CountCell
    printed: int
    ours: int
    reason: str | None


CELLS: tuple[CountCell, ...] = ("total", "exclusive", "general", "shared", "with_client")


def compare_counts(file: BureauFile) -> list[CountDifference]:
    """Cells of table 1 that differ from the data. Reasons: a known gap, or services whose flag the booklet lost."""
    ours = count(file.services)
    differences = []
    for cell in CELLS:
        printed, counted = getattr(file.bureau.table1, cell), getattr(ours, cell)
        if printed == counted:
            continue
        differences.append(
            CountDifference(file.bureau.slug, cell, printed, counted, _reason(file, cell, printed - counted))
        )
    return differences


def _reason(file: BureauFile, cell: CountCell, short: int) -> str | None:
    if cell in file.bureau.table1_differs:
        return file.bureau.table1_differs[cell]
    gaps = [gap.code for gap in file.bureau.known_gaps]
    if cell == "total":
        unknown: list[str] = []
    elif cell == "with_client":
        unknown = [service.code for service in file.services if service.has_client is None]
    else:
        unknown = [service.code for service in file.services if service.scope is None]
    if not 0 < short <= len(gaps) + len(unknown):
        return None
    said = []
    if gaps:
        said.append(f"متنی در کتابچه ندارد: {'، '.join(gaps)}")
    if unknown:
        said.append(f"ستون آن در کتابچه روشن نیست: {'، '.join(unknown)}")
    return "؛ ".join(said)


def check_counts(catalogue: Catalogue, overall: Counts | None) -> Iterator[Problem]:
    """Cells of table 1 that differ without a reason, per bureau, and for the whole office when `overall` is given."""
    for file in catalogue.files:
        for difference in compare_counts(file):
            if difference.reason is None:
                yield Problem(
                    f"{file.bureau.slug}.yaml",
                    None,
                    f"table1.{difference.cell}",
                    f"در کتابچه {difference.printed} و در داده {difference.ours} است",
                )
    if overall is not None:
        summed = Counts(total=0, exclusive=0, general=0, shared=0, with_client=0)
        for bureau in catalogue.bureaus:
            summed = summed + bureau.table1
        for cell in CELLS:
            if getattr(summed, cell) != getattr(overall, cell):
                reason = f"جمع دفترها {getattr(summed, cell)} و جمع کل جدول {getattr(overall, cell)} است"
                yield Problem("bureaus", None, f"table1.{cell}", reason)


OVERALL = Counts(total=332, exclusive=92, general=62, shared=178, with_client=133)
"""«جمع کل» of table 1 of the booklet."""


def check_against_booklet(file: BureauFile, booklet: Booklet) -> Iterator[Problem]:
    """Titles, ids, documents and steps of one bureau that are not found near their source lines."""
    name = f"{file.bureau.slug}.yaml"
    for service in file.services:
        ranges = [lines for lines in (service.source.table, service.source.lines) if lines]
        if any(last > len(booklet.lines) for _, last in ranges):
            yield Problem(name, service.code, "source", "سطری که گفته شده در کتابچه نیست")
            continue
        everywhere = "|".join(booklet.window(*lines) for lines in ranges)
        page = booklet.window(*service.source.lines) if service.source.lines else everywhere
        if not service.title_inferred:
            yield from _look_for(Place(name, service.code, "title"), service.title, service.title_printed, everywhere)
        if service.heading:
            yield from _look_for(Place(name, service.code, "heading"), service.heading, None, page)
        if service.service_id and service.service_id not in everywhere:
            yield Problem(name, service.code, "service_id", f"شناسه‌ی {service.service_id} در سطرهای منبع نیست")
        table = "|".join(booklet.window(*lines) for lines in (file.bureau.source.table, *ranges))
        if service.parent_id and service.parent_id not in table:
            yield Problem(name, service.code, "parent_id", f"شناسه‌ی {service.parent_id} در جدول نیست")
        if service.duration and squeeze(service.duration) not in page:
            yield Problem(name, service.code, "duration", f"«{service.duration}» در متن کتابچه نیست")
        for index, document in enumerate(service.documents):
            near = booklet.window(*document.lines) if document.lines else page
            yield from _look_for(Place(name, service.code, f"documents.{index}"), document.text, document.printed, near)
        for step in service.workflow.steps if service.workflow else ():
            field = f"workflow.{step.id}"
            yield from _look_for(Place(name, service.code, field), step.text, step.printed, page)
            for part, value in (("actor", step.actor), ("deadline", step.deadline)):
                if value and squeeze(value) not in squeeze(step.text) + squeeze(service.title) + page:
                    yield Problem(name, service.code, f"{field}.{part}", f"«{value}» در متن کتابچه نیست")


class Place(NamedTuple):
    """File, service and field that a problem names."""

    file: str
    service: str
    field: str


def _look_for(place: Place, text: str, printed: str | None, where: str) -> Iterator[Problem]:
    if squeeze(text) in where:
        return
    if printed is None:
        yield Problem(*place, f"در سطرهای منبع نیست و printed ندارد: «{text}»")
        return
    missing = [part for part in _PARTS.split(printed) if squeeze(part) not in where]
    if missing:
        yield Problem(*place, f"printed در سطرهای منبع نیست: «{missing[0]}»")
    elif fuzz.ratio(squeeze(text), squeeze(printed)) < LIKENESS:
        yield Problem(*place, f"متن از چاپ خیلی دور است: «{text}» ≠ «{printed}»")


def unread_lines(file: BureauFile, booklet: Booklet) -> list[tuple[int, str]]:
    """Lines of the bureau's process pages that nothing in its data accounts for: (line number, text)."""
    if file.bureau.source.pages is None:
        return []
    claimed = "|".join(squeeze(text) for text in _claimed_texts(file))
    first, last = file.bureau.source.pages
    unread = []
    for number in range(first, min(last, len(booklet.lines)) + 1):
        line = booklet.lines[number - 1]
        letters = squeeze(re.sub(r"^[\s*#-]*[۰-۹0-9]{0,3}\s*[.)-]?\s*[۰-۹0-9]?\.?\s*", "", line))
        heading = letters.replace("نمودارگردشکار", "").removeprefix("فرآیند").removeprefix("فرایند")
        if len(heading) < 3 or _LIST_HEADING in letters:
            continue
        if heading not in claimed and letters not in claimed:
            unread.append((number, line.strip()))
    return unread


def _claimed_texts(file: BureauFile) -> Iterator[str]:
    yield file.bureau.name
    yield file.bureau.deputy
    for service in file.services:
        yield from (text for text in (service.title, service.title_printed, service.heading, service.notes) if text)
        for document in service.documents:
            yield from (text for text in (document.text, document.printed) if text)
        for step in service.workflow.steps if service.workflow else ():
            yield from (text for text in (step.text, step.printed) if text)
            yield from (branch.label for branch in step.branches)


def check_conflicts(catalogue: Catalogue, conflicts: Iterable[Conflict], booklet: Booklet | None) -> Iterator[Problem]:
    """Entries of the table of conflicts that name an unknown service or a print that is not in the booklet."""
    for conflict in conflicts:
        for one in conflict.prints:
            for code in one.services:
                if code not in catalogue:
                    yield Problem("conflicts.yaml", code, conflict.subject, "چنین خدمتی نیست")
            if booklet is None:
                continue
            near = booklet.window(*one.lines)
            for part in _PARTS.split(one.printed):
                if squeeze(part) not in near:
                    yield Problem("conflicts.yaml", None, conflict.subject, f"در کتابچه نیست: «{part}»")


def check(catalogue: Catalogue, booklet: Booklet | None = None, slugs: Sequence[str] = ()) -> list[Problem]:
    """All problems of the catalogue (or of the named bureaus): counts, and against the booklet when it is given."""
    files = [catalogue.file(slug) for slug in slugs] if slugs else list(catalogue.files)
    part = Catalogue(tuple(files))
    problems = list(check_counts(part, None if slugs else OVERALL))
    if not slugs:
        problems.extend(check_conflicts(catalogue, load_conflicts(), booklet))
    if booklet is not None:
        for file in files:
            problems.extend(check_against_booklet(file, booklet))
    return problems


def gaps(catalogue: Catalogue) -> dict[str, list[tuple[Service, tuple[str, ...]]]]:
    """The office's to-do list: by bureau slug, the services without documents or workflow and what each lacks."""
    todo: dict[str, list[tuple[Service, tuple[str, ...]]]] = {}
    for file in catalogue.files:
        for service in file.services:
            lacks = (("documents",) if not service.documents else ()) + (
                ("workflow",) if service.workflow is None else ()
            )
            if lacks:
                todo.setdefault(file.bureau.slug, []).append((service, lacks))
    return todo
