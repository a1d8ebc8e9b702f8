"""`khedmatyar doctor`: what it finds well, and each thing it can find wrong, with what to do."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import text
from typer.testing import CliRunner

from bot.cli import app
from bot.doctor import Check, examine
from bot.settings import Settings, variables
from bot.standin import StandIn
from records.database import Database
from tests.e2e.running import free_port


def settings_of(folder: Path, **more: Any) -> Settings:
    return Settings(_env_file=None, database_url=f"sqlite:///{folder / 'office.sqlite'}", **more)


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


async def test_all_is_well(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, ops_port=9090, data_key="k" * 44)
    database = Database.open(settings.database_url)
    await database.prepare()
    async with StandIn() as api, StandIn(platform="bale") as bale:
        more = {"telegram_token": api.token, "telegram_api_url": api.url}
        more |= {"bale_token": bale.token, "bale_api_url": bale.url}
        checks = await examine(settings_of(tmp_path, ops_port=9090, data_key="k" * 44, **more))
    found = by_name(checks)
    assert found.keys() >= {
        *("settings", "database", "schema", "write", "telegram", "bale", "clock", "fonts", "model", "disk"),
    }
    assert [check for check in checks if check.state == "fail"] == []
    assert found["fonts"].state == found["write"].state == "ok"
    # What it wrote is not there.
    async with database.reading() as records:
        assert await records.connection.execute(text("SELECT * FROM updates")) == []
    await database.close()


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"web_port": 0}, "settings"),
        ({"webhook_url": "http://bot.example", "webhook_secret": "x"}, "webhook"),
        ({"telegram_token": "1:x", "telegram_api_url": "http://127.0.0.1:9"}, "telegram"),
        ({"bale_token": "1:x", "bale_api_url": "http://127.0.0.1:9"}, "bale"),
    ],
)
async def test_what_is_wrong_is_named_with_what_to_do(tmp_path: Path, more: dict[str, Any], name: str) -> None:
    found = by_name(await examine(settings_of(tmp_path, **more)))
    assert found[name].state == "fail"
    assert found[name].todo
    assert found["disk"].state in ("ok", "warn", "fail")


async def test_a_wrong_token_is_told_without_it(tmp_path: Path) -> None:
    async with StandIn() as api:
        checks = await examine(settings_of(tmp_path, telegram_token="42:WRONG", telegram_api_url=api.url))  # noqa: S106
    assert by_name(checks)["telegram"].state == "fail"
    assert "WRONG" not in str(checks)


async def test_a_database_that_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "office.sqlite"
    broken.write_bytes(b"this is no database" * 100)
    found = by_name(await examine(settings_of(tmp_path)))
    assert found["database"].state == "fail"
    address = f"postgresql://u:hidden-word@127.0.0.1:{free_port()}/x"
    checks = await examine(Settings(_env_file=None, database_url=address))
    assert by_name(checks)["database"].state == "fail"
    assert "hidden-word" not in str(checks)


@asynccontextmanager
async def messenger(ahead: float) -> AsyncIterator[str]:
    """A messenger whose clock is so many seconds ahead of ours."""

    async def answer(_: web.Request) -> web.Response:
        date = formatdate(time.time() + ahead, usegmt=True)
        return web.json_response({"ok": True, "result": {"username": "bot", "url": ""}}, headers={"Date": date})

    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("ahead", "state"), [(0, "ok"), (90, "warn"), (-3600, "fail")])
async def test_the_clock_is_held_against_the_messengers(tmp_path: Path, ahead: float, state: str) -> None:
    async with messenger(ahead) as url:
        found = by_name(await examine(settings_of(tmp_path, telegram_token="1:x", telegram_api_url=url)))  # noqa: S106
    assert found["clock"].state == state


def test_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["doctor", "--json"])
    told = json.loads(done.output)
    assert done.exit_code == 0
    assert told["ok"]
    assert all(check.keys() == {"name", "state", "found", "todo"} for check in told["checks"])
    monkeypatch.setenv("KHEDMATYAR_WEB_PORT", "many")
    wrong = CliRunner().invoke(app, ["doctor"])
    assert wrong.exit_code == 1
    assert "KHEDMATYAR_WEB_PORT" in wrong.output
