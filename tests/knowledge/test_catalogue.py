"""The real catalogue: what it holds, and that a mutilated file is refused with the place named."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.catalogue import BUREAUS, Catalogue, export_json, load_catalogue, parse_bureau, read_yaml
from knowledge.check import OVERALL, check, compare_counts, gaps
from knowledge.errors import DataError, UnknownBureauError, UnknownServiceError

SMALL = BUREAUS / "crisis.yaml"
WITH_WORKFLOW = BUREAUS / "performance.yaml"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_it_holds_every_service_the_booklet_has_text_for(catalogue: Catalogue) -> None:
    assert len(catalogue.bureaus) == 17
    reserved = [gap.code for bureau in catalogue.bureaus for gap in bureau.known_gaps]
    assert reserved == ["rural-18"]
    assert len(catalogue) + len(reserved) == OVERALL.total == 332


def test_counts_equal_table_1_or_say_why(catalogue: Catalogue) -> None:
    assert check(catalogue) == []
    differences = [difference for file in catalogue.files for difference in compare_counts(file)]
    assert all(difference.reason for difference in differences)
    assert {d.slug for d in differences if d.cell == "total"} == {"rural"}


def test_bureaus_stand_in_the_booklets_order(catalogue: Catalogue) -> None:
    assert [bureau.order for bureau in catalogue.bureaus] == list(range(1, 18))


def test_every_missing_workflow_has_its_reason(catalogue: Catalogue) -> None:
    for service in catalogue.services:
        assert (service.workflow is None) == bool(service.workflow_absent), service.code
    assert sum(service.workflow is not None for service in catalogue.services) >= 30


def test_short_titles_fit_a_button_and_differ(catalogue: Catalogue) -> None:
    shorts = [service.short_title for service in catalogue.services]
    assert max(map(len, shorts)) <= 30


def test_confidential_documents_are_kept_from_citizens(catalogue: Catalogue) -> None:
    hidden = [s.code for s in catalogue.services if any(document.confidential for document in s.documents)]
    assert hidden
    for code in hidden:
        assert not any(document.confidential for document in catalogue.service(code).public_documents)


def test_export_keeps_the_outside_contract(catalogue: Catalogue) -> None:
    rows = json.loads(export_json(catalogue))
    assert len(rows) == len(catalogue)
    keys = {
        "code", "title", "deputy", "bureau", "parent", "parent_id", "service_id", "scope", "has_client", "documents",
        "workflow", "source", "notes",
    }  # fmt: skip
    for row in rows:
        assert keys <= row.keys()
        assert len(row["source"]["lines"]) == 2
        for document in row["documents"]:
            assert {"text", "printed", "kind"} <= document.keys()
        for step in row["workflow"]["steps"] if row["workflow"] else ():
            assert {"id", "text", "kind"} <= step.keys()
            assert (step["kind"] == "decision") == ("branches" in step)


def test_unknown_code_and_bureau_are_typed_errors(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownServiceError, match="rural-99"):
        catalogue.service("rural-99")
    with pytest.raises(UnknownBureauError, match="nowhere"):
        catalogue.file("nowhere")


def test_gaps_name_what_is_lacking(catalogue: Catalogue) -> None:
    todo = gaps(catalogue)
    for rows in todo.values():
        for service, lacks in rows:
            assert ("documents" in lacks) == (not service.documents)
            assert ("workflow" in lacks) == (service.workflow is None)


def places(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Paths to every value inside parsed YAML."""
    found = [path] if path else []
    if isinstance(node, dict):
        for key, value in node.items():
            found += places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            found += places(value, (*path, index))
    return found


def parent_of(content: Any, path: tuple[str | int, ...]) -> Any:
    for part in path[:-1]:
        content = content[part]
    return content


CONTENT = read_yaml(WITH_WORKFLOW)
PLACES = places(CONTENT)
REQUIRED = {"code", "title", "short_title", "summary", "service_id", "scope", "has_client", "documents", "workflow",
            "source", "text", "kind", "id", "slug", "name", "deputy", "order", "table1", "total", "label"}  # fmt: skip


