"""Updates that no honest client sends, through the real intake, engine, router and sender, on a checking stand-in."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.cli.bench_hostility import Ring, ring, suffer
from bot.messenger.intake import Intake
from bot.messenger.updates import Me, chat_of, parse, read
from bot.standin.hostile import ODD, PEOPLE, Json, hostile_update
from knowledge.finder.finder import Finder

MANY = 1500


@pytest.fixture(params=["telegram", "bale"])
async def on(request: pytest.FixtureRequest, finder: Finder, tmp_path: Path) -> AsyncIterator[Ring]:
    platform: Literal["telegram", "bale"] = request.param
    async with ring(finder, tmp_path, platform) as made:
        yield made


async def test_thousands_of_hostile_updates(on: Ring) -> None:
    chance = random.Random(f"hostile {on.intake.dialect.channel}")  # noqa: S311 — the same updates every run
    suffered = await suffer(on, (hostile_update(chance, number) for number in range(1, MANY + 1)))
    assert suffered.raised == {}
    assert suffered.errors == []
    assert suffered.violations == []
    assert suffered.clean
    assert suffered.updates == MANY
    assert suffered.kinds["turn"] > MANY // 3
    assert suffered.kinds["unreadable"] > MANY // 20
    assert suffered.calls > MANY // 5
    # It still answers an honest person.
    honest = {
        "update_id": MANY + 1,
        "message": {
            "message_id": 9,
            "date": 1_795_100_000,
            "text": "/help",
            "from": {"id": PEOPLE[-1], "is_bot": False, "first_name": "شهروند"},
            "chat": {"id": PEOPLE[-1], "type": "private", "first_name": "شهروند"},
        },
    }
    after = await suffer(on, [honest])
    assert after.clean, after
    assert after.calls >= 1


async def test_the_harness_sees_what_goes_wrong(on: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """An update whose handling raises is counted: else the test above could not fail."""

    async def broken(_: Intake, raw: Json) -> None:
        raise RuntimeError(str(raw["update_id"]))

    monkeypatch.setattr(Intake, "handle", broken)
    suffered = await suffer(on, [{"update_id": 1}])
    assert sum(suffered.raised.values()) == 1
    assert not suffered.clean


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
_ANYTHING = st.recursive(
    _SCALARS | st.sampled_from(ODD),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(("id", "chat", "from", "text", "date", "type", "x")), inner, max_size=5)
    ),
    max_leaves=12,
)
_FIELDS = ("message", "edited_message", "callback_query", "inline_query", "my_chat_member", "chosen_inline_result", "x")


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
@given(
    st.dictionaries(st.sampled_from(_FIELDS), _ANYTHING, max_size=3)
    | st.integers(min_value=0, max_value=2**32).map(lambda seed: hostile_update(random.Random(seed), 1))  # noqa: S311
)
def test_reading_gives_what_can_be_stored_or_refuses(raw: Json) -> None:
    """Whatever JSON: what is read has sound ids and texts; what has not raises, and `chat_of` never does."""
    raw.setdefault("update_id", 1)
    assert isinstance(chat_of(raw), str)
    try:
        arrived = read(parse(raw), "telegram", Me(42, "bot"))
    except Exception:  # noqa: BLE001 — the intake takes any of them for «not readable»
        return
    event = arrived.event
    if event is None:
        return
    for name in ("update", "chat", "person"):
        value = getattr(event, name, "0")
        assert isinstance(value, str)
        assert len(value) <= 64
        assert value.removeprefix("-").isdecimal()
    for name in ("text", "button", "name", "query"):
        text = getattr(event, name, None)
        if text is not None:
            assert "\x00" not in text
            text.encode()
