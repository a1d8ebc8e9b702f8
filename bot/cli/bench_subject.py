"""What `khedmatyar bench conversation` measures, as a process: our whole service, or a bare python-telegram-bot echo.

``python -m bot.cli.bench_subject ours --url … --report FILE``. Ends at SIGTERM and writes its report.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from telegram import Update
from telegram.ext import Application, CallbackQueryHandler, ContextTypes, MessageHandler, filters

from bot.channels import serve
from bot.cli.finder import ready_finder
from bot.cli.running import event_loop_factory, settle
from bot.messenger.api import MessengerBot
from bot.messenger.intake import Intake
from bot.settings import Settings

Raw = dict[str, Any]


def cpu_seconds() -> float:
    """User and system time of this process, all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@dataclass
class Meter:
    """Measures from `warmup` seconds after the first turn, for `seconds`.

    `delays`: seconds from an update's arrival to its commit.
    """

    warmup: float
    seconds: float
    turns: int = 0
    delays: list[float] = field(default_factory=list)
    cpu: float = 0.0
    _arrived: dict[int, float] = field(default_factory=dict)
    _on: bool = False
    _begun: bool = False

    def arrived(self, update: int) -> None:
        """An update's JSON has come; at the first, the clock starts."""
        self._arrived.setdefault(update, time.perf_counter())
        if not self._begun:
            self._begun = True
            asyncio.get_running_loop().call_later(self.warmup, self._start)

    def done(self, update: int) -> None:
        """A turn is committed."""
        begun = self._arrived.pop(update, None)
        if self._on:
            self.turns += 1
            if begun is not None:
                self.delays.append(time.perf_counter() - begun)

    def _start(self) -> None:
        self._on = True
        self.cpu = -cpu_seconds()
        asyncio.get_running_loop().call_later(self.seconds, self._stop)

    def _stop(self) -> None:
        self._on = False
        self.cpu += cpu_seconds()

    def report(self) -> Raw:
        """What was measured; times in seconds, memory as the system counts it (kilobytes on Linux)."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"turns": self.turns, "cpu": self.cpu, "delays": self.delays, "max_rss": peak}


def ours(url: str, token: str, database: Path, meter: Meter) -> None:
    """The service as `khedmatyar run` starts it, with a clock at its two ends: getUpdates answered, turn committed."""
    finder = ready_finder()
    fetch: Callable[..., Awaitable[list[Raw]]] = MessengerBot.fetch
    handle: Callable[[Intake, Raw], Awaitable[None]] = Intake.handle

    async def fetched(self: MessengerBot, *args: Any, **options: Any) -> list[Raw]:
        batch = await fetch(self, *args, **options)
        for raw in batch:
            meter.arrived(raw["update_id"])
        return batch

    async def handled(self: Intake, raw: Raw) -> None:
        await handle(self, raw)
        meter.done(raw["update_id"])

    for owner, name, timed in ((MessengerBot, "fetch", fetched), (Intake, "handle", handled)):
        setattr(owner, name, timed)
    values: Raw = {
        "telegram_token": token,
        "telegram_api_url": url,
        "web_port": 0,
        "messages_per_minute": 0,
        "database_url": f"sqlite:///{database}",
    }
    settle()
    with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
        runner.run(serve(Settings(_env_file=None, **values), finder))


def echo(url: str, token: str, meter: Meter) -> None:
    """A bare echo bot: one sendMessage a turn, python-telegram-bot's own Application, polling and HTTPXRequest."""

    async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        meter.arrived(update.update_id)
        chat, message = update.effective_chat, update.effective_message
        if chat is not None:
            await context.bot.send_message(chat.id, (message and message.text) or "؟")
        meter.done(update.update_id)

    application = (
        Application.builder().token(token).base_url(f"{url}/bot").base_file_url(f"{url}/file/bot")
        .concurrent_updates(True).build()
    )  # fmt: skip
    application.add_handler(MessageHandler(filters.ALL, answer))
    application.add_handler(CallbackQueryHandler(answer))
    application.run_polling()


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(prog="python -m bot.cli.bench_subject")
    parser.add_argument("who", choices=("ours", "echo"))
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", default="42:TEST")
    parser.add_argument("--folder", type=Path, required=True, help="where the database and the report are written")
    parser.add_argument("--warmup", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    meter = Meter(given.warmup, given.seconds)
    if given.who == "ours":
        ours(given.url, given.token, given.folder / "bench.sqlite", meter)
    else:
        echo(given.url, given.token, meter)
    (given.folder / "report.json").write_text(json.dumps(meter.report()), encoding="utf-8")


if __name__ == "__main__":
    main()
