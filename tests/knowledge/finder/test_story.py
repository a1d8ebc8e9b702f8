"""Long stories are looked at in windows too, so that the need is not drowned by what else is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.finder.finder import Finder
from knowledge.finder.story import LONG, MOST, WINDOW, windows

BEFORE = (
    "سلام وقت بخیر، این هفته خیلی گرفتار بودم، بچه‌ام مریض بود و دکتر رفتیم، هوا سرد شده و تلویزیونم خراب شد. خلاصه: "
)
AFTER = "، ببخشید که طولانی شد، با گوشی پسرم نوشتم و عینکم همراهم نبود، خدا خیرتان بدهد که جواب می‌دهید."

NEEDS = {
    "مجوز پرواز پهپاد برای فیلم‌برداری از باغ می‌خواهم": "security-02",
    "برگه تردد نود روزه‌ی اتباع خارجی را چطور تمدید کنم": "foreign-02",
    "می‌خواهم مرکز معاینه فنی خودرو راه بیندازم": "technical-02",
    "برای ازدواج دخترم با مرد خارجی پروانه زناشویی لازم است": "foreign-06",
    "برای سیم‌کارت به نام خودم معرفی‌نامه اتباع می‌خواهم": "foreign-34",
}


@pytest.mark.parametrize(("need", "code"), NEEDS.items())
def test_the_need_is_found_wherever_it_stands(finder: Finder, need: str, code: str) -> None:
    for told in (need, BEFORE + need, need + AFTER, BEFORE + need + AFTER):
        assert finder.find(told).candidates[0].code == code, told


def test_neighbouring_clauses_stay_together_and_long_ones_overlap() -> None:
    assert windows("یک دو، سه چهار. پنج") == ["یک دو سه چهار پنج"]
    words = [f"واژه{number}" for number in range(40)]
    found = windows(" ".join(words))
    assert all(len(window.split()) <= WINDOW for window in found)
    assert [word for word in words if not any(word in window.split() for window in found)] == []


@given(st.text(st.characters(codec="utf-8"), max_size=3000))
def test_every_word_of_a_story_is_in_some_window_or_the_story_is_very_long(text: str) -> None:
    found = windows(text)
    assert len(found) <= MOST
    if len(found) < MOST:
        seen = {word for window in found for word in window.split()}
        assert seen == {word for clause in _clauses(text) for word in clause.split()}


def _clauses(text: str) -> list[str]:
    for mark in ".!؟?،,؛;:\n…":
        text = text.replace(mark, "\n")
    return text.split("\n")


def test_a_short_question_is_looked_at_once(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: str) -> list[str]:
        raise AssertionError("a short question was cut")

    monkeypatch.setattr("knowledge.finder.finder.windows", never)
    assert finder.find(" ".join(["پهپاد"] * LONG)).candidates
