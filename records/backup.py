"""Backups: taken while the program runs, put back into an empty database, and proved the same.

SQLite: a file made by SQLite's online backup, which is an ordinary database again. PostgreSQL: a ZIP with a manifest
(the count and checksum of every table, of that snapshot) and either pg_dump's custom format or, without pg_dump, our
own JSON lines, one member a table. A backup appears under its name whole or not at all.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import NullPool, create_engine

from records.copying import Copied, Told, copy
from records.database import Database
from records.dump import MANIFEST, DumpSource, Manifest, put_rows, read_manifest
from records.errors import BackupError, CopyMismatchError, TargetNotEmptyError
from records.holdings import DatabaseSource, Sum, filled, still
from records.link import ThreadLink
from records.postgres_tools import dump_into, has_dump, restore_from

Kind = Literal["sqlite", "pg_dump", "portable"]

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
SQLITE_MAGIC = b"SQLite format 3\x00"


@dataclass(frozen=True)
class Backup:
    """A finished backup. `rows`: of all tables."""

    path: Path
    kind: Kind
    revision: str
    tables: int
    rows: int
    size: int


async def back_up(database: Database, path: Path, *, portable: bool = False) -> Backup:
    """Write a backup of the database as it is at this moment; others may go on writing to it.

    `portable`: our own format even where pg_dump is at hand (PostgreSQL), or for SQLite.

    Raises:
        BackupError: there is a file of that name, no room on the disk, or the copy did not come out sound.
        UnfinishedCopyError: what is there is itself half copied.
        DatabaseUnavailableError: it cannot be reached.
    """
    with _appearing(path) as part:
        if database.file is not None and not portable:
            await asyncio.to_thread(_copy_file, database.file, part)
            manifest = await _manifest_of_file(part)
            kind: Kind = "sqlite"
        else:
            manifest = await _archive(database, part, portable)
            kind = manifest.kind
    return _finished(path, kind, manifest)


def _finished(path: Path, kind: Kind, manifest: Manifest) -> Backup:
    rows = sum(one.count for one in manifest.sums.values())
    return Backup(path, kind, manifest.revision, len(manifest.sums), rows, path.stat().st_size)


async def restore(path: Path, target: Database, told: Told = lambda _table, _rows: None) -> Copied:
    """Put a backup into an empty database of either kind, bring its schema up to date, and prove it the same.

    Killed in the middle, it can be run again: an SQLite file appears whole, a PostgreSQL database stays marked.

    Raises:
        BackupError: no backup, a damaged one, or no room on the disk.
        TargetNotEmptyError, CopyMismatchError, UnfitValueError: as in `copy`.
    """
    with _explained(path):
        if not zipfile.is_zipfile(path):
            copied = await _restore_file(path, target, told)
        else:
            manifest = await asyncio.to_thread(read_manifest, path)
            if manifest.kind == "pg_dump":
                copied = await restore_from(path, manifest, target)
            else:
                copied = await _restore_rows(DumpSource(path, manifest), target, told)
        await target.prepare()
        return copied


async def move(source: Database, target: Database, told: Told = lambda _table, _rows: None) -> Copied:
    """Copy a whole SQLite installation into an empty PostgreSQL database, or go on with a move that was cut short.

    Nobody can write to the source meanwhile; it stays as it is.

    Raises:
        BackupError: source or target is of the wrong kind, or the source is damaged.
        TargetNotEmptyError, CopyMismatchError, UnfitValueError: as in `copy`.
    """
    if source.file is None or target.file is not None:
        raise BackupError("انتقال از یک فایل SQLite به PostgreSQL است؛ مقصد را در KHEDMATYAR_DATABASE_URL بگذارید.")
    if not await asyncio.to_thread(source.file.exists):
        raise BackupError(f"فایل {source.file} نیست.")
    async with source.transaction() as records:
        copied = await copy(await DatabaseSource.of(records.connection), target, told)
    await target.prepare()
    return copied


async def _archive(database: Database, part: Path, portable: bool) -> Manifest:
    async with database.reading() as records:
        await records.connection.run(still)
        source = await DatabaseSource.of(records.connection)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            if database.file is None and not portable and await has_dump(records.connection):
                await dump_into(archive, records.connection, database.url)
                manifest = Manifest("pg_dump", source.revision, source.columns, source.highest, await source.sums())
            else:
                manifest = await put_rows(archive, source)
            archive.writestr(MANIFEST, manifest.as_json())
    with zipfile.ZipFile(part) as archive:
        if (damaged := await asyncio.to_thread(archive.testzip)) is not None:
            raise BackupError(f"پشتیبان سالم نوشته نشد ({damaged}).")
    return manifest


def _copy_file(file: Path, part: Path) -> None:
    if not file.exists():
        raise BackupError(f"فایل {file} نیست.")
    address = f"{file.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, timeout=10)) as source, closing(sqlite3.connect(part)) as made:
        # All pages in one step: a writer beside it neither waits nor makes it begin anew.
        source.backup(made)
        made.execute("PRAGMA journal_mode=DELETE")
    prove_file(part)


def _unchanged(file: Path) -> str:
    return f"{file.absolute().as_uri()}?mode=ro&immutable=1"


def prove_file(file: Path) -> None:
    """BackupError unless an SQLite file is sound in itself and in its references. It is not changed."""
    try:
        with closing(sqlite3.connect(_unchanged(file), uri=True)) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
            if said != ["ok"]:
                raise BackupError(f"فایل {file} آسیب دیده است: {said[0]}")
            if (broken := connection.execute("PRAGMA foreign_key_check").fetchone()) is not None:
                raise BackupError(f"در فایل {file} سطری از جدول {broken[0]} به سطری اشاره دارد که نیست.")
    except sqlite3.DatabaseError as error:
        raise BackupError(f"فایل {file} پایگاه داده‌ی سالمی نیست: {error}") from None


@asynccontextmanager
async def _reading(file: Path) -> AsyncIterator[DatabaseSource]:
    """A finished SQLite backup as a source; it is not changed, be it by a lock file beside it."""
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(_unchanged(file), uri=True), poolclass=NullPool)
    with ThreadPoolExecutor(1, "backup") as threads:
        link = ThreadLink(engine, threads)
        try:
            yield await DatabaseSource.of(link)
        finally:
            await link.end(commit=False)
            engine.dispose()


async def _manifest_of_file(file: Path) -> Manifest:
    async with _reading(file) as source:
        return Manifest("sqlite", source.revision, source.columns, source.highest, await source.sums())


async def _restore_file(path: Path, target: Database, told: Told) -> Copied:
    """An SQLite backup into either kind."""
    if not _is_sqlite(path):
        raise BackupError(f"فایل {path} پشتیبان خدمت‌یار نیست.")
    if any(one.exists() for one in _companions(path)):
        raise BackupError(f"فایل {path} پشتیبان نیست، پایگاه داده‌ی در کار است؛ نخست khedmatyar db backup.")
    await asyncio.to_thread(prove_file, path)
    if target.file is None:
        async with _reading(path) as source:
            return await copy(source, target, told)
    await _refuse_filled(target, target.file)
    with _taking_place(target.file) as part:
        await asyncio.to_thread(shutil.copyfile, path, part)
        await asyncio.to_thread(prove_file, part)
        before, after = await _manifest_of_file(path), await _manifest_of_file(part)
        _compare(before.sums, after.sums)
    return Copied(sums=dict(before.sums))


async def _restore_rows(source: DumpSource, target: Database, told: Told) -> Copied:
    await asyncio.to_thread(source.prove)
    if target.file is None:
        return await copy(source, target, told)
    await _refuse_filled(target, target.file)
    with _taking_place(target.file) as part:
        made = Database.open(f"sqlite:///{part.absolute()}")
        try:
            copied = await copy(source, made, told)
        finally:
            await made.close()
        with closing(sqlite3.connect(part)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        await asyncio.to_thread(prove_file, part)
    return copied


def _compare(before: dict[str, Sum], after: dict[str, Sum]) -> None:
    wrong = tuple(name for name in {**before, **after} if before.get(name) != after.get(name))
    if wrong:
        raise CopyMismatchError(wrong)


async def _refuse_filled(target: Database, file: Path) -> None:
    if not await asyncio.to_thread(file.exists):
        return
    async with target.reading() as records:
        holding = await records.connection.run(filled)
    await target.disconnect()
    if holding:
        raise TargetNotEmptyError(holding)
    # Whoever closes last removes the log: if it is still there, somebody has the file open.
    if await asyncio.to_thread(file.with_name(f"{file.name}-wal").exists):
        raise BackupError(f"برنامه‌ی دیگری فایل {file} را باز دارد؛ نخست خدمت را ببندید.")


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


@contextmanager
def _appearing(path: Path, *, over: bool = False) -> Iterator[Path]:
    """A file to write to that gets its name at the end, if no other took it meanwhile; readable by this user alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and not over:
        raise BackupError(f"فایل {path} هست؛ روی هیچ فایلی نوشته نمی‌شود.")
    part = path.with_name(f"{path.name}.part{os.getpid()}")
    _sweep(path)
    with _explained(path):
        try:
            part.touch(mode=0o600)
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            _name(part, path)
            _sync_folder(path.parent)
        except FileExistsError:
            raise BackupError(f"فایل {path} هست؛ روی آن نوشته نشد.") from None
        finally:
            for left in (part, *_companions(part)):
                left.unlink(missing_ok=True)


