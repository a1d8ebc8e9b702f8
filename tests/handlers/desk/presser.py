"""A process of its own that presses «برداشتن»: `python -m tests.handlers.desk.presser URL`.

Says `ready`, reads a line of JSON (a list of [update, code, officer]), presses them all at once, and writes a line of
JSON: the notice of each."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

from handlers import desk
from handlers.turn import Turn
from handlers.visit import Office, Visit
from knowledge.catalogue import load_catalogue
from knowledge.finder.finder import Finder
from records.database import Database
from tests.handlers.desk.desk import NOON, CatalogueOnly

AT_ONCE = 16


async def main(url: str) -> None:
    """Press and tell."""
    office = Office(cast("Finder", CatalogueOnly(load_catalogue())))
    handler = desk.TOPIC.buttons["dtake"]
    database = Database.open(url)
    gate = asyncio.Semaphore(AT_ONCE)

    async def press(update: str, code: str, officer: str) -> str | None:
        turn = Turn("telegram", update, officer, officer, NOON, button=f"dtake:{code}", message="1")
        async with gate, database.transaction() as records:
            reply = await handler(Visit(turn, office, records), (code,))
        return reply.notice

    try:
        async with database.reading() as records:
            await records.conversation("telegram", "warm")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        presses = json.loads(await asyncio.to_thread(sys.stdin.readline))
        notices = await asyncio.gather(*(press(*one) for one in presses))
        sys.stdout.write(json.dumps(notices) + "\n")
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
