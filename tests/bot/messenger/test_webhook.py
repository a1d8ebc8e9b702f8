"""The webhook answers 200 when the update is committed, and lets in nobody without the secret."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette

from bot.messenger.api import MessengerBot
from bot.messenger.dialect import BALE, TELEGRAM, Dialect
from bot.messenger.intake import Intake
from bot.messenger.webhook import set_webhook, webhook_path, webhook_routes
from bot.standin import StandIn
from tests.bot.messenger.conftest import Scripted

SECRET = "s3cret_Word"  # noqa: S105 — of the test
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
UPDATE = {
    "update_id": 5,
    "message": {
        "message_id": 1,
        "from": {"id": 7, "is_bot": False, "first_name": "علی"},
        "chat": {"id": 7, "type": "private"},
        "date": 1_770_000_000,
        "text": "سلام",
    },
}


@asynccontextmanager
async def serving(intake: Intake, most: int = 64) -> AsyncIterator[str]:
    """A real server on a free port; its address."""
    app = Starlette(routes=webhook_routes(intake, SECRET, most))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        task = asyncio.create_task(server.serve([listening]))
        try:
            while not server.started:  # noqa: ASYNC110 — uvicorn tells it in no other way
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def post(url: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(url, content=content, headers=HEADERS if headers is None else headers)


async def test_200_after_the_commit(bot: MessengerBot) -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    engine = Scripted(before=lambda turn: gate)
    async with serving(Intake(bot, TELEGRAM, engine)) as url:
        answer = asyncio.create_task(post(url + webhook_path(TELEGRAM, SECRET), UPDATE))
        await asyncio.sleep(0.1)
        assert not answer.done()
        gate.set_result(None)
        assert (await answer).status_code == 200
    assert engine.texts == ["سلام"]


async def test_what_is_not_committed_comes_again(bot: MessengerBot) -> None:
    engine = Scripted(fails=lambda turn: True)
    async with serving(Intake(bot, TELEGRAM, engine)) as url:
        assert (await post(url + "/webhook/telegram", UPDATE)).status_code == 500


async def test_nobody_without_the_secret(bot: MessengerBot) -> None:
    engine = Scripted()
    async with serving(Intake(bot, TELEGRAM, engine)) as root:
        url = f"{root}/webhook/telegram"
        for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}, {"X-Telegram-Bot-Api-Secret-Token": ""}):
            assert (await post(url, UPDATE, headers)).status_code == 403
    async with serving(Intake(bot, BALE, engine)) as url:
        assert (await post(f"{url}/webhook/bale/wrong", UPDATE, {})).status_code == 404
        assert (await post(f"{url}{webhook_path(BALE, SECRET)}", UPDATE, {})).status_code == 200
    assert [turn.channel for turn in engine.taken] == ["bale"]


async def test_what_is_no_update(bot: MessengerBot) -> None:
    engine = Scripted()
    async with serving(Intake(bot, TELEGRAM, engine)) as root:
        url = f"{root}/webhook/telegram"
        assert (await post(url, b"{")).status_code == 400
        assert (await post(url, [1])).status_code == 400
        assert (await post(url, b"\xff\xfe")).status_code == 400
        assert (await post(url, b" " * (1 << 20) + b"{}")).status_code == 413
        assert (await post(url, {"update_id": 1, "message": {"message_id": "x"}})).status_code == 200
    assert engine.taken == []


async def test_too_many_at_once_are_put_off(bot: MessengerBot) -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    engine = Scripted(before=lambda turn: gate)
    async with serving(Intake(bot, TELEGRAM, engine), most=2) as root:
        url = f"{root}/webhook/telegram"
        held = [asyncio.create_task(post(url, {**UPDATE, "update_id": number})) for number in range(2)]
        await asyncio.sleep(0.2)
        refused = await post(url, UPDATE)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        gate.set_result(None)
        assert [(await one).status_code for one in held] == [200, 200]
        assert (await post(url, UPDATE)).status_code == 200


async def test_the_messenger_brings_its_updates(telegram: StandIn, bot: MessengerBot) -> None:
    engine = Scripted()
    async with serving(Intake(bot, TELEGRAM, engine)) as url:
        await set_webhook(bot, TELEGRAM, url, SECRET)
        await telegram.user(7).send("سلام")
        await engine.until(1)
        await bot.delete_webhook()
    assert engine.texts == ["سلام"]


async def test_bale_gets_a_secret_path(bale: StandIn, bale_bot: MessengerBot) -> None:
    engine = Scripted()
    async with serving(Intake(bale_bot, BALE, engine)) as url:
        await set_webhook(bale_bot, BALE, url, SECRET)
        await bale.user(7).send("سلام")
        await engine.until(1)
        await bale_bot.call("deleteWebhook")
    bale.assert_clean()


def test_the_path_is_the_one_that_is_served() -> None:
    dialects: tuple[Dialect, ...] = (TELEGRAM, BALE)
    assert [webhook_path(dialect, "x") for dialect in dialects] == ["/webhook/telegram", "/webhook/bale/x"]
