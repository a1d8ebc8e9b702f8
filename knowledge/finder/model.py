"""The finder's artefact: what training found out, in the form that scoring a question wants.

A linear model over hashed n-grams: margins `x · W + b`, x the TF-IDF vector of a form (L2-normalized per feature
family), W sparse in small integers.
Stored as one compressed file, keyed by the hash of the data it was built from.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from knowledge.errors import ModelError
from knowledge.finder.breadth import Breadth
from knowledge.finder.features import Hashes, char_features, word_features
from knowledge.finder.phrases import Label

FORMAT = 3

_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Family:
    """One family of features (characters or words): the sorted hashes known, and the IDF weight of each."""

    hashes: Hashes
    idf: Floats
    weight: float

    def vector(self, found: Hashes) -> tuple[npt.NDArray[np.int64], Floats]:
        """Columns and values (L2 norm = `weight`) of the known features among the found ones; tf is 1 + ln(count)."""
        unique, counts = np.unique(found, return_counts=True)
        columns = np.searchsorted(self.hashes, unique)
        columns[columns == len(self.hashes)] = 0
        known = self.hashes[columns] == unique if len(self.hashes) else np.zeros(len(unique), dtype=bool)
        columns = columns[known]
        values = ((1.0 + np.log(counts[known])) * self.idf[columns]).astype(np.float32)
        norm = float(np.sqrt((values * values).sum()))
        return columns, values * np.float32(self.weight / norm) if norm else values


@dataclass(frozen=True)
class LinearModel:
    """Scores of all labels for a form. Column `gate` (the last) of the weights tells ours from not ours."""

    labels: tuple[Label, ...]
    chars: Family
    words: Family
    weights: csr_array
    bias: Floats
    gate: int

    def vector(self, form: str) -> tuple[npt.NDArray[np.int64], Floats]:
        """Columns and values of the form's features over both families."""
        char_columns, char_values = self.chars.vector(char_features(form))
        word_columns, word_values = self.words.vector(word_features(form))
        offset = len(self.chars.hashes)
        return np.concatenate((char_columns, word_columns + offset)), np.concatenate((char_values, word_values))

    def scores(self, form: str) -> tuple[Floats, float]:
        """One margin per label, in the order of `labels`, and the gate's margin (above 0: for this office)."""
        columns, values = self.vector(form)
        # What `row @ weights` gives, without a sparse product: the rows of the known features, turned, by their values.
        summed = self.weights[columns].T @ values
        margins = np.asarray(summed + self.bias, dtype=np.float32)
        return margins[: self.gate], float(margins[self.gate])

    def known_share(self, form: str) -> float:
        """Share of the form's character features that the model knows: low for what is not Persian of our kind."""
        found = np.unique(char_features(form))
        if not len(found) or not len(self.chars.hashes):
            return 0.0
        columns = np.searchsorted(self.chars.hashes, found)
        columns[columns == len(self.chars.hashes)] = 0
        return float((self.chars.hashes[columns] == found).mean())


@dataclass(frozen=True)
class Artefact:
    """Everything the finder needs at run time beside the catalogue. `key` is the hash of the data it was built from."""

    key: str
    model: LinearModel
    vocabulary: dict[str, int]
    breadth: Breadth


def save_artefact(artefact: Artefact, path: Path) -> None:
    """Write the artefact, whole or not at all."""
    model = artefact.model
    weights = csr_array(model.weights)
    scale = float(np.abs(weights.data).max()) / 127 if weights.nnz else 1.0
    arrays = {
        "char_hashes": model.chars.hashes,
        "char_idf": model.chars.idf.astype(np.float16),
        "word_hashes": model.words.hashes,
        "word_idf": model.words.idf.astype(np.float16),
        "data": np.round(weights.data / scale).astype(np.int8),
        "indices": weights.indices.astype(np.uint16),
        "lengths": np.diff(weights.indptr).astype(np.uint16),
        "bias": model.bias,
        "breadth_lengths": np.array([len(places) for places in artefact.breadth.places.values()], dtype=np.uint16),
        "breadth_places": np.concatenate([np.zeros(0, np.uint16), *artefact.breadth.places.values()]),
    }
    meta = {
        "format": FORMAT,
        "key": artefact.key,
        "labels": list(model.labels),
        "scale": scale,
        "word_weight": model.words.weight,
        "vocabulary": artefact.vocabulary,
        "breadth": list(artefact.breadth.places),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("meta.json", json.dumps(meta, ensure_ascii=False))
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            archive.writestr(f"{name}.npy", buffer.getvalue())
    unfinished.replace(path)


def load_artefact(path: Path) -> Artefact:
    """Read an artefact; ModelError when the file is missing, damaged or of another format."""
    try:
        with zipfile.ZipFile(path) as archive:
            meta = json.loads(archive.read("meta.json"))
            if meta["format"] != FORMAT:
                raise ModelError(f"قالب مدل {meta['format']} است، نه {FORMAT}")
            arrays = {
                name.removesuffix(".npy"): np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
                for name in archive.namelist()
                if name.endswith(".npy")
            }
        labels = tuple(Label(name) for name in meta["labels"])
        indptr = np.concatenate(([0], np.cumsum(arrays["lengths"], dtype=np.int64))).astype(np.int32)
        weights = csr_array(
            (arrays["data"].astype(np.float32) * np.float32(meta["scale"]), arrays["indices"].astype(np.int32), indptr),
            shape=(len(indptr) - 1, len(labels) + 1),
        )
        chars = Family(arrays["char_hashes"], arrays["char_idf"].astype(np.float32), 1.0)
        words = Family(arrays["word_hashes"], arrays["word_idf"].astype(np.float32), meta["word_weight"])
        model = LinearModel(labels, chars, words, weights, arrays["bias"], len(labels))
        ends = np.cumsum(arrays["breadth_lengths"], dtype=np.int64)[:-1]
        breadth = Breadth(dict(zip(meta["breadth"], np.split(arrays["breadth_places"], ends), strict=True)))
        return Artefact(meta["key"], model, meta["vocabulary"], breadth)
    except FileNotFoundError:
        raise ModelError("مدل ساخته نشده است: khedmatyar train") from None
    except _DAMAGED as error:
        raise ModelError(f"فایل مدل خراب است ({path.name}): {error}") from None
