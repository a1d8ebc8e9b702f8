"""The database: opened from an address, brought up to date, and worked with one transaction at a time.

SQLite and PostgreSQL are held to the same contract (tests/records). SQLite has one process with one writer at a time.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from records.errors import DatabaseAddressError, DatabaseUnavailableError, SchemaTooOldError, UnfinishedCopyError
from records.link import GreenletLink, Link, ThreadLink
from records.schema import is_being_copied, migrate, refuse_unknown, stored_revision
from records.session import Records
from records.sole import Sole, locked
from records.tables import REVISION

SQLITE = frozenset({"sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"})
POSTGRESQL = frozenset({"postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"})

BUSY_MS = 10_000
"""How long a writer of another process is waited for (milliseconds)."""

READERS = 4
"""Transactions that read an SQLite file side by side; with the writer fewer than the pool has connections."""

REMEMBERED_PEOPLE = 50_000
POSTGRESQL_SETTINGS = {
    "application_name": "khedmatyar",
    "jit": "off",
    "statement_timeout": "15000",
    "idle_in_transaction_session_timeout": "60000",
}


@dataclass(frozen=True)
class Load:
    """Connections that are open, those of them in use, and transactions that wait for this process' writer (SQLite)."""

    open: int
    in_use: int
    waiting: int


class Database:
    """One open database. Made by `Database.open`; belongs to one event loop; `await close()` when done."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._met: dict[tuple[str, str], int] = {}
        self._file: Engine | None = None
        self._server: AsyncEngine | None = None
        if url.get_backend_name() == "sqlite":
            self._file = _sqlite_engine(url)
            self._writes = self._file.execution_options(sqlite_begin="IMMEDIATE")
            self._writing = asyncio.Lock()
            # Whoever waits for a connection waits in a thread, and whoever has one needs a thread to give it back: with
            # more readers than connections all would stand still.
            self._reading = asyncio.Semaphore(READERS)
            self._threads = ThreadPoolExecutor(4, "records")
        else:
            self._server = create_async_engine(
                url, pool_size=20, max_overflow=10, hide_parameters=True, connect_args=_connect_args()
            )

    @staticmethod
    def open(url: str) -> Database:
        """A database from its address: `sqlite:///path` or `postgresql://user:word@host/name`, with any driver named.

        Raises:
            DatabaseAddressError: not an address, or not of these two kinds, or an SQLite without a file.
        """
        return Database(_address(url))

    @property
    def lone(self) -> bool:
        """Whether this process is the only one that sends from the outbox (SQLite): no lease needs waiting for."""
        return self._file is not None

    @property
    def url(self) -> URL:
        """Its address; shown as text, the password is hidden."""
        return self._url

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None for a server."""
        return Path(self._url.database) if self._file is not None and self._url.database else None

    async def ready(self) -> None:
        """Make sure that the program can run on it. An SQLite file and an empty database are brought up to date here;
        a PostgreSQL database that holds anything is upgraded by command, when the operator has chosen the hour.

        Raises:
            DatabaseUnavailableError: it cannot be reached.
            SchemaTooNewError, SchemaTooOldError: its schema is not this program's.
            UnfinishedCopyError: a move or restore into it did not end.
        """
        if self._server is not None:
            stored = await self.revision()
            if stored not in (None, REVISION):
                refuse_unknown(stored)
                raise SchemaTooOldError(str(stored), REVISION)
        await self.prepare()
        async with self._linked(writes=False) as link:
            if await link.run(is_being_copied):
                raise UnfinishedCopyError

    async def revision(self) -> str | None:
        """The revision of its schema; None for an empty database.

        Raises:
            DatabaseUnavailableError: it cannot be reached.
        """
        async with self._linked(writes=False) as link:
            return await link.run(stored_revision)

    async def prepare(self, to: str = REVISION) -> None:
        """Bring the schema up to date (or to another revision); one process at a time, the others find it done.

        Raises:
            DatabaseUnavailableError: it cannot be reached.
            SchemaTooNewError: a newer program has upgraded it.
        """
        if self._file is not None and self._url.database:
            folder = Path(self._url.database).parent
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        async with self._linked(writes=False) as link:
            stored = await link.run(stored_revision)
        if stored != to:
            async with self._linked(writes=True) as link:
                await link.run(migrate, to)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Records]:
        """Records bound to one write transaction: committed at the end, rolled back by an exception.

        Not to be nested: on SQLite the inner one would wait for the outer for ever.

        Raises:
            DatabaseUnavailableError: it cannot be reached, or another process holds it.
        """
        async with self._linked(writes=True) as link:
            records = Records(link, self._met)
            yield records
        if records.met_today:
            if len(self._met) > REMEMBERED_PEOPLE:
                self._met.clear()
            self._met.update(records.met_today)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Records]:
        """Records to read with, beside a writer and without waiting for it. What is written is rolled back."""
        async with self._linked(writes=False) as link:
            yield Records(link, self._met)

    @asynccontextmanager
    async def sole(self, key: int) -> AsyncIterator[Sole | None]:
        """Be the only process that holds `key`, while inside; None when another one does. On SQLite there is one
        process, which always does.

        Raises:
            DatabaseUnavailableError: it cannot be reached.
        """
        if self._server is None:
            yield Sole()
            return
        async with locked(self._server, key) as held:
            yield held

    def load(self) -> Load:
        """How busy the connections of this process are just now."""
        engine = self._file if self._file is not None else self._server
        pool = engine.pool if engine is not None else None
        if not isinstance(pool, QueuePool):
            return Load(0, 0, 0)
        in_use = pool.checkedout()
        # SQLite has one writer: whoever else wants to write stands here, not in the database.
        waiting = len(getattr(self._writing, "_waiters", None) or ()) if self._file is not None else 0
        return Load(in_use + pool.checkedin(), in_use, waiting)

    def unmeet(self) -> None:
        """Have everybody's next turn write their `people` row again: somebody's has been marked."""
        self._met.clear()

    async def disconnect(self) -> None:
        """Give up the connections that nobody uses; the next piece of work opens new ones."""
        if self._file is not None:
            await asyncio.to_thread(self._file.dispose)
        if self._server is not None:
            await self._server.dispose()

    async def vacuum(self) -> None:
        """Write an SQLite file anew without what was deleted from it.

        Raises:
            DatabaseUnavailableError: others are at work in it, or there is no room.
        """
        if self._file is None:
            return
        engine = self._file

        def anew() -> None:
            with engine.connect() as connection:
                raw = connection.connection.driver_connection
                if raw is not None:
                    raw.execute("VACUUM")
                    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        try:
            await asyncio.to_thread(anew)
        except sqlite3.OperationalError as error:
            raise DatabaseUnavailableError(str(error)) from error

    async def close(self) -> None:
        """Close every connection."""
        await self.disconnect()
        if self._file is not None:
            self._threads.shutdown()

    @asynccontextmanager
    async def _linked(self, *, writes: bool) -> AsyncIterator[Link]:
        if self._server is not None:
            async with _ended(GreenletLink(self._server), commit=writes) as link:
                yield link
        elif writes:
            async with self._writing, _ended(ThreadLink(self._writes, self._threads), commit=True) as link:
                yield link
        elif self._file is not None:
            async with self._reading, _ended(ThreadLink(self._file, self._threads), commit=False) as link:
                yield link


