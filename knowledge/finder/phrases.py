"""The phrases people type, by what they mean: a service, a topic that another authority handles, or an intent.

Files: `knowledge/data/phrases/*.yaml` (services and intents, one file per batch of writing) and
`knowledge/data/elsewhere.yaml` (topics of others). Every phrase carries its batch, so that measuring can leave whole
batches out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NewType

from pydantic import BaseModel, ConfigDict, Field

from knowledge.catalogue import DATA, Catalogue
from knowledge.errors import DataError, Problem
from knowledge.finder.normalize import normalize
from knowledge.models import PersianText
from knowledge.tables import read_table

PHRASES = DATA / "phrases"
ELSEWHERE = DATA / "elsewhere.yaml"

Label = NewType("Label", str)
"""What a phrase means: `service:<code>`, `elsewhere:<topic>` or `intent:<name>`."""

LabelKind = Literal["service", "elsewhere", "intent"]


def label(kind: LabelKind, name: str) -> Label:
    """The label of a kind and a name."""
    return Label(f"{kind}:{name}")


def kind_of(what: Label) -> LabelKind:
    """The kind part of a label."""
    kind = what.partition(":")[0]
    if kind not in ("service", "elsewhere", "intent"):
        raise ValueError(f"not a label: {what}")
    return kind  # type: ignore[return-value]


def name_of(what: Label) -> str:
    """The name part of a label: a service's code, a topic's id or an intent's name."""
    return what.partition(":")[2]


@dataclass(frozen=True)
class Phrase:
    """A text somebody would type, what it means, and the batch of writing it came with."""

    text: str
    label: Label
    batch: str


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Text = Annotated[str, Field(min_length=1, max_length=1200, strict=True)]


class Topic(_Frozen):
    """Something that another authority handles. General guidance, not from the booklet."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: PersianText
    authority: PersianText
    phrases: dict[str, tuple[Text, ...]]


class _Elsewhere(_Frozen):
    topics: tuple[Topic, ...]


class _PhraseFile(_Frozen):
    batch: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    services: dict[str, tuple[Text, ...]] = Field(default_factory=dict)
    intents: dict[str, tuple[Text, ...]] = Field(default_factory=dict)


@dataclass(frozen=True)
class PhraseBook:
    """All phrases, and the topics of others by id."""

    phrases: tuple[Phrase, ...]
    topics: dict[str, Topic]


def load_phrases(catalogue: Catalogue, folder: Path = PHRASES, elsewhere: Path = ELSEWHERE) -> PhraseBook:
    """Read and check all phrases; DataError names the file and what is wrong with which phrase."""
    phrases: list[Phrase] = []
    problems: list[Problem] = []
    files: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        content = read_table(_PhraseFile, path)
        files[content.batch] = path.name
        for code, texts in content.services.items():
            if code not in catalogue:
                problems.append(Problem(path.name, code, "services", "چنین خدمتی نیست"))
            phrases.extend(Phrase(text, label("service", code), content.batch) for text in texts)
        for intent, texts in content.intents.items():
            phrases.extend(Phrase(text, label("intent", intent), content.batch) for text in texts)
    topics: dict[str, Topic] = {}
    for topic in read_table(_Elsewhere, elsewhere).topics:
        if topic.id in topics:
            problems.append(Problem(elsewhere.name, topic.id, "id", "شناسه‌ی موضوع تکراری است"))
        topics[topic.id] = topic
        for batch, texts in topic.phrases.items():
            files[batch] = elsewhere.name
            phrases.extend(Phrase(text, label("elsewhere", topic.id), batch) for text in texts)
    problems.extend(_problems(phrases, catalogue, files))
    if problems:
        raise DataError(problems)
    return PhraseBook(tuple(phrases), topics)


def load_topics(path: Path = ELSEWHERE) -> dict[str, Topic]:
    """The topics of others by id, without reading the phrases of services."""
    return {topic.id: topic for topic in read_table(_Elsewhere, path).topics}


def _problems(phrases: Iterable[Phrase], catalogue: Catalogue, files: dict[str, str]) -> list[Problem]:
    problems = []
    titles = {normalize(service.title): service.code for service in catalogue.services}
    seen: dict[str, Phrase] = {}
    for phrase in phrases:
        form = normalize(phrase.text)
        file = files[phrase.batch]
        if not form and kind_of(phrase.label) != "intent":
            problems.append(Problem(file, phrase.label, "phrases", f"جمله‌ای بی‌واژه: «{phrase.text}»"))
        elif form in titles:
            problems.append(Problem(file, phrase.label, "phrases", f"همان عنوان خدمت است: «{phrase.text}»"))
        elif form in seen and seen[form].label != phrase.label:
            reason = f"برای {seen[form].label} هم آمده است: «{phrase.text}»"
            problems.append(Problem(file, phrase.label, "phrases", reason))
        seen.setdefault(form, phrase)
    return problems
