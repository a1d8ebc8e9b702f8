"""The messenger of `khedmatyar bench load`: a stand-in with load, as a process of its own, that can also misbehave.

``python -m bot.cli.bench_messenger --load rate=50,seconds=60 [--faults 0.05]``. On standard output: ``{"url": …}``,
``{"begun": true}`` when the first update leaves, and the report.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from typing import Any

from bot.standin.arguments import Arguments
from bot.standin.errors import Call, Json
from bot.standin.failures import Failure, Reset, RetryAfter, ServerError
from bot.standin.load import Load, LoadPlan
from bot.standin.server import StandIn
from bot.standin.updates import Updates
from bot.standin.wire import Answering

ATTEMPTS = 12
"""Times that an update is posted until the stand-in gives up, in a minute and a half: the wait doubles each time."""

REMEMBERED = 3000
"""Updates that may be delivered once more."""

REPEATED, SWAPPED = 0.02, 0.01
"""Shares of updates that come a second time, and of those that come after the next one of their chat."""

SENDING = ("sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup")


class RestlessUpdates(Updates):
    """Keeps the last updates for a second delivery, and can hold one back until the next of its chat has gone."""

    def __init__(self) -> None:
        super().__init__(keep=True)
        self.swap = False
        self._held: list[tuple[str, Json]] = []

    def push(self, kind: str, body: Json) -> int:
        """As `Updates.push`; while `swap` is set, the next two are posted the other way round."""
        if not self.swap:
            number = super().push(kind, body)
            self._forget()
            return number
        hook, self.webhook = self.webhook, None
        try:
            number = super().push(kind, body)
        finally:
            self.webhook = hook
        self._held.append((kind, self.log[number]))
        if len(self._held) == 2 and hook is not None:
            for _, update in reversed(self._held):
                hook.add(update)
            self._held.clear()
            self.swap = False
        return number

    def _forget(self) -> None:
        while len(self.log) > REMEMBERED:
            del self.log[next(iter(self.log))]


class FaultyStandIn(StandIn):
    """A stand-in of which a share of the calls fails (502, broken connections, a few 429), and which counts the
    messages that each chat was sent."""

    def __init__(self, token: str, share: float) -> None:
        super().__init__(token, check=False, record=False)
        self.updates = RestlessUpdates()
        self.updates.attempts = ATTEMPTS
        self.updates.conflict = self._conflict
        self.shown: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._share = share
        self._chance = random.Random(1)  # noqa: S311 — the same faults every time

    def _failure(self, method: str, chat_id: object) -> Failure | None:
        planned = super()._failure(method, chat_id)
        if planned is not None or not self._share or not method.startswith(("send", "edit", "answer")):
            return planned
        if self._chance.random() >= self._share:
            return None
        kinds: list[tuple[Failure, int]] = [
            (ServerError(502), 10),
            (ServerError(502, done=True), 2),
            (Reset(), 10),
            (Reset(done=True), 2),
            # Each makes the whole channel rest for a second, as Telegram asks: more of them would only be a pause.
            (RetryAfter(1), 1),
        ]
        failure = self._chance.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        self.failed[type(failure).__name__] += 1
        return failure

    def _run(self, call: Call, arguments: Arguments) -> Answering:
        answer = super()._run(call, arguments)
        if call.method in SENDING:
            self.shown[str(call.parameters.get("chat_id"))] += 1
        return answer


class RestlessLoad(Load):
    """A load of which some updates come twice, and some before the one that was written earlier."""

    def __init__(self, api: FaultyStandIn, plan: LoadPlan, *, restless: bool) -> None:
        super().__init__(api, plan)
        self.repeated = self.swapped = 0
        self._restless = restless
        self._recent: list[int] = []
        self._odds = random.Random(2)  # noqa: S311 — the same faults every time

    async def _speak(self, talk: Any) -> None:
        updates = self._api.updates
        if self._restless and isinstance(updates, RestlessUpdates):
            if self._odds.random() < SWAPPED:
                updates.swap = True
                await talk.person.send("/help")
                self.swapped += 1
            elif self._recent and self._odds.random() < REPEATED:
                number = self._odds.choice(self._recent)
                if number in updates.log:
                    updates.redeliver(number)
                    self.repeated += 1
        await super()._speak(talk)
        if isinstance(updates, RestlessUpdates) and updates.swap:
            # The script's line brought no update: let go of the one that was held back.
            await talk.person.send("/about")
        self._recent = [*self._recent[-200:], talk.update_id]


async def _run(arguments: argparse.Namespace) -> None:
    api = FaultyStandIn(arguments.token, arguments.faults)
    async with api:
        _say({"url": api.url})
        load = RestlessLoad(api, arguments.load, restless=bool(arguments.faults))
        await asyncio.wait_for(api.updates.polled.wait(), arguments.load.start)
        _say({"begun": True})
        report = await load.run()
        # What is still to be said of the last updates: replies that a killed replica had in hand.
        await asyncio.to_thread(sys.stdin.readline)
        hook = api.updates.webhook
        report |= {
            "shown": dict(api.shown),
            "failed": dict(api.failed),
            "repeated": load.repeated,
            "swapped": load.swapped,
            "undelivered": len(hook.undelivered) if hook else 0,
            "last_update": api.updates._next_id - 1,  # noqa: SLF001 — our own subclass's base
        }
        _say({"report": report})


def _say(line: Json) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run it; one line on standard input asks for the report once the load is over."""
    parser = argparse.ArgumentParser(prog="python -m bot.cli.bench_messenger")
    parser.add_argument("--token", default="42:TEST")
    parser.add_argument("--load", type=LoadPlan.parse, required=True)
    parser.add_argument("--faults", type=float, default=0.0)
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
