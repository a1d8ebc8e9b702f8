"""Small checked tables beside the catalogue: contacts to hand over to, and what the booklet prints in two ways."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.catalogue import DATA, problems_of, read_yaml
from knowledge.errors import DataError
from knowledge.models import Code, LineRange, PersianText

CONTACTS = DATA / "contacts.yaml"
CONFLICTS = DATA / "conflicts.yaml"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contact(_Frozen):
    """A way to go on outside this office. `site` is the operator's to set; it is absent in the repository."""

    id: Annotated[str, Field(pattern=r"^[a-z]+$")]
    name: PersianText
    full_name: PersianText
    phone: PersianText
    phone_note: PersianText | None = None
    use_for: PersianText
    asks_for: tuple[PersianText, ...] = ()
    gives: PersianText | None = None
    follow_up: PersianText | None = None
    since: PersianText | None = None
    site: str | None = None


class Print(_Frozen):
    """One way the booklet prints the thing: verbatim (« … » joins parts), where, and in which services."""

    printed: str
    lines: LineRange
    services: tuple[Code, ...] = Field(min_length=1)


class Conflict(_Frozen):
    """The same letter, law or id printed differently in different places."""

    subject: PersianText
    prints: tuple[Print, ...] = Field(min_length=2)


class _Contacts(_Frozen):
    contacts: tuple[Contact, ...]


class _Conflicts(_Frozen):
    conflicts: tuple[Conflict, ...]


_Table = TypeVar("_Table", bound=BaseModel)


def read_table(model: type[_Table], path: Path) -> _Table:
    """A YAML file as a checked table; DataError names file and field."""
    content = read_yaml(path)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise DataError(problems_of(error, path.name, content)) from None


def load_contacts(path: Path = CONTACTS) -> dict[str, Contact]:
    """Contacts by id."""
    return {contact.id: contact for contact in read_table(_Contacts, path).contacts}


def load_conflicts(path: Path = CONFLICTS) -> tuple[Conflict, ...]:
    """The table of what the booklet prints in more than one way."""
    return read_table(_Conflicts, path).conflicts
