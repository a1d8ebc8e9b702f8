"""`khedmatyar ask`, `chat`, `train`, `evaluate`: the finder from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.terminal import print_blocks
from handlers.ask import plain_reply
from handlers.card import service_blocks
from handlers.reply import Block
from knowledge.catalogue import load_catalogue
from knowledge.errors import DataError, Problem
from knowledge.finder.evaluate import Asked, Ranker, Share, evaluate, parse_lines, read_asked, read_lines
from knowledge.finder.finder import Finder, Found, build_artefact, load_finder, model_path
from knowledge.finder.lexicon import load_lexicon
from knowledge.finder.peers import OURS, Measured, Peer, build_peers
from knowledge.finder.peers import compare as compare_peers
from knowledge.finder.phrases import load_phrases

QUESTIONS = Path("../shared/questions")

NONE: tuple[list[Measured], dict[str, str]] = ([], {})
"""What `--compare` adds when it is not asked for."""


@contextmanager
def progress_bar(doing: str = "building the finder") -> Iterator[Any]:
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
            progress.update(task[0], description=f"{doing}: {what}", completed=share)

        yield told


def ready_finder() -> Finder:
    """The finder, with a progress bar when it has to be built first."""
    with progress_bar() as told:
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
            typer.echo(_json_line(as_json(finder, finder.find(row["q"]))))
        return
    found = finder.find(question or "")
    if json_out:
        typer.echo(_json_line(as_json(finder, found)))
    else:
        words = plain_reply(found, finder.catalogue)
        print_blocks(card_blocks(finder, found.services[0].code) if words is None else words)
    if found.decision == "decline":
        raise typer.Exit(1)


def card_blocks(finder: Finder, code: str) -> tuple[Block, ...]:
    """The whole card of a service."""
    return service_blocks(finder.catalogue.service(code), finder.catalogue.bureau_of(code))


def _batch_rows(batch: str) -> Iterator[dict[str, Any]]:
    if batch != "-":
        yield from read_lines(Path(batch))
        return
    try:
        yield from parse_lines(sys.stdin, "-")
    except UnicodeDecodeError:
        raise DataError([Problem("-", None, None, "ورودی UTF-8 نیست")]) from None


def _json_line(content: dict[str, Any]) -> str:
    """One line of JSON in plain Persian, or escaped where a lone surrogate cannot be written."""
    line = json.dumps(content, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:
        return json.dumps(content)
    return line


def train() -> None:
    """Build the finder's model from the data (done by itself when the data has changed)."""
    with progress_bar() as told:
        path = model_path()
        artefact = build_artefact(load_catalogue(), told, path)
    size = path.stat().st_size / 1e6
    Console(stderr=True).print(f"{len(artefact.model.labels)} labels, {size:.1f} MB: {path}", soft_wrap=True)


