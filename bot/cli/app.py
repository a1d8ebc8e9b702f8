"""Wiring of the `khedmatyar` commands, and how an error leaves the program."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from typing import Annotated

import typer
from rich.console import Console

from bot.cli.lazy import LazyGroup
from knowledge.errors import DataError, KhedmatyarError
from records.errors import RecordsError

LazyGroup.commands_of["khedmatyar"] = {
    "run": "bot.cli.running:run",
    "ask": "bot.cli.finder:ask",
    "chat": "bot.cli.running:chat",
    "catalogue": "bot.cli.catalogue:app",
    "evaluate": "bot.cli.finder:evaluate_command",
    "bench": "bot.cli.bench:app",
    "db": "bot.cli.database:app",
    "misses": "bot.cli.upkeep:misses_app",
    "webhook": "bot.cli.webhook:app",
    "doctor": "bot.cli.operating:doctor",
    "pause": "bot.cli.operating:pause",
    "resume": "bot.cli.operating:resume",
    "status": "bot.cli.operating:status",
    "shots": "bot.cli.shots:shots_command",
    "train": "bot.cli.finder:train",
}
LazyGroup.commands_of["catalogue"] = {
    "draw": "bot.cli.pictures:draw",
    "overlay": "bot.cli.upkeep:app",
}
LazyGroup.commands_of["bench"] = {"growth": "bot.cli.bench_growth:growth", "hostile": "bot.cli.bench_hostile:hostile"}

app = typer.Typer(
    name="khedmatyar",
    cls=LazyGroup,
    help="Khedmatyar (خدمت‌یار): find the right service of the governor's office from a question in everyday Persian.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"khedmatyar {installed_version('khedmatyar')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of every command."""


def main() -> None:
    """Entry point: runs the command line; an error raised on purpose becomes one clear message and exit code 2."""
    try:
        app()
    except DataError as error:
        console = Console(stderr=True, highlight=False)
        for problem in error.problems:
            console.print(str(problem), markup=False, soft_wrap=True)
        sys.exit(2)
    except (KhedmatyarError, RecordsError) as error:
        Console(stderr=True, highlight=False).print(str(error), markup=False, soft_wrap=True)
        sys.exit(2)
