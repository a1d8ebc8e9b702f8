from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from knowledge.catalogue import Catalogue, load_bureaus
from knowledge.overlay import package
from knowledge.overlay.edition import PHRASE, Edition, Fact, phrase_subject
from knowledge.overlay.fields import FIELDS
from knowledge.overlay.reading import KEPT_PROBLEMS, Reading, read_workbook
from knowledge.overlay.sheets import CONTACTS, PHRASES, SERVICE_COLUMNS, sheet_name
from knowledge.overlay.workbook import workbook_bytes
from tests.knowledge.overlay.sheets import Desk

SMALL = Edition.of(load_bureaus(["it", "women"]))
FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
WORDS = st.lists(
    st.sampled_from(["گواهی", "ثبت", "نامه", "پروانه", "بررسی", "دفتر", "کارت ملی", "می‌شود", "نامه‌ها", "(فرم)"]),
    min_size=1, max_size=5,
).map(" ".join)  # fmt: skip
TITLES = {column.field: column.name for column in SERVICE_COLUMNS if column.field and column.kind is None}


def with_phrase(edition: Edition, text: str, code: str) -> Edition:
    edit = edition.edit(phrase_subject(text), PHRASE, {"text": text, "label": f"service:{code}"})
    assert edit is not None
    return edition.with_edits([edit])


def test_the_whole_catalogue_comes_back_without_a_change(catalogue: Catalogue) -> None:
    edition = with_phrase(Edition.of(catalogue), "پهپادم را کجا ثبت کنم", "security-01")
    reading = read_workbook(Desk(edition).saved(), edition)
    assert reading == Reading(rows=331, version=0)


def test_sheets_are_right_to_left_with_locked_codes_and_lists(catalogue: Catalogue) -> None:
    desk = Desk(Edition.of(catalogue))
    names = [sheet_name(bureau) for bureau in catalogue.bureaus]
    assert desk.book.sheetnames[1:-2] == names
    assert len(set(names)) == 17
    assert all(one.sheet_view.rightToLeft for one in desk.book.worksheets)
    sheet = desk.sheet("it")
    assert sheet.protection.sheet
    assert sheet["A2"].protection.locked
    assert not sheet["B2"].protection.locked
    assert {rule.formula1 for rule in sheet.data_validations.dataValidation} == {
        '"اختصاصی,عمومی,مشترک,نامعلوم"', '"دارد,ندارد,نامعلوم"',
    }  # fmt: skip


def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    edition = Edition.of(SMALL.base, {("it-01", "fee"): Fact("=۱+۱")})
    assert read_workbook(workbook_bytes(edition), edition).edits == ()
    assert read_workbook(workbook_bytes(edition), edition).problem_count == 0


@FEW
@given(
    st.sampled_from([service.code for service in SMALL.catalogue.services]),
    st.sampled_from(["title", "summary", "duration", "fee", "outdated", "workflow", "documents"]),
    st.lists(WORDS, min_size=1, max_size=4, unique=True),
)
def test_a_valid_edit_comes_back_as_itself(code: str, name: str, texts: list[str]) -> None:
    desk = Desk(SMALL)
    slug = SMALL.base.bureau_of(code).slug
    if name == "documents":
        desk.put(slug, code, "مدارک: ارائه‌ی متقاضی", "\n".join(texts))
    elif name == "workflow":
        desk.put(slug, code, TITLES[name], "\n".join(f"{place}. {text}" for place, text in enumerate(texts, 1)))
    else:
        desk.put(slug, code, TITLES[name], texts[0])
    reading = read_workbook(desk.saved(), SMALL)
    assert not reading.problems
    assert [(edit.subject, edit.field) for edit in reading.edits] in ([(code, name)], [])
    after = SMALL.with_edits(reading.edits)
    shown = FIELDS[name].show(after.value(code, name))
    if name == "documents":
        assert {one.text for one in after.catalogue.service(code).documents if one.kind == "bring"} == set(texts)
    elif name == "workflow":
        assert [line.split(". ", 1)[1] for line in shown.splitlines()] == texts
    else:
        assert shown == texts[0]
    assert read_workbook(Desk(after).saved(), after).edits == ()


