"""The `khedmatyar` commands that scripts rely on."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from bot.cli import app, main
from bot.cli import finder as finder_commands
from knowledge.catalogue import Catalogue
from knowledge.finder.finder import Finder

ROOT = Path(__file__).parents[2]
ANSWER_KEYS = {"q", "decision", "intent", "services", "candidates", "ms"}
SERVICE_KEYS = {"code", "title", "bureau", "score"}


def run(*args: str, stdin: str | None = None, code: int = 0) -> str:
    """Standard output of a command that ends with this exit code."""
    result = CliRunner().invoke(app, args, input=stdin, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


def fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """Standard error of a call that `main` ends with exit code 2."""
    monkeypatch.setattr(sys, "argv", ["khedmatyar", *args])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return error


def is_persian(text: str) -> bool:
    return any("آ" <= letter <= "ی" for letter in text)


def test_list_names_every_service(catalogue: Catalogue) -> None:
    out = run("catalogue", "list")
    assert all(f"{service.code} " in out for service in catalogue.services)
    assert all(bureau.name in out for bureau in catalogue.bureaus)


def test_list_of_one_bureau_as_json(catalogue: Catalogue) -> None:
    rows = [json.loads(line) for line in run("catalogue", "list", "--bureau", "women", "--json").splitlines()]
    assert [row["code"] for row in rows] == [service.code for service in catalogue.file("women").services]
    assert all(row.keys() == {"code", "title", "bureau"} for row in rows)


def test_show_prints_the_card_or_all_data(catalogue: Catalogue) -> None:
    service = catalogue.service("technical-02")
    assert service.title in run("catalogue", "show", service.code)
    row = json.loads(run("catalogue", "show", service.code, "--json"))
    assert (row["code"], row["title"]) == (service.code, service.title)


@pytest.mark.parametrize("args", [("show", "technical-99"), ("list", "--bureau", "nowhere"), ("gaps", "-b", "nowhere")])
def test_an_unknown_code_or_bureau_is_one_clear_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], args: tuple[str, ...]
) -> None:
    error = fails(monkeypatch, capsys, "catalogue", *args)
    assert args[-1] in error
    assert is_persian(error)
    assert len(error.splitlines()) == 1


def test_export_as_json(catalogue: Catalogue, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    assert run("catalogue", "export", "--format", "json", "--output", str(target)) == ""
    rows = json.loads(target.read_text(encoding="utf-8"))
    assert [row["code"] for row in rows] == [service.code for service in catalogue.services]
    assert json.loads(run("catalogue", "export", "--format", "json")) == rows


def test_export_as_markdown(catalogue: Catalogue, tmp_path: Path) -> None:
    target = tmp_path / "out.md"
    run("catalogue", "export", "--format", "md", "--output", str(target))
    text = target.read_text(encoding="utf-8")
    assert all(service.code in text for service in catalogue.services)


def test_export_as_a_workbook(catalogue: Catalogue, tmp_path: Path) -> None:
    target = tmp_path / "out.xlsx"
    run("catalogue", "export", "--format", "xlsx", "--output", str(target))
    book = load_workbook(target)
    cells = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row}
    assert {service.code for service in catalogue.services} <= cells
    assert all(sheet.sheet_view.rightToLeft for sheet in book)
    assert not any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize("args", [("--format", "xlsx"), ("--format", "pdf")])
def test_export_that_cannot_be_is_a_wrong_call(args: tuple[str, ...]) -> None:
    run("catalogue", "export", *args, code=2)


def test_stats_stand_beside_table_1(catalogue: Catalogue) -> None:
    assert run("catalogue", "stats")
    content = json.loads(run("catalogue", "stats", "--json"))
    assert len(content["rows"]) == len(catalogue.bureaus) + 1
    assert content["rows"][-1]["ours"]["total"] == len(catalogue)
    assert all(difference["reason"] for difference in content["differences"])


def test_check_finds_nothing() -> None:
    assert "0 problems" in run("catalogue", "check")
    assert "0 problems" in run("catalogue", "check", "--bureau", "women")


def test_check_without_the_booklet_it_names_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert is_persian(fails(monkeypatch, capsys, "catalogue", "check", "--booklet", str(tmp_path / "none.txt")))


def test_gaps_list_what_is_lacking(catalogue: Catalogue) -> None:
    assert run("catalogue", "gaps")
    rows = json.loads(run("catalogue", "gaps", "--json"))
    assert {gap.code for bureau in catalogue.bureaus for gap in bureau.known_gaps} <= {row["code"] for row in rows}
    without = {service.code for service in catalogue.services if service.workflow is None}
    assert {row["code"] for row in rows if "workflow" in row["lacks"]} == without


def test_conflicts_show_each_print() -> None:
    assert run("catalogue", "conflicts")
    for row in json.loads(run("catalogue", "conflicts", "--json")):
        assert len(row["prints"]) >= 2


@pytest.mark.parametrize(
    "args", [(), ("catalogue",), ("catalogue", "list"), ("ask",), ("chat",), ("train",), ("evaluate",)]
)
def test_every_command_has_help(args: tuple[str, ...]) -> None:
    assert "Usage" in run(*args, "--help")


def test_the_version_is_printed() -> None:
    assert run("--version").startswith("khedmatyar ")


@pytest.fixture
def ready(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> Finder:
    """The commands use the finder that is already loaded."""
    monkeypatch.setattr(finder_commands, "ready_finder", lambda: finder)
    return finder


def keeps_the_contract(row: dict[str, Any], catalogue: Catalogue) -> None:
    assert row.keys() >= ANSWER_KEYS
    assert row["decision"] in {"answer", "choose", "decline"}
    assert isinstance(row["ms"], float)
    assert len(row["candidates"]) in {0, 10}
    for service in (*row["services"], *row["candidates"]):
        assert service.keys() == SERVICE_KEYS
        assert service["title"] == catalogue.service(service["code"]).title
        assert service["bureau"] == catalogue.bureau_of(service["code"]).name
        assert 0 <= service["score"] <= 1
    assert {"answer": 1, "decline": 0}.get(row["decision"], len(row["services"])) == len(row["services"])


def test_ask_as_json_keeps_the_outside_contract(ready: Finder, catalogue: Catalogue) -> None:
    out = run("ask", "--json", "مجوز پرواز پهپاد غیرنظامی میخوام")
    assert len(out.splitlines()) == 1
    row = json.loads(out)
    keeps_the_contract(row, catalogue)
    assert row["q"] == "مجوز پرواز پهپاد غیرنظامی میخوام"
    assert "security-02" in [service["code"] for service in row["services"]]


@pytest.mark.parametrize("question", ["سلام", "", "قیمت دلار امروز چنده"])
def test_a_declined_question_ends_with_1(ready: Finder, catalogue: Catalogue, question: str) -> None:
    keeps_the_contract(json.loads(run("ask", "--json", question, code=1)), catalogue)


def test_ask_prints_a_card(ready: Finder) -> None:
    out = run("ask", "مجوز پرواز پهپاد غیرنظامی میخوام")
    assert ready.catalogue.service("security-02").title in out


@pytest.mark.parametrize("args", [(), ("سلام", "--batch", "-"), ("--unheard",)])
def test_ask_wants_one_of_question_and_batch(args: tuple[str, ...]) -> None:
    run("ask", *args, code=2)


QUESTIONS = ["سلام", "حکم دهیار", "", "x" * 5000, "😀", "حکم دهیار", "مجوز راهپیمایی", 'نقل «قول» "دوتایی" \\ \n']


@pytest.mark.parametrize("source", ["stdin", "file"])
def test_a_batch_answers_in_order(ready: Finder, catalogue: Catalogue, tmp_path: Path, source: str) -> None:
    lines = "".join(json.dumps({"q": q, "other": 1}, ensure_ascii=bool(i % 2)) + "\n" for i, q in enumerate(QUESTIONS))
    lines = lines.replace("\n", "\n\n", 1)
    if source == "stdin":
        out = run("ask", "--batch", "-", stdin=lines)
    else:
        (tmp_path / "q.jsonl").write_text(lines, encoding="utf-8")
        out = run("ask", "--batch", str(tmp_path / "q.jsonl"))
    rows = [json.loads(line) for line in out.split("\n") if line]
    assert [row["q"] for row in rows] == QUESTIONS
    for row in rows:
        keeps_the_contract(row, catalogue)


def test_an_empty_batch_answers_nothing(ready: Finder) -> None:
    assert run("ask", "--batch", "-", stdin="") == ""


BAD_LINES = ["{", "[]", "5", '{"question": "سلام"}', '{"q": 5}', '{"q": null}', "سلام"]


@pytest.mark.parametrize("bad", BAD_LINES)
def test_a_bad_line_of_standard_input_is_named(
    ready: Finder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bad: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f'{{"q": "سلام"}}\n{bad}\n'))
    error = fails(monkeypatch, capsys, "ask", "--batch", "-")
    assert "سطر 2" in error or "سطر ۲" in error


@pytest.mark.parametrize("bad", BAD_LINES)
def test_a_bad_line_of_a_file_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, bad: str
) -> None:
    monkeypatch.setattr(finder_commands, "ready_finder", lambda: None)
    (tmp_path / "q.jsonl").write_text(f'{{"q": "سلام"}}\n{bad}\n', encoding="utf-8")
    error = fails(monkeypatch, capsys, "ask", "--batch", str(tmp_path / "q.jsonl"))
    assert "q.jsonl" in error
    assert "سطر 2" in error or "سطر ۲" in error


def test_a_missing_batch_file_is_one_clear_message(
    ready: Finder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "none.jsonl" in fails(monkeypatch, capsys, "ask", "--batch", str(tmp_path / "none.jsonl"))


def test_a_batch_that_is_not_text_is_one_clear_message(
    ready: Finder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"q": "\xff\xfe"}\n'), encoding="utf-8"))
    assert is_persian(fails(monkeypatch, capsys, "ask", "--batch", "-"))


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085"])
def test_a_line_separator_inside_a_question_parts_no_line(ready: Finder, tmp_path: Path, separator: str) -> None:
    question = f"حکم{separator}دهیار"
    (tmp_path / "q.jsonl").write_text(json.dumps({"q": question}, ensure_ascii=False) + "\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["ask", "--batch", str(tmp_path / "q.jsonl")])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["q"] == question


def test_a_lone_surrogate_in_a_question_is_answered(ready: Finder) -> None:
    result = CliRunner().invoke(app, ["ask", "--batch", "-"], input='{"q": "\\ud83d سلام"}\n')
    assert result.exit_code == 0
    assert json.loads(result.stdout)["q"] == "\ud83d سلام"


def test_the_installed_command_answers(finder: Finder) -> None:
    assert finder
    done = subprocess.run(
        [sys.executable, "-c", "from bot.cli import main; main()", "ask", "--batch", "-"],
        input='{"q": "سلام"}\nnot json\n',
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        check=False,
        timeout=600,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["q"] == "سلام"
    assert is_persian(done.stderr)
    assert "Traceback" not in done.stderr
