"""Backups and moves come out the same, whatever happens in the middle."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from records import copying
from records.backup import back_up, move, restore
from records.database import Database
from records.errors import (
    BackupError,
    CopyMismatchError,
    DatabaseUnavailableError,
    TargetNotEmptyError,
    UnfinishedCopyError,
    UnfitValueError,
)
from records.holdings import Sum
from records.schema import COPYING, chain
from records.tables import REVISION, misses, outbox
from tests.records.backends import BACKENDS, fresh_url
from tests.records.filling import fill, sums

KILLED = Path(__file__).with_name("killed.py")
KINDS = ("sqlite", "portable of sqlite", "pg_dump", "portable of postgresql")


@asynccontextmanager
async def opened(backend: str, folder: Path) -> AsyncIterator[Database]:
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 — nothing else runs here
    async with fresh_url(backend, folder) as url:
        database = Database.open(url)
        try:
            yield database
        finally:
            await database.close()


async def written(kind: str, folder: Path, rows: int = 12) -> tuple[Path, dict[str, Sum]]:
    """A backup of a full database, and what was in it."""
    path = folder / ("backup.sqlite" if kind == "sqlite" else "backup.zip")
    async with opened("sqlite" if "sqlite" in kind else "postgresql", folder / "source") as database:
        await database.prepare()
        await fill(database, rows)
        made = await back_up(database, path, portable="portable" in kind)
        held = await sums(database)
    assert made.rows == sum(one.count for one in held.values())
    assert made.kind == kind.partition(" ")[0]
    assert made.revision == REVISION
    return path, held


async def died_or_ended(*args: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(sys.executable, str(KILLED), *args, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


def leftovers(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if ".part" in one.name)


@pytest.mark.parametrize("target", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_backup_restores_the_same(kind: str, target: str, tmp_path: Path) -> None:
    path, held = await written(kind, tmp_path)
    before = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert leftovers(tmp_path) == []
    async with opened(target, tmp_path / "target") as database:
        if (kind, target) == ("pg_dump", "sqlite"):
            with pytest.raises(BackupError, match="--portable"):
                await restore(path, database)
            return
        copied = await restore(path, database)
        assert copied.sums == held == await sums(database)
        await database.ready()
        with pytest.raises(TargetNotEmptyError, match="outbox"):
            await restore(path, database)
        assert await sums(database) == held
    assert path.read_bytes() == before


@pytest.mark.parametrize("target", BACKENDS)
async def test_ids_that_were_given_do_not_come_back(target: str, tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path / "source") as database:
        await database.prepare()
        await fill(database, 5)
        async with database.transaction() as records:
            await records.connection.execute(text("DELETE FROM outbox WHERE id > 3"))
        await back_up(database, tmp_path / "backup.sqlite")
        await back_up(database, tmp_path / "backup.zip", portable=True)
    row = {column.name: "1" for column in outbox.columns if column.name != "id"} | dict.fromkeys(
        ("place", "attempts", "not_before", "created_at", "lease_until", "sent_at"), 1
    )
    for name in ("backup.sqlite", "backup.zip"):
        async with opened(target, tmp_path / name.replace(".", "-")) as restored:
            await restore(tmp_path / name, restored)
            async with restored.transaction() as records:
                given = (await records.connection.execute(insert(outbox).values(row).returning(outbox.c.id)))[0][0]
            assert given == 16


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("portable", [False, True])
async def test_a_backup_of_an_old_schema_restores_and_is_upgraded(backend: str, portable: bool, tmp_path: Path) -> None:
    async with opened(backend, tmp_path / "source") as database:
        await database.prepare(chain()[1])
        await fill(database, 4)
        held = await sums(database)
        await back_up(database, tmp_path / "backup", portable=portable)
    async with opened(backend, tmp_path / "target") as database:
        await database.prepare()
        await restore(tmp_path / "backup", database)
        assert await database.revision() == REVISION
        after = await sums(database)
        for name in ("complaints", "updates", "votes"):
            assert after[name] == held[name]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("portable", [False, True])
async def test_a_backup_taken_during_writes_is_of_one_moment(backend: str, portable: bool, tmp_path: Path) -> None:
    """Every transaction writes one row here and one there; a backup never has one without the other."""
    async with opened(backend, tmp_path / "source") as database:
        await database.prepare()
        await fill(database, 60)
        stop = asyncio.Event()

        async def write() -> int:
            number = 0
            while not stop.is_set():
                number += 1
                async with database.transaction() as records:
                    row = {"channel": "w", "update_id": str(number), "at": 0.0}
                    await records.connection.execute(
                        text("INSERT INTO updates VALUES (:channel, :update_id, :at)"), row
                    )
                    await asyncio.sleep(0)
                    miss = {
                        "at": 0.0,
                        "channel": "w",
                        "kind": "w",
                        "question": str(number),
                        "decision": "w",
                        "codes": "",
                    }
                    await records.connection.execute(insert(misses), miss)
            return number

        writing = asyncio.create_task(write())
        await asyncio.sleep(0.2)
        paths = [tmp_path / f"backup{number}" for number in range(2)]
        for path in paths:
            await back_up(database, path, portable=portable)
            await asyncio.sleep(0.05)
        stop.set()
        total = await writing
    counts = []
    for path in paths:
        async with opened(backend, tmp_path / f"target{path.name}") as target:
            await restore(path, target)
            async with target.reading() as records:
                seen = await records.connection.execute(text("SELECT count(*) FROM updates WHERE channel = 'w'"))
                asked = await records.connection.execute(select(misses.c.question).where(misses.c.channel == "w"))
            counts.append(seen[0][0])
            assert sorted(int(row[0]) for row in asked) == list(range(1, counts[-1] + 1))
    assert 0 < counts[0] < counts[-1] <= total


async def test_move_brings_everything_over(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as source, opened("postgresql", tmp_path) as target:
        await source.prepare()
        await fill(source, 30)
        held = await sums(source)
        copied = await move(source, target)
        assert copied.sums == held == await sums(target) == await sums(source)
        await target.ready()
        with pytest.raises(TargetNotEmptyError):
            await move(source, target)
        with pytest.raises(BackupError, match="KHEDMATYAR_DATABASE_URL"):
            await move(source, source)


async def test_move_holds_writers_of_the_source_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.database.BUSY_MS", 1)
    async with opened("sqlite", tmp_path) as source, opened("postgresql", tmp_path) as target:
        await source.prepare()
        await fill(source, 3)
        refused = []
        with closing(sqlite3.connect(str(source.file), timeout=0.01, check_same_thread=False)) as other:

            def told(_table: str, _rows: int) -> None:
                try:
                    other.execute("DELETE FROM outbox")
                except sqlite3.OperationalError as error:
                    refused.append(str(error))

            await move(source, target, told)
        assert set(refused) == {"database is locked"}
        assert await sums(source) == await sums(target)


@pytest.mark.parametrize("changed", [False, True])
async def test_a_killed_move_goes_on_or_begins_anew(changed: bool, tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 — when to kill
    async with opened("sqlite", tmp_path) as source, AsyncExitStack() as stack:
        await source.prepare()
        await fill(source, 20)
        url = await stack.enter_async_context(fresh_url("postgresql", tmp_path))
        target = Database.open(url)
        stack.push_async_callback(target.close)
        address = f"sqlite:///{source.file}"
        for _ in range(2):
            code, _ = await died_or_ended("move", address, url, str(chance.randint(8, 60)))
            assert code == -signal.SIGKILL
            with pytest.raises(UnfinishedCopyError):
                await target.ready()
        if changed:
            async with source.transaction() as records:
                await records.connection.execute(text("UPDATE announcement_choices SET choice = 5"))
        code, resumed = await died_or_ended("move", address, url, "100000")
        assert code == 0
        assert (resumed == "") is changed
        assert await sums(target) == await sums(source)
        await target.ready()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_killed_restore_can_be_run_again(kind: str, tmp_path: Path) -> None:
    path, held = await written(kind, tmp_path, 16)
    for backend in BACKENDS:
        if (kind, backend) in {("pg_dump", "sqlite"), ("sqlite", "sqlite")}:
            continue
        (tmp_path / backend).mkdir()
        async with fresh_url(backend, tmp_path / backend) as url:
            for after in (1, 7):
                code, _ = await died_or_ended("restore", str(path), url, str(after))
                assert code == -signal.SIGKILL
            if backend == "sqlite":
                assert not (tmp_path / backend / "records.db").exists()
            code, _ = await died_or_ended("restore", str(path), url, "100000")
            assert code == 0
            assert leftovers(tmp_path / backend) == [] if backend == "sqlite" else True
            database = Database.open(url)
            await database.ready()
            assert await sums(database) == held
            await database.close()


async def test_two_at_once_do_not_copy_into_one_database(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as source, opened("postgresql", tmp_path) as target:
        await source.prepare()
        await fill(source, 3)
        await back_up(source, tmp_path / "backup.sqlite")
        outcomes = await asyncio.gather(
            *(restore(tmp_path / "backup.sqlite", target) for _ in range(3)), return_exceptions=True
        )
        assert sum(isinstance(one, BackupError) for one in outcomes) == 2
        assert await sums(target) == await sums(source)


async def test_what_postgresql_cannot_hold_is_named_and_nul_is_left_out(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as source, opened("postgresql", tmp_path) as target:
        await source.prepare()
        await fill(source, 3)
        async with source.transaction() as records:
            long = {"value": "x" * 65}
            await records.connection.execute(text("UPDATE updates SET update_id = :value WHERE rowid = 1"), long)
        with pytest.raises(UnfitValueError, match=r"updates.*update_id") as raised:
            await move(source, target)
        assert "x" * 30 not in str(raised.value)
        async with source.transaction() as records:
            await records.connection.execute(
                text("UPDATE updates SET update_id = 'short' WHERE length(update_id) > 64")
            )
            await records.connection.execute(
                text("UPDATE misses SET question = :value WHERE id = 3"), {"value": "a\x00b"}
            )
        copied = await move(source, target)
        assert copied.mended == 1
        async with target.reading() as records:
            rows = await records.connection.execute(text("SELECT question FROM misses WHERE id = 3"))
        assert rows[0][0] == "ab"


async def test_a_copy_that_differs_is_noticed_and_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened("sqlite", tmp_path) as source, opened("postgresql", tmp_path) as target:
        await source.prepare()
        await fill(source, 3)
        spoiled = asyncio.Event()
        whole = copying._prove

        async def proved(*args: object) -> None:
            if not spoiled.is_set():
                spoiled.set()
                async with target.transaction() as records:
                    await records.connection.execute(text("UPDATE votes SET up = up + 1"))
            await whole(*args)  # type: ignore[arg-type]  # as it was called

        monkeypatch.setattr(copying, "_prove", proved)
        with pytest.raises(CopyMismatchError, match="votes"):
            await move(source, target)
        with pytest.raises(UnfinishedCopyError):
            await target.ready()
        copied = await move(source, target)
        assert copied.resumed == ()
        assert await sums(target) == await sums(source)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_damaged_backup_is_refused_and_the_target_stays_empty(kind: str, tmp_path: Path) -> None:
    path, _ = await written(kind, tmp_path)
    whole = path.read_bytes()
    backend = "sqlite" if kind == "sqlite" else "postgresql"
    spoiled = bytearray(whole)
    middle = len(whole) // 2
    spoiled[middle : middle + 3000] = bytes(3000)
    for damaged in (bytes(spoiled), whole[: len(whole) // 2], b"", b"nothing of ours"):
        (tmp_path / "damaged").write_bytes(damaged)
        async with opened(backend, tmp_path / "target") as database:
            with pytest.raises(BackupError):
                await restore(tmp_path / "damaged", database)
            if await database.revision() is not None:
                assert not any(one.count for one in (await sums(database)).values())


async def test_an_archive_whose_rows_were_changed_is_refused(tmp_path: Path) -> None:
    path, _ = await written("portable of sqlite", tmp_path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "changed.zip", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b"O'Brien", b"O'Brian") if "votes" in name else content)
    async with opened("sqlite", tmp_path / "target") as database:
        with pytest.raises(BackupError, match="votes"):
            await restore(tmp_path / "changed.zip", database)
        assert database.file is not None
        assert not database.file.exists()


async def test_a_database_in_use_is_no_backup_and_no_target(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path / "live") as live, opened("sqlite", tmp_path / "empty") as empty:
        await live.prepare()
        await fill(live, 3)
        assert live.file is not None
        with pytest.raises(BackupError, match="khedmatyar db backup"):
            await restore(live.file, empty)
        await back_up(live, tmp_path / "backup.sqlite")
        await empty.prepare()
        with closing(sqlite3.connect(str(empty.file))) as other:
            other.execute("SELECT count(*) FROM outbox").fetchall()
            with pytest.raises(BackupError, match="باز دارد"):
                await restore(tmp_path / "backup.sqlite", empty)
        await restore(tmp_path / "backup.sqlite", empty)
        assert await sums(empty) == await sums(live)


async def test_nothing_is_written_over(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path / "source") as database:
        await database.prepare()
        path = tmp_path / "backup.sqlite"
        path.write_text("mine")
        with pytest.raises(BackupError, match=r"backup\.sqlite"):
            await back_up(database, path)
        assert path.read_text() == "mine"


async def test_without_pg_dump_a_portable_backup_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.postgres_tools.shutil.which", lambda _name: None)
    async with opened("postgresql", tmp_path) as database:
        await database.prepare()
        await fill(database, 3)
        assert (await back_up(database, tmp_path / "backup.zip")).kind == "portable"


async def test_a_half_copied_database_is_not_backed_up(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as database:
        await database.prepare()
        async with database.transaction() as records:
            await records.connection.execute(text(f"CREATE TABLE {COPYING} (name VARCHAR(64) PRIMARY KEY)"))
        with pytest.raises(UnfinishedCopyError):
            await back_up(database, tmp_path / "backup.sqlite")
        assert leftovers(tmp_path) == []


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from records.backup import back_up, restore
from records.database import Database
from records.errors import BackupError, DatabaseUnavailableError
what, url, path, limit = sys.argv[1:5]
async def main():
    database = Database.open(url)
    async with database.reading() as records:
        pass
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        if what == "write":
            for number in range(100_000):
                async with database.transaction() as records:
                    await records.connection.execute(__import__("sqlalchemy").text(
                        f"INSERT INTO updates VALUES ('full', '{number}', {number})"))
        elif what == "restore":
            await restore(Path(path), database)
        else:
            await back_up(database, Path(path), portable=what == "portable")
    except (BackupError, DatabaseUnavailableError) as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        sys.stdout.write(str(error))
        await database.close()
        sys.exit(7)
asyncio.run(main())
"""


