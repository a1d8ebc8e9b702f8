"""`khedmatyar bench load`: replicas of the whole program behind one webhook, under load and under faults.

Every part is a process of its own: the stand-in that makes the load, the replicas (`khedmatyar run`), PostgreSQL. The
proxy runs in the bench itself and clocks each update from its arrival to its 200, which comes after the commit. When
the load is over the database is asked what became of each update: none may be missing, twice, or out of its order.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, nullcontext, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal, Self

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.bench_conversation import BenchError, Run, measured, mixed
from bot.cli.bench_faults import Faults, clock_environment
from bot.cli.bench_ledger import Books, books
from bot.cli.bench_machine import this_machine
from bot.cli.bench_proxy import RoundRobin
from bot.cli.bench_quota import quota
from bot.cli.bench_replicas import (
    Replica,
    environment_of,
    free_port,
    own_database,
    point_hook,
    started,
)
from bot.cli.bench_watch import Watch, share_of
from bot.cli.finder import ready_finder
from knowledge.catalogue import Catalogue
from knowledge.finder.phrases import load_phrases

Kind = Literal["sqlite", "postgresql"]
TOKEN = "42:TEST"  # noqa: S105 — no secret: the stand-in's
WARM_UP = 10.0
LINES = 8000
FAILING = 0.05
"""Share of the calls to the messenger that fail, with `--faults`."""


def script(catalogue: Catalogue, folder: Path | None = None, lines: int = LINES) -> Iterator[dict[str, Any]]:
    """Mixed turns, the same every time: of ten, six questions, two follow-ups, a pressed button, a command or a link.

    The questions are phrases of the finder, or, with a `folder`, the `q` of its JSON lines.
    """
    chance = random.Random(0)  # noqa: S311 — no secret: the same load every time
    if folder is None:
        questions = [phrase.text for phrase in load_phrases(catalogue).phrases]
    else:
        rows = (line for file in sorted(folder.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines())
        questions = [row["q"] for row in map(json.loads, filter(str.strip, rows)) if isinstance(row.get("q"), str)]
    if not questions:
        raise BenchError(f"no questions in {folder}")
    yield from mixed(itertools.cycle(chance.sample(questions, len(questions))), catalogue, chance, lines)


class Messenger:
    """The stand-in's process."""

    def __init__(self, plan: Any, faults: float) -> None:
        self.url = ""
        self._command = (sys.executable, "-m", "bot.cli.bench_messenger", "--load", str(plan), "--faults", str(faults))
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24
        )
        self.url = (await self._line())["url"]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()

    async def begun(self) -> None:
        """Wait until the first update leaves."""
        await self._line()

    async def report(self) -> dict[str, Any]:
        """What it has counted, once the load is over."""
        if self._process is None or self._process.stdin is None:
            raise BenchError("the messenger has not started")
        self._process.stdin.write(b"\n")
        report: dict[str, Any] = (await self._line())["report"]
        return report

    async def _line(self) -> dict[str, Any]:
        if self._process is None or self._process.stdout is None:
            raise BenchError("the messenger has not started")
        raw = await self._process.stdout.readline()
        if not raw:
            raise BenchError(f"the messenger ended with {await self._process.wait()}")
        line: dict[str, Any] = json.loads(raw)
        return line


@dataclass(frozen=True)
class Trouble:
    """What is to go wrong. `share`: of a core, all that each replica gets; `disk`: a folder on a small filesystem for
    the SQLite file; `restart`: a command that restarts PostgreSQL; `clock`: clocks are set; `faults`: replicas are
    killed, connections cut, and the messenger misbehaves."""

    faults: bool = False
    share: float | None = None
    restart: str | None = None
    disk: Path | None = None
    clock: bool = False


