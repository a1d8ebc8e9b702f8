"""`khedmatyar catalogue overlay …` and `khedmatyar misses …`: what staff changed, taken out, put in, taken back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from bot.settings import load_settings
from bot.terminal import rtl
from handlers.masking import mask
from knowledge.catalogue import load_catalogue
from knowledge.errors import KhedmatyarError
from knowledge.finder.phrases import name_of
from knowledge.overlay.edition import Edition, Fact
from knowledge.overlay.exchange import overlay_yaml, phrases_yaml, read_overlay
from knowledge.persian import persian_digits

if TYPE_CHECKING:
    from records.overlay import Overlay

app = typer.Typer(help="What staff changed in the catalogue: export, import, list, undo.", no_args_is_help=True)
misses_app = typer.Typer(help="Questions that were not met.", no_args_is_help=True)

OPERATOR = ("operator", "خط فرمان")
"""Author and name of a change made from the command line."""

T = TypeVar("T")
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="File to write; else standard output.")]


class UndoRefused(KhedmatyarError):  # noqa: N818 — an outcome
    """The change cannot be taken back; the message says why."""


def _stored(work: Callable[[Overlay], Awaitable[T]]) -> T:
    """What `work` makes of the overlay, in one transaction."""
    from bot.service import make_folder  # noqa: PLC0415 — the other commands start without the database
    from records.database import Database  # noqa: PLC0415
    from records.overlay import Overlay  # noqa: PLC0415

    settings = load_settings()

    async def run() -> T:
        make_folder(settings.database_url)
        database = Database.open(settings.database_url)
        try:
            await database.ready()
            async with database.transaction() as records:
                return await work(Overlay(records.connection))
        finally:
            await database.close()

    return asyncio.run(run())


def _write(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def _facts(overlay_store: Overlay) -> Awaitable[tuple[dict[tuple[str, str], Fact], int]]:
    from bot.upkeep.watching import facts_of  # noqa: PLC0415 — the other commands start without the database

    async def read() -> tuple[dict[tuple[str, str], Fact], int]:
        stand = await overlay_store.stand()
        return facts_of(stand.facts), stand.version

    return read()


@app.command("export")
def export_overlay(output: OutputOption = None) -> None:
    """Write what staff changed as YAML for the repository."""
    facts, _ = _stored(_facts)
    _write(overlay_yaml(facts), output)


@app.command("import")
def import_overlay(
    file: Annotated[Path, typer.Argument(help="A file that `overlay export` wrote.")],
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "ورود از فایل",
) -> None:
    """Make the overlay what a file says, as one change that can be undone. What does not hold together is refused."""
    wanted = read_overlay(file)
    base = load_catalogue()
    target = Edition.of(base, wanted)

    async def work(store: Overlay) -> int | None:
        facts, version = await _facts(store)
        running = Edition(base, base, facts, version)
        keys = [*facts, *(key for key in wanted if key not in facts)]
        edits = [
            edit
            for subject, name in keys
            if (edit := running.edit(subject, name, target.value(subject, name))) is not None
        ]
        if not edits:
            return None
        return await store.apply(
            edits, author=OPERATOR[0], name=OPERATOR[1], kind="yaml", reason=reason, at=datetime.now(UTC)
        )

    made = _stored(work)
    typer.echo("nothing to change" if made is None else f"version {made}")


@app.command("list")
def list_changes(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """List the changes that staff made, newest first."""
    found = _stored(lambda store: store.changes(0, limit))
    console = Console(highlight=False)
    for one in found:
        if as_json:
            row = {
                "version": one.id, "at": one.at.isoformat(), "author": one.author, "name": one.name, "kind": one.kind,
                "reason": one.reason, "undoes": one.undoes, "undone_by": one.undone_by,
                "entries": [entry._asdict() for entry in one.entries],
            }  # fmt: skip
            typer.echo(json.dumps(row, ensure_ascii=False))
            continue
        places = "، ".join(f"{entry.subject} {entry.field}" for entry in one.entries[:4])
        more = f" +{len(one.entries) - 4}" if len(one.entries) > 4 else ""
        undone = f" (undone by {one.undone_by})" if one.undone_by else ""
        line = f"{one.id:>5}  {one.at:%Y-%m-%d %H:%M}  {one.kind:<6} {places}{more}{undone}"
        console.print(line, markup=False, soft_wrap=True)
        console.print(f"       {rtl(f'{one.name}: {one.reason}')}", markup=False, soft_wrap=True)


@app.command("undo")
def undo_change(version: Annotated[int, typer.Argument(help="The version to take back.")]) -> None:
    """Take a change back, as a change of its own."""
    from records.overlay import Stale  # noqa: PLC0415 — the other commands start without the database

    async def work(store: Overlay) -> int | None:
        return await store.undo(version, author=OPERATOR[0], name=OPERATOR[1], at=datetime.now(UTC))

    try:
        made = _stored(work)
    except Stale:
        raise UndoRefused("پس از این تغییر، همان خانه‌ها دوباره عوض شده‌اند؛ اول آن تغییر را برگردانید.") from None
    if made is None:
        raise UndoRefused(f"تغییری با شماره‌ی {persian_digits(version)} نیست یا پیش‌تر برگردانده شده است.")
    typer.echo(f"version {made}")


@misses_app.command("export")
def export_misses(
    days: Annotated[int, typer.Option(min=1, max=3650, help="Of how many days.")] = 90,
    phrases: Annotated[
        bool, typer.Option("--phrases", help="Write the phrases that staff accepted, as a phrases file to train on.")
    ] = False,
    output: OutputOption = None,
) -> None:
    """Write the missed questions that nobody has dealt with as JSON lines, or with --phrases the accepted ones."""
    if phrases:
        facts, version = _stored(_facts)
        added = Edition(load_catalogue(), load_catalogue(), facts, version).phrases
        batch = f"staff-v{version}"
        _write(phrases_yaml([(name_of(one.label), one.text) for one in added], batch), output)
        return
    found = _stored(lambda store: store.misses(datetime.now(UTC) - timedelta(days=days), 100_000))
    rows = (
        {"q": mask(one.question), "kind": one.kind, "shown": list(one.codes), "at": one.at.date().isoformat()}
        for one in found
    )
    _write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), output)
