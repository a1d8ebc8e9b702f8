"""`khedmatyar bench conversation`: the whole service under load, beside a bare python-telegram-bot echo bot.

Each runs as a process of its own against a Bot API stand-in that is another process and makes the load; both get the
same plan. The words are those of people: a sample of the finder's phrases, with follow-ups, commands and buttons.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.bench_machine import this_machine
from bot.cli.finder import ready_finder
from knowledge.catalogue import Catalogue
from knowledge.errors import KhedmatyarError
from knowledge.finder.phrases import load_phrases

Who = Literal["ours", "echo"]
NAMES: dict[Who, str] = {"ours": "khedmatyar", "echo": "PTB echo"}

LINES = 4000
"""Lines of the script: so many that the service's memory of its last questions (512) does not help it."""

WARM_UP = 3.0
FOLLOW_UPS = ("مدارکش چیه؟", "چند روز طول می‌کشه؟", "کدوم دفتر باید برم؟", "هزینه‌ش چقدره", "مرحله بعدش؟", "شناسه‌اش؟")

GOAL_P50, GOAL_P99 = 20.0, 100.0
"""Milliseconds from an update's arrival to its commit, at the rate asked for."""
GOAL_CPU, GOAL_TURNS = 2.0, 0.6
"""Most CPU a turn and least turns a second, as multiples of the echo bot's."""


class BenchError(KhedmatyarError):
    """Nothing could be measured."""


@dataclass(frozen=True)
class Run:
    """One process under one load. Milliseconds; `commit`: from an update's arrival in the process to its commit (for
    the echo bot, to its message sent), `answer`: as the stand-in sees it, from the update handed out to the call."""

    who: Who
    saturated: bool
    turns_per_second: float
    cpu_ms: float
    commit_p50: float
    commit_p99: float
    answer_p50: float
    answer_p99: float
    unanswered: int
    late: int
    refusals: int
    standin_cpu_share: float
    max_rss_mb: float


def script(catalogue: Catalogue, lines: int = LINES) -> Iterator[dict[str, Any]]:
    """Lines of a load (`bot.standin.load`), the same every time: of ten, six questions, two follow-ups, a pressed
    button, and a command or a deep link."""
    chance = random.Random(0)  # noqa: S311 — no secret: the same load every time
    questions = [phrase.text for phrase in load_phrases(catalogue).phrases]
    yield from mixed(
        itertools.chain(chance.sample(questions, min(len(questions), lines)), itertools.repeat("سلام")),
        catalogue,
        chance,
        lines,
    )


def mixed(asked: Iterator[str], catalogue: Catalogue, chance: random.Random, lines: int) -> Iterator[dict[str, Any]]:
    """The questions of an endless `asked` among follow-ups, presses, commands and deep links."""
    follow_ups = itertools.cycle(FOLLOW_UPS)
    codes = [service.code for service in catalogue.services]
    for number in range(lines):
        match number % 10:
            case 2 | 7:
                yield {"text": next(follow_ups)}
            case 4:
                # The first button: a rating's button may bring no message, and the load would wait for one.
                yield {"press": 0}
            case 9:
                yield {"text": "/start" if number % 20 == 9 else f"/start {chance.choice(codes)}"}
            case _:
                yield {"text": next(asked)}


