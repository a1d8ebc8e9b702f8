"""The messenger of `khedmatyar bench broadcast --live`: a stand-in with subscribers and live chats, in a process of its
own, that notes when each message and each answer came.

``python -m bot.cli.bench_live_messenger --load rate=20,… --recipients 1000``. On standard output: ``{"url": …}``,
``{"begun": true}`` when the first update leaves, and, after a line on standard input ends the load, the report. Times
are unix seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from bot.standin.errors import Json
from bot.standin.load import Load, LoadPlan
from bot.standin.server import StandIn

FIRST_RECIPIENT = 1_000_000_000


class NotingLoad(Load):
    """A load that keeps the time and the chat of every message, and of every answered turn when and how long."""

    def __init__(self, api: StandIn, plan: LoadPlan) -> None:
        super().__init__(api, plan)
        self.messages: list[tuple[float, int]] = []
        self.answers: list[tuple[float, float]] = []

    def end(self) -> None:
        """Begin no more turns."""
        self._measured_to = time.perf_counter()

    def _called(self, method: str, parameters: Mapping[str, Any], at: float) -> None:
        if method.startswith(("send", "edit", "copy", "forward")) and method != "sendChatAction":
            chat = int(parameters.get("chat_id", 0))
            now = time.time()
            self.messages.append((now, chat))
            talk = self._by_chat.get(chat)
            if talk is not None and talk.waiting and talk.handed:
                self.answers.append((now, at - talk.handed))
        super()._called(method, parameters, at)


async def _run(arguments: argparse.Namespace) -> None:
    api = StandIn("42:TEST", check=False, record=False)
    async with api:
        for number in range(arguments.recipients):
            api.user(FIRST_RECIPIENT + number)
        _say({"url": api.url})
        load = NotingLoad(api, arguments.load)
        await asyncio.wait_for(api.updates.polled.wait(), arguments.load.start)
        _say({"begun": True})
        running = asyncio.create_task(load.run())
        await asyncio.to_thread(sys.stdin.readline)
        load.end()
        report = await running
        _say({"report": {**report, "messages": load.messages, "answers": load.answers}})


def _say(line: Json) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bot.cli.bench_live_messenger")
    parser.add_argument("--load", type=LoadPlan.parse, required=True)
    parser.add_argument("--recipients", type=int, required=True)
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
