"""The real service on a stand-in: polling or webhook, an SQLite file, the real finder; and what stands in its rows."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bot.channels import serve
from bot.messenger.api import connect, make_bot
from bot.messenger.dialect import BALE, TELEGRAM
from bot.messenger.webhook import set_webhook, webhook_path
from bot.settings import Settings
from bot.standin import Participant, Shown, StandIn
from knowledge.finder.finder import Finder

PATIENCE = 30.0
"""Seconds until a test gives up waiting for a reply."""


@dataclass(frozen=True)
class Running:
    """A service at work."""

    database: Path
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def end(self) -> None:
        """Stop it and wait until it has ended; what it failed of is raised."""
        self.stop.set()
        async with asyncio.timeout(PATIENCE):
            await self.task

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of its database."""
        return rows(self.database, query)


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of an SQLite file that another process or thread may be writing."""
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        return connection.execute(query).fetchall()


@asynccontextmanager
async def running(api: StandIn, finder: Finder, folder: Path, **more: Any) -> AsyncIterator[Running]:
    """The service with one messenger, which has asked for updates when the block begins; stopped at its end."""
    database = folder / "office.sqlite"
    messenger = {f"{api.platform}_token": api.token, f"{api.platform}_api_url": api.url}
    quick = {"web_port": 0, "messages_per_minute": 0}
    values: dict[str, Any] = {"database_url": f"sqlite:///{database}", **quick, **messenger, **more}
    stop = asyncio.Event()
    task = asyncio.create_task(serve(Settings(_env_file=None, **values), finder, stop))
    service = Running(database, stop, task)
    polled: asyncio.Task[bool] = (
        asyncio.create_task(hooked(api, more["webhook_url"], more["webhook_secret"]))
        if "webhook_url" in more
        else asyncio.create_task(api.updates.polled.wait())
    )
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({polled, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield service
        await service.end()
    finally:
        polled.cancel()
        stop.set()
        await asyncio.gather(polled, task, return_exceptions=True)


async def hooked(api: StandIn, url: str, secret: str) -> bool:
    """Set the webhook, as the one actor who does (`khedmatyar webhook set`), once the service takes updates there."""
    dialect = TELEGRAM if api.platform == "telegram" else BALE
    address = url + webhook_path(dialect, secret)
    async with httpx.AsyncClient(trust_env=False) as web:
        while True:
            with suppress(httpx.TransportError):
                answer = await web.post(address, json={}, headers={"X-Telegram-Bot-Api-Secret-Token": secret})
                if answer.status_code == httpx.codes.OK:
                    break
            await asyncio.sleep(0.05)
    bot = make_bot(dialect, api.token, api.url)
    try:
        await connect(bot, dialect)
        await set_webhook(bot, dialect, url, secret)
    finally:
        await bot.shutdown()
    return True


async def replies(person: Participant, count: int = 1) -> list[Shown]:
    """The bot's next so many messages or edits in a chat."""
    return [await person.next_message(PATIENCE) for _ in range(count)]


async def reply(person: Participant) -> Shown:
    """The bot's next message or edit in a chat."""
    return await person.next_message(PATIENCE)


async def said(person: Participant, text: str) -> Shown:
    """Write a text; the (first) reply."""
    await person.send(text)
    return await reply(person)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(true: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 — what is waited for stands in another process or a database
            await asyncio.sleep(0.02)
