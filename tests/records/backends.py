"""The two databases that the same contract is tested on: a file of SQLite, a fresh database of PostgreSQL."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it has no types of its own, nor stubs here
import pytest

from records.database import Database

SERVER = os.environ.get("KHEDMATYAR_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432")
BACKENDS = ("sqlite", "postgresql")


@asynccontextmanager
async def fresh_url(backend: str, folder: Path) -> AsyncIterator[str]:
    """The address of an empty database, removed afterwards. Without a server the test is skipped, in CI it fails."""
    if backend == "sqlite":
        yield f"sqlite:///{folder / 'records.db'}"
        return
    try:
        server = await asyncpg.connect(f"{SERVER}/postgres", timeout=5)
    except (OSError, asyncpg.PostgresError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL at {SERVER.rpartition('@')[2]}: {type(error).__name__}")
    name = f"records_{secrets.token_hex(6)}"
    try:
        await server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{SERVER}/{name}"
        finally:
            await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await server.close()


@asynccontextmanager
async def fresh_database(backend: str, folder: Path) -> AsyncIterator[Database]:
    """An empty, prepared database."""
    async with fresh_url(backend, folder) as url:
        database = Database.open(url)
        try:
            await database.prepare()
            yield database
        finally:
            await database.close()
