"""The real phrases: enough of them, each of one meaning, none taken from the questions that measure us."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
import yaml

from knowledge.catalogue import Catalogue
from knowledge.errors import DataError
from knowledge.finder.normalize import normalize
from knowledge.finder.phrases import (
    ELSEWHERE,
    PHRASES,
    Label,
    PhraseBook,
    kind_of,
    label,
    load_phrases,
    load_topics,
    name_of,
)

QUESTIONS = Path(os.environ.get("KHEDMATYAR_QUESTIONS", Path(__file__).parents[4] / "shared/questions"))
LEAST = 30
LEAST_WITH_CLIENT = 40
LEAST_BIG_TOPICS = 80
BIG_TOPIC = 15
SHORTEST_TURN = 5


@pytest.fixture(scope="module")
def book(catalogue: Catalogue) -> PhraseBook:
    return load_phrases(catalogue)


@pytest.fixture(scope="module")
def counts(book: PhraseBook) -> Counter[Label]:
    return Counter(phrase.label for phrase in book.phrases)


def test_every_service_has_enough_phrases(catalogue: Catalogue, counts: Counter[Label]) -> None:
    few = {
        service.code: found
        for service in catalogue.services
        if (found := counts[label("service", service.code)]) < (LEAST_WITH_CLIENT if service.has_client else LEAST)
    }
    assert few == {}


def test_there_are_many_topics_of_others(book: PhraseBook, counts: Counter[Label]) -> None:
    big = [topic for topic in book.topics if counts[label("elsewhere", topic)] >= BIG_TOPIC]
    assert len(big) >= LEAST_BIG_TOPICS
    assert all(counts[label("elsewhere", topic)] for topic in book.topics)


def test_topics_read_alone_are_the_same(book: PhraseBook) -> None:
    assert load_topics() == book.topics


def test_every_label_is_of_something_that_exists(catalogue: Catalogue, book: PhraseBook) -> None:
    for phrase in book.phrases:
        match kind_of(phrase.label):
            case "service":
                assert name_of(phrase.label) in catalogue
            case "elsewhere":
                assert name_of(phrase.label) in book.topics
            case "intent":
                assert name_of(phrase.label)


def test_no_phrase_is_a_title(catalogue: Catalogue, book: PhraseBook) -> None:
    titles = {normalize(service.title) for service in catalogue.services}
    assert [phrase.text for phrase in book.phrases if normalize(phrase.text) in titles] == []


def test_no_form_has_two_meanings(book: PhraseBook) -> None:
    meanings: dict[str, set[Label]] = {}
    for phrase in book.phrases:
        meanings.setdefault(normalize(phrase.text), set()).add(phrase.label)
    assert {form: labels for form, labels in meanings.items() if len(labels) > 1} == {}


def questions() -> dict[str, str]:
    """Matching form → text of every measuring question, and of every longer turn of the dialogs."""
    texts = []
    for name in ("in_scope", "out_of_scope", "ambiguous"):
        texts += [
            json.loads(line)["q"] for line in (QUESTIONS / f"{name}.jsonl").read_text("utf-8").split("\n") if line
        ]
    for line in (QUESTIONS / "dialogs.jsonl").read_text("utf-8").split("\n"):
        turns = json.loads(line)["turns"] if line else []
        texts += [turn["user"] for turn in turns if len(turn.get("user", "").split()) >= SHORTEST_TURN]
    return {form: text for text in texts if (form := normalize(text))}


@pytest.mark.skipif(not QUESTIONS.is_dir(), reason="the questions that measure us are not on this machine")
def test_no_phrase_is_a_measuring_question(book: PhraseBook) -> None:
    asked = questions()
    assert len(asked) > 100
    taken = [(p.batch, p.label, p.text) for p in book.phrases if normalize(p.text) in asked]
    assert taken == []


@pytest.mark.parametrize("wrong", ["", "services:x", "bureau:women"])
def test_a_label_of_no_kind_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a label"):
        kind_of(Label(wrong))


def test_a_label_has_its_parts() -> None:
    assert kind_of(label("elsewhere", "loan:x")) == "elsewhere"
    assert name_of(label("elsewhere", "loan:x")) == "loan:x"


TOPICS = """
topics:
  - id: loan
    title: "وام"
    authority: "بانک‌ها"
    phrases:
      others-a1: ["وام میخوام", "قسط وام"]