async def ours(database: Kind, count: int, plan: Any, wrong: Trouble, folder: Path) -> dict[str, Any]:
    """One run of so many replicas under one plan (`bot.standin.load.LoadPlan`): all that was measured and found."""
    async with AsyncExitStack() as stack:
        if database == "postgresql":
            url = await stack.enter_async_context(own_database())
        else:
            url = f"sqlite:///{(wrong.disk or folder) / 'bench.sqlite'}"
        messenger = await stack.enter_async_context(Messenger(plan, FAILING if wrong.faults else 0.0))
        ports = [free_port() for _ in range(count)]
        proxy = await stack.enter_async_context(RoundRobin(ports))
        environment = environment_of(messenger.url, TOKEN, proxy.url, url)
        clock = folder / "clock" if wrong.clock else None
        environment |= clock_environment(clock) if clock else {}
        replicas = [Replica(port, environment, folder / f"{port}.log") for port in ports]
        for replica in replicas if wrong.share else ():
            replica.quota = stack.enter_context(quota(str(replica.port), wrong.share or 1.0))
        await stack.enter_async_context(started(replicas))
        ledger = Books(url)
        await point_hook(messenger.url, TOKEN, proxy.url)
        await messenger.begun()
        await asyncio.sleep(plan.warmup)
        on_server = url if database == "postgresql" else None
        watch = Watch(replicas, proxy, on_server)
        trouble = Faults(
            replicas,
            on_server if wrong.faults else None,
            wrong.restart,
            wrong.disk if database == "sqlite" else None,
            clock,
            kill=wrong.faults,
        )
        async with trouble.going_on():
            seen = await watch.during(plan.seconds)
        begun = time.monotonic()
        await ledger.settled(150)
        settled = time.monotonic() - begun
        report = await messenger.report()
        found = await books(url, report)
        sound = await asyncio.gather(*(replica.end() for replica in replicas))
    return {
        "database": database,
        "replicas": count,
        "faults": wrong.faults,
        "share": wrong.share,
        "saturated": plan.rate is None,
        "rate": plan.rate,
        **asdict(seen),
        "starts": [round(one, 2) for replica in replicas for one in replica.starts],
        "exit_codes": list(sound),
        "answer_ms": report["turn_ms"],
        "unanswered": report["unanswered"],
        "messenger_cpu_share": report["standin_cpu_share"],
        "failed_calls": report["failed"],
        "repeated": report["repeated"],
        "swapped": report["swapped"],
        "undelivered": report["undelivered"],
        "settled_after": round(settled, 1),
        "recoveries": trouble.recoveries(proxy.seen.at),
        **asdict(found),
    }