async def measured(who: Who, plan: Any) -> Run:
    """Run one subject under one plan (`bot.standin.load.LoadPlan`)."""
    from bot.standin.load import StandInProcess  # noqa: PLC0415 — only benches and tests load the stand-in

    with TemporaryDirectory(prefix="khedmatyar-bench-") as name:
        folder = Path(name)
        async with StandInProcess(plan=plan, check=False) as api:
            command = (
                *(sys.executable, "-m", "bot.cli.bench_subject", who, "--url", api.url, "--folder", name),
                *("--warmup", str(plan.warmup), "--seconds", str(plan.seconds)),
            )
            subject = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
            try:
                seen = await api.report()
            finally:
                if subject.returncode is None:
                    subject.terminate()
                _, trouble = await subject.communicate()
        if subject.returncode or not (folder / "report.json").exists():
            raise BenchError(f"{who}: {trouble.decode().strip()}")
        told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    if not told["turns"] or not seen["turn_ms"]:
        raise BenchError(f"{who}: no turns were measured")
    delays = sorted(told["delays"])
    return Run(
        who=who,
        saturated=plan.rate is None,
        turns_per_second=seen["turns_per_second"],
        cpu_ms=1000 * told["cpu"] / told["turns"],
        commit_p50=1000 * delays[len(delays) // 2],
        commit_p99=1000 * delays[int(len(delays) * 0.99)],
        answer_p50=seen["turn_ms"]["p50"],
        answer_p99=seen["turn_ms"]["p99"],
        unanswered=seen["unanswered"],
        late=seen["late"],
        refusals=seen["refusals"],
        standin_cpu_share=seen["standin_cpu_share"],
        max_rss_mb=told["max_rss"] / 1024,
    )


async def _all(  # noqa: PLR0917 — the options of the command
    rate: float, chats: int, seconds: float, rounds: int, lines: Path, say: Console
) -> list[Run]:
    from bot.standin.load import LoadPlan  # noqa: PLC0415 — only benches and tests load the stand-in

    at_rate = LoadPlan(rate=rate, chats=chats, seconds=seconds, warmup=WARM_UP, script=str(lines))
    plans = (at_rate, replace(at_rate, rate=None))
    runs = []
    with say.status("measuring", refresh_per_second=1) as status:
        for number, plan, who in itertools.product(range(rounds), plans, NAMES):
            how = "saturated" if plan.rate is None else f"{rate:g} turns a second"
            status.update(f"round {number + 1} of {rounds}: {NAMES[who]}, {how}")
            runs.append(await measured(who, plan))
    return runs


def best(runs: list[Run], who: Who, *, saturated: bool) -> Run:
    """The run least disturbed by others: most turns when saturated, else the least CPU a turn."""
    some = [run for run in runs if run.who == who and run.saturated is saturated]
    return max(some, key=lambda run: run.turns_per_second) if saturated else min(some, key=lambda run: run.cpu_ms)


def goals(runs: list[Run]) -> list[dict[str, Any]]:
    """Each goal, what was reached, and whether that is enough."""
    ours, full = best(runs, "ours", saturated=False), best(runs, "ours", saturated=True)
    echo, echo_full = best(runs, "echo", saturated=False), best(runs, "echo", saturated=True)
    rows = (
        ("received to committed, p50 ms", "<", GOAL_P50, ours.commit_p50),
        ("received to committed, p99 ms", "<", GOAL_P99, ours.commit_p99),
        ("CPU a turn, times the echo bot's", "<=", GOAL_CPU, ours.cpu_ms / echo.cpu_ms),
        ("the same, saturated", "<=", GOAL_CPU, full.cpu_ms / echo_full.cpu_ms),
        ("turns a second saturated, times the echo bot's", ">=", GOAL_TURNS,
         full.turns_per_second / echo_full.turns_per_second),
    )  # fmt: skip
    return [
        {
            "goal": what,
            "wanted": f"{sign} {limit:g}",
            "reached": value,
            "met": value >= limit if sign == ">=" else value <= limit,
        }
        for what, sign, limit, value in rows
    ]


def conversation(
    seconds: Annotated[float, typer.Option(min=1, help="Seconds measured in each run, after a warm-up.")] = 20.0,
    rate: Annotated[float, typer.Option(min=1, help="Turns a second in the runs that are not saturated.")] = 50.0,
    chats: Annotated[int, typer.Option(min=1, help="Chats that speak.")] = 200,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of all runs; the least disturbed of each is told.")] = 1,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Measure the whole service under load, beside a bare python-telegram-bot echo bot (2 cores are needed)."""
    catalogue = ready_finder().catalogue
    machine = this_machine()
    with TemporaryDirectory(prefix="khedmatyar-bench-") as name:
        lines = Path(name) / "script.jsonl"
        lines.write_text(
            "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in script(catalogue)), encoding="utf-8"
        )
        runs = asyncio.run(_all(rate, chats, seconds, rounds, lines, Console(stderr=True, highlight=False)))
    if json_out:
        plan = {"rate": rate, "chats": chats, "seconds": seconds, "warm_up": WARM_UP, "rounds": rounds}
        content = {"machine": machine, "plan": plan, "runs": [asdict(run) for run in runs], "goals": goals(runs)}
        typer.echo(json.dumps(content, ensure_ascii=False))
        return
    _print(Console(highlight=False), machine, runs, rate, chats, rounds)


def _print(  # noqa: PLR0917 — one page, each argument a part of it
    console: Console, machine: dict[str, Any], runs: list[Run], rate: float, chats: int, rounds: int
) -> None:
    console.print("; ".join(f"{name} {value}" for name, value in machine.items()), markup=False, soft_wrap=True)
    title = (
        f"{chats} chats, polling, SQLite; best of {rounds}; ms: CPU a turn, received to committed, handed to answered"
    )
    table = Table(title=title)
    table.add_column("", no_wrap=True)
    for column in ("turns/s", "CPU", "commit p50", "p99", "answer p50", "p99", "unanswered", "MB"):
        table.add_column(column, justify="right")
    for saturated, who in itertools.product((False, True), NAMES):
        run = best(runs, who, saturated=saturated)
        committed = (run.commit_p50, run.commit_p99) if who == "ours" else (None, None)
        figures = (run.turns_per_second, run.cpu_ms, *committed, run.answer_p50, run.answer_p99)
        table.add_row(
            f"{NAMES[who]}, {'saturated' if saturated else f'{rate:g} turns/s'}",
            *("–" if value is None else f"{value:.1f}" for value in figures),
            str(run.unanswered),
            f"{run.max_rss_mb:.0f}",
        )
    console.print(table)
    table = Table(title="goals")
    table.add_column("", no_wrap=True)
    for column in ("wanted", "reached", "met"):
        table.add_column(column, justify="right")
    for goal in goals(runs):
        table.add_row(goal["goal"], goal["wanted"], f"{goal['reached']:.2f}", "yes" if goal["met"] else "no")
    console.print(table)
