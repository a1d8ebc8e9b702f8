"""Load for benchmarks: feeds updates to a bot at a rate, or saturated, and measures how soon each is answered.

A *turn* runs from the moment an update is handed out (the ``getUpdates`` answer written, or the webhook's request sent)
to the arrival of the bot's first ``send…`` or ``edit…`` call for that chat (``sendChatAction`` does not count). A chat
has at most one turn at a time, as a person waits for the answer; so when every chat waits, the offered rate cannot be
held, and the report's ``late`` counts the updates sent later than planned.

A script is JSON lines, each ``{"text": "…"}`` or ``{"press": 0}`` (the n-th callback button of the bot's last message
with buttons; passed over when there is none). Every chat walks through the script round and round, each from
its own line.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.standin.errors import Json
from bot.standin.people import Participant
from bot.standin.server import Platform, StandIn

_FIRST_USER = 100_000_000
_QUESTIONS = ("سلام", "برای پروانه ساخت چه مدارکی لازم است؟", "شماره تلفن استانداری چند است؟", "ممنون")
DEFAULT_SCRIPT: tuple[Json, ...] = tuple({"text": text} for text in _QUESTIONS)


@dataclass(frozen=True)
class LoadPlan:
    """What to send. ``rate`` in updates a second; without it ``pending`` updates stand unanswered at all times.

    ``warmup`` seconds come before the ``seconds`` that are measured; a turn not answered within ``patience`` seconds
    counts as unanswered; ``start`` is how long to wait for the bot's first call for updates.
    """

    rate: float | None = None
    pending: int = 50
    chats: int = 200
    seconds: float = 30.0
    warmup: float = 2.0
    patience: float = 30.0
    start: float = 60.0
    script: str = ""

    @classmethod
    def parse(cls, text: str) -> LoadPlan:
        """Read ``rate=50,chats=200,seconds=30,script=FILE.jsonl``.

        Raises:
            ValueError: an unknown name or a value that is no number.
        """
        types = {"rate": float, "pending": int, "chats": int, "script": str}
        known = {one.name for one in fields(cls)}
        values: Json = {}
        for part in filter(None, text.split(",")):
            name, _, value = part.partition("=")
            if name not in known:
                raise ValueError(f"no setting {name!r} of a load; there are {', '.join(sorted(known))}")
            values[name] = types.get(name, float)(value)
        return cls(**values)

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in asdict(self).items() if value not in (None, ""))

    def turns(self) -> Sequence[Json]:
        """The script's lines."""
        if not self.script:
            return DEFAULT_SCRIPT
        lines = Path(self.script).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]


@dataclass
class _Talk:
    """One chat's conversation."""

    person: Participant
    line: int
    update_id: int = 0
    sent: float = 0.0
    handed: float = 0.0
    waiting: bool = False


@dataclass
class _Tally:
    """What is measured, of turns that began after the warm-up. Times in seconds."""

    turns: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    sent: int = 0
    late: int = 0
    unanswered: int = 0


