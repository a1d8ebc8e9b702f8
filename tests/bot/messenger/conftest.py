"""A stand-in messenger, our bot connected to it, and an engine that only remembers what it was given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.messenger.api import MessengerBot, connect, make_bot
from bot.messenger.dialect import BALE, TELEGRAM, Dialect
from bot.standin import StandIn
from handlers.reply import PART, Part
from handlers.turn import Turn
from records.outbox import Posted

TOKEN = "42:very-secret"  # noqa: S105 — of the stand-in


@dataclass(frozen=True)
class Done:
    notice: str | None = None


@dataclass
class Scripted:
    """Remembers committed turns; `fails` may raise instead, `before` is waited for."""

    taken: list[Turn] = field(default_factory=list)
    notice: str | None = None
    fails: Callable[[Turn], bool] = lambda turn: False
    before: Callable[[Turn], asyncio.Future[None] | None] = lambda turn: None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, turn: Turn) -> Done:
        waiting = self.before(turn)
        if waiting is not None:
            await waiting
        await asyncio.sleep(0)
        if self.fails(turn):
            raise ConnectionError("the database is out of reach")
        self.taken.append(turn)
        self.changed.set()
        return Done(self.notice)

    @property
    def texts(self) -> list[str]:
        return [turn.text for turn in self.taken]

    async def until(self, count: int) -> list[Turn]:
        async with asyncio.timeout(10):
            while len(self.taken) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.taken


@asynccontextmanager
async def joined(dialect: Dialect, url: str, proxy: str | None = None) -> AsyncIterator[MessengerBot]:
    bot = make_bot(dialect, TOKEN, url, proxy)
    try:
        await connect(bot, dialect)
        yield bot
    finally:
        await bot.shutdown()


def posted(part: Part, chat: int = 7, number: int = 1, target: str | None = None, answers: str | None = None) -> Posted:
    return Posted(
        number, "telegram", str(chat), 0, PART.dump_json(part).decode(), part.replaces, target, answers, 0, 0.0
    )


@pytest.fixture
async def telegram() -> AsyncIterator[StandIn]:
    async with StandIn(token=TOKEN) as api:
        yield api


@pytest.fixture
async def bale() -> AsyncIterator[StandIn]:
    async with StandIn(token=TOKEN, platform="bale") as api:
        yield api


@pytest.fixture
async def bot(telegram: StandIn) -> AsyncIterator[MessengerBot]:
    async with joined(TELEGRAM, telegram.url) as made:
        yield made


@pytest.fixture
async def bale_bot(bale: StandIn) -> AsyncIterator[MessengerBot]:
    async with joined(BALE, bale.url) as made:
        yield made
