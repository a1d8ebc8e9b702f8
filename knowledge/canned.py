"""Ready answers of the desk, with fields to fill in."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from knowledge.catalogue import DATA
from knowledge.models import PersianText
from knowledge.tables import read_table

REPLIES = DATA / "replies.yaml"
FIELDS = frozenset({"code", "bureau", "subject", "day"})


def _known_fields(text: str) -> str:
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None]
    except ValueError:
        raise ValueError("آکولادها جفت نیستند") from None
    for name, spec, conversion in fields:
        if name not in FIELDS or spec or conversion:
            raise ValueError(f"فیلد {{{name}}} شناخته نیست؛ تنها {'، '.join(sorted(FIELDS))}")
    return text


class CannedReply(BaseModel):
    """One answer; `bureaus`: whose it is, none for everybody's."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")]
    title: Annotated[PersianText, Field(max_length=30)]
    text: Annotated[PersianText, AfterValidator(_known_fields)]
    bureaus: tuple[str, ...] = ()

    def filled(self, *, code: str, bureau: str, subject: str, day: str) -> str:
        """The text with its fields filled in."""
        return self.text.format(code=code, bureau=bureau, subject=subject, day=day)


class _Replies(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    replies: tuple[CannedReply, ...]


@cache
def load_replies(path: Path = REPLIES) -> tuple[CannedReply, ...]:
    """All ready answers; DataError names what is wrong in the file."""
    return read_table(_Replies, path).replies


def replies_of(bureau: str) -> tuple[CannedReply, ...]:
    """Those that a bureau can use."""
    return tuple(one for one in load_replies() if not one.bureaus or bureau in one.bureaus)
