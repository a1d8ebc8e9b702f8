"""`khedmatyar db …` as an operator types it: what it says, how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.cli.database import app as commands
from bot.settings import variables
from records.database import Database
from records.schema import chain
from records.tables import REVISION
from tests.records.backends import fresh_url
from tests.records.filling import fill, sums

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys; from bot.cli import main; sys.argv[0] = 'khedmatyar'; main()"
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A command in a process of its own; its standard output, or with `code` both."""

    def command(*args: str, code: int = 0, stdin: str = "", **more: str) -> str:
        env = {name: value for name, value in os.environ.items() if name not in variables()}
        env |= {"KHEDMATYAR_DATABASE_URL": f"sqlite:///{tmp_path / 'one.sqlite'}", "PYTHONPATH": str(ROOT)}
        env |= {f"KHEDMATYAR_{name}": value for name, value in more.items()}
        done = subprocess.run(  # noqa: S603 — our own program
            [sys.executable, "-c", PROGRAM, "db", *args],
            env=env, cwd=tmp_path, capture_output=True, text=True, input=stdin, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + (done.stderr if code else "")

    return command


@pytest.fixture
async def postgresql(tmp_path: Path) -> AsyncIterator[str]:
    async with fresh_url("postgresql", tmp_path) as url:
        yield url


def filled(url: str, rows: int = 5) -> None:
    async def work() -> None:
        database = Database.open(url)
        await database.prepare()
        await fill(database, rows)
        await database.close()

    asyncio.run(work())


def test_every_command_has_help() -> None:
    names = {command.name or command.callback.__name__ for command in commands.registered_commands if command.callback}
    wanted = {"upgrade", "downgrade", "backup", "restore", "check", "retention", "move", "encrypt", "key"}
    assert names == wanted
    assert all(command.callback and command.callback.__doc__ for command in commands.registered_commands)


def test_up_down_and_what_is_refused(run: Run, tmp_path: Path) -> None:
    assert "نیست" in run("check", code=2)
    assert not (tmp_path / "one.sqlite").exists()
    assert REVISION in run("upgrade")
    assert "از پیش" in run("upgrade")
    assert "downgrade" in run("upgrade", "0001", code=2)
    assert "banana" in run("upgrade", "banana", code=2)
    run("downgrade", "0001", stdin="n\n", code=1)
    assert REVISION in run("downgrade", "0001", stdin="y\n")
    assert "upgrade" in run("check", code=1)
    assert "upgrade" in run("downgrade", "0002", "--yes", code=2)
    run("downgrade", "base", "--yes")
    run("upgrade")
    assert "سالم" in run("check")


def test_backup_restore_and_retention(run: Run, tmp_path: Path) -> None:
    filled(f"sqlite:///{tmp_path / 'one.sqlite'}")
    path = run("backup").splitlines()[-1]
    assert path.startswith("backups/khedmatyar-")
    other = f"sqlite:///{tmp_path / 'two.sqlite'}"
    assert "یکی است" in run("restore", path, DATABASE_URL=other)
    assert "خالی نیست" in run("restore", path, code=2)
    assert "nothing.zip" in run("restore", "nothing.zip", code=2)
    planned = json.loads(run("retention", "--dry-run", "--json"))
    assert planned["misses"] > 0
    assert json.loads(run("retention", "--dry-run", "--json", KEEP_MISSES="0")).get("misses") is None
    assert json.loads(run("retention", "--json")) == planned
    assert json.loads(run("retention", "--json")) == {}


def test_keys(run: Run, tmp_path: Path) -> None:
    filled(f"sqlite:///{tmp_path / 'one.sqlite'}")
    assert "KHEDMATYAR_DATA_KEY" in run("encrypt", code=2)
    assert "KHEDMATYAR_DATA_KEY" in run("encrypt", code=2, DATA_KEY="short")
    first, second = run("key").strip(), run("key").strip()
    assert "رمزنشده" in run("encrypt", "--dry-run", DATA_KEY=first)
    run("encrypt", DATA_KEY=first)
    assert "همه" in run("encrypt", DATA_KEY=first)
    found = json.loads(run("check", "--json", DATA_KEY=second, code=1).splitlines()[0])
    assert "keys" in {one["name"] for one in found if one["kind"] == "problem"}
    run("encrypt", DATA_KEY=second, DATA_KEYS_OLD=first)
    assert "همه" in run("encrypt", DATA_KEY=second)


async def test_move_to_postgresql(run: Run, tmp_path: Path, postgresql: str) -> None:
    await asyncio.to_thread(filled, f"sqlite:///{tmp_path / 'one.sqlite'}")
    assert "KHEDMATYAR_DATABASE_URL" in await asyncio.to_thread(run, "move", "one.sqlite", code=2)

    def move(code: int = 0) -> str:
        return run("move", "one.sqlite", code=code, DATABASE_URL=postgresql)

    assert "یکی است" in await asyncio.to_thread(move)
    assert "خالی نیست" in await asyncio.to_thread(move, 2)
    source, target = Database.open(f"sqlite:///{tmp_path / 'one.sqlite'}"), Database.open(postgresql)
    assert await sums(source) == await sums(target)
    await source.close()
    await target.close()


async def test_a_program_on_an_old_postgresql_schema_says_what_to_run(run: Run, postgresql: str) -> None:
    database = Database.open(postgresql)
    await database.prepare(chain()[1])
    said = await asyncio.to_thread(lambda: run("retention", code=2, DATABASE_URL=postgresql))
    assert "khedmatyar db upgrade" in said
    await asyncio.to_thread(lambda: run("upgrade", DATABASE_URL=postgresql))
    await asyncio.to_thread(lambda: run("retention", DATABASE_URL=postgresql))
    async with database.transaction() as records:
        await records.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    def refused() -> list[str]:
        return [run(command, code=2, DATABASE_URL=postgresql) for command in ("upgrade", "retention")]

    assert all("9999" in said for said in await asyncio.to_thread(refused))
    await database.close()
