"""Being the only process that does something: an advisory lock of PostgreSQL on a connection of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from records.errors import DatabaseUnavailableError

KEEPALIVE = (
    "SET tcp_keepalives_idle = 8",
    "SET tcp_keepalives_interval = 4",
    "SET tcp_keepalives_count = 3",
    "SET statement_timeout = '10s'",
)
"""A process that dies gives the lock back at once; a machine that does, after 8 + 3·4 s instead of two hours."""


class Sole:
    """The lock, held. Without a connection (SQLite) it is held for good."""

    def __init__(self, connection: AsyncConnection | None = None) -> None:
        self._connection = connection

    async def held(self) -> bool:
        """Whether it is still ours: the server frees it when the connection breaks."""
        if self._connection is None:
            return True
        try:
            await self._connection.execute(text("SELECT 1"))
        except (OSError, DBAPIError):
            return False
        return True


@asynccontextmanager
async def locked(server: AsyncEngine, key: int) -> AsyncIterator[Sole | None]:
    """The lock while inside; None when another process has it.

    Raises:
        DatabaseUnavailableError: the server cannot be reached.
    """
    try:
        connection = await server.connect()
    except (OSError, DBAPIError) as error:
        raise DatabaseUnavailableError(type(error).__name__) from error
    try:
        try:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for statement in KEEPALIVE:
                await connection.execute(text(statement))
            won = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key})
        except (OSError, DBAPIError) as error:
            raise DatabaseUnavailableError(type(error).__name__) from error
        yield Sole(connection) if won else None
    finally:
        # Not given back to the pool: the lock and the settings belong to the connection.
        with suppress(OSError, DBAPIError):
            await connection.invalidate()
        with suppress(OSError, DBAPIError):
            await connection.close()
