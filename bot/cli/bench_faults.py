"""The faults of `khedmatyar bench load --faults`: replicas killed in turn, connections to the database cut, its server
restarted, its disk full, the clock set."""

from __future__ import annotations

import asyncio
import itertools
import platform
import shlex
import shutil
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it has no types of its own, nor stubs here

from bot.cli.bench_conversation import BenchError
from bot.cli.bench_replicas import Replica, cut_connections

KILL_EVERY, CUT_EVERY, RESTART_EVERY, FILL_EVERY, SET_EVERY = 20.0, 30.0, 60.0, 45.0, 25.0
"""Seconds between two faults of a kind."""

FULL_FOR = 10.0
"""Seconds that a disk stays full."""

CLOCKS = ("+3600", "+0", "-3600", "+0")
"""What the replicas' clocks are set to, in turn: seconds from the true time."""

FAKETIME = "/usr/lib/{machine}-linux-gnu/faketime/libfaketimeMT.so.1"


@dataclass
class Faults:
    """Faults to come. `kill`: replicas are killed in turn; `postgresql`: the address of the database whose connections
    are cut; `restart`: a command that restarts its server; `disk`: a folder on the (small) filesystem of the SQLite
    file, which is filled up; `clock`: the file that sets the replicas' clocks (`clock_environment`).
    `happened`: what was done, when (`time.monotonic`) and for how long (seconds)."""

    replicas: Sequence[Replica]
    postgresql: str | None = None
    restart: str | None = None
    disk: Path | None = None
    clock: Path | None = None
    kill: bool = True
    happened: list[tuple[str, float, float]] = field(default_factory=list)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """While inside, they happen; at the end every replica runs."""
        works: list[Coroutine[Any, Any, None]] = []
        if self.kill:
            works.append(self._kill())
        if self.postgresql:
            works.append(self._cut(self.postgresql))
        if self.restart:
            works.append(self._restart(self.restart))
        if self.disk:
            works.append(self._fill(self.disk / "filler"))
        if self.clock:
            works.append(self._set(self.clock))
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            for replica in self.replicas:
                if not replica.pid:
                    await _supervised(replica)
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    async def _kill(self) -> None:
        for number, replica in itertools.cycle(enumerate(self.replicas, 1)):
            await asyncio.sleep(KILL_EVERY)
            self.happened.append((f"SIGKILL of replica {number}", time.monotonic(), 0.0))
            await replica.kill()
            await _supervised(replica)

    async def _cut(self, url: str) -> None:
        while True:
            await asyncio.sleep(CUT_EVERY)
            self.happened.append(("connections to PostgreSQL cut", time.monotonic(), 0.0))
            # The server itself may just be going down.
            with suppress(OSError, asyncpg.PostgresError):
                await cut_connections(url)

    async def _restart(self, command: str) -> None:
        while True:
            await asyncio.sleep(RESTART_EVERY)
            self.happened.append(("PostgreSQL restarted", time.monotonic(), 0.0))
            process = await asyncio.create_subprocess_exec(*shlex.split(command))
            await process.wait()

    async def _fill(self, filler: Path) -> None:
        while True:
            await asyncio.sleep(FILL_EVERY)
            try:
                left = await asyncio.to_thread(fill, filler)
                self.happened.append((f"disk full ({left} bytes left)", time.monotonic(), FULL_FOR))
                await asyncio.sleep(FULL_FOR)
            finally:
                await asyncio.to_thread(filler.unlink, missing_ok=True)

    async def _set(self, clock: Path) -> None:
        for told in itertools.cycle(CLOCKS):
            await asyncio.sleep(SET_EVERY)
            self.happened.append((f"clock set to {told} s", time.monotonic(), 0.0))
            await asyncio.to_thread(clock.write_text, f"{told}\n")

    def recoveries(self, commits: Sequence[float]) -> list[dict[str, Any]]:
        """For each fault the longest time (seconds) without a commit that began while it lasted or within two seconds
        after."""
        told = []
        for what, at, lasted in self.happened:
            near = [one for one in commits if at - 1 <= one <= at + lasted + 40]
            gaps = [later - earlier for earlier, later in itertools.pairwise(near) if earlier <= at + lasted + 2]
            told.append({"fault": what, "longest_silence": round(max(gaps, default=lasted + 40.0), 2)})
        return told


async def _supervised(replica: Replica) -> None:
    """Start it as systemd does: what ends at once (the disk is full) is started again."""
    for last in itertools.chain(itertools.repeat(False, 29), [True]):
        try:
            await replica.start()
        except RuntimeError:
            if last:
                raise
            await asyncio.sleep(1.0)
        else:
            return


def fill(filler: Path) -> int:
    """Write a file until its filesystem has no room; the bytes that are left all the same."""
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    return shutil.disk_usage(filler.parent).free


def clock_environment(clock: Path) -> dict[str, str]:
    """What gives a process a clock that the file `clock` sets, by libfaketime (Debian's package of that name).

    Raises:
        BenchError: it is not installed.
    """
    library = FAKETIME.format(machine=platform.machine())
    if not Path(library).exists():
        raise BenchError("libfaketime is not installed (apt install libfaketime)")
    clock.write_text("+0\n")
    still = dict.fromkeys(("FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC"), "1")
    return {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_CACHE_DURATION": "1", **still}
