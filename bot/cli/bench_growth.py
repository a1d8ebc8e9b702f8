"""`khedmatyar bench growth`: what a turn costs, and what memory, with more services and with more chats known.

Each point is a process of its own (memory is not given back). Larger catalogues are ours repeated, with suffixes to the
codes; a hundredfold model of all weights would take more than 4 GB, so there only the largest tenth of the weights is
kept, and the tenfold model is measured both ways to show what that changes.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import asyncpg  # type: ignore[import-untyped]  # it has no types of its own, nor stubs here
import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_array
from sqlalchemy import text as sql

from bot.cli.bench_machine import this_machine
from bot.cli.bench_replicas import own_database
from bot.cli.bench_watch import resident_mb
from bot.cli.finder import ready_finder
from knowledge.errors import KhedmatyarError
from knowledge.finder.model import LinearModel

SERVICES = ((1, 1.0), (10, 1.0), (10, 0.1), (100, 0.1))
"""Times the catalogue, and the share of the weights that is kept."""

CHATS = (1_000, 100_000, 1_000_000)
QUESTIONS = 150
TURNS = 300
WARM_UP = 50


class GrowthError(KhedmatyarError):
    """A point could not be measured."""


def pruned(model: LinearModel, share: float) -> LinearModel:
    """The model with only the largest weights, of 32-bit places."""
    weights = model.weights
    kept = csr_array((weights.data, weights.indices.astype(np.int32), weights.indptr.astype(np.int32)), weights.shape)
    if share < 1:
        limit = np.partition(np.abs(kept.data), int(len(kept.data) * (1 - share)))[int(len(kept.data) * (1 - share))]
        kept.data[np.abs(kept.data) < limit] = 0
        kept.eliminate_zeros()
    return replace(model, weights=kept)


def of_services(times: int, share: float) -> dict[str, Any]:
    """Milliseconds of a question, and megabytes, with so many times the services."""
    from bot.cli.bench import replicated, replicated_model  # noqa: PLC0415 — they import this module
    from knowledge.finder.finder import Finder, model_path  # noqa: PLC0415
    from knowledge.finder.lexicon import load_lexicon  # noqa: PLC0415
    from knowledge.finder.model import load_artefact  # noqa: PLC0415
    from knowledge.finder.phrases import load_phrases, load_topics  # noqa: PLC0415

    ours = ready_finder()
    phrases = load_phrases(ours.catalogue).phrases
    asked = random.Random(0).sample([one.text for one in phrases], QUESTIONS)  # noqa: S311 — the same every time
    artefact = load_artefact(model_path())
    large = replicated(ours.catalogue, times)
    model = replicated_model(pruned(artefact.model, share), times)
    finder = Finder(large, replace(artefact, model=model), load_lexicon(), load_topics(), ours.rules)
    del ours
    finder.find(asked[0])
    taken = sorted(_milliseconds(finder.find, question) for question in asked)
    return {
        "services": len(large.services),
        "weights": int(model.weights.nnz),
        "share": share,
        **_spread(taken),
        "weights_mb": (model.weights.data.nbytes + model.weights.indices.nbytes) / 1e6,
        "resident_mb": resident_mb(_own()),
    }


def _milliseconds(work: Any, *arguments: Any) -> float:
    begun = time.perf_counter()
    work(*arguments)
    return 1000 * (time.perf_counter() - begun)


def _spread(taken: list[float]) -> dict[str, float]:
    return {"p50": taken[len(taken) // 2], "p99": taken[int(len(taken) * 0.99)]}


def _own() -> int:
    return int(Path("/proc/self").resolve().name)


FILLS = {
    "sqlite": "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < :count), "
    "numbers(chat) AS (SELECT CAST(n + 1000000 AS VARCHAR) FROM counted)",
    "postgresql": "WITH numbers(chat) AS (SELECT CAST(n + 1000000 AS VARCHAR) FROM generate_series(1, :count) AS g(n))",
}
INTO = (
    """INSERT INTO conversations (channel, chat, state, at, version)
    {numbers} SELECT 'telegram', chat, :state, :at, 1 FROM numbers""",
    """INSERT INTO people (channel, person, chat, first_at, last_at)
    {numbers} SELECT 'telegram', chat, chat, :at, :at FROM numbers""",
    """INSERT INTO updates (channel, update_id, at)
    {numbers} SELECT 'telegram', chat, :at FROM numbers""",
    """INSERT INTO outbox (channel, chat, update_id, place, part, state, attempts, not_before, created_at, sent_at,
        sent_message)
    {numbers} SELECT 'telegram', chat, chat, 0, :part, 'sent', 1, :at, :at, :at, chat FROM numbers""",
)


async def of_chats(url: str, count: int) -> dict[str, Any]:
    """Milliseconds of a whole turn up to its commit (no messenger), of chats that are known and of new ones, with so
    many known chats: each with its memory, a person, an update and a reply."""
    from bot.engine import Engine  # noqa: PLC0415 — the other point is measured without the database
    from handlers.router import handle  # noqa: PLC0415
    from handlers.turn import Turn  # noqa: PLC0415
    from handlers.visit import Office  # noqa: PLC0415
    from knowledge.finder.phrases import load_phrases  # noqa: PLC0415
    from records.database import Database  # noqa: PLC0415

    finder = ready_finder()
    phrases = load_phrases(finder.catalogue).phrases
    chance = random.Random(0)  # noqa: S311 — the same load every time
    asked = chance.sample([one.text for one in phrases], 2 * TURNS)
    database = Database.open(url)
    try:
        await database.prepare()
        engine = Engine(database, Office(finder), handle)

        async def taken(number: int, chat: int, question: str) -> float:
            turn = Turn(
                "telegram", f"t{number}", str(chat), str(chat), datetime.now(UTC), question, message=str(number)
            )
            begun = time.perf_counter()
            await engine.take(turn)
            return 1000 * (time.perf_counter() - begun)

        await taken(0, 1, asked[0])
        kind = "sqlite" if database.lone else "postgresql"
        now = time.time()
        async with database.transaction() as records:

            def fill(connection: Any) -> None:
                if kind == "postgresql":
                    connection.execute(sql("SET LOCAL statement_timeout = 0"))
                state = connection.scalar(sql("SELECT state FROM conversations WHERE chat = '1'"))
                part = connection.scalar(sql("SELECT part FROM outbox WHERE chat = '1'"))
                values = {"count": count, "state": state, "part": part, "at": now}
                for into in INTO:
                    whole = into.replace("{numbers}", FILLS[kind])
                    used = {name: value for name, value in values.items() if f":{name}" in whole}
                    connection.execute(sql(whole), used)

            await records.connection.run(fill)
        if kind == "postgresql":
            await _settled(url)
        for number in range(WARM_UP):
            await taken(3 * TURNS + number, 1, asked[number])
        before = resident_mb(_own())
        known = [await taken(n, chance.randint(1_000_001, 1_000_000 + count), asked[n]) for n in range(1, TURNS)]
        fresh = [await taken(n + TURNS, 10_000_000 + n, asked[n + TURNS]) for n in range(1, TURNS)]
        size = await _size(database, url)
        return {
            "database": kind,
            "chats": count,
            **_spread(sorted(known)),
            **{f"new_{name}": value for name, value in _spread(sorted(fresh)).items()},
            "database_mb": size,
            "resident_mb": resident_mb(_own()),
            "grown_mb": resident_mb(_own()) - before,
        }
    finally:
        await database.close()


async def _settled(url: str) -> None:
    """What the server does by itself by the time that so many have come; done at once, it would be measured."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute("VACUUM (ANALYZE)", timeout=600)
        await connection.execute("CHECKPOINT", timeout=600)
    finally:
        await connection.close()