def refused(content: Any, file: str = "performance.yaml") -> DataError:
    with pytest.raises(DataError) as caught:
        parse_bureau(content, file)
    assert caught.value.problems
    for problem in caught.value.problems:
        assert problem.file == file
        assert problem.reason
    return caught.value


@given(st.sampled_from([path for path in PLACES if path[-1] in REQUIRED]))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_dropped_field_is_refused_by_name(path: tuple[str | int, ...]) -> None:
    content = copy.deepcopy(CONTENT)
    del parent_of(content, path)[path[-1]]
    error = refused(content)
    assert any(str(path[-1]) in str(problem) or problem.field is None for problem in error.problems)


@given(st.sampled_from(PLACES), st.sampled_from([{"x": [1]}, object, "x" * 5, -7, [[]], {}]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_wrong_type_never_ends_in_a_traceback(path: tuple[str | int, ...], wrong: Any) -> None:
    content = copy.deepcopy(CONTENT)
    parent_of(content, path)[path[-1]] = wrong
    with contextlib.suppress(DataError):
        parse_bureau(content, "performance.yaml")


UNCLEAN = ["ي", "ك", "سال 1402", "دو  فاصله", "سازمان های مردمی", "می شود", "میشود", "برنامهریزی", " ", ""]


@given(st.sampled_from([p for p in PLACES if p[-1] in {"title", "text", "summary"}]), st.sampled_from(UNCLEAN))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_unclean_persian_is_refused_with_service_and_field(path: tuple[str | int, ...], unclean: str) -> None:
    content = copy.deepcopy(CONTENT)
    parent_of(content, path)[path[-1]] = unclean
    error = refused(content)
    code = CONTENT["services"][path[1]]["code"] if path[0] == "services" else None
    assert any(problem.service == code and str(path[-1]) in (problem.field or "") for problem in error.problems)


@given(st.sampled_from(["title", "bureau", "documents", "workflow.steps"]), st.text(min_size=1, max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_unknown_field_is_refused(where: str, name: str) -> None:
    content = copy.deepcopy(CONTENT)
    service = next(s for s in content["services"] if s["workflow"] and s["documents"])
    target = {
        "title": service,
        "bureau": content["bureau"],
        "documents": service["documents"][0],
        "workflow.steps": service["workflow"]["steps"][0],
    }[where]
    if name in target:
        return
    target[f"{name}؟"] = "چیزی"
    refused(content)


def test_a_branch_to_nowhere_is_refused() -> None:
    content = copy.deepcopy(CONTENT)
    service = next(s for s in content["services"] if s["workflow"])
    decision = next(step for step in service["workflow"]["steps"] if step["kind"] == "decision")
    decision["branches"][0]["next"] = "s99"
    error = refused(content)
    assert error.problems[0].service == service["code"]
    assert "s99" in error.problems[0].reason


def test_a_step_that_nothing_leads_to_is_refused() -> None:
    content = copy.deepcopy(CONTENT)
    service = next(s for s in content["services"] if s["workflow"])
    service["workflow"]["steps"].append({"id": "lost", "text": "گامی دور افتاده", "kind": "end"})
    assert "lost" in str(refused(content))


def test_a_doubled_code_is_refused() -> None:
    content = copy.deepcopy(CONTENT)
    content["services"][1]["code"] = content["services"][0]["code"]
    assert content["services"][0]["code"] in str(refused(content))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [1", "YAML"),
        ("bureau: 1\nbureau: 2\n", "دو بار"),
        ("- 1\n- 2\n", "bureau"),
        ("", "bureau"),
        ("!!python/object/apply:os.system [ls]", "YAML"),
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "broken.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"broken\.yaml") as caught:
        load_catalogue(tmp_path)
    assert reason in str(caught.value)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00bureau")
    with pytest.raises(DataError, match=r"binary\.yaml"):
        load_catalogue(tmp_path)


def test_all_bad_files_are_named_at_once(tmp_path: Path) -> None:
    for name in ("crisis", "women"):
        content = yaml.safe_load((BUREAUS / f"{name}.yaml").read_text(encoding="utf-8"))
        del content["services"][0]["title"]
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_catalogue(tmp_path)
    assert {problem.file for problem in caught.value.problems} == {"crisis.yaml", "women.yaml"}
