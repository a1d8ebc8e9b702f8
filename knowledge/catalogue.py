"""The whole catalogue in memory: load, check, look up.

`load_catalogue()` reads every file of `knowledge/data/bureaus/` and raises one DataError naming all that is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from knowledge.errors import DataError, DataFileError, Problem, UnknownBureauError, UnknownServiceError
from knowledge.models import BOOKLET, EDITORIAL_FIELDS, Bureau, BureauFile, Counts, Service

DATA = Path(__file__).parent / "data"
BUREAUS = DATA / "bureaus"

_REASONS = {
    "missing": "این فیلد لازم است و نیامده است",
    "extra_forbidden": "فیلد ناشناخته",
    "string_type": "باید متن باشد",
    "int_type": "باید عدد باشد",
    "int_parsing": "باید عدد باشد",
    "bool_type": "باید true یا false باشد",
    "bool_parsing": "باید true یا false باشد",
    "tuple_type": "باید فهرست باشد",
    "list_type": "باید فهرست باشد",
    "model_type": "باید چند فیلد نام‌دار باشد",
    "dict_type": "باید چند فیلد نام‌دار باشد",
    "too_short": "کمتر از اندازه‌ی لازم است",
    "too_long": "بیشتر از اندازه‌ی مجاز است",
    "string_too_long": "متن از اندازه‌ی مجاز بلندتر است",
    "string_pattern_mismatch": "شکل نوشته درست نیست",
    "greater_than_equal": "عدد از کمترین مقدار مجاز کوچک‌تر است",
}


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Safe YAML that refuses a key written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"کلید «{key}» دو بار آمده است", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; DataFileError when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataFileError([Problem(path.name, None, None, "فایل نیست")]) from None
    except UnicodeDecodeError:
        raise DataFileError([Problem(path.name, None, None, "فایل UTF-8 نیست")]) from None
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 — a safe loader, see _Loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"سطر {mark.line + 1}" if mark else None
        raise DataFileError([Problem(path.name, None, where, f"YAML درست نیست: {error.problem}")]) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise DataFileError([Problem(path.name, None, None, f"YAML درست نیست: {error}")]) from None


def problems_of(error: ValidationError, file: str, content: Any) -> list[Problem]:
    """pydantic's findings as problems that name the service (by its code where it has one) and the field."""
    problems = []
    for detail in error.errors(include_url=False):
        location = list(detail["loc"])
        service = None
        if len(location) >= 2 and location[0] == "services" and isinstance(location[1], int):
            service = _service_name(content, location[1])
            location = location[2:]
        reason = _REASONS.get(detail["type"])
        if reason is None:
            reason = str(detail["ctx"]["error"]) if "error" in detail.get("ctx", {}) else detail["msg"]
        elif "limit" in str(detail.get("ctx", "")) or "max_length" in detail.get("ctx", {}):
            reason = f"{reason} ({detail['ctx'].get('max_length', '')})"
        problems.append(Problem(file, service, ".".join(str(part) for part in location) or None, reason))
    return problems


def _service_name(content: Any, index: int) -> str:
    try:
        return str(content["services"][index]["code"])
    except (KeyError, IndexError, TypeError):
        return f"services[{index}]"


def parse_bureau(content: Any, file: str) -> BureauFile:
    """One bureau's checked data from a parsed YAML file. `file` is the name used in errors and must match the slug."""
    if not isinstance(content, Mapping):
        raise DataError([Problem(file, None, None, "فایل باید بخش‌های bureau و services داشته باشد")])
    try:
        parsed = BureauFile.model_validate(content)
    except ValidationError as error:
        raise DataError(problems_of(error, file, content)) from None
    if parsed.bureau.slug != Path(file).stem:
        raise DataError([Problem(file, None, "bureau.slug", f"با نام فایل یکی نیست: {parsed.bureau.slug}")])
    return parsed


