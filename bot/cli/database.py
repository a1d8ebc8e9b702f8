"""`khedmatyar db …`: schema, backup and restore, check, retention, moving to PostgreSQL, encryption.

The database is the one that KHEDMATYAR_DATABASE_URL names.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from bot.settings import Settings, SettingsError, load_settings
from bot.terminal import rtl
from knowledge.persian import persian_digits

if TYPE_CHECKING:
    from records.copying import Copied
    from records.database import Database

T = TypeVar("T")

app = typer.Typer(
    help="The database: schema, backup and restore, check, retention, moving to PostgreSQL, encryption.",
    no_args_is_help=True,
)

YesOption = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]

KINDS = {
    "updates": "شناسه‌ی پیام‌های رسیده",
    "messages": "پیام فرستاده‌شده",
    "conversations": "حافظه‌ی گفت‌وگو",
    "misses": "پرسش بی‌پاسخ",
    "people": "شخص",
    "deliveries": "گیرنده‌ی اطلاعیه",
    "choices": "رأی به اطلاعیه",
    "invitations": "دعوت‌نامه",
    "drafts": "پیش‌نویس تغییر داده",
    "blocks": "راه‌بند",
    "anonymized": "شکایت بی‌نام‌شده",
    "complaints": "شکایت",
}


@app.command()
def upgrade(
    to: Annotated[str | None, typer.Argument(help="Revision; the newest that this program knows by default.")] = None,
) -> None:
    """Bring the schema up to date; one process at a time, the others find it done."""

    async def work(database: Database) -> tuple[str | None, str]:
        from records.errors import RecordsError  # noqa: PLC0415 — as in `_run`
        from records.schema import chain, refuse_unknown  # noqa: PLC0415 — as in `_run`

        known = chain()
        wanted = to or known[-1]
        before = await database.revision() if _is_there(database) else None
        refuse_unknown(before)
        if wanted not in known:
            raise RecordsError(f"ویرایش «{wanted}» شناخته نیست؛ شناخته‌ها: {'، '.join(known)}")
        if before is not None and known.index(wanted) < known.index(before):
            raise RecordsError(f"پایگاه داده در ویرایش {before} است؛ برای برگشت: khedmatyar db downgrade {wanted}")
        await database.prepare(wanted)
        return before, wanted

    before, after = _run(work)
    _say(f"ویرایش {after} (از پیش به‌روز بود)" if before == after else f"ویرایش {before or 'هیچ'} ← {after}")


@app.command()
def downgrade(
    to: Annotated[str, typer.Argument(help="Revision to go back to; `base`: drop every table.")], yes: YesOption = False
) -> None:
    """Take the schema back. What newer tables hold is lost: make a backup first."""

    async def work(database: Database) -> str | None:
        from records.errors import RecordsError  # noqa: PLC0415 — as in `_run`
        from records.schema import BASE, chain, refuse_unknown  # noqa: PLC0415 — as in `_run`

        _refuse_absent(database)
        before = await database.revision()
        refuse_unknown(before)
        known = (BASE, *chain())
        if to not in known:
            raise RecordsError(f"ویرایش «{to}» شناخته نیست؛ شناخته‌ها: {'، '.join(known)}")
        if known.index(to) > known.index(before or BASE):
            raise RecordsError(f"پایگاه داده در ویرایش {before} است؛ برای پیش رفتن: khedmatyar db upgrade {to}")
        if not yes:
            _confirm(f"آنچه جدول‌های پس از {to} دارند از میان می‌رود. پشتیبان گرفته‌اید؟")
        await database.prepare(to)
        return before

    before = _run(work)
    _say(f"ویرایش {before or 'هیچ'} ← {to}")


@app.command()
def backup(
    path: Annotated[Path | None, typer.Argument(help="File to write; by default a dated one under backups/.")] = None,
    portable: Annotated[
        bool, typer.Option("--portable", help="Our own format, which restores into both kinds.")
    ] = False,
) -> None:
    """Write a backup while the program runs. SQLite: a sound SQLite file; PostgreSQL: an archive around pg_dump."""

    async def work(database: Database) -> None:
        from records.backup import back_up  # noqa: PLC0415 — as in `_run`

        _refuse_absent(database)
        ending = "sqlite" if database.file is not None and not portable else "zip"
        target = path or Path("backups") / f"khedmatyar-{datetime.now(UTC):%Y%m%d-%H%M%S}.{ending}"
        made = await back_up(database, target, portable=portable)
        _say(f"{_number(made.rows)} سطر از {_number(made.tables)} جدول، ویرایش {made.revision}، {made.kind}")
        typer.echo(made.path)

    _run(work)


@app.command()
def restore(path: Annotated[Path, typer.Argument(help="File that `db backup` wrote.")]) -> None:
    """Put a backup into the database, which must be empty, and prove it by counts and checksums. May be run again."""

    async def work(database: Database) -> None:
        from records import backup  # noqa: PLC0415 — as in `_run`

        _report(await backup.restore(path, database, _progress))

    _run(work)


@app.command()
def move(
    source: Annotated[Path, typer.Argument(help="The SQLite file to move.")] = Path("data/khedmatyar.sqlite"),
) -> None:
    """Copy a whole SQLite installation into the empty PostgreSQL of KHEDMATYAR_DATABASE_URL, and prove it by counts
    and checksums. Stop the program first; a move that was cut short goes on when it is run again."""

    async def work(target: Database) -> None:
        from records import backup  # noqa: PLC0415 — as in `_run`
        from records.database import Database  # noqa: PLC0415 — as in `_run`

        if not source.exists():
            raise SettingsError(f"فایل {source} نیست.")
        opened = Database.open(f"sqlite:///{source}")
        try:
            _report(await backup.move(opened, target, _progress))
        finally:
            await opened.close()

    _run(work)


@app.command()
def check(as_json: JsonOption = False) -> None:
    """Look for damage, broken references, a schema that is not ours, stuck messages, keys not at hand. Exit 1 when
    something needs mending."""

    async def work(database: Database) -> list[dict[str, str]]:
        from bot.keys import vault  # noqa: PLC0415 — as in `_run`
        from records.checkup import check_up  # noqa: PLC0415 — as in `_run`

        _refuse_absent(database)
        return [asdict(one) for one in await check_up(database, datetime.now(UTC).timestamp(), vault(load_settings()))]

    found = _run(work)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    for one in [] if as_json else found:
        _say(f"{'مشکل' if one['kind'] == 'problem' else 'یادآوری'} ({one['name']}): {one['what']}")
    if any(one["kind"] == "problem" for one in found):
        raise typer.Exit(1)
    if not found and not as_json:
        _say("پایگاه داده سالم است.")


@app.command()
def retention(dry_run: DryOption = False, as_json: JsonOption = False) -> None:
    """Delete what has been kept long enough (KHEDMATYAR_KEEP_…); the running service does so once a day by itself."""

    async def work(database: Database) -> dict[str, int]:
        from bot.housekeeping import periods  # noqa: PLC0415 — as in `_run`
        from records.retention import due, purge  # noqa: PLC0415 — as in `_run`

        _refuse_absent(database)
        await database.ready()
        done = await (due if dry_run else purge)(database, datetime.now(UTC), periods(load_settings()))
        return {name: count for name, count in asdict(done).items() if count}

    counts = _run(work)
    if as_json:
        typer.echo(json.dumps(counts))
        return
    for name, count in counts.items():
        _say(f"{KINDS.get(name, name)}: {_number(count)}")
    if not counts:
        _say("چیزی برای پاک کردن نیست.")


@app.command()
def encrypt(dry_run: DryOption = False) -> None:
    """Seal with KHEDMATYAR_DATA_KEY what is plain or of a key of KHEDMATYAR_DATA_KEYS_OLD. May be run again."""

    async def work(database: Database) -> dict[str, int]:
        from bot.keys import KEY, vault  # noqa: PLC0415 — as in `_run`
        from records.sealing import forget_old_pages, reseal  # noqa: PLC0415 — as in `_run`
        from records.vault import EncryptedVault  # noqa: PLC0415 — as in `_run`

        made = vault(load_settings())
        if not isinstance(made, EncryptedVault):
            raise SettingsError(f"{KEY}: کلیدی داده نشده است. کلید تازه: khedmatyar db key")
        _refuse_absent(database)
        await database.ready()
        done = await reseal(database, made, dry_run=dry_run)
        if not dry_run:
            await forget_old_pages(database)
        return dict(done.done)

    counts = _run(work)
    for identity, count in counts.items():
        _say(f"{'رمزنشده' if identity == '-' else f'کلید {identity}'}: {_number(count)} نوشته")
    if not counts:
        _say("همه با کلید کنونی رمز شده‌اند.")


@app.command()
def key() -> None:
    """Print a new random key for KHEDMATYAR_DATA_KEY. Whoever loses it loses what was sealed with it."""
    from records.vault import new_key  # noqa: PLC0415 — as in `_run`

    typer.echo(new_key())


def _run(work: Callable[[Database], Awaitable[T]]) -> T:
    async def whole() -> T:
        async with _opened(load_settings()) as database:
            return await work(database)

    return asyncio.run(whole())


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    # The other commands start without SQLAlchemy: it takes half of their time.
    from records.database import Database  # noqa: PLC0415 — see above

    database = Database.open(settings.database_url)
    try:
        yield database
    finally:
        await database.close()


def _is_there(database: Database) -> bool:
    return database.file is None or database.file.exists()


def _refuse_absent(database: Database) -> None:
    """SQLite would make an empty file of a mistyped name."""
    if not _is_there(database):
        raise SettingsError(f"فایل {database.file} نیست؛ KHEDMATYAR_DATABASE_URL را ببینید.")


def _confirm(question: str) -> None:
    if not typer.confirm(rtl(question), default=False, err=True):
        raise typer.Exit(1)


def _report(copied: Copied) -> None:
    rows = sum(one.count for one in copied.sums.values())
    _say(f"{_number(rows)} سطر در {_number(len(copied.sums))} جدول؛ شمار و چکیده‌ی همه یکی است.")
    if copied.resumed:
        _say(f"{_number(len(copied.resumed))} جدول از بار پیش آماده بود.")
    if copied.mended:
        _say(f"از {_number(copied.mended)} نوشته نویسه‌ی NUL برداشته شد، چون PostgreSQL آن را نمی‌پذیرد.")


def _progress(table: str, rows: int) -> None:
    Console(stderr=True, highlight=False).print(f"{table}: {rows}", markup=False)


def _number(number: int) -> str:
    return persian_digits(f"{number}")


def _say(line: str) -> None:
    Console(highlight=False).print(rtl(line), markup=False, soft_wrap=True)
