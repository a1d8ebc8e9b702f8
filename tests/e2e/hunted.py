"""`khedmatyar run` as a process of its own that is killed at random moments and started again, until it is let be."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from bot.standin import StandIn
from tests.e2e.running import PATIENCE, until

ROOT = Path(__file__).parents[2]

HURRIED = """
from functools import partial
from bot import delivery
delivery.Pace = partial(delivery.Pace, lease=2.0, tend=0.4, sweep=0.3)
"""
"""What a killed process had in hand is taken over after 2 s, not 20 s."""


class Hunted:
    """The program on a stand-in. Moments are counted in events there: a call received, an update handed out.

    `every`: events between two kills in the mean; `grave`: tells what is called or handed out (as JSON) at which it
    hurts most to die: every other kill waits for such an event. `kills`: how many so far; `handed`: how often each
    update was handed out.
    """

    def __init__(
        self,
        api: StandIn,
        settings: Mapping[str, str],
        folder: Path,
        *,
        seed: str,
        every: int,
        grave: Callable[[Mapping[str, Any]], bool],
    ) -> None:
        self.kills = 0
        self.handed: Counter[int] = Counter()
        self._api = api
        self._settings = settings
        self._folder = folder
        self._log = folder / "program.log"
        self._dice = random.Random(seed)  # noqa: S311 — the same kills every time, as far as the machine lets them be
        self._every = every
        self._grave = grave
        self._left = 0
        self._picky = False
        self._process: asyncio.subprocess.Process | None = None
        self._struck = False
        self._quiet = asyncio.Event()
        api.on_call = lambda _method, parameters, _at: self._happened(parameters)
        api.updates.handed = self._given

    @asynccontextmanager
    async def hunt(self) -> AsyncIterator[None]:
        """While inside, it is killed again and again. At the end it may do what it was sent, and dies once more."""
        # A task group, so that a program that will not start ends the test at once.
        async with asyncio.TaskGroup() as group:
            hunting = group.create_task(self._hunt())
            try:
                yield
                self._left = 0
                await until(lambda: not self._api.updates.pending)
            finally:
                self._quiet.set()
                self._strike()
                await asyncio.wait({hunting})
        self._quiet.clear()

    @asynccontextmanager
    async def calm(self) -> AsyncIterator[None]:
        """While inside, it runs unharmed; at the end it is told to stop, and does so in order."""
        process = await self._start()
        try:
            yield
            process.terminate()
            async with asyncio.timeout(PATIENCE):
                assert await process.wait() == 0, self._told()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _hunt(self) -> None:
        while not self._quiet.is_set():
            process = await self._start()
            self._left = self._dice.randint(1, 2 * self._every)
            self._picky = self._dice.random() < 0.5
            if self._quiet.is_set():
                self._strike()
            await process.wait()
            assert self._struck, f"it ended by itself: {self._told()}"
            self.kills += 1

    async def _start(self) -> asyncio.subprocess.Process:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KHEDMATYAR_")}
        if model := os.environ.get("KHEDMATYAR_MODEL"):
            inherited["KHEDMATYAR_MODEL"] = model
        self._struck = False
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", f"{HURRIED}\nfrom bot.cli import main; main()", "run"),
                cwd=self._folder,
                env={**inherited, **self._settings, "PYTHONPATH": str(ROOT)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self._process

    def _given(self, update: int, _at: float) -> None:
        self.handed[update] += 1
        self._happened(self._api.updates.log[update])

    def _happened(self, what: Mapping[str, Any]) -> None:
        if self._left > 0 and (self._left > 1 or not self._picky or self._grave(what)):
            self._left -= 1
            if self._left == 0:
                # At the very event, or in the midst of what it brings about: of a transaction, say.
                delay = self._dice.choice((0.0, self._dice.random() * 0.03))
                asyncio.get_running_loop().call_later(delay, self._strike) if delay else self._strike()

    def _strike(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._struck = True
            with suppress(ProcessLookupError):
                self._process.kill()

    def _told(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]