@contextmanager
def _taking_place(file: Path) -> Iterator[Path]:
    """As `_appearing`, for a database that is not there or empty: what an emptied one left beside it would be read into
    the new one."""
    with _appearing(file, over=True) as part:
        yield part
        for old in (file, *_companions(file)):
            old.unlink(missing_ok=True)


def _name(part: Path, path: Path) -> None:
    """Give a file its name, never over another's."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:
        # File systems without links (FAT, some network drives).
        if path.exists():
            raise FileExistsError(errno.EEXIST, "exists", str(path)) from None
        part.rename(path)


def _companions(file: Path) -> tuple[Path, ...]:
    return tuple(file.with_name(file.name + ending) for ending in ("-wal", "-shm", "-journal"))


def _sweep(path: Path) -> None:
    """Remove what a killed process left half written."""
    for left in path.parent.glob(f"{path.name}.part*"):
        number = left.name.removeprefix(f"{path.name}.part").partition("-")[0]
        if number.isdigit() and not _is_alive(int(number)):
            left.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """What the disk refuses, in words."""
    try:
        yield
    except FileNotFoundError as error:
        raise BackupError(f"فایل {error.filename or path} نیست.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        raise BackupError(f"فایل پشتیبان {path} آسیب دیده است.") from None
    except OSError as error:
        if error.errno in FULL:
            raise BackupError(f"برای {path} جا نیست: دیسک یا سهمیه پر است. چیزی عوض نشد.") from None
        raise BackupError(f"کار با {path} نشد: {error.strerror}.") from None
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
        reason = "دیسک یا سهمیه پر است، یا دیسک خراب" if full else str(error)
        raise BackupError(f"کار با {path} نشد: {reason}. چیزی عوض نشد.") from None
