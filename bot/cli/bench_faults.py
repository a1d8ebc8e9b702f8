"""The faults of `khedmatyar bench load --faults`: replicas killed in turn, connections to the database cut."""

from __future__ import annotations

import asyncio
import itertools
import shlex
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.cli.bench_replicas import Replica, cut_connections

KILL_EVERY, CUT_EVERY, RESTART_EVERY = 20.0, 30.0, 60.0
"""Seconds between two faults of a kind."""


@dataclass
class Faults:
    """Faults to come. `postgresql`: the address of the database whose connections are cut; `restart`: a command that
    restarts its server. `happened`: what was done, and when (`time.monotonic`)."""

    replicas: Sequence[Replica]
    postgresql: str | None = None
    restart: str | None = None
    happened: list[tuple[str, float]] = field(default_factory=list)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """While inside, they happen; at the end every replica runs."""
        works: list[Coroutine[Any, Any, None]] = [self._kill()]
        if self.postgresql:
            works.append(self._cut(self.postgresql))
        if self.restart:
            works.append(self._restart(self.restart))
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            for replica in self.replicas:
                if not replica.pid:
                    await replica.start()
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    async def _kill(self) -> None:
        for number, replica in itertools.cycle(enumerate(self.replicas, 1)):
            await asyncio.sleep(KILL_EVERY)
            self.happened.append((f"SIGKILL of replica {number}", time.monotonic()))
            await replica.kill()
            await replica.start()

    async def _cut(self, url: str) -> None:
        while True:
            await asyncio.sleep(CUT_EVERY)
            self.happened.append(("connections to PostgreSQL cut", time.monotonic()))
            await cut_connections(url)

    async def _restart(self, command: str) -> None:
        while True:
            await asyncio.sleep(RESTART_EVERY)
            self.happened.append(("PostgreSQL restarted", time.monotonic()))
            process = await asyncio.create_subprocess_exec(*shlex.split(command))
            await process.wait()

    def recoveries(self, commits: Sequence[float]) -> list[dict[str, Any]]:
        """For each fault the longest time (seconds) without a commit that began within two seconds of it."""
        told = []
        for what, at in self.happened:
            near = [one for one in commits if at - 1 <= one <= at + 40]
            gaps = [later - earlier for earlier, later in itertools.pairwise(near) if earlier <= at + 2]
            told.append({"fault": what, "longest_silence": round(max(gaps, default=40.0), 2)})
        return told
