"""Wiring of the `khedmatyar` commands, and how an error leaves the program."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from typing import Annotated

import typer
from rich.console import Console

from bot.cli import bench, catalogue, finder, pictures, running, shots, upkeep, webhook
from knowledge.errors import DataError, KhedmatyarError

app = typer.Typer(
    name="khedmatyar",
    help="Khedmatyar (خدمت‌یار): find the right service of the governor's office from a question in everyday Persian.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(bench.app, name="bench")
app.add_typer(webhook.app, name="webhook")
catalogue.app.add_typer(upkeep.app, name="overlay")
app.add_typer(upkeep.misses_app, name="misses")
catalogue.app.command("draw")(pictures.draw)
app.command("ask")(finder.ask)
app.command("chat")(running.chat)
app.command("run")(running.run)
app.command("shots")(shots.shots_command)
app.command("train")(finder.train)
app.command("evaluate")(finder.evaluate_command)


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
    except KhedmatyarError as error:
        Console(stderr=True, highlight=False).print(str(error), markup=False, soft_wrap=True)
        sys.exit(2)
