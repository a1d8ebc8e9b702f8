"""The stand-in as a process: ``python -m bot.standin --port 8081 --token 42:TEST [--load rate=50,seconds=30]``.

The first line on standard output is ``{"url": …}``, the second and last the report: after the load, or without one at
SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from bot.standin.errors import Json
from bot.standin.load import Load, LoadPlan, record
from bot.standin.server import StandIn


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.standin", description="A Bot API stand-in on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0: any free port (the default)")
    parser.add_argument("--token", default="42:TEST")
    parser.add_argument("--platform", choices=("telegram", "bale"), default="telegram")
    parser.add_argument("--load", type=LoadPlan.parse, help="rate=50,chats=200,seconds=30,script=FILE.jsonl …")
    parser.add_argument("--check", action=argparse.BooleanOptionalAction, default=True, help="check every call")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    api = StandIn(
        arguments.token, arguments.platform, port=arguments.port, check=arguments.check, record=arguments.load is None
    )
    async with api:
        _say({"url": api.url})
        if arguments.load is not None:
            _say(await Load(api, arguments.load).run())
            return
        end = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, end.set)
        await end.wait()
        _say(record(api))


def _say(line: Json) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_run(_arguments()))
