"""The running catalogue: the repository's data with the facts of staff laid over it, checked as a whole.

Immutable: a change makes a new edition. A subject is a service's code, a bureau's slug, or `phrase:<id>`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import ValidationError

from knowledge.catalogue import Catalogue, build_catalogue, problems_of
from knowledge.errors import DataError, Problem
from knowledge.finder.finder import AddedPhrase
from knowledge.finder.normalize import normalize
from knowledge.finder.phrases import Label
from knowledge.models import BureauFile
from knowledge.overlay.fields import BUREAU_FIELDS, EXTRAS, FIELDS, SERVICE_FIELDS, FieldError, of_service, packed

WHERE = "کارمندان"
"""What problems name as the file."""

NO_STEPS_ANY_MORE = "کارمند استانداری مراحل را برداشته است."
PHRASE = "phrase"
PHRASE_LENGTH = 300


class Edit(NamedTuple):
    """One field changed. `before` and `after` are canonical JSON; None is «as the repository has it»."""

    subject: str
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Fact:
    """What staff say of one field: the value, who said it and when, in which change."""

    value: Any
    by: str = ""
    at: datetime | None = None
    change: int = 0


Facts = Mapping[tuple[str, str], Fact]


@dataclass(frozen=True)
class Edition:
    """Base, facts and the catalogue that they make. `version`: the newest change in it, 0 without any."""

    base: Catalogue
    catalogue: Catalogue
    facts: Facts = field(default_factory=dict)
    version: int = 0

    @staticmethod
    def of(base: Catalogue, facts: Facts | None = None, version: int = 0) -> Edition:
        """The edition of these facts.

        Raises:
            DataError: they do not hold together with the base; every problem is named.
        """
        facts = facts or {}
        return Edition(base, _merged(base, facts), facts, version)

    @cached_property
    def phrases(self) -> tuple[AddedPhrase, ...]:
        """The phrases that staff added."""
        return tuple(
            AddedPhrase(fact.value["text"], Label(fact.value["label"]))
            for (_, name), fact in sorted(self.facts.items())
            if name == PHRASE
        )

    def fact(self, subject: str, name: str) -> Fact | None:
        """What staff say of a field; None when they say nothing."""
        return self.facts.get((subject, name))

    def value(self, subject: str, name: str) -> Any:
        """The value of a field as it runs. KeyError for a subject or a field that there is not."""
        if name == PHRASE or name in EXTRAS:
            fact = self.facts.get((subject, name))
            return None if fact is None else fact.value
        return _value(self.catalogue, subject, name)

    def edit(self, subject: str, name: str, value: Any) -> Edit | None:
        """The edit that gives a field this value; None when it has it."""
        fact = self.facts.get((subject, name))
        before = None if fact is None else packed(fact.value)
        after: str | None = packed(value)
        plain = None if name == PHRASE or name in EXTRAS else _value(self.base, subject, name)
        if after == packed(plain):
            after = None
        return None if before == after else Edit(subject, name, before, after)

    def with_edits(self, edits: Iterable[Edit], by: str = "", at: datetime | None = None, version: int = 0) -> Edition:
        """The edition after these edits.

        Raises:
            DataError: it would not hold together.
        """
        facts = dict(self.facts)
        for one in edits:
            if one.after is None:
                facts.pop((one.subject, one.field), None)
            else:
                facts[one.subject, one.field] = Fact(json.loads(one.after), by, at, version)
        return Edition.of(self.base, facts, version or self.version)


def phrase_subject(text: str) -> str:
    """The subject of a phrase: the same for all spellings that match alike."""
    return f"{PHRASE}:{hashlib.sha256(normalize(text).encode()).hexdigest()[:20]}"


def sound(base: Catalogue, facts: Facts, version: int) -> tuple[Edition, tuple[Problem, ...]]:
    """The edition of those facts that hold together, bureau by bureau, and what is wrong with the others."""
    good: dict[tuple[str, str], Fact] = {}
    problems: list[Problem] = []
    groups: dict[str, dict[tuple[str, str], Fact]] = {}
    for key, fact in facts.items():
        groups.setdefault(_bureau_of(base, key[0]), {})[key] = fact
    for group in groups.values():
        try:
            Edition.of(base, group)
        except DataError as error:
            problems.extend(error.problems)
        else:
            good |= group
    return Edition.of(base, good, version), tuple(problems)


def _bureau_of(base: Catalogue, subject: str) -> str:
    return base.bureau_of(subject).slug if subject in base else subject


def _value(catalogue: Catalogue, subject: str, name: str) -> Any:
    if subject in catalogue:
        return of_service(catalogue.service(subject), name)
    return getattr(catalogue.file(subject).bureau, name)


def _merged(base: Catalogue, facts: Facts) -> Catalogue:
    slugs = {bureau.slug for bureau in base.bureaus}
    services: dict[str, dict[str, Any]] = {}
    bureaus: dict[str, dict[str, Any]] = {}
    problems: list[Problem] = []
    for (subject, name), fact in facts.items():
        if reason := _wrong(base, slugs, subject, name, fact.value):
            problems.append(Problem(WHERE, subject, name, reason))
        elif subject in base and name not in EXTRAS:
            services.setdefault(subject, {})[name] = fact.value
        elif subject in slugs:
            bureaus.setdefault(subject, {})[name] = fact.value
    touched = {base.bureau_of(code).slug for code in services} | set(bureaus)
    files = []
    for file in base.files:
        if file.bureau.slug not in touched:
            files.append(file)
            continue
        try:
            files.append(_changed(file, services, bureaus.get(file.bureau.slug, {})))
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(problems)
    return build_catalogue(files) if touched else base


def _wrong(base: Catalogue, slugs: set[str], subject: str, name: str, value: Any) -> str | None:
    """Why there can be no such fact; None when there can."""
    if name == PHRASE:
        return _wrong_phrase(base, subject, value)
    if subject not in base and subject not in slugs:
        return "چنین خدمت یا دفتری نیست"
    if name not in (SERVICE_FIELDS if subject in base else BUREAU_FIELDS):
        return "چنین چیزی برای خدمت نیست" if subject in base else "چنین چیزی برای دفتر نیست"
    return _wrong_extra(name, value) if name in EXTRAS else None


def _wrong_extra(name: str, value: Any) -> str | None:
    if not isinstance(value, str):
        return "باید متن باشد"
    try:
        FIELDS[name].read(value, None)
    except FieldError as error:
        return str(error)
    return None


def _wrong_phrase(base: Catalogue, subject: str, value: Any) -> str | None:
    if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in ("text", "label")):
        return "عبارت باید متن و خدمت داشته باشد"
    text = value["text"]
    if value["label"].removeprefix("service:") not in base:
        return f"خدمت این عبارت در فهرست نیست: {value['label']}"
    if not normalize(text):
        return "عبارت بی‌واژه است"
    if len(text) > PHRASE_LENGTH:
        return "عبارت از اندازه‌ی مجاز بلندتر است"
    return None if subject == phrase_subject(text) else "شناسه‌ی عبارت با متنش نمی‌خواند"


def _changed(file: BureauFile, services: Mapping[str, dict[str, Any]], bureau: dict[str, Any]) -> BureauFile:
    made: list[Any] = []
    for service in file.services:
        update = services.get(service.code)
        if update is None:
            made.append(service)
            continue
        content = service.model_dump(mode="json", exclude_defaults=True) | update
        if "workflow" in update:
            content.pop("workflow_absent", None)
            if update["workflow"] is None:
                content["workflow_absent"] = service.workflow_absent or NO_STEPS_ANY_MORE
        made.append(content)
    whole = file.bureau
    content = {"bureau": (whole.model_dump(mode="json") | bureau) if bureau else whole, "services": made}
    plain = [one if isinstance(one, dict) else {"code": one.code} for one in made]
    try:
        return BureauFile.model_validate(content)
    except ValidationError as error:
        raise DataError(problems_of(error, WHERE, {"services": plain})) from None