BROKEN: list[tuple[str, object]] = [
    ("title", "خدمت ها"), ("title", None), ("title", "=A1"), ("short_title", "ا" * 31), ("summary", "می شود"),
    ("scope", "خصوصی"), ("has_client", None), ("workflow", "بی‌شماره"), ("workflow", "۱. الف [← ۸]"),
    ("link", "ftp://a.ir"), ("link", '=HYPERLINK("http://a.ir")'), ("fee", True), ("duration", "خدمتها"),
]  # fmt: skip


@FEW
@given(st.sampled_from([service.code for service in SMALL.catalogue.services]), st.sampled_from(BROKEN))
def test_a_broken_cell_is_reported_at_its_place(code: str, broken: tuple[str, object]) -> None:
    name, value = broken
    desk = Desk(SMALL)
    slug = SMALL.base.bureau_of(code).slug
    place = desk.put(slug, code, TITLES[name], value)
    reading = read_workbook(desk.saved(), SMALL)
    assert [(one.sheet, f"{one.column}{one.row}") for one in reading.problems] == [(desk.sheet(slug).title, place)]
    assert reading.edits == ()


def test_two_same_short_titles_are_found_at_a_cell() -> None:
    desk = Desk(SMALL)
    place = desk.put("it", "it-01", TITLES["short_title"], SMALL.catalogue.service("it-02").short_title)
    [problem, *_] = read_workbook(desk.saved(), SMALL).problems
    assert f"{problem.column}{problem.row}" == place
    assert "تکراری" in problem.reason


@pytest.mark.parametrize(
    ("value", "reason"), [("it-01", "دو بار"), ("it-77", "در فهرست نیست"), (None, "خالی"), ("=A2", "فرمول")]
)
def test_a_bad_code_is_reported(value: object, reason: str) -> None:
    desk = Desk(SMALL)
    place = desk.put("it", "it-02", "کد", value)
    [problem] = read_workbook(desk.saved(), SMALL).problems
    assert f"{problem.column}{problem.row}" == place
    assert reason in problem.reason
    assert "برگه‌ی «" in str(problem)


def test_phrases_are_the_whole_list() -> None:
    edition = with_phrase(with_phrase(SMALL, "اینترنت روستا قطع است", "it-02"), "سایبری", "it-03")
    desk = Desk(edition)
    sheet = desk.sheet(PHRASES)
    kept = next(row for row in (2, 3) if sheet.cell(row, 2).value == "سایبری")
    sheet.cell(kept, 1).value = "it-04"
    sheet.delete_rows(5 - kept)
    sheet.append(["women-01", "کارآفرینی بانوان"])
    after = edition.with_edits(read_workbook(desk.saved(), edition).edits)
    assert {(one.text, one.label) for one in after.phrases} == {
        ("سایبری", "service:it-04"), ("کارآفرینی بانوان", "service:women-01"),
    }  # fmt: skip


def test_a_missing_sheet_or_row_changes_nothing() -> None:
    edition = with_phrase(SMALL, "سایبری", "it-03")
    desk = Desk(edition)
    desk.book.remove(desk.sheet(PHRASES))
    desk.book.remove(desk.sheet("women"))
    desk.sheet("it").delete_rows(3)
    reading = read_workbook(desk.saved(), edition)
    assert (reading.edits, reading.problems) == ((), ())


def test_contacts_and_numbers_typed_as_numbers() -> None:
    desk = Desk(SMALL)
    desk.put(CONTACTS, "it", "تلفن دفتر", 2833)
    after = SMALL.with_edits(read_workbook(desk.saved(), SMALL).edits)
    assert after.catalogue.file("it").bureau.phone == "۲۸۳۳"


