"""A tiny model: trained twice alike, stored and read back, refused when damaged."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from knowledge.errors import ModelError
from knowledge.finder.lexicon import Lexicon
from knowledge.finder.model import LinearModel, load_artefact, save_artefact
from knowledge.finder.phrases import Label, Phrase, kind_of
from knowledge.finder.train import Prepared, artefact_of, prepare, slipped, train_model

TEXTS: dict[str, tuple[str, ...]] = {
    "service:security-02": (
        "مجوز پرواز پهپاد", "میخواهم با پهپاد فیلم بگیرم", "پهپاد غیرنظامی کجا ثبت میشود",
        "برای پرواز پهپاد از کی اجازه بگیرم", "اجازه‌ی پهپاد برای عروسی", "پرواز کوادکوپتر مجوز دارد",
    ),
    "service:technical-01": (
        "انتقال تاکسی به شهر دیگر", "تاکسی‌ام را ببرم شهر دیگر", "پلاک تاکسی و جابه‌جایی شهر",
        "نقل تاکسی از الوند به قزوین", "راننده تاکسی هستم و شهرم عوض شده", "تاکسی شهر دیگر مجوز انتقال",
    ),
    "service:rural-05": (
        "حکم دهیار", "دهیار جدید انتخاب کردیم حکمش چه میشود", "تایید دهیار روستا",
        "شورا دهیار معرفی کرده است", "حکم دهیاران کی می‌آید", "دهیار روستای ما حکم ندارد",
    ),
    "service:urban-34": (
        "شکایت از شهرداری", "از شهرداری شکایت دارم", "شهرداری جواب نمیدهد شکایت کنم", "شکایت مردم از شهرداری",
        "کجا از شهرداری شکایت کنم", "رسیدگی به شکایت شهرداری",
    ),
    "elsewhere:weather": (
        "هوای فردا", "فردا باران می‌آید", "هوا چند درجه است", "پیش‌بینی هوا", "هوای قزوین فردا", "برف و باران فردا",
    ),
    "elsewhere:loan": (
        "وام ازدواج", "وام ازدواج میخواهم", "ضامن وام ازدواج", "بانک وام ازدواج نمیدهد", "قسط وام", "نوبت وام بانک",
    ),
    "intent:greeting": ("سلام", "سلام خوبی", "درود بر شما", "سلام وقت بخیر", "صبح بخیر سلام", "درود"),
    "intent:thanks": ("ممنون", "خیلی ممنون", "دستت درد نکنه ممنون", "تشکر", "متشکرم خیلی", "تشکر از شما"),
}  # fmt: skip
PHRASES = [Phrase(text, Label(label), "tiny") for label, texts in TEXTS.items() for text in texts]
LEXICON = Lexicon({"میخوام": "میخواهم"}, {"pahpad": "پهپاد"})


def quiet(_what: str, _share: float) -> None:
    return None


def trained() -> tuple[Prepared, LinearModel]:
    prepared = prepare(PHRASES, LEXICON)
    return prepared, train_model(prepared, quiet, processes=1)


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(PHRASES, LEXICON)


@pytest.fixture(scope="module")
def model(prepared: Prepared) -> LinearModel:
    return train_model(prepared, quiet, processes=1)


@pytest.fixture(scope="module")
def stored(prepared: Prepared, model: LinearModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "deep" / "finder.zip"
    save_artefact(artefact_of("the-key", prepared, model), path)
    return path


def ranking(model: LinearModel, form: str) -> list[str]:
    return [str(model.labels[index]) for index in np.argsort(-model.scores(form)[0], kind="stable")]


def test_it_knows_what_it_was_taught(prepared: Prepared, model: LinearModel) -> None:
    assert set(model.labels) == set(TEXTS)
    right = [ranking(model, form)[0] == label for form, label in zip(prepared.forms, prepared.labels, strict=True)]
    assert sum(right) >= 0.9 * len(right)


@pytest.mark.parametrize(
    ("form", "label"),
    [
        ("اجازه پرواز پهپاد", "service:security-02"),
        ("تاکسی شهر", "service:technical-01"),
        ("حکم دهیار تازه", "service:rural-05"),
        ("سلام درود", "intent:greeting"),
    ],
)
def test_it_understands_what_it_has_not_seen(model: LinearModel, form: str, label: str) -> None:
    assert ranking(model, form)[0] == label


def test_labels_too_few_to_share_the_parts_evenly_are_learned_too() -> None:
    some = {label for label in TEXTS if not label.endswith(("urban-34", "weather"))}
    few = prepare([phrase for phrase in PHRASES if phrase.label in some], LEXICON)
    taught = train_model(few, quiet, processes=1)
    right = [ranking(taught, form)[0] == label for form, label in zip(few.forms, few.labels, strict=True)]
    assert sum(right) >= 0.9 * len(right)


def test_two_trainings_give_the_same_model(model: LinearModel, prepared: Prepared) -> None:
    again_prepared, again = trained()
    assert again_prepared.forms == prepared.forms
    assert again_prepared.labels == prepared.labels
    assert again_prepared.vocabulary.counts == prepared.vocabulary.counts
    assert again.labels == model.labels
    np.testing.assert_array_equal(again.weights.toarray(), model.weights.toarray())
    np.testing.assert_array_equal(again.bias, model.bias)
    for one, other in ((again.chars, model.chars), (again.words, model.words)):
        np.testing.assert_array_equal(one.hashes, other.hashes)
        np.testing.assert_array_equal(one.idf, other.idf)


def test_progress_only_grows_and_stays_below_the_whole(prepared: Prepared) -> None:
    told: list[float] = []
    train_model(prepared, lambda _what, share: told.append(share), processes=1)
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] <= 1


def test_preparing_adds_noisy_copies_and_drops_the_wordless() -> None:
    more = prepare([*PHRASES, Phrase("؟!", Label("intent:help"), "tiny")], LEXICON)
    assert "intent:help" not in more.labels
    assert len(PHRASES) < len(more.forms) <= 2 * len(PHRASES)
    assert len(more.forms) == len(more.labels)


def test_slips_are_few(prepared: Prepared) -> None:
    rng = random.Random(5)  # noqa: S311 — a test
    for form in prepared.forms:
        assert abs(len(slipped(form, rng)) - len(form)) <= 3


def test_scores_are_one_a_label(model: LinearModel) -> None:
    scores, _gate = model.scores("مجوز پرواز پهپاد")
    assert scores.shape == (len(model.labels),)
    assert np.max(scores) > 0 > np.min(scores)


def test_the_gate_tells_ours_from_not_ours(prepared: Prepared, model: LinearModel) -> None:
    right = [
        (model.scores(form)[1] > 0) == (kind_of(label) == "service")
        for form, label in zip(prepared.forms, prepared.labels, strict=True)
    ]
    assert sum(right) >= 0.9 * len(right)


@pytest.mark.parametrize("form", ["", "qqqq wwww", "ژژ"])
def test_a_form_with_nothing_known_still_has_scores(model: LinearModel, form: str) -> None:
    scores, gate = model.scores(form)
    assert np.isfinite(scores).all()
    assert np.isfinite(gate)
    assert model.known_share(form) < 0.5


def test_known_share_tells_our_words_from_noise(model: LinearModel) -> None:
    assert model.known_share("پرواز پهپاد") > 0.8
    assert model.known_share("zxcvbnm qwrtp") < 0.2


def test_stored_and_read_back_it_ranks_the_same(prepared: Prepared, model: LinearModel, stored: Path) -> None:
    artefact = load_artefact(stored)
    assert artefact.key == "the-key"
    assert artefact.vocabulary == prepared.vocabulary.counts
    assert artefact.model.labels == model.labels
    for form in prepared.forms:
        assert ranking(artefact.model, form)[0] == ranking(model, form)[0]
        before, after = model.scores(form), artefact.model.scores(form)
        assert np.corrcoef(before[0], after[0])[0, 1] > 0.99
        assert abs(before[1] - after[1]) < 0.1


def test_storing_what_was_read_changes_nothing(prepared: Prepared, stored: Path, tmp_path: Path) -> None:
    first = load_artefact(stored)
    save_artefact(first, tmp_path / "again.zip")
    second = load_artefact(tmp_path / "again.zip")
    for form in prepared.forms:
        assert ranking(second.model, form) == ranking(first.model, form)


def test_nothing_unfinished_is_left_beside_it(stored: Path) -> None:
    assert [path.name for path in stored.parent.iterdir()] == ["finder.zip"]


def test_a_missing_file_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="train"):
        load_artefact(tmp_path / "none.zip")


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A copy of the archive with each member changed, or dropped for None."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + b"\x00" * 200])
def test_a_file_of_something_else_is_a_model_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "finder.zip"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        load_artefact(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_half_a_file_is_a_model_error(stored: Path, tmp_path: Path, share: float) -> None:
    whole = stored.read_bytes()
    path = tmp_path / "finder.zip"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ModelError):
        load_artefact(path)


def test_a_folder_in_its_place_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        load_artefact(tmp_path)


@pytest.mark.parametrize("name", ["meta.json", "data.npy", "bias.npy", "char_idf.npy", "lengths.npy"])
def test_a_missing_or_mangled_member_is_a_model_error(stored: Path, tmp_path: Path, name: str) -> None:
    path = rewritten(stored, tmp_path / "dropped.zip", lambda member, content: None if member == name else content)
    with pytest.raises(ModelError):
        load_artefact(path)
    path = rewritten(stored, tmp_path / "mangled.zip", lambda member, content: b"{}" if member == name else content)
    with pytest.raises(ModelError):
        load_artefact(path)


def test_another_format_is_a_model_error(stored: Path, tmp_path: Path) -> None:
    def change(member: str, content: bytes) -> bytes:
        return json.dumps(json.loads(content) | {"format": 999}).encode() if member == "meta.json" else content

    with pytest.raises(ModelError, match="999"):
        load_artefact(rewritten(stored, tmp_path / "other.zip", change))


def test_pickled_arrays_are_refused(stored: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}], dtype=object), allow_pickle=True)

    def change(member: str, content: bytes) -> bytes:
        return buffer.getvalue() if member == "bias.npy" else content

    with pytest.raises(ModelError):
        load_artefact(rewritten(stored, tmp_path / "pickled.zip", change))


def test_a_flipped_byte_is_a_model_error_or_harmless(stored: Path, tmp_path: Path) -> None:
    whole = stored.read_bytes()
    path = tmp_path / "finder.zip"
    escaped: list[str] = []
    for place in range(0, len(whole), max(1, len(whole) // 300)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            load_artefact(path)
        except ModelError:
            continue
        except Exception as error:  # noqa: BLE001 — what the test looks for
            escaped.append(f"{type(error).__name__} at {place}: {error}")
    assert escaped == []
