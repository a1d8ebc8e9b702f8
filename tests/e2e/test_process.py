"""`khedmatyar run` as a process of its own: killed under load, told to stop, given a wrong token."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.standin import Participant, StandIn
from knowledge.catalogue import Catalogue
from tests.e2e.running import reply, rows, said, until

ROOT = Path(__file__).parents[2]
PEOPLE = 25
EACH = 8
QUESTION = "می‌خواهم پهپاد پرواز بدهم، مجوزش با کیست؟"

# `finder` trains when the data has changed: else each process would do that by itself.
pytestmark = pytest.mark.usefixtures("finder")


@asynccontextmanager
async def started(api: StandIn, folder: Path, token: str | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program, with only its own settings; killed at the end of the block if it still runs."""
    settings = {
        "KHEDMATYAR_TELEGRAM_TOKEN": token or api.token,
        "KHEDMATYAR_TELEGRAM_API_URL": api.url,
        "KHEDMATYAR_WEB_PORT": "0",
        "KHEDMATYAR_DATABASE_URL": f"sqlite:///{folder / 'office.sqlite'}",
        "KHEDMATYAR_MESSAGES_PER_MINUTE": "0",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KHEDMATYAR_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from bot.cli import main; main()", "run"),
        cwd=folder,
        env={**inherited, **settings, "PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: asyncio.subprocess.Process, seconds: float) -> tuple[int, str]:
    """The exit code, and all it said."""
    async with asyncio.timeout(seconds):
        _, told = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode()


def answers(people: list[Participant]) -> int:
    return sum(len(person.chat.events) for person in people)


def shown_codes(person: Participant) -> list[str]:
    return [data.split(":")[1] for shown in person.chat.events for data in shown.callbacks if data.startswith("cnew:")]


async def test_killed_under_load_nothing_is_lost_or_done_twice(
    api: StandIn, tmp_path: Path, catalogue: Catalogue
) -> None:
    """People ask; the process dies twice, half-way; then every update has been answered, in order, and handled once."""
    database = tmp_path / "office.sqlite"
    people = [api.user(number) for number in range(1, PEOPLE + 1)]
    wanted = [service.code for service in catalogue.services if service.workflow is None][:EACH]
    sent: list[int] = []
    total = PEOPLE * (EACH + 1)
    for share in (0.15, 0.5):
        async with started(api, tmp_path) as process:
            await asyncio.wait_for(api.updates.polled.wait(), 60)
            api.updates.polled.clear()
            if not sent:
                for code in wanted:
                    sent += [await person.deep_link(code) for person in people]
                sent += [await person.send(QUESTION) for person in people]
            await until(lambda share=share: answers(people) >= share * total)  # type: ignore[misc] # bound at once
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert answers(people) < total
    async with started(api, tmp_path) as process:
        await until(lambda: rows(database, "SELECT count(*) FROM updates") == [(total,)])
        await until(lambda: rows(database, "SELECT DISTINCT state FROM outbox") == [("sent",)])
        process.send_signal(signal.SIGTERM)
        assert (await ended(process, 10))[0] == 0
    assert {update for (update,) in rows(database, "SELECT update_id FROM updates")} == {str(one) for one in sent}
    assert rows(database, "SELECT count(*) FROM outbox GROUP BY update_id HAVING count(*) != 1") == []
    for person in people:
        # A reply that was under way when the process died may stand twice; none is missing or out of order.
        shown = shown_codes(person)
        assert list(dict.fromkeys(shown))[:EACH] == wanted
        assert len(dict.fromkeys(shown)) == EACH + 1
    # Each question leaves one answer to be rated in the memory of its chat: none was handled twice.
    states = [json.loads(state) for (state,) in rows(database, "SELECT state FROM conversations")]
    assert [state["made"] for state in states] == [1] * PEOPLE
    api.assert_clean()


async def test_sigterm_under_load(api: StandIn, tmp_path: Path) -> None:
    """What has been handled is answered before the program ends; the rest is left to the messenger."""
    database = tmp_path / "office.sqlite"
    people = [api.user(number) for number in range(1, PEOPLE + 1)]
    async with started(api, tmp_path) as process:
        for person in people:
            await person.send("/help")
        await reply(people[0])
        for _ in range(EACH):
            for person in people:
                await person.send("/about")
        process.send_signal(signal.SIGTERM)
        code, told = await ended(process, 10)
    assert code == 0, told
    assert "Traceback" not in told
    assert rows(database, "SELECT DISTINCT state FROM outbox") == [("sent",)]
    ((handled,),) = rows(database, "SELECT count(*) FROM updates")
    assert answers(people) == handled
    # Those it has not confirmed are those it has not handled.
    assert len(api.updates.pending) == PEOPLE * (EACH + 1) - handled
    api.assert_clean()


async def test_sigterm_while_the_messenger_is_away(api: StandIn, tmp_path: Path) -> None:
    person = api.user(1)
    async with started(api, tmp_path) as process:
        await said(person, "/help")
        async with api.down():
            process.send_signal(signal.SIGTERM)
            code, told = await ended(process, 10)
    assert code == 0, told


async def test_a_wrong_token_is_told_in_persian(api: StandIn, tmp_path: Path) -> None:
    async with started(api, tmp_path, token="42:WRONG") as process:  # noqa: S106 — a wrong one
        code, told = await ended(process, 60)
    assert code == 2
    last = told.strip().splitlines()[-1]
    assert re.search(r"توکن.*KHEDMATYAR_TELEGRAM_TOKEN", last), told
    assert "WRONG" not in told
    assert "Traceback" not in told
