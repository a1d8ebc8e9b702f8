"""The operator's pages over the real service: alive, ready, metrics; and what they say when the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.channels import serve
from bot.metrics import METRICS
from bot.ops import FRESH, Ops, seconds_since_start, watched
from bot.service import opened
from bot.settings import Settings, SettingsError
from knowledge.finder.finder import Finder
from tests.bot.desk import turn
from tests.e2e.running import free_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    values = {"database_url": f"sqlite:///{tmp_path / 'office.sqlite'}", "web_port": 0, "ops_port": free_port()}
    return Settings(_env_file=None, **values)  # type: ignore[arg-type] # each value is of its own type


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.ops_port}", trust_env=False) as made:
        yield made


async def test_alive_before_it_is_ready(settings: Settings, client: httpx.AsyncClient, finder: Finder) -> None:
    stop = asyncio.Event()
    ops = Ops(stop)
    async with watched(ops, settings):
        assert (await client.get("/healthz")).status_code == 200
        early = await client.get("/readyz")
        assert (early.status_code, early.json()["opened"]) == (503, False)
        async with opened(settings, finder) as service:
            ops.opened(service)
            assert (await client.get("/readyz")).json() == {
                "ready": True, "opened": True, "database": True, "stopping": False, "paused": False,
            }  # fmt: skip
            answered = METRICS.turns.value("web", "answered")
            decided = METRICS.decisions.value("answer", "find_service")
            question = "می‌خواهم پهپاد پرواز بدهم، مجوزش با کیست؟"
            await service.engine.take(turn(1, question, chat="w1", channel="web"))
            await service.engine.take(turn(1, question, chat="w1", channel="web"))
            text = (await client.get("/metrics")).text
            assert f'khedmatyar_turns_total{{channel="web",outcome="answered"}} {answered + 1}' in text
            assert METRICS.decisions.value("answer", "find_service") == decided + 1
            assert "khedmatyar_ready 1.0" in text
            assert "khedmatyar_database_up 1.0" in text
            assert "process_resident_memory_bytes" in text
            stop.set()
            late = await client.get("/readyz")
            assert (late.status_code, late.json()["stopping"]) == (503, True)


async def test_a_database_that_does_not_answer_makes_it_unready(
    settings: Settings, client: httpx.AsyncClient, finder: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ops = Ops(asyncio.Event())
    async with watched(ops, settings), opened(settings, finder) as service:
        ops.opened(service)
        assert (await client.get("/readyz")).status_code == 200

        def away(*_: object) -> None:
            raise OSError("disk")

        monkeypatch.setattr("bot.ops.gauges", away)
        # What was seen a moment ago is told again.
        assert (await client.get("/readyz")).status_code == 200
        ops._seen -= FRESH
        gone = await client.get("/readyz")
        assert (gone.status_code, gone.json()["database"]) == (503, False)
        assert (await client.get("/healthz")).status_code == 200
        assert METRICS.database_up.value() == 0


async def test_a_taken_port_is_told(settings: Settings, finder: Finder) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", settings.ops_port)
    try:
        with pytest.raises(SettingsError, match="KHEDMATYAR_OPS_PORT"):
            await serve(settings.model_copy(update={"web_port": free_port()}), finder, asyncio.Event())
    finally:
        taken.close()
        await taken.wait_closed()


def test_the_process_knows_when_it_began() -> None:
    first = seconds_since_start()
    assert 0 < first < 86_400
    assert seconds_since_start() >= first
