"""One update, from the messenger's JSON to its commit. Whoever brings it may confirm it when `handle` has returned."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from telegram.error import TelegramError

from bot.messenger.api import MessengerBot
from bot.messenger.dialect import Dialect
from bot.messenger.inline import Cards, answer_inline
from bot.messenger.updates import Arrived, Asked, Chosen, Me, Membership, Raw, parse, read
from bot.metrics import METRICS
from handlers.turn import Turn

LOG = logging.getLogger(__name__)

NOTICE_LIMIT = 200
"""Most characters of the line shown on a pressed button (Bot API: answerCallbackQuery)."""


class Outcome(Protocol):
    """What became of a turn (bot.engine.Taken)."""

    @property
    def notice(self) -> str | None: ...


class Taker(Protocol):
    """Whoever handles turns (bot.engine.Engine). When `take` has returned, the turn is committed."""

    async def take(self, turn: Turn) -> Outcome: ...


class Intake:
    """Takes updates of one messenger. `cards` answers inline queries; `on_membership` is told who blocked the bot and
    who came back, and its commit too is waited for; `on_chosen` is told which cards were shared; `prepare` fetches what
    a turn needs, before the engine takes it."""

    def __init__(
        self,
        bot: MessengerBot,
        dialect: Dialect,
        engine: Taker,
        *,
        cards: Cards | None = None,
        on_membership: Callable[[Membership], Awaitable[None]] | None = None,
        on_chosen: Callable[[Chosen], Awaitable[None]] | None = None,
        prepare: Callable[[Turn], Awaitable[Turn]] | None = None,
    ) -> None:
        self.dialect = dialect
        self._bot = bot
        self._engine = engine
        self._cards = cards
        self._on_membership = on_membership
        self._on_chosen = on_chosen
        self._prepare = prepare
        self._aside: set[asyncio.Task[None]] = set()

    @property
    def ready(self) -> bool:
        """Whether the messenger has told who we are: before that, no update can be read."""
        return self._bot.connected

    async def handle(self, raw: Raw) -> None:
        """Handle an update; one that cannot be read is logged and passed over.

        Raises:
            Exception: it is not committed and must come again (the database is out of reach).
        """
        arrived = self._read(raw)
        METRICS.updates.inc(self.dialect.channel, arrived.kind)
        notice = None
        match arrived.event:
            case Turn() as turn:
                if self._prepare is not None:
                    turn = await self._prepare(turn)
                notice = (await self._engine.take(turn)).notice
            case Membership() as membership:
                if self._on_membership is not None:
                    await self._on_membership(membership)
            case Asked() as asked:
                if self._cards is not None:
                    self._set_aside(answer_inline(self._bot, self.dialect, asked, self._cards))
            case Chosen() as chosen:
                if self._on_chosen is not None:
                    await self._on_chosen(chosen)
            case None:
                pass
        if arrived.press is not None:
            self._set_aside(self._answer_press(arrived.press, notice))

    async def close(self) -> None:
        """Wait for answers that are on their way."""
        while self._aside:
            await asyncio.gather(*self._aside, return_exceptions=True)

    def _read(self, raw: Raw) -> Arrived:
        try:
            return read(parse(raw, self._bot), self.dialect.channel, Me(self._bot.id, self._bot.username))
        except Exception as error:  # noqa: BLE001 — whatever a messenger sends, the next update must be handled
            kinds = ", ".join(sorted(str(kind) for kind in raw if kind != "update_id"))
            LOG.warning("an update could not be read (%s): %s", kinds, type(error).__name__)
            return Arrived(unreadable=True)

    def _set_aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _answer_press(self, press: str, notice: str | None) -> None:
        """Stop the button's clock. It goes past the outbox: a late answer is worth nothing, and is refused."""
        try:
            await self._bot.call(
                "answerCallbackQuery", callback_query_id=press, text=notice[:NOTICE_LIMIT] if notice else None
            )
        except TelegramError as error:
            LOG.info("a pressed button was not answered: %s", type(error).__name__)
