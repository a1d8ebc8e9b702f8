"""`khedmatyar doctor`, `pause`, `resume`, `status`: what an operator asks and switches while the service runs."""

from __future__ import annotations

import asyncio
import getpass
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from bot.settings import Settings, SettingsError, load_settings
from bot.terminal import rtl

if TYPE_CHECKING:
    from records.database import Database

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]

SIGNS = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "fail": "[red]✗[/]"}
PAUSED = "خدمت‌یار متوقف شد. شهروندان پیام کوتاهی با شماره‌های ۱۱۱ و ۱۲۸ می‌گیرند و کارمندان به کار ادامه می‌دهند."
WAS_PAUSED = "خدمت‌یار از پیش متوقف بود؛ دلیل تازه نوشته شد."
RESUMED = "خدمت‌یار دوباره پاسخ می‌دهد."
WAS_RUNNING = "خدمت‌یار متوقف نبود."
SOON = "همه‌ی پردازه‌ها تا پنج ثانیه‌ی دیگر این را می‌بینند."


def doctor(json_out: Json = False) -> None:
    """Look at settings, database, messengers, clock, fonts, model and disk; say what to do. Exit 1 when one fails."""
    from bot.doctor import Check, examine  # noqa: PLC0415 — the other commands start without the database

    try:
        checks = asyncio.run(examine(load_settings()))
    except SettingsError as error:
        checks = [Check("settings", "fail", str(error), "docs/settings.md را ببینید.")]
    bad = any(check.state == "fail" for check in checks)
    if json_out:
        typer.echo(json.dumps({"ok": not bad, "checks": [asdict(one) for one in checks]}, ensure_ascii=False))
    else:
        console = Console(highlight=False)
        for check in checks:
            console.print(f"{SIGNS[check.state]} {check.name}", end=" ")
            console.print(escape(rtl(check.found)), soft_wrap=True)
            if check.todo:
                console.print(escape(rtl(f"← {check.todo}")), soft_wrap=True)
    if bad:
        raise typer.Exit(1)


def pause(
    reason: Annotated[str, typer.Option("--reason", help="Why, for other operators; citizens do not see it.")],
) -> None:
    """Stop answering citizens: they get a notice with other ways to go. Staff go on; nothing is lost."""
    _say(PAUSED if _switched(on=True, reason=reason) else WAS_PAUSED, SOON)


def resume() -> None:
    """Answer citizens again."""
    _say(*((RESUMED, SOON) if _switched(on=False, reason="") else (WAS_RUNNING,)))


def status(json_out: Json = False) -> None:
    """Show whether the service is paused, and what waits."""
    told = _with_database(load_settings(), _status)
    if json_out:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    if told["paused"]:
        _say(f"متوقف است، از {told['since']}، به دست {told['who']}. دلیل: {told['reason']}")
    else:
        _say("پاسخ می‌دهد.")
    outbox, late = told["outbox"], told["complaints_late"]
    _say(
        f"پیام‌های نفرستاده: {sum(outbox.values()):.0f}، کهنه‌ترین {told['outbox_oldest_seconds']:.0f} ثانیه",
        f"شکایت‌های دیرشده: {late['look']:.0f} دیده‌نشده، {late['answer']:.0f} بی‌پاسخ",
    )


async def _status(database: Database) -> dict[str, Any]:
    from knowledge.workdays import TEHRAN  # noqa: PLC0415 — see doctor
    from records.gauges import gauges  # noqa: PLC0415 — see doctor
    from records.switches import read_pause  # noqa: PLC0415 — see doctor

    now = time.time()
    today = datetime.fromtimestamp(now, UTC).astimezone(TEHRAN).date()
    async with database.reading() as records:
        held = await records.connection.run(read_pause)
        seen = await records.connection.run(gauges, now, today)
    return {
        "paused": held.on,
        "reason": held.reason,
        "who": held.who,
        "since": held.at.isoformat(timespec="seconds") if held.at else None,
        "outbox": seen.outbox,
        "outbox_oldest_seconds": seen.oldest,
        "complaints": seen.complaints,
        "complaints_late": seen.late,
        "announcements": seen.announcements,
        "misses": seen.misses,
    }


def _switched(*, on: bool, reason: str) -> bool:
    async def switch(database: Database) -> bool:
        from records.switches import Pause, set_pause  # noqa: PLC0415 — see doctor

        async with database.transaction() as records:
            return await records.connection.run(set_pause, Pause(on, reason, _who(), datetime.now(UTC)))

    return _with_database(load_settings(), switch)


def _with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    from bot.service import make_folder  # noqa: PLC0415 — see doctor
    from records.database import Database  # noqa: PLC0415 — see doctor

    async def opened() -> T:
        make_folder(settings.database_url)
        database = Database.open(settings.database_url)
        try:
            await database.ready()
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(opened())


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"


def _say(*lines: str) -> None:
    console = Console(highlight=False)
    for line in lines:
        console.print(escape(rtl(line)), soft_wrap=True)