async def _size(database: Any, url: str) -> float:
    if database.lone:
        return float(sum(file.stat().st_size for file in Path(url.removeprefix("sqlite:///")).parent.iterdir()) / 1e6)
    async with database.reading() as records:
        return float(
            await records.connection.run(lambda one: one.scalar(sql("SELECT pg_database_size(current_database())")))
            / 1e6
        )


async def _point_of_chats(kind: str, count: int) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        if kind == "postgresql":
            url = await stack.enter_async_context(own_database("growth"))
        else:
            url = f"sqlite:///{stack.enter_context(TemporaryDirectory(prefix='khedmatyar-growth-'))}/growth.sqlite"
        return _in_a_process("chats", url, str(count))


def _in_a_process(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bot.cli.bench_growth", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 — our own module
    if done.returncode:
        raise GrowthError(done.stderr.strip()[-2000:])
    point: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return point


def growth(
    most: Annotated[int, typer.Option(help="Most known chats.")] = CHATS[-1],
    services: Annotated[bool, typer.Option(help="Measure more services.")] = True,
    databases: Annotated[str, typer.Option(help="Kinds of database, comma separated; empty: none.")] = (
        "sqlite,postgresql"
    ),
    json_out: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Measure cost and memory of a turn with 332 to 33,200 services, and with 1,000 to a million known chats."""
    ready_finder()
    console = Console(stderr=True, highlight=False)
    by_services, by_chats = [], []
    with console.status("measuring") as status:
        for times, share in SERVICES if services else ():
            status.update(f"{times}× the services")
            by_services.append(_in_a_process("services", str(times), str(share)))
        for kind in filter(None, databases.split(",")):
            for count in (one for one in CHATS if one <= most):
                status.update(f"{kind}, {count} chats")
                by_chats.append(asyncio.run(_point_of_chats(kind, count)))
    content = {"machine": this_machine(), "services": by_services, "chats": by_chats}
    if json_out:
        typer.echo(json.dumps(content, ensure_ascii=False))
        return
    _print(Console(highlight=False), content)


def _print(console: Console, content: dict[str, Any]) -> None:
    told = "; ".join(f"{name} {value}" for name, value in content["machine"].items())
    console.print(told, markup=False, soft_wrap=True)
    table = Table(title="more services: a question, ms")
    for column in ("services", "weights kept", "p50", "p99", "weights, MB", "resident, MB"):
        table.add_column(column, justify="right")
    for one in content["services"]:
        figures = (f"{one['p50']:.1f}", f"{one['p99']:.1f}", f"{one['weights_mb']:.0f}", f"{one['resident_mb']:.0f}")
        table.add_row(str(one["services"]), f"{one['share']:.0%}", *figures)
    console.print(table)
    table = Table(title="more known chats: a whole turn to its commit, ms")
    for column in ("", "chats", "p50", "p99", "new, p50", "p99", "database, MB", "resident, MB"):
        table.add_column(column, justify="right")
    for one in content["chats"]:
        times = (f"{one[name]:.1f}" for name in ("p50", "p99", "new_p50", "new_p99"))
        table.add_row(
            one["database"], str(one["chats"]), *times, f"{one['database_mb']:.0f}", f"{one['resident_mb']:.0f}"
        )
    console.print(table)


if __name__ == "__main__":
    what, first, second = sys.argv[1:]
    made = of_services(int(first), float(second)) if what == "services" else asyncio.run(of_chats(first, int(second)))
    sys.stdout.write(json.dumps(made) + "\n")
