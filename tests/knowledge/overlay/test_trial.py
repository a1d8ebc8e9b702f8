"""Wrong phrases are refused before they go live, right ones hardly ever; of a file's phrases the one to blame is named.

`KHEDMATYAR_TEST_PHRASES` says how many of each sort are tried (docs/upkeep.md has the figures of 40).
"""

from __future__ import annotations

import os
import random

import pytest

from knowledge.catalogue import Catalogue
from knowledge.finder.finder import AddedPhrase, Finder
from knowledge.finder.phrases import kind_of, label, load_phrases, name_of
from knowledge.overlay.batch import MOST_NEW, new_phrases, tried_edits, tried_together
from knowledge.overlay.edition import PHRASE, Edition, phrase_subject
from knowledge.overlay.trial import Trial, repository_questions, tried

EACH = int(os.environ.get("KHEDMATYAR_TEST_PHRASES", "4"))
NEAR = int(os.environ.get("KHEDMATYAR_TEST_NEAREST", "10"))
COMMON = ("مجوز", "صدور پروانه", "ثبت نام", "وام", "زمین", "گزارش عملکرد", "تمدید", "استخدام", "جلسه", "بودجه", "کارت")
ENDINGS = ("چه مدارکی می‌خواهد", "را چطور بگیرم", "کجا باید بروم", "چند روز طول می‌کشد")
NEW_WORDS = "قزقلعه‌ی سیبرنما می‌خواهم"


def cases(catalogue: Catalogue) -> list[tuple[str, str, str]]:
    """Phrases with the service that they are of and one that they are not of, the same every time: titles with what
    people ask, and phrases of the repository with a word less."""
    dice = random.Random(11)  # noqa: S311 — the same every time
    by_code: dict[str, list[str]] = {}
    for phrase in load_phrases(catalogue).phrases:
        if kind_of(phrase.label) == "service" and len(phrase.text.split()) > 3:
            by_code.setdefault(name_of(phrase.label), []).append(phrase.text)
    codes = sorted(by_code)
    made = []
    for number in range(EACH):
        code, other = dice.sample(codes, 2)
        text = f"{catalogue.service(code).short_title} {ENDINGS[number % len(ENDINGS)]}"
        if number % 2:
            words = dice.choice(by_code[code]).split()
            words.pop(dice.randrange(len(words)))
            text = " ".join(words)
        made.append((text, code, other))
    return made


def of(text: str, code: str) -> AddedPhrase:
    return AddedPhrase(text, label("service", code))


def refused(finder: Finder, text: str, code: str) -> Trial:
    return tried(finder, (), of(text, code), NEAR)


def test_words_of_another_service_are_refused_and_its_own_are_not(finder: Finder) -> None:
    found = [
        (refused(finder, text, right).worse, refused(finder, text, wrong).worse)
        for text, right, wrong in cases(finder.catalogue)
    ]
    right, wrong = (sum(one) for one in zip(*found, strict=True))
    print(f"refused: {wrong} of {EACH} wrong ones, {right} of {EACH} right ones")  # noqa: T201 — the figures of the docs
    assert right <= EACH // 20
    assert wrong >= 0.7 * EACH


def test_common_words_given_to_one_service_are_refused(finder: Finder) -> None:
    some = COMMON[: max(3, EACH // 4)]
    count = sum(refused(finder, text, "urban-25").worse for text in some)
    print(f"refused: {count} of {len(some)} common words")  # noqa: T201 — the figures of the docs
    assert count >= 0.6 * len(some)


def test_it_says_whose_the_words_are(finder: Finder) -> None:
    title = finder.catalogue.service("admin-01").short_title
    assert refused(finder, title, "urban-01").taken == "service:admin-01"
    said = refused(finder, f"{title} را برایم انجام دهید", "urban-01")
    assert (said.taken, said.rival) == (None, "service:admin-01")
    common = refused(finder, "مجوز", "urban-25")
    assert common.alike.own < common.alike.others / 100
    assert common.rival == common.alike.most


def test_a_word_that_nobody_knows_is_taken(finder: Finder) -> None:
    trial = refused(finder, NEW_WORDS, "it-03")
    assert (trial.worse, trial.found, trial.after >= trial.before) == (False, True, True)


def test_of_many_phrases_the_bad_one_is_named_and_the_others_stay(finder: Finder) -> None:
    title = finder.catalogue.service("admin-01").short_title
    bad, good, own = of(f"{title} را برایم انجام دهید", "urban-01"), of(NEW_WORDS, "it-03"), of(title, "admin-01")
    batch = tried_together(finder, (), (bad, good, own))
    assert batch.kept == (good, own)
    [(named, trial)] = batch.refused
    assert (named, trial.rival) == (bad, "service:admin-01")
    assert batch.after >= batch.before > 0


def test_a_phrase_that_turns_the_repositorys_questions_is_refused_with_the_numbers(finder: Finder) -> None:
    """Many phrases that each say a little of somebody else's questions, together heavy enough to turn them."""
    rivals = [one for one in repository_questions()[1] if one.label == "service:admin-01"]
    words = [" ".join(one.text.split()[:3]) for one in rivals[5:400]]
    new = tuple(of(text, "urban-01") for text in dict.fromkeys(words) if text)[:8]
    batch = tried_together(finder, (), new)
    assert batch.after >= batch.before
    assert {*batch.kept} | {phrase for phrase, _ in batch.refused} == {*new}
    assert len(batch.refused) > len(batch.kept)


@pytest.mark.parametrize("moved", [False, True])
def test_the_edits_of_a_file_are_tried_over_what_they_leave(finder: Finder, moved: bool) -> None:
    edition = Edition.of(finder.catalogue)
    subject = phrase_subject(NEW_WORDS)
    first = edition.edit(subject, PHRASE, {"text": NEW_WORDS, "label": "service:it-03"})
    assert first is not None
    stands = edition.with_edits([first])
    edit = stands.edit(subject, PHRASE, {"text": NEW_WORDS, "label": "service:it-05"} if moved else None)
    assert edit is not None
    batch = tried_edits(finder, stands, [edit])
    assert batch.kept == (tuple(new_phrases([edit]).values()) if moved else ())
    assert batch.refused == ()
    assert MOST_NEW > 1


def test_what_a_citizen_called_wrong_is_not_defended_by_the_finders_being_sure(finder: Finder) -> None:
    sure = next(
        (text, wrong)
        for text, _, wrong in cases(finder.catalogue)
        if (found := finder.find(text)).decision == "answer" and found.candidates[0].score > 0.95
    )
    new = of(*sure)
    assert tried(finder, (), new, NEAR).rival is not None
    assert tried(finder, (), new, NEAR, missed=True).rival == tried(finder, (), new, NEAR).alike.most
