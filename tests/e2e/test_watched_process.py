"""`khedmatyar run` as an operator sees it: ready, its log and metrics, what it loads, and its end under SIGTERM."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from bot.standin import StandIn
from tests.e2e.running import PATIENCE, free_port, reply, rows, said

ROOT = Path(__file__).parents[2]
STORY = "همسایه دیوار کشیده، کد ملی من ۰۰۱۲۳۴۵۶۷۹ و شماره‌ام 09121234567 است"

pytestmark = pytest.mark.usefixtures("finder")


def environment(folder: Path, **settings: object) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KHEDMATYAR_")}
    ours = {f"KHEDMATYAR_{name}": str(value) for name, value in settings.items()}
    database = f"sqlite:///{folder / 'office.sqlite'}"
    return {**inherited, "KHEDMATYAR_DATABASE_URL": database, **ours, "PYTHONPATH": str(ROOT)}


async def started(env: dict[str, str], folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from bot.cli import main; main()", "run"),
        cwd=folder,
        env=env,
        stderr=asyncio.subprocess.PIPE,
    )


async def until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


async def test_an_operator_sees_what_it_does_and_it_ends_in_order(api: StandIn, tmp_path: Path) -> None:
    port = free_port()
    env = environment(
        tmp_path,
        TELEGRAM_TOKEN=api.token,
        TELEGRAM_API_URL=api.url,
        WEB_PORT=0,
        OPS_PORT=port,
        LOG_LEVEL="DEBUG",
        LOG_FORMAT="json",
    )
    process = await started(env, tmp_path)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            await until_ready(client)
            people = [api.user(number) for number in range(700_000_001, 700_000_009)]
            for person in people:
                await said(person, STORY)
            text = (await client.get("/metrics")).text
            assert 'khedmatyar_turns_total{channel="telegram",outcome="answered"} 8.0' in text
            assert 'khedmatyar_messenger_up{channel="telegram"} 1.0' in text
            assert 'khedmatyar_turns_total{channel="telegram",outcome="failed"} 0.0' in text
            for person in people:
                await person.send("/help")
            await reply(people[0])
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                _, told = await process.communicate()
            with pytest.raises(httpx.TransportError):
                await client.get("/healthz")
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode == 0
    # All that was handled has been sent.
    assert rows(tmp_path / "office.sqlite", "SELECT DISTINCT state FROM outbox") == [("sent",)]
    log = [json.loads(line) for line in told.decode().splitlines() if line.startswith("{")]
    turns = [line for line in log if line["event"] == "turn"]
    assert len(turns) >= 9
    assert {line["outcome"] for line in turns} == {"answered"}
    assert len({line["chat"] for line in turns}) == 8
    assert [line for line in log if line["event"] == "send" and line["outcome"] == "sent"]
    assert {line["level"] for line in log} <= {"debug", "info"}
    whole = told.decode()
    for hidden in ("همسایه", "۰۰۱۲۳۴۵۶۷۹", "0012345679", "09121234567", "70000000", api.token, "TEST"):
        assert hidden not in whole, hidden


async def test_a_pause_set_by_another_process_is_seen_within_five_seconds(api: StandIn, tmp_path: Path) -> None:
    env = environment(tmp_path, TELEGRAM_TOKEN=api.token, TELEGRAM_API_URL=api.url, WEB_PORT=0)
    process = await started(env, tmp_path)
    try:
        person = api.user(1)
        assert "پوزش" not in (await said(person, "/help")).text
        switched = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from bot.cli import main; main()", "pause", "--reason", "آزمایش"),
            cwd=tmp_path,
            env=env,
            stdout=asyncio.subprocess.DEVNULL,
        )
        assert await switched.wait() == 0
        await asyncio.sleep(5)
        told = (await said(person, "/help")).text
        assert "پوزش" in told
        assert "آزمایش" not in told
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode == 0


def test_a_start_loads_no_more_than_it_needs() -> None:
    """What is heavy and not needed to answer (training, benchmarks, migrations, tests) is not imported by `run`."""
    code = "import sys, bot.cli, bot.cli.running, bot.channels; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    loaded = set(done.stdout.split())
    assert "bot.messenger.polling" in loaded
    heavy = {"alembic", "sklearn", "bm25s", "hypothesis", "playwright", "bot.cli.bench", "bot.cli.shots", "bot.standin"}
    assert not heavy & loaded