def load(  # noqa: PLR0917 — typer reads the options from the arguments
    database: Annotated[str, typer.Option(help="sqlite, postgresql, or both.")] = "both",
    replicas: Annotated[str, typer.Option(help="Numbers of processes, comma separated; SQLite has one.")] = "1,2",
    chats: Annotated[int, typer.Option(min=1, help="Chats that speak.")] = 2000,
    minutes: Annotated[float, typer.Option(min=0.1, help="Minutes measured in each run, after a warm-up.")] = 10.0,
    rate: Annotated[float | None, typer.Option(help="Turns a second; without it, as many as there can be.")] = None,
    faults: Annotated[bool, typer.Option("--faults", help="Kill, cut, refuse, repeat and reorder meanwhile.")] = False,
    restart: Annotated[str | None, typer.Option(help="A command that restarts PostgreSQL, run every minute.")] = None,
    disk: Annotated[
        Path | None, typer.Option(help="A folder on a small filesystem for the SQLite file; it is filled up at times.")
    ] = None,
    clock: Annotated[bool, typer.Option("--clock", help="Set the replicas' clocks an hour on and back.")] = False,
    share: Annotated[
        float | None, typer.Option(help="Share of a core that each replica gets (control groups; root).")
    ] = None,
    questions: Annotated[Path | None, typer.Option(help="Folder of *.jsonl whose q are asked.")] = None,
    echo: Annotated[bool, typer.Option(help="Also measure a bare python-telegram-bot echo bot.")] = True,
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Measure replicas behind one webhook: speed, latency, memory, and whether anything was lost or doubled."""
    from bot.standin.load import LoadPlan  # noqa: PLC0415 — only benches and tests load the stand-in

    catalogue = ready_finder().catalogue
    counts = [int(one) for one in replicas.split(",")]
    kinds: list[Kind] = ["sqlite", "postgresql"] if database == "both" else [_kind(database)]
    console = Console(stderr=True, highlight=False)
    with TemporaryDirectory(prefix="khedmatyar-bench-") as name:
        lines = Path(name) / "script.jsonl"
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in script(catalogue, questions))
        lines.write_text(text, encoding="utf-8")
        plan = LoadPlan(
            rate=rate, chats=chats, seconds=60 * minutes, warmup=WARM_UP, patience=90.0, start=120.0, script=str(lines)
        )
        wrong = Trouble(faults, share, restart, disk, clock)
        runs: list[dict[str, Any]] = []
        peer: Run | None = None
        for kind, count in dict.fromkeys(
            (kind, 1 if kind == "sqlite" else count) for kind, count in itertools.product(kinds, counts)
        ):
            told = f"{kind}, {count} replica{'s' if count > 1 else ''}, {minutes:g} minutes"
            folder = Path(name) / f"{kind}-{count}"
            folder.mkdir()
            with console.status(told) if console.is_terminal else nullcontext():
                runs.append(asyncio.run(ours(kind, count, plan, wrong, folder)))
        if echo:
            shorter = replace(plan, seconds=min(plan.seconds, 60.0))
            with suppress(BenchError):
                peer = asyncio.run(measured("echo", shorter))
    content = {
        "machine": this_machine(),
        "plan": {"chats": chats, "minutes": minutes, "warm_up": WARM_UP, "questions": str(questions or "phrases")},
        "runs": runs,
        "echo": asdict(peer) if peer else None,
    }
    if json_out:
        typer.echo(json.dumps(content, ensure_ascii=False))
    else:
        _print(Console(highlight=False), content)


def _kind(database: str) -> Kind:
    if database == "sqlite":
        return "sqlite"
    if database == "postgresql":
        return "postgresql"
    raise typer.BadParameter("sqlite, postgresql or both", param_hint="--database")


_ROWS: dict[str, Callable[[dict[str, Any]], str]] = {
    "turns a second": lambda run: f"{run['turns_per_second']:.1f}",
    "p50": lambda run: f"{run['commit_ms']['p50']:.1f}",
    "p95": lambda run: f"{run['commit_ms']['p95']:.1f}",
    "p99": lambda run: f"{run['commit_ms']['p99']:.1f}",
    "CPU a turn, ms": lambda run: f"{run['cpu_ms']:.2f}",
    "PostgreSQL's CPU a turn, ms": lambda run: _number(run["database_cpu_ms"]),
    "MB after a minute": lambda run: ", ".join(f"{one:.0f}" for one in run["memory_minute_one"]),
    "MB at the end": lambda run: ", ".join(f"{one:.0f}" for one in run["memory_end"]),
    "updates": lambda run: str(run["updates"]),
    "lost": lambda run: str(run["lost"]),
    "done twice": lambda run: str(run["twice"]),
    "out of order": lambda run: str(run["out_of_order"]),
    "shown twice": lambda run: str(run["shown_twice"]),
}
_OF_ECHO: dict[str, Callable[[dict[str, Any]], str]] = {
    "turns a second": lambda peer: f"{peer['turns_per_second']:.1f}",
    "CPU a turn, ms": lambda peer: f"{peer['cpu_ms']:.2f}",
}


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _nothing(_: dict[str, Any]) -> str:
    return "–"


def _print(console: Console, content: dict[str, Any]) -> None:
    machine, plan, runs, peer = content["machine"], content["plan"], content["runs"], content["echo"]
    console.print("; ".join(f"{name} {value}" for name, value in machine.items()), markup=False, soft_wrap=True)
    table = Table(title=f"{plan['chats']} chats, webhook, {plan['minutes']:g} minutes a run; ms: arrival to commit")
    table.add_column("", no_wrap=True)
    for run in runs:
        how = "saturated" if run["saturated"] else f"{run['rate']:g}/s"
        table.add_column(f"{run['database']} × {run['replicas']}\n{how}{', faults' if run['faults'] else ''}")
    if peer:
        table.add_column("PTB echo bot\npolling")
    for name, shown in _ROWS.items():
        table.add_row(name, *(shown(run) for run in runs), *([_OF_ECHO.get(name, _nothing)(peer)] if peer else []))
    console.print(table)
    for run in runs:
        if run["recoveries"]:
            told = ", ".join(f"{one['fault']} {one['longest_silence']} s" for one in run["recoveries"])
            console.print(f"{run['database']} × {run['replicas']}: silence after {told}", markup=False, soft_wrap=True)
    two = {run["replicas"]: run["turns_per_second"] for run in runs if run["database"] == "postgresql"}
    if 1 in two and 2 in two:
        console.print(f"two replicas: {two[2] / two[1]:.2f} times one", markup=False)
    if peer and runs:
        told = ", ".join(f"{run['database']} × {run['replicas']}: {share_of(run, peer):.2f}" for run in runs)
        console.print(f"CPU a turn, times the echo bot's: {told}", markup=False, soft_wrap=True)
