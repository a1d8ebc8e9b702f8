"""The database: opened from an address, brought up to date, and worked with one transaction at a time.

SQLite and PostgreSQL are held to the same contract (tests/records). SQLite has one process with one writer at a time.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from records.errors import DatabaseAddressError, SchemaTooNewError
from records.link import GreenletLink, Link, ThreadLink
from records.session import Records
from records.sole import Sole, locked
from records.tables import REVISION

SQLITE = frozenset({"sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"})
POSTGRESQL = frozenset({"postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"})

BUSY_MS = 10_000
"""How long a writer of another process is waited for (milliseconds)."""

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x6B68646D
"""PostgreSQL advisory lock under which the schema is upgraded."""

REMEMBERED_PEOPLE = 50_000
POSTGRESQL_SETTINGS = {
    "application_name": "khedmatyar",
    "jit": "off",
    "statement_timeout": "15000",
    "idle_in_transaction_session_timeout": "60000",
}


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
            self._threads = ThreadPoolExecutor(4, "records")
        else:
            self._server = create_async_engine(
                url, pool_size=10, max_overflow=20, hide_parameters=True, connect_args=_connect_args()
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

    async def prepare(self) -> None:
        """Bring the schema up to date; one process at a time, the others find it done.

        Raises:
            DatabaseUnavailableError: it cannot be reached.
            SchemaTooNewError: a newer program has upgraded it.
        """
        if self._file is not None and self._url.database:
            folder = Path(self._url.database).parent
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        async with self._linked(writes=False) as link:
            stored = await link.run(_stored_revision)
        if stored != REVISION:
            async with self._linked(writes=True) as link:
                await link.run(_upgrade)

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

    def unmeet(self) -> None:
        """Have everybody's next turn write their `people` row again: somebody's has been marked."""
        self._met.clear()

    async def close(self) -> None:
        """Close every connection."""
        if self._file is not None:
            await asyncio.to_thread(self._file.dispose)
            self._threads.shutdown()
        if self._server is not None:
            await self._server.dispose()

    @asynccontextmanager
    async def _linked(self, *, writes: bool) -> AsyncIterator[Link]:
        if self._server is not None:
            async with _ended(GreenletLink(self._server), commit=writes) as link:
                yield link
        elif writes:
            async with self._writing, _ended(ThreadLink(self._writes, self._threads), commit=True) as link:
                yield link
        elif self._file is not None:
            async with _ended(ThreadLink(self._file, self._threads), commit=False) as link:
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


def _stored_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _upgrade(connection: Connection) -> None:
    # Alembic takes 0.2 s to import, and almost every start finds the schema up to date.
    from alembic import command  # noqa: PLC0415 — see above
    from alembic.config import Config  # noqa: PLC0415 — see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 — see above

    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    stored = _stored_revision(connection)
    if stored == REVISION:
        return
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if stored is not None and stored not in known:
        raise SchemaTooNewError(stored)
    command.upgrade(config, "head")