"""
SOUND = """
batch: small-a1
services:
  urban-01: ["چارت شهرداری قدیمیه"]
intents:
  greeting: ["سلام"]
"""


def read(catalogue: Catalogue, folder: Path, phrases: str = SOUND, topics: str = TOPICS) -> PhraseBook:
    (folder / "phrases").mkdir()
    (folder / "phrases" / "small.yaml").write_text(phrases, encoding="utf-8")
    (folder / "others.yaml").write_text(topics, encoding="utf-8")
    return load_phrases(catalogue, folder / "phrases", folder / "others.yaml")


def test_sound_files_are_read_in_order(catalogue: Catalogue, tmp_path: Path) -> None:
    found = read(catalogue, tmp_path)
    assert [(phrase.text, phrase.label, phrase.batch) for phrase in found.phrases] == [
        ("چارت شهرداری قدیمیه", "service:urban-01", "small-a1"),
        ("سلام", "intent:greeting", "small-a1"),
        ("وام میخوام", "elsewhere:loan", "others-a1"),
        ("قسط وام", "elsewhere:loan", "others-a1"),
    ]
    assert found.topics["loan"].authority == "بانک‌ها"


@pytest.mark.parametrize(
    "phrases",
    [
        "",
        "- 1",
        "batch: [",
        "batch: بدنام\nservices: {}",
        "services: {}",
        SOUND + "extra: 1\n",
        SOUND.replace("urban-01", "urban-99"),
        SOUND.replace('["سلام"]', '"سلام"'),
        SOUND.replace('["سلام"]', "[12]"),
        SOUND.replace('["سلام"]', '[""]'),
        SOUND.replace('["سلام"]', "[null]"),
        SOUND.replace("سلام", "س" * 1201),
        SOUND + "batch: small-a2\n",
    ],
)
def test_a_mutilated_phrase_file_is_refused_by_name(catalogue: Catalogue, tmp_path: Path, phrases: str) -> None:
    with pytest.raises(DataError, match=r"small\.yaml") as caught:
        read(catalogue, tmp_path, phrases)
    assert all(problem.reason for problem in caught.value.problems)


@pytest.mark.parametrize(
    "topics",
    [
        "",
        "topics: 5",
        TOPICS.replace("title", "titel"),
        TOPICS.replace("id: loan", "id: وام"),
        TOPICS.replace("بانک‌ها", "بانك"),
        TOPICS + TOPICS.replace("topics:", "").replace("وام میخوام", "ضامن ندارم").replace("قسط وام", "قسط"),
    ],
)
def test_a_mutilated_file_of_topics_is_refused_by_name(catalogue: Catalogue, tmp_path: Path, topics: str) -> None:
    with pytest.raises(DataError, match=r"others\.yaml"):
        read(catalogue, tmp_path, topics=topics)


def test_a_missing_file_of_topics_is_refused_by_name(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SOUND, encoding="utf-8")
    with pytest.raises(DataError, match=r"others\.yaml"):
        load_phrases(catalogue, tmp_path, tmp_path / "others.yaml")


def test_a_phrase_file_that_is_not_text_is_refused_by_name(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_bytes(b"\xff\xfebatch")
    with pytest.raises(DataError, match=r"small\.yaml"):
        load_phrases(catalogue, tmp_path, ELSEWHERE)


@pytest.mark.parametrize(
    ("phrase", "reason"),
    [
        ("؟!", "بی‌واژه"),
        ("ابطال شماره‌ی مستخدم", None),
        ("ابطال شماره مستخدم", "عنوان"),
        ("وام می‌خوام؟", "elsewhere:loan"),
    ],
)
def test_a_bad_phrase_is_named_with_its_batch(
    catalogue: Catalogue, tmp_path: Path, phrase: str, reason: str | None
) -> None:
    content = SOUND.replace("چارت شهرداری قدیمیه", phrase)
    if reason is None:
        assert read(catalogue, tmp_path, content).phrases[0].text == phrase
        return
    with pytest.raises(DataError, match=reason) as caught:
        read(catalogue, tmp_path, content)
    assert any(name in str(caught.value) for name in ("small-a1", "others-a1", "small.yaml", "others.yaml"))


def test_every_file_holds_one_batch_of_its_own() -> None:
    batches = [yaml.load(p.read_text("utf-8"), yaml.CSafeLoader)["batch"] for p in sorted(PHRASES.glob("*.yaml"))]
    assert len(set(batches)) == len(batches)
