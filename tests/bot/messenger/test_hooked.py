"""In webhook mode the service connects, compares and serves; it never sets the webhook itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from bot.messenger.api import WrongToken, connect, make_bot
from bot.messenger.dialect import BALE, TELEGRAM, Dialect
from bot.messenger.hooked import Hooked
from bot.messenger.intake import Intake
from bot.messenger.webhook import set_webhook, webhook_path
from bot.standin import ServerError, StandIn
from tests.bot.messenger.conftest import TOKEN, Scripted
from tests.bot.messenger.test_webhook import SECRET, UPDATE, post, serving

URL = "http://127.0.0.1:9"


@asynccontextmanager
async def hooked(api: StandIn, dialect: Dialect, url: str = URL) -> AsyncIterator[tuple[Intake, asyncio.Event]]:
    """Run until the block ends; the event is set at each successful connection."""
    bot = make_bot(dialect, TOKEN, api.url)
    intake = Intake(bot, dialect, Scripted())
    connected, stop = asyncio.Event(), asyncio.Event()

    async def met() -> None:
        connected.set()

    run = Hooked(bot, intake, url, SECRET, on_connected=met, first_retry=0.02).run(stop)
    task = asyncio.create_task(run)
    try:
        yield intake, connected
        stop.set()
        async with asyncio.timeout(10):
            await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bot.shutdown()


async def asked(api: StandIn) -> None:
    async with asyncio.timeout(10):
        while not api.calls_of("getWebhookInfo"):  # noqa: ASYNC110 — the stand-in tells it in no other way
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)


@pytest.mark.parametrize("dialect", [TELEGRAM, BALE], ids=lambda dialect: dialect.channel)
async def test_it_warns_when_nobody_has_set_the_webhook(
    dialect: Dialect, telegram: StandIn, bale: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    api = telegram if dialect is TELEGRAM else bale
    with caplog.at_level(logging.WARNING):
        async with hooked(api, dialect):
            await asked(api)
    assert [dialect.name in one.getMessage() and "khedmatyar webhook set" in one.getMessage() for one in caplog.records]
    assert not api.calls_of("setWebhook", "deleteWebhook")
    assert SECRET not in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("dialect", [TELEGRAM, BALE], ids=lambda dialect: dialect.channel)
async def test_it_is_quiet_when_the_webhook_is_ours_and_warns_when_it_is_another(
    dialect: Dialect, telegram: StandIn, bale: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    api = telegram if dialect is TELEGRAM else bale
    actor = make_bot(dialect, TOKEN, api.url)
    try:
        await connect(actor, dialect)
        await set_webhook(actor, dialect, URL, SECRET)
        with caplog.at_level(logging.WARNING):
            async with hooked(api, dialect):
                await asked(api)
            assert not caplog.records
            api.calls.clear()
            async with hooked(api, dialect, "http://127.0.0.1:10"):
                await asked(api)
            assert "نشانی دیگری" in caplog.text
        await actor.call("deleteWebhook")
    finally:
        await actor.shutdown()


async def test_a_messenger_out_of_reach_is_tried_again(telegram: StandIn) -> None:
    telegram.fail("getMe", ServerError(), times=3)
    async with hooked(telegram, TELEGRAM) as (_, connected):
        async with asyncio.timeout(10):
            await connected.wait()
    assert len(telegram.calls_of("getMe")) >= 4


async def test_a_wrong_token_ends_it(telegram: StandIn) -> None:
    bot = make_bot(TELEGRAM, "42:WRONG", telegram.url)
    try:
        with pytest.raises(WrongToken):
            await Hooked(bot, Intake(bot, TELEGRAM, Scripted()), URL, SECRET).run(asyncio.Event())
    finally:
        await bot.shutdown()


async def test_updates_that_come_before_we_know_who_we_are_are_put_off(telegram: StandIn) -> None:
    """Else they would be confirmed unread: a replica serves its port before the messenger has answered it."""
    bot = make_bot(TELEGRAM, TOKEN, telegram.url)
    engine = Scripted()
    try:
        async with serving(Intake(bot, TELEGRAM, engine)) as url:
            path = url + webhook_path(TELEGRAM, SECRET)
            early = await post(path, UPDATE)
            assert (early.status_code, early.headers["retry-after"]) == (503, "1")
            await connect(bot, TELEGRAM)
            assert (await post(path, UPDATE)).status_code == httpx.codes.OK
    finally:
        await bot.shutdown()
    assert engine.texts == ["سلام"]
