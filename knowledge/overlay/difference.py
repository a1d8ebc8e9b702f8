"""A change as a person reads it: what was added, what changed, what was removed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from knowledge.export import KINDS
from knowledge.overlay.edition import PHRASE, Edit, Edition
from knowledge.overlay.fields import FIELDS

Sort = Literal["added", "changed", "removed"]
SORTS: dict[Sort, str] = {"added": "افزوده", "changed": "عوض‌شده", "removed": "برداشته"}
SHORT = 120
"""Most characters of an old or new text in one line of a difference."""


@dataclass(frozen=True)
class Difference:
    """One field changed. `lines`: what of it, a line each, marked + or − or with old and new; `subject` is its code."""

    sort: Sort
    subject: str
    whose: str
    field: str
    lines: tuple[str, ...]


def differences(edition: Edition, edits: Iterable[Edit]) -> tuple[Difference, ...]:
    """The edits of an edition, to be read before they are made."""
    return tuple(_difference(edition, one) for one in edits)


def _difference(edition: Edition, edit: Edit) -> Difference:
    before, after = _full(edition, edit, edit.before), _full(edition, edit, edit.after)
    sort: Sort = "added" if not before else "removed" if not after else "changed"
    if edit.field == PHRASE:
        kept = after or before
        whose = _name(edition, kept["label"].removeprefix("service:")) if kept else edit.subject
        lines = [f"+ {after['text']}"] if after else []
        lines += [f"− {before['text']}"] if before else []
        return Difference(sort, edit.subject, whose, "عبارت", tuple(lines))
    shown = FIELDS[edit.field]
    old, new = shown.show(before), shown.show(after)
    if edit.field == "documents":
        pairs = (_listed(before), _listed(after))
    elif edit.field == "workflow":
        pairs = (old.splitlines(), new.splitlines())
    else:
        lines = [f"− {_cut(old)}"] if old else []
        lines += [f"+ {_cut(new)}"] if new else []
        return Difference(sort, edit.subject, _name(edition, edit.subject), shown.label, tuple(lines))
    lines = [f"− {_cut(line)}" for line in pairs[0] if line not in pairs[1]]
    lines += [f"+ {_cut(line)}" for line in pairs[1] if line not in pairs[0]]
    whose = _name(edition, edit.subject)
    return Difference(sort, edit.subject, whose, shown.label, tuple(lines or ("ترتیب عوض شد",)))


def _listed(documents: Any) -> list[str]:
    return [
        f"{KINDS[one['kind']]}: {one['text']}{' (محرمانه)' if one.get('confidential') else ''}"
        for one in documents or ()
    ]


def _full(edition: Edition, edit: Edit, packed: str | None) -> Any:
    """The value that an edit's side stands for: None is the repository's own."""
    if packed is not None:
        return json.loads(packed)
    plain = Edition(edition.base, edition.base)
    return plain.value(edit.subject, edit.field)


def _name(edition: Edition, subject: str) -> str:
    if subject in edition.base:
        return edition.catalogue.service(subject).short_title
    try:
        return edition.base.file(subject).bureau.name
    except KeyError:
        return subject


def _cut(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[:SHORT]}…"
