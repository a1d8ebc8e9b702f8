"""The sender is killed again and again, in the midst of a messenger's moods: nobody twice, nobody left out."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.standin import Reset, RetryAfter, ServerError, StandIn
from records.database import Database
from tests.bot.broadcast.studio import Clock, Studio
from tests.records.backends import BACKENDS, fresh_url

CHILD = Path(__file__).parent / "killed.py"
CHATS = int(os.environ.get("KHEDMATYAR_TEST_KILL_CHATS", "600"))
KILLS = int(os.environ.get("KHEDMATYAR_TEST_KILLS", "4"))
SPEED = "200"
BEGAN = time.time()
TOKEN = "42:very-secret"  # noqa: S105 — of the stand-in


def unsettle(api: StandIn, chats: list[int], dice: random.Random) -> set[int]:
    """2% 429, 1% 5xx, 1% resets, 3% blocked; who has blocked the bot."""
    blocked = set()
    for chat in chats:
        user = api.user(chat)
        match dice.random():
            case draw if draw < 0.02:
                api.fail("sendMessage", RetryAfter(2), chat_id=chat)
            case draw if draw < 0.03:
                api.fail("sendMessage", ServerError(502), chat_id=chat)
            case draw if draw < 0.04:
                api.fail("sendMessage", Reset(), chat_id=chat)
            case draw if draw < 0.07:
                user.chat.blocked = True
                blocked.add(chat)
    return blocked


@asynccontextmanager
async def sender(url: str, telegram: StandIn, bale: StandIn, at_once: int) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", str(CHILD), url, telegram.url, bale.url, str(at_once), SPEED, str(BEGAN)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def _called(apis: dict[str, StandIn]) -> int:
    return sum(api.counts["sendMessage"] for api in apis.values())


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("at_once", [1, 12])
async def test_killed_at_random_points(backend: str, at_once: int, tmp_path: Path) -> None:
    dice = random.Random(f"{backend}{at_once}")  # noqa: S311 — the same mishaps every time
    most = {"telegram": CHATS * 3 // 4, "bale": CHATS // 4}
    async with (
        fresh_url(backend, tmp_path) as url,
        StandIn(token=TOKEN) as telegram,
        StandIn(token=TOKEN, platform="bale") as bale,
    ):
        apis = {"telegram": telegram, "bale": bale}
        database = Database.open(url)
        await database.prepare()
        studio = Studio(database, Clock())
        blocked: dict[str, set[int]] = {}
        for channel, count in most.items():
            chats = list(range(1000, 1000 + count))
            await studio.subscribe(chats, channel=channel, quiet=0)
            blocked[channel] = unsettle(apis[channel], chats, dice)
        number = await studio.announce()
        kills = 0
        while kills < KILLS:
            seen = _called(apis)
            async with sender(url, telegram, bale, at_once) as child:
                wanted = seen + dice.randint(1, max(2, CHATS // KILLS))
                while child.returncode is None and _called(apis) < wanted:  # noqa: ASYNC110 — it happens elsewhere
                    await asyncio.sleep(0.001)
                await asyncio.sleep(dice.random() * 0.01)
                if child.returncode is not None:
                    break
                child.kill()
                kills += 1
        async with sender(url, telegram, bale, at_once) as child, asyncio.timeout(600):
            assert await child.wait() == 0
        tally = await studio.tally(number)
        unknown = 0
        async with database.reading() as records:
            rows = await records.connection.execute(
                text("SELECT channel, person, state FROM announcement_ledger WHERE announcement = :n"), {"n": number}
            )
        states = {(row.channel, int(row.person)): row.state for row in rows}
        await database.close()
    for channel, api in apis.items():
        for chat in range(1000, 1000 + most[channel]):
            got = sum(shown.by_bot for shown in api.world.chats[chat].standing())
            state = states[channel, chat]
            assert got <= 1, f"{channel} {chat} got it {got} times"
            if chat in blocked[channel]:
                assert got == 0
                assert state in {"blocked", "unknown"}
            elif state != "unknown":
                assert (got, state) == (1, "sent")
            unknown += state == "unknown"
        api.assert_clean()
    assert kills > 0
    assert unknown <= kills * at_once
    assert tally.left == 0
    assert (tally.failed, tally.withdrawn) == (0, 0)
