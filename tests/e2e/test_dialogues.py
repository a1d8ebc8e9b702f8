"""The recorded dialogues, turn by turn: a turn that names a service shows that service."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.standin import Participant, StandIn
from knowledge.catalogue import Catalogue
from knowledge.finder.evaluate import Titles
from knowledge.finder.normalize import normalize
from tests.e2e.running import Running, until

DIALOGUES = Path(__file__).parents[3] / "shared" / "questions" / "dialogs.jsonl"
MOST_MISSED = 0.1
LETTERS = re.compile(r"[^\w]+|_")


def squeezed(text: str) -> str:
    """The letters and digits of a text, however its words are joined."""
    return LETTERS.sub("", normalize(text))


async def turn(person: Participant, service: Running, text: str) -> str:
    """All that one text is answered with, the buttons' labels included."""
    update = await person.send(text)
    wanted = f"SELECT state FROM outbox WHERE update_id = '{update}'"  # noqa: S608 — a number of ours
    await until(
        lambda: bool(states := service.rows(wanted)) and all(state in {"sent", "dropped"} for (state,) in states)
    )
    told = person.unread
    person.chat.seen = len(person.chat.events)
    return "\n".join("\n".join([shown.text, *shown.labels]) for shown in told)


def read(path: Path) -> list[list[Mapping[str, Any]]]:
    return [json.loads(line)["turns"] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.mark.usefixtures("quiet")
@pytest.mark.skipif(not DIALOGUES.exists(), reason=f"no {DIALOGUES}")
async def test_a_turn_with_a_service_shows_it(api: StandIn, service: Running, catalogue: Catalogue) -> None:
    titles = Titles(catalogue)
    named = 0
    missed = []
    for number, dialogue in enumerate(read(DIALOGUES), start=1):
        person = api.user(number)
        for place, line in enumerate(dialogue, start=1):
            told = await turn(person, service, line["user"])
            assert told, f"{number}.{place}: no answer to {line['user']!r}"
            if line["service"]:
                named += 1
                shown = squeezed(told)
                codes = titles.codes(line["service"])
                if not any(squeezed(catalogue.service(code).title) in shown for code in codes):
                    missed.append(f"{number}.{place} {line['user']!r}: no {line['service']!r} in {told[:300]!r}")
    api.assert_clean()
    assert named
    assert len(missed) <= MOST_MISSED * named, f"{len(missed)} of {named}:\n" + "\n".join(missed)
