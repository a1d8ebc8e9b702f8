from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import DataError
from knowledge.finder import finder as finder_module
from knowledge.finder.finder import AddedPhrase, Finder
from knowledge.finder.phrases import Label
from knowledge.overlay.edition import Fact
from knowledge.overlay.exchange import overlay_yaml, phrases_yaml, read_overlay
from knowledge.overlay.likeness import grouped
from knowledge.overlay.trial import tried

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "kind", "next"]), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([("it-01", "fee"), ("it", "phone"), ("phrase:a", "phrase")]), VALUES))
def test_out_and_in_is_the_identity(
    tmp_path_factory: pytest.TempPathFactory, values: dict[tuple[str, str], object]
) -> None:
    facts = {key: Fact(value, "زهرا", AT, 3) for key, value in values.items()}
    path = tmp_path_factory.mktemp("overlay") / "overlay.yaml"
    path.write_text(overlay_yaml(facts), encoding="utf-8")
    assert read_overlay(path) == facts


@pytest.mark.parametrize("text", ["", "overlay: 2\nfacts: []", "overlay: 1\nfacts: [{subject: a}]", "[1", "facts: []"])
def test_a_bad_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "overlay.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"overlay\.yaml"):
        read_overlay(path)


def test_accepted_phrases_are_a_file_to_train_on() -> None:
    text = phrases_yaml([("it-02", "ب"), ("it-01", "الف"), ("it-02", "پ")], "staff-v3")
    assert yaml.safe_load(text) == {"batch": "staff-v3", "services": {"it-01": ["الف"], "it-02": ["ب", "پ"]}}


def test_questions_alike_come_together_most_asked_first() -> None:
    questions = [
        "مجوز پرورش شترمرغ", "وام ازدواج می‌خواهم", "مجوز پرورش شتر مرغ؟", "وام ازدواج می خواهم", "وام ازدواج میخوام",
        "...",
    ]  # fmt: skip
    groups = grouped(enumerate(questions))
    assert [sorted(group.ids) for group in groups] == [[1, 3, 4], [0, 2]]
    assert groups[0].count == 3


def test_a_phrase_in_its_place_makes_nothing_worse_and_is_found(finder: Finder) -> None:
    new = AddedPhrase("اسم فامیلم رو میخوام تو کارت شورای روستا درست کنم قزقلعه", Label("service:it-03"))
    trial = tried(finder, (), new, 20)
    assert 20 <= trial.asked <= 30
    assert not trial.worse
    assert trial.found


def test_a_phrase_that_takes_others_questions_is_worse(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder_module, "ADDED_WEIGHT", 30.0)
    trial = tried(finder, (), AddedPhrase("باطل کردن شماره مستخدم کارمند مستعفی شده", Label("service:it-03")), 20)
    assert trial.after < trial.before
    assert trial.worse
    assert trial.taken is None
    assert trial.lost


def test_a_phrase_that_the_repository_gives_to_another_is_worse(finder: Finder) -> None:
    text = "شماره مستخدم کارمند مستعفی"
    assert tried(finder, (), AddedPhrase(text, Label("service:it-03")), 5).taken == "service:admin-01"
    assert not tried(finder, (), AddedPhrase(text, Label("service:admin-01")), 5).worse
