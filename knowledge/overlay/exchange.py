"""The overlay as a YAML file for the repository, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.catalogue import problems_of, read_yaml
from knowledge.errors import DataError
from knowledge.overlay.edition import Fact, Facts

_HEADER = "# What staff changed in the catalogue: written by `khedmatyar catalogue overlay export`.\n"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Row(_Frozen):
    subject: Annotated[str, Field(min_length=1, max_length=64, strict=True)]
    field: Annotated[str, Field(min_length=1, max_length=32, strict=True)]
    value: Any
    by: str = ""
    at: datetime | None = None
    change: int = 0


class _File(_Frozen):
    overlay: Literal[1]
    facts: tuple[_Row, ...]


def overlay_yaml(facts: Facts) -> str:
    """The facts, by subject and field; the same facts give the same text."""
    rows = [
        {
            "subject": subject,
            "field": name,
            "value": fact.value,
            "by": fact.by,
            "at": fact.at.isoformat() if fact.at else None,
            "change": fact.change,
        }
        for (subject, name), fact in sorted(facts.items(), key=lambda item: item[0])
    ]
    return _HEADER + yaml.safe_dump({"overlay": 1, "facts": rows}, allow_unicode=True, sort_keys=False, width=120)


def read_overlay(path: Path) -> dict[tuple[str, str], Fact]:
    """The facts of such a file.

    Raises:
        DataError: it is none; file and field are named.
    """
    content = read_yaml(path)
    try:
        parsed = _File.model_validate(content)
    except ValidationError as error:
        raise DataError(problems_of(error, path.name, content)) from None
    return {(row.subject, row.field): Fact(row.value, row.by, row.at, row.change) for row in parsed.facts}


def phrases_yaml(phrases: Iterable[tuple[str, str]], batch: str) -> str:
    """Phrases (service code, text) as a file of `knowledge/data/phrases/`, to be trained on."""
    services: dict[str, list[str]] = {}
    for code, text in sorted(phrases):
        services.setdefault(code, []).append(text)
    content: Mapping[str, Any] = {"batch": batch, "services": services}
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000)
