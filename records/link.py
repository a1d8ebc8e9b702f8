"""The way to the database inside one transaction, the same for both databases.

Stores are plain functions over SQLAlchemy's synchronous `Connection`. `Link.run` brings one of them to the database in
a single step: on SQLite a worker thread, on PostgreSQL a greenlet over asyncpg. A group of statements that go together
costs one step, not one each: that is four fifths of what a turn would cost through `AsyncConnection` and aiosqlite
(docs/decisions/0009-outbox-and-leases.md).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from records.errors import DatabaseUnavailableError

T = TypeVar("T")
P = ParamSpec("P")
Parameters = Mapping[str, object] | Sequence[Mapping[str, object]]
Rows = Sequence[Row[Any]]


class Link(Protocol):
    """One open transaction. It begins with the first piece of work."""

    async def run(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work(connection, …)`, done on the database's side of the wall: it must not await, and what
        it returns must not be a live cursor."""

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> Rows:
        """The rows of one statement (none for one that returns none)."""

    async def finish(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `run`, and then commit: nothing more can be done in this transaction."""

    async def end(self, *, commit: bool) -> None:
        """Commit or roll back, and give the connection back; nothing to do after `finish`."""


def fetch(connection: Connection, statement: Executable, parameters: Parameters | None = None) -> Rows:
    """All rows of a statement."""
    result = connection.execute(statement, parameters)
    return result.all() if result.returns_rows else ()


PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}


def _is_passing(error: OperationalError) -> bool:
    """Whether SQLite could not just now, rather than was asked for what cannot be (which it tells by a code alone)."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in PASSING


class ThreadLink:
    """A transaction of a synchronous driver (SQLite) whose work is done in `threads`."""

    def __init__(self, engine: Engine, threads: Executor) -> None:
        self._engine = engine
        self._threads = threads
        self._connection: Connection | None = None

    async def run(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._hop(partial(self._work, work, *args, **kwargs))

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> Rows:
        return await self.run(fetch, statement, parameters)

    async def finish(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._hop(partial(self._finish, work, *args, **kwargs))

    async def end(self, *, commit: bool) -> None:
        if self._connection is not None:
            await self._hop(partial(self._end, commit))

    def _finish(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        result = self._work(work, *args, **kwargs)
        self._end(commit=True)
        return result

    def _work(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
                self._connection.begin()
            return work(self._connection, *args, **kwargs)
        except OperationalError as error:
            if _is_passing(error):
                raise DatabaseUnavailableError(str(error.orig)) from error
            raise

    def _end(self, commit: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if commit:
                connection.commit()
        except OperationalError as error:
            raise DatabaseUnavailableError(str(error.orig)) from error
        finally:
            connection.close()

    async def _hop(self, work: Callable[[], T]) -> T:
        """A thread cannot be cancelled: a cancelled caller waits until its work is done, so that nobody else touches
        the connection meanwhile."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                try:
                    await asyncio.wait((future,))
                except asyncio.CancelledError:
                    continue
            if not future.cancelled():
                future.exception()
            raise


class GreenletLink:
    """A transaction of an asynchronous driver (asyncpg)."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None

    async def run(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._connection is None:
            try:
                self._connection = await self._engine.connect()
            except (OSError, DBAPIError) as error:
                raise DatabaseUnavailableError(type(error).__name__) from error
        try:
            return await self._connection.run_sync(work, *args, **kwargs)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseUnavailableError(type(error.orig).__name__) from error
            raise

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> Rows:
        return await self.run(fetch, statement, parameters)

    async def finish(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        result = await self.run(work, *args, **kwargs)
        await self.end(commit=True)
        return result

    async def end(self, *, commit: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if commit:
                await connection.commit()
        except (OSError, DBAPIError) as error:
            raise DatabaseUnavailableError(type(error).__name__) from error
        finally:
            await connection.close()