@dataclass(frozen=True)
class Catalogue:
    """All bureaus in the booklet's order and all their services. Immutable: a change makes a new one."""

    files: tuple[BureauFile, ...]
    _by_code: dict[str, tuple[Bureau, Service]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_code = {service.code: (file.bureau, service) for file in self.files for service in file.services}
        object.__setattr__(self, "_by_code", by_code)

    @cached_property
    def bureaus(self) -> tuple[Bureau, ...]:
        return tuple(file.bureau for file in self.files)

    @cached_property
    def services(self) -> tuple[Service, ...]:
        return tuple(service for file in self.files for service in file.services)

    def service(self, code: str) -> Service:
        """The service with this code; UnknownServiceError when there is none."""
        try:
            return self._by_code[code][1]
        except KeyError:
            raise UnknownServiceError(code) from None

    def bureau_of(self, code: str) -> Bureau:
        """The bureau responsible for the service with this code; UnknownServiceError when there is none."""
        try:
            return self._by_code[code][0]
        except KeyError:
            raise UnknownServiceError(code) from None

    def file(self, slug: str) -> BureauFile:
        """A bureau with its services; UnknownBureauError when there is none of this slug."""
        for bureau_file in self.files:
            if bureau_file.bureau.slug == slug:
                return bureau_file
        raise UnknownBureauError(slug)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def __len__(self) -> int:
        return len(self._by_code)


def build_catalogue(files: Iterable[BureauFile]) -> Catalogue:
    """A catalogue of bureaus put in the booklet's order; DataError when two claim the same place."""
    ordered = sorted(files, key=lambda file: file.bureau.order)
    problems = [
        Problem(f"{after.bureau.slug}.yaml", None, "bureau.order", f"همان جای {before.bureau.slug} را دارد")
        for before, after in pairwise(ordered)
        if before.bureau.order == after.bureau.order
    ]
    if problems:
        raise DataError(problems)
    return Catalogue(tuple(ordered))


def load_catalogue(folder: Path = BUREAUS) -> Catalogue:
    """The catalogue of a folder of bureau files. Raises one DataError with the problems of all files."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise DataFileError([Problem(str(folder), None, None, "هیچ فایل دفتری در این پوشه نیست")])
    return _load(paths)


def load_bureaus(slugs: Iterable[str], folder: Path = BUREAUS) -> Catalogue:
    """A part of the catalogue: the named bureaus only. UnknownBureauError for a bureau without a file."""
    paths = [folder / f"{slug}.yaml" for slug in slugs]
    for path in paths:
        if not path.exists():
            raise UnknownBureauError(path.stem)
    return _load(paths)


def _load(paths: Iterable[Path]) -> Catalogue:
    files: list[BureauFile] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            files.append(parse_bureau(read_yaml(path), path.name))
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(problems)
    return build_catalogue(files)


def count(services: Iterable[Service]) -> Counts:
    """Services counted the way table 1 of the booklet counts them; an unknown scope or client counts nowhere."""
    listed = list(services)
    return Counts(
        total=len(listed),
        exclusive=sum(service.scope == "exclusive" for service in listed),
        general=sum(service.scope == "general" for service in listed),
        shared=sum(service.scope == "shared" for service in listed),
        with_client=sum(service.has_client is True for service in listed),
    )


def export_service(catalogue: Catalogue, service: Service) -> dict[str, Any]:
    """One service in the shape of the outside contract (house.md), plus the fields a script may want beside it."""
    bureau = catalogue.bureau_of(service.code)
    workflow: dict[str, Any] | None = None
    if service.workflow is not None:
        workflow = {"steps": [step.model_dump(mode="json", exclude_defaults=True) for step in service.workflow.steps]}
    return {
        "code": service.code,
        "title": service.title,
        "deputy": bureau.deputy,
        "bureau": bureau.name,
        "parent": service.parent,
        "parent_id": service.parent_id,
        "service_id": service.service_id,
        "scope": service.scope,
        "has_client": service.has_client,
        "documents": [
            {"text": document.text, "printed": document.printed, "kind": document.kind}
            | ({"confidential": True} if document.confidential else {})
            for document in service.documents
        ],
        "workflow": workflow,
        "workflow_absent": service.workflow_absent,
        "duration": service.duration,
        "source": {
            "lines": list(service.source.lines or service.source.table or ()),
            "table": list(service.source.table) if service.source.table else None,
            "booklet": BOOKLET,
        },
        "notes": service.notes,
        "short_title": service.short_title,
        "summary": service.summary,
        "editorial": list(EDITORIAL_FIELDS),
    }


def export_json(catalogue: Catalogue) -> str:
    """The whole catalogue as a JSON list, one object a service."""
    return json.dumps([export_service(catalogue, s) for s in catalogue.services], ensure_ascii=False, indent=2)
