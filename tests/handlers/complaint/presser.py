"""A process of its own that presses «ثبت»: `python -m tests.handlers.complaint.presser URL engine|bare`.

Says `ready`, reads a line of JSON (a list of [update, chat, button data]), presses them all at once, and writes a line
of JSON: the text answered to each. `engine`: every press goes the way of an update, in the order of its chat. `bare`:
the handler alone, with the memory that the chat had at the beginning: nothing but the store keeps two presses apart.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import cast

from sqlalchemy import text

from bot.engine import Engine
from handlers import complaint, router
from handlers.desk import post
from handlers.reply import PART, Part, plain_text
from handlers.turn import Turn
from handlers.visit import Conversation, Office, Visit
from knowledge.catalogue import load_catalogue
from knowledge.finder.finder import Finder
from records.database import Database
from tests.handlers.complaint.conftest import NOW
from tests.handlers.desk.desk import GROUP, CatalogueOnly

AT_ONCE = 32

Press = Callable[[Turn], Awaitable[str]]


def through_engine(database: Database, office: Office) -> Press:
    """As the program takes an update."""
    engine = Engine(database, office, router.handle)

    async def press(turn: Turn) -> str:
        return _text(PART.validate_json(posted.part) for posted in (await engine.take(turn)).posted)

    return press


def bare(database: Database, office: Office, memories: dict[str, str]) -> Press:
    """The handler in a transaction, the chat not locked."""
    handler = complaint.TOPIC.buttons["csend"]

    async def press(turn: Turn) -> str:
        assert turn.button is not None
        state = Conversation.model_validate_json(memories[turn.chat])
        async with database.transaction() as records:
            reply = await handler(Visit(turn, office, records, state), tuple(turn.button.split(":")[1:]))
        return _text(reply.parts)

    return press


def _text(parts: Iterable[Part]) -> str:
    return "\n".join(plain_text(part.blocks) for part in parts)


async def main(url: str, way: str) -> None:
    """Press and tell."""
    post.set_up(("telegram", GROUP))
    office = Office(cast("Finder", CatalogueOnly(load_catalogue())))
    database = Database.open(url)
    gate = asyncio.Semaphore(AT_ONCE)
    try:
        async with database.reading() as records:
            rows = await records.connection.execute(text("SELECT chat, state FROM conversations"))
        memories = {row.chat: row.state for row in rows}
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        presses = json.loads(await asyncio.to_thread(sys.stdin.readline))
        press = bare(database, office, memories) if way == "bare" else through_engine(database, office)

        async def one(update: str, chat: str, data: str) -> str:
            async with gate:
                return await press(Turn("telegram", update, chat, chat, NOW, button=data, message="1"))

        answers = await asyncio.gather(*(one(*each) for each in presses))
        sys.stdout.write(json.dumps(answers) + "\n")
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
