"""`khedmatyar bench`: how fast and how big, beside off-the-shelf rankers. Every number is measured on the spot.

All is pinned to one thread of one core; what else the machine is doing is told as the load average.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_array, hstack

from bot.cli.bench_broadcast import broadcast_command
from bot.cli.bench_conversation import conversation
from bot.cli.bench_load import load
from bot.cli.bench_machine import this_machine
from bot.cli.finder import QUESTIONS, candidates_of, measured_json, print_measured, ready_finder
from knowledge.catalogue import Catalogue
from knowledge.errors import ModelError
from knowledge.finder.decide import Scored, Thresholds, probabilities
from knowledge.finder.evaluate import Asked, read_asked
from knowledge.finder.finder import Finder, model_path
from knowledge.finder.lexicon import load_lexicon
from knowledge.finder.model import Artefact, LinearModel, load_artefact
from knowledge.finder.peers import OURS, Measured, build_peers, compare, measure
from knowledge.finder.phrases import Label, kind_of, load_phrases, load_topics, name_of

app = typer.Typer(help="Measure speed and memory on this machine.", no_args_is_help=True)
app.command("conversation")(conversation)
app.command("load")(load)

SAMPLE = 500
"""Phrases asked when there is no folder of questions."""

SCALES = (1, 10, 100)

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

COLD = """
import json, sys
from knowledge.catalogue import load_catalogue
from knowledge.finder.decide import load_thresholds
from knowledge.finder.finder import Finder, model_path
from knowledge.finder.key import data_key
from knowledge.finder.lexicon import load_lexicon
from knowledge.finder.model import load_artefact
from knowledge.finder.phrases import load_topics

