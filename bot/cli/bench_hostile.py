"""`khedmatyar bench hostile`: the whole service under updates that no honest client sends."""

from __future__ import annotations

import asyncio
import json
import random
import resource
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.bench_machine import this_machine
from bot.cli.finder import ready_finder
from bot.logs import configure

if TYPE_CHECKING:
    from bot.cli.bench_hostility import Suffered
    from knowledge.finder.finder import Finder

BATCH = 2000


def hostile(
    updates: Annotated[int, typer.Option(min=1, help="How many updates are made.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Names the run: the same seed makes the same updates.")] = 0,
    platform: Annotated[str, typer.Option(help="telegram or bale.")] = "telegram",
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Hand over generated hostile updates; count crashes, logged errors and calls against the Bot API's rules.
    Exit 1 when there is one."""
    if platform not in ("telegram", "bale"):
        raise typer.BadParameter("telegram or bale")
    configure("ERROR")
    finder = ready_finder()
    with TemporaryDirectory(prefix="khedmatyar-hostile-") as folder:
        result = asyncio.run(_run(finder, Path(folder), updates, seed, platform))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if json_out:
        content = {"machine": this_machine(), "seed": seed, "max_rss_mb": memory, **asdict(result)}
        typer.echo(json.dumps(content))
    else:
        _print(result, seed, memory)
    if not result.clean:
        raise typer.Exit(1)


async def _run(finder: Finder, folder: Path, updates: int, seed: int, platform: str) -> Suffered:
    from bot.cli.bench_hostility import ring, suffer  # noqa: PLC0415 — the other benches start without the channels
    from bot.standin.hostile import hostile_update  # noqa: PLC0415 — as above

    chance = random.Random(seed)  # noqa: S311 — the same load every time
    console = Console(stderr=True, highlight=False)
    async with ring(finder, folder, platform) as on:
        with console.status("hostile updates") as status:

            def made() -> Iterator[dict[str, Any]]:
                for number in range(1, updates + 1):
                    if number % BATCH == 0:
                        status.update(f"{number} of {updates} hostile updates, {len(on.api.violations)} violations")
                    yield hostile_update(chance, number)

            return await suffer(on, made())


def _print(result: Suffered, seed: int, memory: float) -> None:
    console = Console(highlight=False)
    table = Table(title=f"{result.updates} hostile updates, seed {seed}")
    table.add_column("")
    table.add_column("", justify="right")
    rows = {
        "seconds": f"{result.seconds:.0f}",
        "updates a second": f"{result.updates / result.seconds:.0f}",
        **{f"read as {kind}": str(count) for kind, count in result.kinds.items()},
        "calls of the Bot API": str(result.calls),
        "updates whose handling raised": str(sum(result.raised.values())),
        "handlers that failed (apology)": str(result.failed),
        "logged errors": str(len(result.errors)),
        "violations of the Bot API": str(len(result.violations)),
        "messages not sent": str(result.unsent),
        "resident memory at most, MB": f"{memory:.0f}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)
    for line in (*map(str, result.raised.items()), *result.errors[:10], *sorted(set(result.violations))[:10]):
        console.print(line, markup=False, soft_wrap=True)