@pytest.mark.parametrize("what", ["write", "backup", "portable", "restore"])
async def test_a_full_disk_leaves_everything_sound_and_says_so(what: str, tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path / "source") as database:
        await database.prepare()
        await fill(database, 100)
        assert database.file is not None
        file = database.file
        await back_up(database, tmp_path / "good.sqlite")
    held = file.stat().st_size
    url = f"sqlite:///{file}" if what != "restore" else f"sqlite:///{tmp_path / 'target' / 'records.db'}"
    path = tmp_path / "good.sqlite" if what == "restore" else tmp_path / "backup"
    limit = held + 300_000 if what == "write" else 40_000
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FULL_DISK, what, url, str(path), str(limit),
        stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 7
    assert "پر" in said.decode()
    assert "Traceback" not in said.decode()
    assert leftovers(tmp_path) == []
    if what != "write":
        assert what == "restore" or not path.exists()
        assert not (tmp_path / "target" / "records.db").exists()
        return
    database = Database.open(url)
    async with database.transaction() as records:
        assert (await records.connection.execute(text("PRAGMA integrity_check")))[0][0] == "ok"
        count = (await records.connection.execute(text("SELECT count(*) FROM updates WHERE channel = 'full'")))[0][0]
        last = await records.connection.execute(
            text("SELECT max(CAST(at AS INTEGER)) FROM updates WHERE channel = 'full'")
        )
        assert count == last[0][0] + 1 > 0
        await records.connection.execute(text("INSERT INTO updates VALUES ('room again', '1', 0)"))
    await database.close()


async def test_a_full_database_says_that_it_is_full(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as database:
        await database.prepare()

        async def write(count: int) -> None:
            async with database.transaction() as records:
                await records.connection.execute(text("PRAGMA max_page_count = 1"))
                row = {"at": 0.0, "channel": "w", "kind": "w", "question": "x" * count, "decision": "w", "codes": ""}
                await records.connection.execute(insert(misses), row)

        with pytest.raises(DatabaseUnavailableError, match="پر است"):
            await write(5_000_000)
        assert (await sums(database))["misses"].count == 0
