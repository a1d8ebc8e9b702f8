"""The artefact's key: a hash of all data and code that training depends on."""

from __future__ import annotations

import hashlib
from pathlib import Path

from knowledge.catalogue import BUREAUS, DATA
from knowledge.finder.model import FORMAT

_CODE = ("breadth", "features", "lexicon", "model", "normalize", "train", "vocabulary")


def data_key() -> str:
    """Hash of the bureaus, phrases, lexicon and the code that turns them into a model."""
    here = Path(__file__).parent
    paths = [
        *sorted(BUREAUS.glob("*.yaml")),
        *sorted((DATA / "phrases").glob("*.yaml")),
        *(DATA / name for name in ("elsewhere.yaml", "lexicon.yaml")),
        *(here / f"{name}.py" for name in _CODE),
    ]
    digest = hashlib.sha256(f"format {FORMAT}".encode())
    for path in paths:
        digest.update(path.name.encode())
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()[:24]