@asynccontextmanager
async def _ended(link: Link, *, commit: bool) -> AsyncIterator[Link]:
    try:
        yield link
    except BaseException:
        await link.end(commit=False)
        raise
    await link.end(commit=commit)


def _address(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseAddressError("نشانی پایگاه داده خوانده نشد؛ نمونه: sqlite:///data/khedmatyar.db") from None
    if parsed.drivername in SQLITE:
        if not parsed.database or ":memory:" in parsed.database:
            raise DatabaseAddressError(
                "نشانی SQLite باید نام یک پرونده را داشته باشد؛ نمونه: sqlite:///data/khedmatyar.db"
            )
        return parsed.set(drivername="sqlite+pysqlite", query={})
    if parsed.drivername in POSTGRESQL:
        query = dict(parsed.query)
        if "sslmode" in query:
            query["ssl"] = query.pop("sslmode")
        return parsed.set(drivername="postgresql+asyncpg", query=query)
    raise DatabaseAddressError(f"پایگاه داده‌ی «{parsed.drivername}» شناخته نیست؛ تنها sqlite و postgresql.")


def _connect_args() -> dict[str, Any]:
    return {"server_settings": POSTGRESQL_SETTINGS, "timeout": 10}


def _sqlite_engine(url: URL) -> Engine:
    try:
        engine = create_engine(url, pool_size=4, max_overflow=2, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise DatabaseAddressError("نشانی پایگاه داده به کار نمی‌آید.") from error

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _: object) -> None:
        # Without this the driver opens transactions by its own rules and loses concurrent writes silently.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        _to_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _to_wal(connection: sqlite3.Connection) -> None:
    """The switch to WAL does not heed busy_timeout: when two processes make the file at once, one asks again."""
    for _ in range(100):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        else:
            return
    connection.execute("PRAGMA journal_mode=WAL")
