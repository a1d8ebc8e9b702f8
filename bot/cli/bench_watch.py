"""What `khedmatyar bench load` watches during a run: processor time, memory, and the answers that pass the proxy."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.cli.bench_proxy import RoundRobin
from bot.cli.bench_replicas import Replica

TICK = os.sysconf("SC_CLK_TCK")
SETTLED_IN = 60.0
"""Seconds after which memory should not grow any more."""


@dataclass(frozen=True)
class Watched:
    """What was seen. `commit_ms`: from an update's arrival to its 200. `cpu_ms`, `database_cpu_ms`: processor time of
    all replicas, and of PostgreSQL's backends of this database, for each turn (None: not told). Memory: resident
    megabytes of each replica, at the end of the first minute (or of half the run), at the end, and every ten seconds.
    """

    turns: int
    turns_per_second: float
    commit_ms: dict[str, float]
    cpu_ms: float
    database_cpu_ms: float | None
    memory_minute_one: tuple[float, ...]
    memory_end: tuple[float, ...]
    memory: tuple[tuple[float, ...], ...]
    statuses: dict[int, int]
    shares: tuple[int, ...]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_mb(pid: int) -> float:
    """Resident memory of a process; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return 0.0


def _backends(url: str) -> dict[int, float]:
    """Processor time of PostgreSQL's processes for this database, by process id, where the server runs here."""
    name = url.rpartition("/")[2].encode()
    used = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                title = (entry / "cmdline").read_bytes()
                if title.startswith(b"postgres:") and name in title:
                    used[int(entry.name)] = cpu_seconds(int(entry.name))
    return used


class Watch:
    """Watches some replicas behind a proxy."""

    def __init__(self, replicas: Sequence[Replica], proxy: RoundRobin, postgresql: str | None) -> None:
        self._replicas = replicas
        self._proxy = proxy
        self._postgresql = postgresql

    async def during(self, seconds: float) -> Watched:
        """Watch for so long."""
        seen = self._proxy.seen
        first, begun = len(seen.seconds), time.monotonic()
        backends: dict[int, tuple[float, float]] = {}
        used: dict[int, tuple[float, float]] = {}
        memory: list[tuple[float, ...]] = []
        while (passed := time.monotonic() - begun) < seconds:
            for replica in self._replicas:
                if pid := replica.pid:
                    now = cpu_seconds(pid)
                    # One that was started meanwhile counts from its birth, its loading included.
                    used[pid] = (used.get(pid, (now if passed < 2 else 0.0, 0.0))[0], now)
            for pid, now in _backends(self._postgresql).items() if self._postgresql else ():
                # Connections come and go: a new one counts from its birth.
                backends[pid] = (backends.get(pid, (now if passed < 2 else 0.0, 0.0))[0], now)
            memory.append(tuple(round(resident_mb(replica.pid), 1) for replica in self._replicas))
            await asyncio.sleep(min(1.0, seconds - passed))
        taken = sorted(seen.seconds[first:])
        lasted = time.monotonic() - begun
        own = sum(later - earlier for earlier, later in used.values())
        theirs = sum(later - earlier for earlier, later in backends.values()) if backends else None
        turns = max(len(taken), 1)
        settled = memory[min(int(SETTLED_IN), len(memory) // 2)]
        return Watched(
            turns=len(taken),
            turns_per_second=len(taken) / lasted,
            commit_ms=percentiles(taken),
            cpu_ms=1000 * own / turns,
            database_cpu_ms=None if theirs is None else 1000 * theirs / turns,
            memory_minute_one=settled,
            memory_end=memory[-1],
            memory=tuple(memory[::10]),
            statuses=dict(seen.statuses),
            shares=tuple(seen.shares.values()),
        )


def percentiles(ordered: list[float]) -> dict[str, float]:
    """p50, p95, p99 and the most of sorted seconds, in milliseconds; zeros of nothing."""
    if not ordered:
        return dict.fromkeys(("p50", "p95", "p99", "max"), 0.0)
    ranks = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {
        name: round(1000 * ordered[min(len(ordered) - 1, int(rank * len(ordered)))], 2) for name, rank in ranks.items()
    }


def share_of(run: dict[str, Any], peer: dict[str, Any]) -> float:
    """Our processor time a turn in multiples of the peer's."""
    return float(run["cpu_ms"] / peer["cpu_ms"])
