"""A process that sends announcements to stand-ins until it is killed, or there are none left. Its clock runs fast."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from sqlalchemy import text

from bot.broadcast import Broadcaster, Tempo
from bot.messenger.api import connect, make_bot
from bot.messenger.courier import Courier
from bot.messenger.dialect import BALE, TELEGRAM
from bot.messenger.sender import MessengerSender
from records.database import Database
from tests.bot.broadcast.studio import NOON, PlainLook

DATABASE, TELEGRAM_URL, BALE_URL, AT_ONCE, SPEED, BEGAN = sys.argv[1:7]
TOKEN = "42:very-secret"  # noqa: S105 — of the stand-in


def clock() -> float:
    """From noon on, many times as fast as real time; a later run goes on where the one before was."""
    return NOON.timestamp() + (time.time() - float(BEGAN)) * float(SPEED)


async def sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / float(SPEED))


async def main() -> None:
    async with AsyncExitStack() as stack:
        database = Database.open(DATABASE)
        stack.push_async_callback(database.close)
        couriers = []
        for dialect, url in ((TELEGRAM, TELEGRAM_URL), (BALE, BALE_URL)):
            bot = make_bot(dialect, TOKEN, url)
            stack.push_async_callback(bot.shutdown)
            await connect(bot, dialect)
            couriers.append(Courier(bot, dialect, MessengerSender(bot, dialect)))
        tempo = Tempo(at_once=int(AT_ONCE), takeover=1, drain=5)
        broadcaster = Broadcaster(database, couriers, PlainLook(), tempo=tempo, clock=clock, sleep=sleep)
        broadcaster.start()
        while True:
            await asyncio.sleep(0.1)
            async with database.reading() as records:
                left = await records.connection.execute(text("SELECT 1 FROM announcements WHERE state != 'done'"))
            if not left:
                break
        await broadcaster.stop()


asyncio.run(main())
