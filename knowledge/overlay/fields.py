"""What staff may change, field by field: its Persian name, its value as text, and a text read back as a value.

A value is what the JSON of the data holds. Facts that the booklet's data has no place for (fee, link, out of date) are
texts too; they live in the overlay alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from knowledge.catalogue import problems_of
from knowledge.export import CLIENTS, KINDS, SCOPES
from knowledge.models import Document, DocumentKind, Service, Workflow
from knowledge.overlay.steps import StepsError, read_steps, steps_text
from knowledge.overlay.tidy import tidy, tidy_lines
from knowledge.persian import text_problems

SubjectKind = Literal["service", "bureau", "phrase"]

CONFIDENTIAL = "(محرمانه)"
EXTRAS = ("fee", "link", "outdated")
"""Facts about a service that only staff can give."""

BUREAU_FIELDS = ("phone", "address", "hours")
LONGEST = 3000
"""Most characters of a staff text that is no list."""

_LINK = re.compile(r"https?://[A-Za-z0-9.-]+\.[A-Za-z]{2,}(?::\d{1,5})?(?:/[^\s<>\"]*)?")
_KIND_OF = {name: kind for kind, name in KINDS.items()}


class FieldError(ValueError):
    """A text that is no value of its field; the message is the Persian reason."""


Show = Callable[[Any], str]
Read = Callable[[str, Any], Any]
"""A value from a text and the value that stands there now. Raises FieldError."""


@dataclass(frozen=True)
class Field:
    """One field. `show` gives the text that a clerk edits, `read` takes it back; `hint` says how to write it."""

    name: str
    label: str
    subject: SubjectKind
    show: Show
    read: Read
    hint: str = ""


def _text_shown(value: Any) -> str:
    return value or ""


def _text(text: str, _: Any, *, needed: bool = False) -> str | None:
    made = tidy(text)
    if not made:
        if needed:
            raise FieldError("متن خالی است")
        return None
    if len(made) > LONGEST:
        raise FieldError("متن از اندازه‌ی مجاز بلندتر است")
    if problems := text_problems(made):
        raise FieldError("؛ ".join(problems))
    return made


def _needed(text: str, before: Any) -> str | None:
    return _text(text, before, needed=True)


def _link(text: str, _: Any) -> str | None:
    made = tidy(text, digits=False)
    if not made:
        return None
    if len(made) > 300 or not _LINK.fullmatch(made):
        raise FieldError("پیوند باید نشانی کامل باشد؛ نمونه: https://example.ir/form")
    return made


def _choice(names: dict[Any, str]) -> tuple[Show, Read]:
    by_name = {name: value for value, name in names.items()}

    def read(text: str, _: Any) -> Any:
        made = tidy(text)
        if made not in by_name:
            raise FieldError(f"باید یکی از این‌ها باشد: {'، '.join(by_name)}")
        return by_name[made]

    return (lambda value: names[value]), read


def documents_text(documents: Sequence[Document], kind: DocumentKind | None = None) -> str:
    """Documents as lines, with their kind before each unless only those of one `kind` are wanted."""
    return "\n".join(
        ("" if kind else f"{KINDS[one.kind]}: ") + one.text + (f" {CONFIDENTIAL}" if one.confidential else "")
        for one in documents
        if kind is None or one.kind == kind
    )


def _documents_shown(value: Any) -> str:
    return documents_text([Document.model_validate(one) for one in value])


def _documents(text: str, before: Any) -> list[dict[str, Any]]:
    """Lines «نوع: متن»; a line without a kind is what the citizen brings."""
    pairs: list[tuple[DocumentKind, str]] = []
    for line in tidy_lines(re.sub(r"(?m)^\s*(?:[-•*]|[0-9۰-۹]{1,2}[.)])\s+", "", text)):
        name, colon, rest = line.partition(":")
        if colon and name.strip() in _KIND_OF:
            pairs.append((_KIND_OF[name.strip()], rest.strip()))
        else:
            pairs.append(("bring", line))
    return documents_of(pairs, [Document.model_validate(one) for one in before])


def documents_of(pairs: Sequence[tuple[DocumentKind, str]], before: Sequence[Document]) -> list[dict[str, Any]]:
    """Documents of these kinds and texts; what `before` says of one with the same text is kept.

    Raises:
        FieldError: a text is empty, unclean or stands twice.
    """
    old = {(one.kind, one.text): one for one in before} | {("any", one.text): one for one in before}
    made: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for kind, line in pairs:
        confidential = line.endswith(CONFIDENTIAL)
        text = line.removesuffix(CONFIDENTIAL).strip() if confidential else line
        known = old.get((kind, text)) or old.get(("any", text))
        if known is None and confidential and (whole := old.get((kind, line))) is not None:
            known, text, confidential = whole, line, whole.confidential
        if problems := text_problems(text):
            raise FieldError(f"«{text[:40]}»: {'؛ '.join(problems)}")
        if (kind, text) in seen:
            raise FieldError(f"دو بار آمده است: «{text[:40]}»")
        seen.add((kind, text))
        document = Document(text=text, kind=kind, confidential=confidential)
        if known is not None:
            document = known.model_copy(update={"kind": kind, "confidential": confidential})
        made.append(document.model_dump(mode="json", exclude_defaults=True))
    return made


def _workflow_shown(value: Any) -> str:
    return steps_text(_workflow(value))


def _workflow(value: Any) -> Workflow | None:
    return None if value is None else Workflow.model_validate(value)


def _steps(text: str, before: Any) -> dict[str, Any] | None:
    try:
        made = read_steps(text, _workflow(before))
        return None if made is None else Workflow.model_validate(made).model_dump(mode="json", exclude_defaults=True)
    except StepsError as error:
        raise FieldError(str(error)) from None
    except ValidationError as error:
        raise FieldError("؛ ".join(problem.reason for problem in problems_of(error, "", None))) from None


_SCOPE, _CLIENT = _choice(dict(SCOPES)), _choice(dict(CLIENTS))
_HINT_STEPS = "هر گام در یک سطر و با شماره‌اش. راه‌های دیگر در پایان سطر: [← ۵] یا [بلی ← ۳؛ خیر ← پایان]."
_HINT_DOCUMENTS = (
    f"هر مدرک در یک سطر؛ پیش از متن می‌توانید نوعش را بنویسید: {'، '.join(f'{name}:' for name in _KIND_OF)}"
)

_ALL = (
    Field("title", "عنوان", "service", _text_shown, _needed),
    Field("short_title", "عنوان کوتاه", "service", _text_shown, _needed, "حداکثر ۳۰ نویسه"),
    Field("summary", "به زبان ساده", "service", _text_shown, _needed),
    Field("scope", "دامنه", "service", *_SCOPE),
    Field("has_client", "ارباب رجوع", "service", *_CLIENT),
    Field("documents", "مدارک", "service", _documents_shown, _documents, _HINT_DOCUMENTS),
    Field("workflow", "مراحل", "service", _workflow_shown, _steps, _HINT_STEPS),
    Field("duration", "زمان انجام", "service", _text_shown, _text),
    Field("fee", "هزینه", "service", _text_shown, _text),
    Field("link", "پیوند", "service", _text_shown, _link, "نشانی کامل، با https://"),
    Field("outdated", "کهنه شده است", "service", _text_shown, _text, "بنویسید چه چیزی عوض شده است"),
    Field("phone", "تلفن دفتر", "bureau", _text_shown, _text),
    Field("address", "نشانی دفتر", "bureau", _text_shown, _text),
    Field("hours", "ساعت کار دفتر", "bureau", _text_shown, _text),
)
FIELDS: dict[str, Field] = {field.name: field for field in _ALL}
SERVICE_FIELDS = tuple(field.name for field in _ALL if field.subject == "service")


def of_service(service: Service, name: str) -> Any:
    """The value of a field of the model."""
    return service.model_dump(mode="json", include={name}, exclude_defaults=name in ("documents", "workflow")).get(
        name, [] if name == "documents" else None
    )


def packed(value: Any) -> str:
    """A value as its one canonical JSON text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