def evaluate_command(
    folder: Annotated[Path, typer.Argument(help="Folder of question files.")] = QUESTIONS,
    misses: Annotated[bool, typer.Option(help="List the questions that went wrong.")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Also measure off-the-shelf rankers on the same in-scope questions.")
    ] = False,
    cross: Annotated[
        bool,
        typer.Option("--cross", help="In place of the folder: the phrases, each round of writing learned without."),
    ] = False,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Measure the finder on a folder of question files, or on its own phrases with --cross (trains several times)."""
    if cross:
        _cross(compare, json_out)
        return
    if not folder.is_dir():
        raise typer.BadParameter(f"no such folder: {folder}")
    if compare and not (folder / "in_scope.jsonl").exists():
        raise typer.BadParameter(f"--compare needs {folder / 'in_scope.jsonl'}")
    finder = ready_finder()
    report = evaluate(finder, folder)
    rows, skipped = _beside_peers(finder, read_asked(folder / "in_scope.jsonl", finder.catalogue)) if compare else NONE
    if json_out:
        content: dict[str, Any] = {"figures": {name: share_json(share) for name, share in report.figures.items()}}
        content["misses"] = report.misses if misses else []
        if compare:
            content |= {"compare": [measured_json(row) for row in rows], "skipped": skipped}
        typer.echo(json.dumps(content, ensure_ascii=False))
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
    if compare:
        print_measured(console, "beside off-the-shelf rankers", rows, skipped)


def candidates_of(finder: Finder) -> Ranker:
    """The finder as a ranker: codes of its candidates, best first."""
    return lambda question: [scored.code for scored in finder.find(question).candidates]


def _beside_peers(finder: Finder, asked: Sequence[Asked]) -> tuple[list[Measured], dict[str, str]]:
    peers, skipped = build_peers(finder.catalogue)
    return compare_peers([Peer(OURS, candidates_of(finder)), *peers], asked), skipped


def share_json(share: Share) -> dict[str, Any]:
    """A share as JSON; a share of nothing has no value."""
    if not share.total:
        return {"hits": 0, "total": 0, "value": None, "interval": None}
    return {"hits": share.hits, "total": share.total, "value": share.value, "interval": list(share.interval)}


def measured_json(row: Measured) -> dict[str, Any]:
    """A ranker's figures as JSON."""
    return {"name": row.name, "right_first": share_json(row.first), "right_in_3": share_json(row.three),
            "ms_mean": row.ms, "ms_p50": row.percentile(50), "ms_p99": row.percentile(99)}  # fmt: skip


def _with_interval(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.3f} ({low:.3f}–{high:.3f})"


def print_measured(console: Console, title: str, rows: Sequence[Measured], skipped: dict[str, str]) -> None:
    """Rankers beside each other, and which were left out."""
    asked = rows[0].first.total if rows else 0
    table = Table(title=f"{title}, {asked} questions")
    table.add_column("", no_wrap=True)
    for column in ("right first (95 %)", "right in 3 (95 %)", "ms, mean", "p50", "p99"):
        table.add_column(column, justify="right")
    for row in rows:
        times = (row.ms, row.percentile(50), row.percentile(99))
        table.add_row(
            row.name, _with_interval(row.first), _with_interval(row.three), *(f"{value:.2f}" for value in times)
        )
    console.print(table)
    for name, reason in skipped.items():
        console.print(f"left out: {name}: {reason}", markup=False, soft_wrap=True)


def _cross(compare: bool, json_out: bool) -> None:
    from knowledge.finder.cross import asked_of, cross_validate, letter_of  # noqa: PLC0415 — loads the training code

    catalogue = load_catalogue()
    book = load_phrases(catalogue)
    with progress_bar("leaving out") as told:
        folds = cross_validate(catalogue, book, load_lexicon(), told)
    rows, skipped = NONE
    if compare:
        peers, skipped = build_peers(catalogue)
        rows = compare_peers(peers, asked_of([one for one in book.phrases if letter_of(one.batch)], catalogue))
    overall = [Share(sum(share.hits for share in some), sum(share.total for share in some))
               for some in ([fold.first for fold in folds], [fold.three for fold in folds])]  # fmt: skip
    if json_out:
        content: dict[str, Any] = {
            "cross": [{"left_out": fold.letter, "learned": fold.learned, "repeated": fold.repeated,
                       "right_first": share_json(fold.first), "right_in_3": share_json(fold.three)}
                      for fold in folds],
            "all": {"right_first": share_json(overall[0]), "right_in_3": share_json(overall[1])},
        }  # fmt: skip
        if compare:
            content |= {"compare": [measured_json(row) for row in rows], "skipped": skipped}
        typer.echo(json.dumps(content, ensure_ascii=False))
        return
    console = Console(highlight=False)
    table = Table(title="phrases of services, each round of writing asked of a model without it")
    for column in ("left out", "learned", "asked", "of them repeated", "right first (95 %)", "right in 3 (95 %)"):
        table.add_column(column, justify="right")
    for fold in folds:
        table.add_row(fold.letter, str(fold.learned), str(fold.first.total), str(fold.repeated),
                      _with_interval(fold.first), _with_interval(fold.three))  # fmt: skip
    table.add_row("all", "", str(overall[0].total), str(sum(fold.repeated for fold in folds)),
                  *map(_with_interval, overall))  # fmt: skip
    console.print(table)
    if compare:
        print_measured(console, "off-the-shelf rankers on the same phrases", rows, skipped)
