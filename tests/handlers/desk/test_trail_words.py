"""The audit reads as Persian: whatever the program writes into it has words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handlers.desk.trail_words import DONE, told
from knowledge.persian import text_problems
from tests.handlers.desk.desk import Desk, data, text

ROOT = Path(__file__).parents[3]
LOGGED = re.compile(r'(?:\blog\(\s*visit, \w+|\.log\(\s*(?:WHO|\w+\.who)), "([a-z_]+)"')


def test_everything_that_is_logged_has_words() -> None:
    files = [*ROOT.glob("handlers/**/*.py"), *ROOT.glob("bot/**/*.py")]
    logged = {what for file in files for what in LOGGED.findall(file.read_text("utf-8"))}
    assert {"take", "queue", "announce_new", "catalogue", "weekly"} <= logged
    assert logged - set(DONE) == set()
    assert [words for words in DONE.values() if text_problems(words)] == []


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        ("new → taken", "تازه ← برداشته‌شده"),
        ("bureau rural", "دفتر «دفتر امور روستایی و شوراها»"),
        ("all all 26", "همه همه ۲۶"),
        ("announcement:12", "اطلاعیه‌ی ۱۲"),
        ("change 3", "نسخه‌ی ۳"),
        ("telegram:55", "telegram:55"),
        ("Q05-7KM-X3T-9W2C", "Q05-7KM-X3T-9W2C"),
    ],
    ids=["states", "bureau", "export", "announcement", "version", "person", "code"],
)
def test_targets_and_details(desk: Desk, kept: str, read: str) -> None:
    assert told(desk.office, kept) == read


async def test_an_admin_reads_no_word_of_the_program(desk: Desk) -> None:
    await desk.join("1", "admin", name="مدیر")
    await desk.join("10", "officer", "urban", name="سارا")
    code = (await desk.file()).code
    for said in ("/desk", "/desk late", "/stats", "/export", "/staff", f"/desk {code}"):
        await desk.say("1", said)
    await desk.press("1", data(await desk.press("1", f"dcard:{code}"), "واگذاری"))
    asked = await desk.press("1", data(await desk.press("1", f"dcard:{code}"), "واگذاری"))
    await desk.press("1", data(asked, "به سارا"))
    await desk.press("10", data(await desk.press("10", f"dcard:{code}"), "پس دادن"))
    shown = text(await desk.say("1", "/audit"))
    assert "واگذار کرد — " + code + " (سارا)" in shown
    assert re.findall(r"[a-z]+", shown) == []
