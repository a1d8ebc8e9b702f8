"""docs/desk-manual.fa.md shows true buttons, texts and commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handlers.router import COMMANDS

ROOT = Path(__file__).parents[3]
MANUAL = (ROOT / "docs" / "desk-manual.fa.md").read_text("utf-8")
SOURCE = "\n".join(file.read_text("utf-8") for file in sorted((ROOT / "handlers").glob("**/*.py")))

BUTTONS = sorted({bold for bold in re.findall(r"\*\*(.+?)\*\*", MANUAL) if bold[0] not in "۱۲۳۴۵"} - {"پررنگ"})
TROUBLES = re.findall(r"^\| ([^|]+[.:]) \|", MANUAL, re.MULTILINE)


@pytest.mark.parametrize("place", range(len(BUTTONS)))
def test_buttons_are_called_so(place: int) -> None:
    assert f'"{BUTTONS[place]}"' in SOURCE, BUTTONS[place]


@pytest.mark.parametrize("place", range(len(TROUBLES)))
def test_texts_read_so(place: int) -> None:
    assert TROUBLES[place] in SOURCE


def test_there_are_enough_of_them() -> None:
    assert len(BUTTONS) > 25
    assert len(TROUBLES) == 5


def test_every_staff_command_is_told_and_no_other() -> None:
    told = set(re.findall(r"`/([a-z]+)", MANUAL))
    hidden = {command.name for command in COMMANDS.values() if command.scope == "hidden"}
    assert hidden <= told <= hidden | {"help"}
