"""`khedmatyar ask`, `chat`, `train`, `evaluate`: the finder from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.terminal import converse, print_card
from handlers.ask import reply_to
from knowledge.catalogue import load_catalogue
from knowledge.errors import DataError, Problem
from knowledge.finder.evaluate import evaluate, read_lines
from knowledge.finder.finder import Finder, Found, build_artefact, load_finder, model_path

QUESTIONS = Path("../shared/questions")


@contextmanager
def _bar() -> Iterator[Any]:
    """A progress callback drawn on standard error; nothing is drawn until it is first called."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task: list[Any] = []

        def told(what: str, share: float) -> None:
            if not task:
                task.append(progress.add_task(what, total=1.0))
            progress.update(task[0], description=f"building the finder: {what}", completed=share)

        yield told


def ready_finder() -> Finder:
    """The finder, with a progress bar when it has to be built first."""
    with _bar() as told:
        return load_finder(progress=told)


def as_json(finder: Finder, found: Found) -> dict[str, Any]:
    """The outside contract's shape of one answer (house.md)."""

    def services(scored: Any) -> list[dict[str, Any]]:
        return [
            {
                "code": one.code,
                "title": finder.catalogue.service(one.code).title,
                "bureau": finder.catalogue.bureau_of(one.code).name,
                "score": round(one.score, 4),
            }
            for one in scored
        ]

    topic = {"title": found.topic.title, "authority": found.topic.authority} if found.topic else None
    return {
        "q": found.question,
        "decision": found.decision,
        "intent": found.intent,
        "services": services(found.services),
        "candidates": services(found.candidates),
        "elsewhere": topic,
        "ms": round(found.milliseconds, 3),
    }


def ask(
    question: Annotated[str | None, typer.Argument(help="The question, in everyday Persian.")] = None,
    batch: Annotated[
        str | None, typer.Option(help='JSON lines with a key "q"; - reads standard input. One JSON line out for each.')
    ] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Answer one question with a service card, or many with --batch. Exit 1 when one question is declined."""
    if (question is None) == (batch is None):
        raise typer.BadParameter("give a question, or --batch FILE")
    finder = ready_finder()
    if batch is not None:
        for row in _batch_rows(batch):
            typer.echo(json.dumps(as_json(finder, finder.find(row["q"])), ensure_ascii=False))
        return
    found = finder.find(question or "")
    if json_out:
        typer.echo(json.dumps(as_json(finder, found), ensure_ascii=False))
    else:
        print_card(reply_to(found, finder.catalogue))
    if found.decision == "decline":
        raise typer.Exit(1)


def _batch_rows(batch: str) -> Iterator[dict[str, Any]]:
    if batch != "-":
        yield from read_lines(Path(batch))
        return
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or not isinstance(row.get("q"), str):
            problem = Problem("-", None, f"سطر {number}", "هر سطر باید یک JSON با کلید q باشد")
            raise DataError([problem])
        yield row


def chat() -> None:
    """Talk to it in the terminal; an offered choice is taken by its number. Ends with Ctrl-D or خروج."""
    finder = ready_finder()
    converse(finder)


def train() -> None:
    """Build the finder's model from the data (done by itself when the data has changed)."""
    with _bar() as told:
        path = model_path()
        artefact = build_artefact(load_catalogue(), told, path)
    size = path.stat().st_size / 1e6
    Console(stderr=True).print(f"{len(artefact.model.labels)} labels, {size:.1f} MB: {path}", soft_wrap=True)


def evaluate_command(
    folder: Annotated[Path, typer.Argument(help="Folder of question files.")] = QUESTIONS,
    misses: Annotated[bool, typer.Option(help="List the questions that went wrong.")] = False,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Measure the finder on a folder of question files."""
    if not folder.is_dir():
        raise typer.BadParameter(f"no such folder: {folder}")
    report = evaluate(ready_finder(), folder)
    if json_out:
        rows = {name: {"hits": s.hits, "total": s.total, "value": s.value} for name, s in report.figures.items()}
        typer.echo(json.dumps({"figures": rows, "misses": report.misses if misses else []}, ensure_ascii=False))
        return
    console = Console(highlight=False)
    for title, shares in (("figures", report.figures), ("right first by style", report.by_style),
                          ("right first by bureau", report.by_bureau)):  # fmt: skip
        table = Table(title=title)
        for column in ("", "share", "95 %", "of"):
            table.add_column(column)
        for name, share in shares.items():
            low, high = share.interval
            table.add_row(name, f"{share.value:.3f}", f"{low:.3f}–{high:.3f}", f"{share.hits}/{share.total}")
        console.print(table)
    if misses:
        for miss in report.misses:
            console.print(json.dumps(miss, ensure_ascii=False), markup=False, soft_wrap=True)
