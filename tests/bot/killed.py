"""A process that takes update 1, delivers, and kills itself at a named point. Its clock runs ahead of leases."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.delivery import Delivery
from bot.engine import Engine
from handlers.reply import Reply, message
from handlers.visit import Visit
from records.database import Database
from records.outbox import Posted
from tests.bot.desk import FAST, office, text_of, turn

URL, SENT, POINT = sys.argv[1:4]


def clock() -> float:
    """Real time for the first run; the one that follows comes after the lease of the first has run out."""
    return time.time() + (3600 if POINT == "none" else 0)


def die_at(point: str) -> None:
    if point == POINT:
        os.kill(os.getpid(), signal.SIGKILL)


class FileSender:
    """Appends what it sends to a file."""

    channel = "telegram"

    async def send(self, posted: Posted) -> str:
        die_at("before send")
        with Path(SENT).open("a") as file:  # noqa: ASYNC230 — nothing else runs here
            file.write(text_of(posted) + "\n")
        die_at("after send")
        return "m1"


class MortalDelivery(Delivery):
    """Dies between the commit and the hand-over."""

    def hand(self, posted: Iterable[Posted]) -> None:
        posted = list(posted)
        if posted:
            die_at("before hand-over")
        super().hand(posted)


async def count(visit: Visit) -> Reply:
    visit.state.made += 1
    await visit.records.vote("13011", helpful=True, at=visit.turn.at)
    die_at("in handler")
    return message(f"{visit.state.made}")


async def main() -> None:
    database = Database.open(URL)
    await database.prepare()
    delivery = MortalDelivery(database, [FileSender()], pace=FAST, clock=clock)
    await delivery.start()
    await Engine(database, office(), count, delivery, clock).take(turn(1))
    sent = await delivery.drain(20)
    await database.close()
    sys.exit(0 if sent else 1)


asyncio.run(main())
