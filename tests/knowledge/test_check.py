"""The comparison with the booklet catches what is not printed there."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import pytest

from knowledge.catalogue import BUREAUS, load_catalogue, parse_bureau, read_yaml
from knowledge.check import Booklet, check, check_against_booklet, squeeze, unread_lines
from knowledge.errors import DataError

BOOKLET = Path(os.environ.get("KHEDMATYAR_BOOKLET", Path(__file__).parents[3] / "shared/reference/booklet_1402.txt"))
needs_booklet = pytest.mark.skipif(not BOOKLET.exists(), reason="the booklet's text is not on this machine")


@needs_booklet
def test_every_text_of_the_catalogue_is_found_in_the_booklet() -> None:
    assert check(load_catalogue(), Booklet.read(BOOKLET)) == []


@needs_booklet
@pytest.mark.parametrize("field", ["title", "document", "step", "service_id"])
def test_an_invented_text_is_found_out(field: str) -> None:
    content = copy.deepcopy(read_yaml(BUREAUS / "performance.yaml"))
    service = next(s for s in content["services"] if s["workflow"] and s["documents"] and s["service_id"])
    if field == "title":
        service["title"] = "صدور پروانه‌ی پرورش زنبور عسل"
        service.pop("title_printed", None)
    elif field == "document":
        service["documents"][0] |= {"text": "گواهی پزشک خانواده", "printed": None}
    elif field == "step":
        service["workflow"]["steps"][1] |= {"text": "پرداخت پنج میلیون تومان به صندوق", "printed": None}
        service["workflow"]["steps"][1].pop("deadline", None)
        service["workflow"]["steps"][1].pop("actor", None)
    else:
        service["service_id"] = "99999999999"
    problems = list(check_against_booklet(parse_bureau(content, "performance.yaml"), Booklet.read(BOOKLET)))
    assert [problem.service for problem in problems] == [service["code"]]


@needs_booklet
def test_a_printed_wording_must_be_the_prints_own() -> None:
    content = copy.deepcopy(read_yaml(BUREAUS / "performance.yaml"))
    service = next(s for s in content["services"] if s["documents"])
    service["documents"][0] |= {"text": "گواهی پزشک خانواده", "printed": "گواهی پزشک خانواده"}
    problems = list(check_against_booklet(parse_bureau(content, "performance.yaml"), Booklet.read(BOOKLET)))
    assert len(problems) == 1
    assert "printed" in problems[0].reason


@needs_booklet
def test_a_line_that_nobody_read_is_listed() -> None:
    content = copy.deepcopy(read_yaml(BUREAUS / "women.yaml"))
    service = next(s for s in content["services"] if s["documents"])
    dropped = service["documents"].pop()
    unread = unread_lines(parse_bureau(content, "women.yaml"), Booklet.read(BOOKLET))
    assert any(dropped["lines"][0] <= number <= dropped["lines"][1] for number, _ in unread)


def test_a_missing_booklet_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="متن کتابچه نیست"):
        Booklet.read(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("سازمان‌های مردم‌نهاد", "سازمان های مردمنهاد"),
        ("تأیید ۱۴۰۲/۴/۱۸", "تایید 1402/4/18"),
        ("<b>دفتر<br>امور</b>", "دفتر امور"),
        ("آیین‌نامه‌ی «الف»", "ایین نامه ی الف"),
    ],
)
def test_squeezing_drops_what_ocr_varies(left: str, right: str) -> None:
    assert squeeze(left) == squeeze(right)


def test_squeezing_keeps_what_differs() -> None:
    assert squeeze("شماره ۹۳۳۶۲") != squeeze("شماره ۹۳۳۶۳")
    assert squeeze("صدور") != squeeze("تمدید")