def memory():
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            rows = dict(line.split(":", 1) for line in status)
    except OSError:
        return {}
    return {name: int(rows[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}

catalogue = load_catalogue()
artefact = load_artefact(model_path())
fresh = artefact.key == data_key()
finder = Finder(catalogue, artefact, load_lexicon(), load_topics(), load_thresholds())
loaded = memory()
finder.find(sys.argv[1])
print(json.dumps({"rss_mb": loaded.get("VmRSS"), "peak_mb": loaded.get("VmHWM"), "fresh": fresh}), flush=True)
"""
"""What a fresh process runs: all that `load_finder` does with a stored artefact, and one question."""


@dataclass(frozen=True)
class Cold:
    """A fresh process: seconds from its start to its first answer, and megabytes resident once loaded (and at most).

    Medians over `runs`; seconds include the start of Python, and no command line. Memory is None without /proc.
    `fresh`: the artefact was of the data as it stood, else a real start would have trained first.
    """

    seconds: float
    rss_mb: float | None
    peak_mb: float | None
    runs: int
    fresh: bool


@dataclass(frozen=True)
class Scaled:
    """Milliseconds of a question on a catalogue so many times as large, made by repeating ours.

    `rank`: scoring all labels and sorting all services, of a form made beforehand; `find`: the whole way of a question.
    """

    times: int
    services: int
    rank_p50: float
    rank_p99: float
    find_p50: float
    find_p99: float


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps this process, and those it starts, to one thread on one core (where the system can pin)."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 — comes with scikit-learn

    before = {name: os.environ.get(name) for name in ONE_THREAD}
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    os.environ.update(ONE_THREAD)
    if cores:
        os.sched_setaffinity(0, {max(cores)})
    try:
        with threadpool_limits(1):
            yield
    finally:
        if cores:
            os.sched_setaffinity(0, cores)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def questions_of(folder: Path, catalogue: Catalogue) -> tuple[list[Asked], str]:
    """The in-scope questions of a folder, else a sample of the phrases; and where they come from."""
    path = folder / "in_scope.jsonl"
    if path.exists():
        return read_asked(path, catalogue), str(path)
    from knowledge.finder.cross import asked_of  # noqa: PLC0415 — loads the training code

    asked = asked_of(load_phrases(catalogue).phrases, catalogue)
    some = random.Random(0).sample(asked, min(SAMPLE, len(asked)))  # noqa: S311 — the same sample every time
    return some, "phrases"


def cold_start(question: str, runs: int) -> Cold:
    """Start a process that loads the stored artefact and answers; ModelError when that fails."""
    seconds: list[float] = []
    told: list[dict[str, Any]] = []
    for _ in range(runs):
        started = time.perf_counter()
        with subprocess.Popen(  # noqa: S603 — our own interpreter and text
            [sys.executable, "-c", COLD, question], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as child:
            line = child.stdout.readline() if child.stdout else ""
            seconds.append(time.perf_counter() - started)
            _, trouble = child.communicate()
        if child.returncode:
            raise ModelError(trouble.strip())
        told.append(json.loads(line))
    rss, peak = (
        statistics.median(values) if (values := [row[name] for row in told if row[name] is not None]) else None
        for name in ("rss_mb", "peak_mb")
    )
    return Cold(statistics.median(seconds), rss, peak, runs, all(row["fresh"] for row in told))


def _again(name: str, copy: int) -> str:
    return name if copy == 0 else f"{name}-x{copy}"


def replicated(catalogue: Catalogue, times: int) -> Catalogue:
    """The catalogue repeated, the codes of each further copy with a suffix. Not checked: such codes are not real."""
    return Catalogue(
        tuple(
            file.model_copy(
                update={
                    "bureau": file.bureau.model_copy(update={"slug": _again(file.bureau.slug, copy)}),
                    "services": tuple(
                        service.model_copy(update={"code": _again(service.code, copy)}) for service in file.services
                    ),
                }
            )
            for copy in range(times)
            for file in catalogue.files
        )
    )


def replicated_model(model: LinearModel, times: int) -> LinearModel:
    """The model with its labels and weights repeated side by side, and its one gate."""
    labels, gate = model.weights[:, : model.gate], model.weights[:, model.gate :]
    return replace(
        model,
        labels=tuple(Label(_again(what, copy)) for copy in range(times) for what in model.labels),
        weights=csr_array(hstack([labels] * times + [gate], format="csr")),
        bias=np.concatenate((np.tile(model.bias[: model.gate], times), model.bias[model.gate :])),
        gate=model.gate * times,
    )


def scaled(catalogue: Catalogue, artefact: Artefact, rules: Thresholds, questions: Sequence[str], times: int) -> Scaled:
    """Latency on the catalogue repeated so many times; each question is asked once."""
    large = replicated(catalogue, times)
    model = replicated_model(artefact.model, times)
    finder = Finder(large, replace(artefact, model=model), load_lexicon(), load_topics(), rules)
    places = [(index, name_of(what)) for index, what in enumerate(model.labels) if kind_of(what) == "service"]
    forms = [form for question in questions if (form := finder.form(question))]
    finder.find(questions[0])
    ranking: list[float] = []
    for form in forms:
        started = time.perf_counter()
        scores, _ = finder.scores(form)
        chances = probabilities(scores, rules.sharpness)
        ranked = (Scored(code, float(chances[index]), float(scores[index])) for index, code in places)
        sorted(ranked, key=lambda scored: -scored.margin)
        ranking.append((time.perf_counter() - started) * 1000)
    whole = [finder.find(question).milliseconds for question in questions]
    return Scaled(
        times,
        len(large.services),
        *(float(np.percentile(some, percent)) for some in (ranking, whole) for percent in (50, 99)),
    )


def _fits(model: LinearModel, times: int) -> bool:
    """Whether the repeated weights fit into half of the memory that is free, so that nothing else is pushed out."""
    weights = model.weights
    wanted = times * (weights.data.nbytes + weights.indices.nbytes)
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return True
    free = next(
        int(line.split()[1]) * 1024 for line in meminfo.read_text().splitlines() if line.startswith("MemAvailable")
    )
    return bool(wanted < free / 2)


app.command("broadcast")(broadcast_command)


@app.command("finder")
def finder_command(
    folder: Annotated[
        Path, typer.Argument(help="Folder with in_scope.jsonl; without it the phrases are asked.")
    ] = QUESTIONS,
    repeat: Annotated[int, typer.Option(min=1, help="Rounds of all questions that the latency is taken from.")] = 5,
    starts: Annotated[int, typer.Option(min=1, help="Fresh processes started; the median is told.")] = 3,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Measure the finder on one thread: latency, memory, start, peers, and larger catalogues."""
    finder = ready_finder()
    asked, source = questions_of(folder, finder.catalogue)
    if not asked:
        raise typer.BadParameter(f"no questions in {source}")
    artefact = load_artefact(model_path())
    peers, skipped = build_peers(finder.catalogue)
    machine = this_machine()
    console = Console(stderr=True, highlight=False)
    with one_thread(), console.status("measuring") as status:
        status.update("fresh processes")
        cold = cold_start(asked[0].q, starts)
        status.update(OURS)
        rounds = [measure(OURS, candidates_of(finder), asked) for _ in range(repeat)]
        ours = Measured(OURS, rounds[0].first, rounds[0].three, tuple(ms for one in rounds for ms in one.times))
        rows = [ours, *compare(peers, asked, status.update)]
        scales: list[Scaled] = []
        for times in SCALES:
            status.update(f"{times}× the catalogue")
            if _fits(artefact.model, times):
                questions = [question.q for question in asked]
                scales.append(scaled(finder.catalogue, artefact, finder.rules, questions, times))
            else:
                skipped[f"{times}× the catalogue"] = "its weights would take more than half of the free memory"
    per_second = 1000 * len(ours.times) / sum(ours.times)
    if json_out:
        content = {
            "machine": machine,
            "questions": {"source": source, "count": len(asked), "learned": source == "phrases"},
            "ours": measured_json(ours) | {"questions_per_second": per_second, "measured": len(ours.times)},
            "cold": asdict(cold),
            "peers": [measured_json(row) for row in rows[1:]],
            "scale": [asdict(scale) for scale in scales],
            "skipped": skipped,
        }
        typer.echo(json.dumps(content, ensure_ascii=False))
        return
    _print(Console(highlight=False), machine, source, rows, per_second, cold, scales, skipped)


def _print(  # noqa: PLR0917 — one page, each argument a part of it
    console: Console,
    machine: dict[str, Any],
    source: str,
    rows: list[Measured],
    per_second: float,
    cold: Cold,
    scales: list[Scaled],
    skipped: dict[str, str],
) -> None:
    ours = rows[0]
    console.print("; ".join(f"{name} {value}" for name, value in machine.items()), markup=False, soft_wrap=True)
    console.print(f"questions: {source}; one thread on one core", markup=False, soft_wrap=True)
    table = Table(title="the finder")
    table.add_column("")
    table.add_column("measured", justify="right")
    table.add_row("one question, p50", f"{ours.percentile(50):.2f} ms")
    table.add_row("one question, p99", f"{ours.percentile(99):.2f} ms")
    table.add_row("questions per second, one core", f"{per_second:.0f}")
    table.add_row("resident memory, loaded", _megabytes(cold.rss_mb))
    table.add_row("most resident memory while loading", _megabytes(cold.peak_mb))
    table.add_row("process start to first answer", f"{cold.seconds:.2f} s (median of {cold.runs})")
    console.print(table)
    if not cold.fresh:
        console.print("the data changed while measuring: a start would now train first", markup=False)
    print_measured(console, "beside off-the-shelf rankers", rows, skipped)
    if source == "phrases":
        console.print(f"{OURS} has learned these phrases: its right first and in 3 say nothing here", markup=False)
    table = Table(title="larger catalogues (ours repeated)")
    for column in ("", "services", "score and rank only, p50 ms", "p99", "whole way of a question, p50 ms", "p99"):
        table.add_column(column, justify="right")
    for scale in scales:
        times = (scale.rank_p50, scale.rank_p99, scale.find_p50, scale.find_p99)
        table.add_row(f"{scale.times}×", str(scale.services), *(f"{value:.2f}" for value in times))
    console.print(table)


def _megabytes(value: float | None) -> str:
    return "not told by this system" if value is None else f"{value:.0f} MB"