def test_the_file_says_its_version() -> None:
    edition = Edition(SMALL.base, SMALL.catalogue, {}, 42)
    assert read_workbook(workbook_bytes(edition), SMALL).version == 42


def test_ten_thousand_bad_rows_are_counted_and_a_few_kept() -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("بد")
    sheet.append(["کد", "عنوان"])
    for number in range(10_000):
        sheet.append([f"bad-{number}", "=1"])
    made = io.BytesIO()
    book.save(made)
    reading = read_workbook(made.getvalue(), SMALL)
    assert reading.problem_count == 10_000
    assert len(reading.problems) == KEPT_PROBLEMS


def zipped(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in parts.items():
            out.writestr(name, content)
    return made.getvalue()


def repacked(change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook_bytes(SMALL))) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    change(parts)
    return zipped(parts)


def bomb(parts: dict[str, bytes]) -> None:
    parts["xl/worksheets/sheet1.xml"] = b"<worksheet>" + b" " * (package.UNPACKED_LIMIT + 1)


def macro(parts: dict[str, bytes]) -> None:
    parts["xl/vbaProject.bin"] = b"\xd0\xcf\x11\xe0"


def entities(parts: dict[str, bytes]) -> None:
    parts["xl/sharedStrings.xml"] = b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><sst>&c;</sst>'


def damaged(parts: dict[str, bytes]) -> None:
    parts["xl/workbook.xml"] = b"<workbook"


def many(parts: dict[str, bytes]) -> None:
    parts |= {f"xl/media/{number}.png": b"" for number in range(package.PARTS_LIMIT)}


def lying(data: bytes) -> bytes:
    """The directory claims that a part is small."""
    at = data.index(b"PK\x01\x02")
    return data[: at + 24] + (10).to_bytes(4, "little") + data[at + 28 :]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, package.OLD_EXCEL),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, package.NO_EXCEL),
        (b"", package.NO_EXCEL),
        (b"PK\x03\x04" + b"\0" * 40, package.DAMAGED),
        (zipped({"word/document.xml": b"<w/>"}), package.NO_EXCEL),
        (repacked(bomb), package.TOO_BIG),
        (repacked(macro), package.MACROS),
        (repacked(entities), package.UNSAFE),
        (repacked(damaged), package.DAMAGED),
        (repacked(many), package.TOO_BIG),
        (lying(repacked(lambda parts: None)), package.DAMAGED),
        (workbook_bytes(SMALL)[:-200], package.DAMAGED),
        (b"PK" + b"\0" * package.SIZE_LIMIT, package.TOO_BIG),
    ],
    ids=[
        "xls",
        "picture",
        "empty",
        "stub",
        "docx",
        "bomb",
        "macro",
        "entities",
        "damaged",
        "many",
        "lying",
        "cut",
        "big",
    ],
)
def test_a_bad_file_is_refused_kindly(data: bytes, reason: str) -> None:
    assert read_workbook(data, SMALL).refused == reason


def test_any_bytes_are_refused_and_nothing_breaks() -> None:
    good = bytearray(workbook_bytes(SMALL))
    chance = random.Random(5)  # noqa: S311 — the same damage every time
    for _ in range(40):
        spoilt = bytearray(good)
        for _ in range(20):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        reading = read_workbook(bytes(spoilt), SMALL)
        assert reading.refused or reading.problem_count or not reading.edits


def test_a_huge_claimed_sheet_is_read_in_no_time() -> None:
    def far(parts: dict[str, bytes]) -> None:
        name = next(one for one in parts if one.startswith("xl/worksheets/sheet2"))
        cell = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
        parts[name] = parts[name].replace(b"</sheetData>", cell)

    reading = read_workbook(repacked(far), SMALL)
    assert (reading.refused, reading.edits) == (None, ())
