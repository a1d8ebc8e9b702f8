"""Replicas of the real program for benches and tests: `khedmatyar run` as processes, and a database of their own."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it has no types of its own, nor stubs here
import httpx

from bot.cli.bench_quota import Quota

SERVER = os.environ.get("KHEDMATYAR_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432")
"""The PostgreSQL server in which databases are made and dropped."""

SECRET = "bench-webhook_" + secrets.token_urlsafe(24)
ROOT = Path(__file__).parents[2]
READY_WITHIN = 60.0


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def own_database(name: str = "bench") -> AsyncIterator[str]:
    """The address of a new, empty PostgreSQL database, dropped at the end of the block."""
    database = f"{name}_{secrets.token_hex(6)}"
    await _told(f"CREATE DATABASE {database}")
    try:
        yield f"{SERVER}/{database}"
    finally:
        await _told(f"DROP DATABASE {database} WITH (FORCE)")


async def _told(statement: str) -> None:
    # A connection for each: the server may be restarted in between.
    server = await asyncpg.connect(f"{SERVER}/postgres", timeout=30)
    try:
        await server.execute(statement)
    finally:
        await server.close()


async def cut_connections(database_url: str) -> int:
    """Have the server end every connection to this one database: what a restart of it does to our processes."""
    name = database_url.rpartition("/")[2]
    server = await asyncpg.connect(f"{SERVER}/postgres", timeout=10)
    try:
        rows = await server.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    finally:
        await server.close()
    return len(rows)


@dataclass
class Replica:
    """One process of the program, on a port of its own. `environment`: the variables that all replicas share;
    `prelude`: Python that it runs first (tests shorten times with it); `quota`: the processor time it may use."""

    port: int
    environment: Mapping[str, str]
    log: Path
    prelude: str = ""
    quota: Quota | None = None
    process: asyncio.subprocess.Process | None = None
    starts: list[float] = field(default_factory=list)
    """Seconds that each start took until it could take updates."""

    @property
    def pid(self) -> int:
        """Its process id; 0 when it does not run."""
        running = self.process is not None and self.process.returncode is None
        return self.process.pid if running and self.process is not None else 0

    async def start(self, *, wait: bool = True) -> None:
        """Start it, and wait until it takes updates."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KHEDMATYAR_")}
        if model := os.environ.get("KHEDMATYAR_MODEL"):
            inherited["KHEDMATYAR_MODEL"] = model
        mine = {**inherited, **self.environment, "KHEDMATYAR_WEB_PORT": str(self.port), "PYTHONPATH": str(ROOT)}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", f"{self.prelude}\nfrom bot.cli import main; main()", "run"),
                cwd=self.log.parent,
                env=mine,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if self.quota is not None:
            self.quota.add(self.process.pid)
        if wait:
            await self.ready()

    async def ready(self) -> None:
        """Wait until it takes updates.

        Raises:
            RuntimeError: it ended instead.
            TimeoutError: it does not within a minute.
        """
        begun = time.perf_counter()
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        async with asyncio.timeout(READY_WITHIN), httpx.AsyncClient(trust_env=False) as web:
            while True:
                if not self.pid:
                    raise RuntimeError(f"a replica has ended: {self.log.read_text(errors='replace')[-2000:]}")
                with suppress(httpx.TransportError):
                    address = f"http://127.0.0.1:{self.port}/webhook/telegram"
                    answer = await web.post(address, json={"update_id": 0}, headers=headers)
                    if answer.status_code == httpx.codes.OK:
                        self.starts.append(time.perf_counter() - begun)
                        return
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it as a power cut does."""
        if self.pid and self.process is not None:
            self.process.kill()
        await self._gone()

    async def end(self, seconds: float = 15.0) -> int | None:
        """SIGTERM; its exit code, None when it had to be killed after so many seconds."""
        if self.pid and self.process is not None:
            self.process.terminate()
        try:
            async with asyncio.timeout(seconds):
                await self._gone()
        except TimeoutError:
            await self.kill()
            return None
        return self.process.returncode if self.process is not None else None

    async def _gone(self) -> None:
        if self.process is not None:
            await self.process.wait()


def environment_of(api_url: str, token: str, hook_url: str, database_url: str) -> dict[str, str]:
    """The settings that all replicas of one bench share."""
    return {
        "KHEDMATYAR_TELEGRAM_TOKEN": token,
        "KHEDMATYAR_TELEGRAM_API_URL": api_url,
        "KHEDMATYAR_WEBHOOK_URL": hook_url,
        "KHEDMATYAR_WEBHOOK_SECRET": SECRET,
        "KHEDMATYAR_WEB_SECRET": SECRET,
        "KHEDMATYAR_DATABASE_URL": database_url,
        # The load's few chats write faster than people do.
        "KHEDMATYAR_MESSAGES_PER_MINUTE": "0",
    }


async def point_hook(api_url: str, token: str, hook_url: str) -> None:
    """Do what `khedmatyar webhook set` does."""
    from bot.messenger.api import connect, make_bot  # noqa: PLC0415 — the other benches start without the messengers
    from bot.messenger.dialect import TELEGRAM  # noqa: PLC0415
    from bot.messenger.webhook import set_webhook  # noqa: PLC0415

    bot = make_bot(TELEGRAM, token, api_url)
    try:
        await connect(bot, TELEGRAM)
        await set_webhook(bot, TELEGRAM, hook_url, SECRET)
    finally:
        await bot.shutdown()


@asynccontextmanager
async def started(replicas: Sequence[Replica]) -> AsyncIterator[None]:
    """The replicas, taking updates; ended (or killed) at the end of the block."""
    try:
        # One after another: the first makes the tables.
        for replica in replicas:
            await replica.start()
        yield
    finally:
        await asyncio.gather(*(replica.end() for replica in replicas))


async def rows(database_url: str, query: str) -> list[tuple[Any, ...]]:
    """Rows of a PostgreSQL database."""
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
