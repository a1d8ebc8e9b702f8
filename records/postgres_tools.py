"""pg_dump and pg_restore: PostgreSQL's own way to a backup and back, checked by our sums."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import zipfile
from pathlib import Path

from sqlalchemy import URL, text

from records.copying import COPY_LOCK, Copied
from records.database import Database
from records.dump import Manifest
from records.errors import BackupError, CopyMismatchError, TargetNotEmptyError
from records.holdings import filled, reflect, sum_of, unhurried
from records.link import Link
from records.schema import BASE, COPYING, is_being_copied, migrate

MEMBER = "database.pgdump"
CHUNK = 1 << 20
CLEAR = "--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"


async def has_dump(link: Link) -> bool:
    """Whether there is a pg_dump that is not older than the server: an older one refuses it."""
    server = int((await link.execute(text("SHOW server_version_num")))[0][0]) // 10_000
    program = shutil.which("pg_dump")
    if program is None or shutil.which("pg_restore") is None:
        return False
    process = await asyncio.create_subprocess_exec(program, "--version", stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    found = re.search(rb"\) (\d+)", said)
    return found is not None and int(found.group(1)) >= server


async def dump_into(archive: zipfile.ZipFile, link: Link, url: URL) -> None:
    """Write pg_dump's custom format into an archive, of the snapshot that the transaction sees."""
    snapshot = (await link.execute(text("SELECT pg_export_snapshot()")))[0][0]
    process = await asyncio.create_subprocess_exec(
        "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}",
        env=_environment(url), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if process.stdout is None or process.stderr is None:
        raise AssertionError
    told = asyncio.create_task(process.stderr.read())
    try:
        info = zipfile.ZipInfo(MEMBER)
        with archive.open(info, "w", force_zip64=True) as member:
            while chunk := await process.stdout.read(CHUNK):
                member.write(chunk)
        await _ended(process, "pg_dump", await told)
    finally:
        await _stop(process, told)


async def restore_from(path: Path, manifest: Manifest, target: Database) -> Copied:
    """Put such an archive into an empty PostgreSQL database in one transaction, and prove it."""
    if target.file is not None:
        raise BackupError("این پشتیبان از pg_dump است و تنها به PostgreSQL برمی‌گردد؛ برای SQLite با --portable بسازید.")
    if shutil.which("pg_restore") is None:
        raise BackupError("برنامه‌ی pg_restore در این دستگاه نیست (بسته‌ی postgresql-client).")
    async with target.sole(COPY_LOCK) as sole:
        if sole is None:
            raise BackupError("انتقال یا بازگردانی دیگری در همین پایگاه داده در کار است.")
        async with target.transaction() as records:
            link = records.connection
            marked = await link.run(is_being_copied)
            if not marked and (holding := await link.run(filled)):
                raise TargetNotEmptyError(holding)
            # What the dump does not know must be gone as well: it is put in over nothing.
            await link.run(migrate, BASE)
            await link.execute(text("DROP TABLE IF EXISTS alembic_version"))
            if not marked:
                await link.execute(
                    text(f"CREATE TABLE {COPYING} (name VARCHAR(64) PRIMARY KEY, rows BIGINT, digest VARCHAR(64))")
                )
        await _pour(path, target.url)
        async with target.transaction() as records:
            link = records.connection
            await link.run(unhurried)
            found = await link.run(reflect)
            wrong = [
                name
                for name, columns in manifest.columns.items()
                if name not in found.tables or await sum_of(link, found.tables[name], columns) != manifest.sums[name]
            ]
            if wrong:
                raise CopyMismatchError(tuple(wrong))
            await link.execute(text(f"DROP TABLE {COPYING}"))
        return Copied(sums=dict(manifest.sums))


async def _pour(path: Path, url: URL) -> None:
    process = await asyncio.create_subprocess_exec(
        "pg_restore", *CLEAR, f"--dbname={url.database}",
        env=_environment(url), stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if process.stdin is None or process.stderr is None:
        raise AssertionError
    told = asyncio.create_task(process.stderr.read())
    try:
        with zipfile.ZipFile(path) as archive, archive.open(MEMBER) as member:
            try:
                while chunk := await asyncio.to_thread(member.read, CHUNK):
                    process.stdin.write(chunk)
                    await process.stdin.drain()
                process.stdin.close()
                await process.stdin.wait_closed()
            except (BrokenPipeError, ConnectionResetError):
                pass  # It ended early; what it said about that follows.
        await _ended(process, "pg_restore", await told)
    finally:
        await _stop(process, told)


async def _ended(process: asyncio.subprocess.Process, program: str, said: bytes) -> None:
    if await process.wait() != 0:
        last = said.decode(errors="replace").strip().splitlines()
        raise BackupError(f"{program} کار را به پایان نرساند: {last[0] if last else process.returncode}")


async def _stop(process: asyncio.subprocess.Process, told: asyncio.Task[bytes]) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()
    await asyncio.gather(told, return_exceptions=True)


def _environment(url: URL) -> dict[str, str]:
    """The address for the programs: by the environment, for everybody on the machine can read a command line."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    ssl = url.query.get("ssl")
    parts = {
        "PGHOST": url.host,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": str(url.password) if url.password else os.environ.get("PGPASSWORD"),
        "PGPASSFILE": os.environ.get("PGPASSFILE"),
        "PGDATABASE": url.database,
        "PGSSLMODE": ssl if isinstance(ssl, str) else None,
        "PGAPPNAME": "khedmatyar",
    }
    return env | {name: value for name, value in parts.items() if value}