class Load:
    """Feeds one stand-in by a plan."""

    def __init__(self, api: StandIn, plan: LoadPlan) -> None:
        self._api = api
        self._plan = plan
        self._script = plan.turns()
        people = (api.user(_FIRST_USER + number, first_name=f"شهروند {number}") for number in range(plan.chats))
        # Far apart, so that a bot that remembers what it was just asked does not profit from the neighbour.
        apart = len(self._script) / plan.chats
        self._talks = [_Talk(person, int(number * apart)) for number, person in enumerate(people)]
        self._by_chat = {talk.person.id: talk for talk in self._talks}
        self._by_update: dict[int, _Talk] = {}
        self._idle = deque(self._talks)
        self._wake = asyncio.Event()
        self._tally = _Tally()
        self._measured_from = float("inf")
        self._measured_to = float("inf")

    async def run(self) -> Json:
        """Wait for the bot, send the load, wait for the last answers; the report.

        Raises:
            TimeoutError: the bot never asked for updates.
        """
        await asyncio.wait_for(self._api.updates.polled.wait(), self._plan.start)
        self._api.on_call, self._api.updates.handed = self._called, self._handed
        begin = time.perf_counter()
        self._measured_from = begin + self._plan.warmup
        self._measured_to = self._measured_from + self._plan.seconds
        cpu = time.process_time()
        if self._plan.rate is None:
            await self._saturate()
        else:
            await self._at_rate(self._plan.rate)
        cpu = time.process_time() - cpu
        await self._drain()
        return self._report(cpu)

    async def _at_rate(self, rate: float) -> None:
        begin = time.perf_counter()
        for number in itertools.count():
            due = begin + number / rate
            if due >= self._measured_to:
                return
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            if not self._idle:
                self._tally.late += due >= self._measured_from
                await self._some_idle()
            if self._idle:
                await self._speak(self._idle.popleft())

    async def _saturate(self) -> None:
        while time.perf_counter() < self._measured_to:
            busy = len(self._talks) - len(self._idle)
            for _ in range(min(self._plan.pending - busy, len(self._idle))):
                await self._speak(self._idle.popleft())
            self._wake.clear()
            await self._some_idle(woken=True)

    async def _some_idle(self, *, woken: bool = False) -> None:
        """Wait until a chat is answered, or the time is up."""
        while (woken or not self._idle) and (left := self._measured_to - time.perf_counter()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(left, 1.0))
            self._give_up()
            self._wake.clear()
            woken = False

    def _give_up(self) -> None:
        before = time.perf_counter() - self._plan.patience
        for talk in self._talks:
            if talk.waiting and talk.sent < before:
                self._tally.unanswered += talk.sent >= self._measured_from
                self._free(talk)

    def _free(self, talk: _Talk) -> None:
        talk.waiting = False
        talk.handed = 0.0
        self._by_update.pop(talk.update_id, None)
        self._idle.append(talk)
        self._wake.set()

    async def _speak(self, talk: _Talk) -> None:
        for _ in self._script:
            step = self._script[talk.line]
            talk.line = (talk.line + 1) % len(self._script)
            talk.sent, talk.waiting, talk.handed = time.perf_counter(), True, 0.0
            if (update_id := await self._step(talk.person, step)) is not None:
                talk.update_id = update_id
                self._by_update[update_id] = talk
                self._tally.sent += talk.sent >= self._measured_from
                return
        talk.waiting = False
        self._idle.append(talk)

    @staticmethod
    async def _step(person: Participant, step: Json) -> int | None:
        if "text" in step:
            return await person.send(step["text"])
        for shown in reversed(person.messages):
            if shown.by_bot and shown.callbacks:
                return await person.press_data(shown, shown.callbacks[step["press"] % len(shown.callbacks)])
        return None

    def _handed(self, update_id: int, at: float) -> None:
        talk = self._by_update.get(update_id)
        if talk is not None and not talk.handed:
            talk.handed = at

    def _called(self, method: str, parameters: Mapping[str, Any], at: float) -> None:
        if not method.startswith(("send", "edit", "copy", "forward")) or method == "sendChatAction":
            return
        talk = self._by_chat.get(parameters.get("chat_id", 0))
        if talk is None or not talk.waiting or not talk.handed:
            return
        if talk.sent >= self._measured_from:
            self._tally.turns.append(at - talk.handed)
            self._tally.waits.append(talk.handed - talk.sent)
        self._free(talk)

    async def _drain(self) -> None:
        self._wake.clear()
        while any(talk.waiting for talk in self._talks):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 0.5)
            self._wake.clear()
            self._give_up()

    def _report(self, cpu: float) -> Json:
        tally, plan = self._tally, self._plan
        return {
            "platform": self._api.platform,
            "delivery": "webhook" if self._api.updates.webhook else "polling",
            "plan": {name: value for name, value in asdict(plan).items() if value is not None},
            "updates": tally.sent,
            "answered": len(tally.turns),
            "unanswered": tally.unanswered,
            "late": tally.late,
            "turns_per_second": round(len(tally.turns) / plan.seconds, 2),
            "turn_ms": percentiles(tally.turns),
            "wait_ms": percentiles(tally.waits),
            "standin_cpu_share": round(cpu / (plan.seconds + plan.warmup), 3),
            **record(self._api),
        }


def percentiles(seconds: list[float]) -> Json:
    """Mean, p50, p90, p95, p99 and maximum in milliseconds; empty when nothing was measured."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    ranks = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}
    result = {name: ordered[min(len(ordered) - 1, int(rank * len(ordered)))] for name, rank in ranks.items()}
    return {name: round(value * 1000, 3) for name, value in {"mean": sum(ordered) / len(ordered), **result}.items()}


def record(api: StandIn) -> Json:
    """What the stand-in has counted: calls by method, violations (the first twenty in full), refusals."""
    return {
        "calls": dict(api.counts.most_common()),
        "violation_count": len(api.violations),
        "violations": [
            {"method": one.method, "field": one.field, "reason": one.reason, "parameters": repr(one.parameters)[:500]}
            for one in api.violations[:20]
        ],
        "refusals": len(api.refusals),
        "not_modified": api.not_modified,
    }


class StandInProcess:
    """The stand-in in a process of its own, with or without load. An async context manager.

    ``url`` is known once it is entered; `report` waits for the end of the load (or ends a stand-in that has none).
    """

    def __init__(
        self,
        token: str = "42:TEST",  # noqa: S107 — no secret: the bot under test is given the same
        *,
        plan: LoadPlan | None = None,
        platform: Platform = "telegram",
        check: bool = True,
    ) -> None:
        self.url = ""
        self._arguments = ["--token", token, "--platform", platform, "--check" if check else "--no-check"]
        if plan is not None:
            self._arguments += ["--load", str(plan)]
        self._endless = plan is None
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        command = (sys.executable, "-m", "bot.standin", *self._arguments)
        root = str(Path(__file__).parents[2])
        paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}
        )
        assert self._process.stdout is not None  # noqa: S101 — asked for with PIPE
        first = await self._process.stdout.readline()
        if not first:
            raise RuntimeError(f"{command} ended with {await self._process.wait()}")
        self.url = json.loads(first)["url"]
        return self

    async def report(self) -> Json:
        """The report, once the load is over."""
        if self._process is None:
            raise RuntimeError("not started")
        if self._endless:
            self._process.send_signal(signal.SIGTERM)
        out, _ = await self._process.communicate()
        report: Json = json.loads(out)
        return report

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()
