"""A stand-in in a thread with its own event loop, for commands that run one themselves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bot.standin import StandIn
from bot.standin.server import Platform


@contextmanager
def in_a_thread(platform: Platform = "telegram") -> Iterator[StandIn]:
    """The stand-in, answering until the block ends."""
    api = StandIn(platform=platform)
    loop = asyncio.new_event_loop()
    up, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with api:
            up.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        assert up.wait(10)
        yield api
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
