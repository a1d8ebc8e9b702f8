"""The lexicon: spoken and Dari forms brought to the written word, and Latin-typed words."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from knowledge.catalogue import DATA
from knowledge.finder.normalize import normalize
from knowledge.tables import read_table

LEXICON = DATA / "lexicon.yaml"


class _LexiconFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    spoken: dict[str, str]
    latin: dict[str, str]


class Lexicon:
    """Word-for-word replacements on normalized forms."""

    def __init__(self, spoken: dict[str, str], latin: dict[str, str]) -> None:
        self.spoken = {normalize(key): normalize(value) for key, value in spoken.items()}
        self.latin = {key.strip().lower(): normalize(value) for key, value in latin.items()}

    def written(self, form: str) -> str:
        """The form with each spoken word replaced by its written one."""
        return " ".join(self.spoken.get(word, word) for word in form.split())


def load_lexicon(path: Path = LEXICON) -> Lexicon:
    """The lexicon from its file; DataError when the file does not hold together."""
    content = read_table(_LexiconFile, path)
    return Lexicon(content.spoken, content.latin)
