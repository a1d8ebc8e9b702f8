"""`khedmatyar catalogue draw`: the workflows as pictures and documents in a folder."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.flowchart import Draughtsman
from knowledge.catalogue import load_catalogue


def draw(
    code: Annotated[str | None, typer.Argument(help="Code of a service; all that have a workflow without it.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files; made when missing.")] = Path(
        "flowcharts"
    ),
) -> None:
    """Draw workflows as CODE.png and CODE.pdf and print the time and size of each."""
    catalogue = load_catalogue()
    services = [catalogue.service(code)] if code else [s for s in catalogue.services if s.workflow is not None]
    out.mkdir(parents=True, exist_ok=True)
    table = Table("code", "steps", "ms", "pixels", "png kB", "pdf kB")
    draughtsman = Draughtsman()
    for service in services:
        started = perf_counter()
        drawn = draughtsman.draw(service, catalogue.bureau_of(service.code).name)
        spent = (perf_counter() - started) * 1000
        (out / f"{service.code}.png").write_bytes(drawn.png)
        (out / f"{service.code}.pdf").write_bytes(drawn.pdf)
        steps = len(service.workflow.steps) if service.workflow else 0
        table.add_row(
            service.code,
            str(steps),
            f"{spent:.0f}",
            f"{drawn.width}×{drawn.height}",
            f"{len(drawn.png) / 1000:.0f}",
            f"{len(drawn.pdf) / 1000:.0f}",
        )
    Console().print(table)
