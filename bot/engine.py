"""One update, one transaction: remember it, load the chat, let the handler decide, keep state and replies, commit.

Only when `take` has returned may the update be confirmed to the messenger: then a killed process loses nothing, and
a second delivery of the update finds itself remembered.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import ValidationError

from bot.delivery import Delivery
from bot.haste import Haste, handle_hasty
from bot.logs import FIELDS, frames
from bot.pausing import Pausing, handle_paused
from bot.watching import TurnWatch
from handlers.reply import PART, Reply, message
from handlers.turn import Turn
from handlers.visit import Conversation, Office, Visit
from knowledge.persian import persian_digits
from records.database import Database
from records.errors import DatabaseUnavailableError
from records.outbox import Draft, Posted
from records.session import Records

LOG = logging.getLogger(__name__)

APOLOGY = "مشکلی پیش آمد و این پیام انجام نشد. لطفاً دوباره بنویسید. کد خطا: {code}"

TOO_FAST = "لطفاً کمی آهسته‌تر؛ یک دقیقه صبر کنید."

Handle = Callable[[Visit], Awaitable[Reply]]


@dataclass(frozen=True)
class Taken:
    """What became of an update. `repeated`: it had been handled before and nothing was done. `posted`: the messages
    to the turn's chat, now in the outbox. `notice`: a passing line for a pressed button."""

    repeated: bool = False
    posted: tuple[Posted, ...] = ()
    notice: str | None = None


class _HandlerError(Exception):
    """A handler failed; the cause is chained."""


class _ChatLock(asyncio.Lock):
    users = 0


class Engine:
    """Takes updates of all channels: those of one chat one after another, different chats side by side.

    `handle` decides what is said; `delivery` is handed what was posted; `clock` gives unix seconds; `pausing` knows
    whether citizens get a notice instead, `haste` who writes too fast.
    """

    def __init__(
        self,
        database: Database,
        office: Office,
        handle: Handle,
        delivery: Delivery | None = None,
        clock: Callable[[], float] = time.time,
        *,
        pausing: Pausing | None = None,
        haste: Haste | None = None,
    ) -> None:
        self.office = office
        self._pausing = pausing
        self._haste = haste
        self._database = database
        self._handle = handle
        self._delivery = delivery
        self._clock = clock
        self._locks: dict[tuple[str, str], _ChatLock] = {}

    async def take(self, turn: Turn) -> Taken:
        """Handle one update, once. A handler that raises changes nothing: the citizen gets an apology with a code
        that the log bears too.

        Raises:
            DatabaseUnavailableError: nothing was done; the update must not be confirmed.
        """
        watch = TurnWatch(turn)
        try:
            return await self._take(turn, watch)
        finally:
            watch.done()

    async def _take(self, turn: Turn, watch: TurnWatch) -> Taken:
        pace = "go" if self._haste is None else self._haste.judge(turn)
        if pace == "pass_over":
            watch.outcome = "hasty"
            return Taken(notice=TOO_FAST if turn.button is not None else None)
        hasty = pace == "tell"
        async with self._in_order(turn.channel, turn.chat):
            try:
                taken, unclaimed = await self._handled(turn, watch, hasty=hasty)
            except DatabaseUnavailableError:
                # A server that was restarted shows only in its stale connections; the pool is fresh after one of them.
                if self._database.lone:
                    raise
                taken, unclaimed = await self._handled(turn, watch, hasty=hasty)
            watch.rows = tuple(posted.id for posted in taken.posted)
            if self._delivery is not None:
                self._delivery.hand(posted for posted in taken.posted if posted.claimed)
                if unclaimed:
                    self._delivery.poke()
        return taken

    async def _handled(self, turn: Turn, watch: TurnWatch, *, hasty: bool) -> tuple[Taken, bool]:
        try:
            if hasty:
                taken, unclaimed = await self._transact(turn, handle_hasty, None, watch)
                watch.outcome = "repeated" if taken.repeated else "hasty"
                return taken, unclaimed
            return await self._transact(turn, self._handle, self.office, watch)
        except _HandlerError as failure:
            code = f"{secrets.randbelow(900_000) + 100_000}"
            # The text of an exception may quote the citizen; its kind and its place in our code do not.
            cause = failure.__cause__
            where = {FIELDS: {"trace": frames(cause.__traceback__)}} if cause is not None else None
            kind = type(cause).__name__
            LOG.error("turn %s failed on %s: %s", code, turn.channel, kind, extra=where)  # noqa: TRY400 — see above
            apology = message(APOLOGY.format(code=persian_digits(code)))

            async def apologize(_: Visit) -> Reply:
                return apology

            taken, unclaimed = await self._transact(turn, apologize, None, watch)
            if not taken.repeated:
                watch.outcome = "failed"
            return taken, unclaimed

    async def _transact(
        self, turn: Turn, handle: Handle, office: Office | None, watch: TurnWatch
    ) -> tuple[Taken, bool]:
        """One turn in one transaction. With an `office`, its finder has its say before the transaction begins: nobody
        waits for a lock meanwhile."""
        if office is not None and _is_question(turn):
            watch.mark(None)
            try:
                watch.found = office.find(turn.text)
            except Exception as error:
                raise _HandlerError from error
            watch.mark("finder")
        watch.mark(None)
        async with self._database.transaction() as records:
            opened = await records.open_turn(
                turn.channel, turn.update, turn.chat, turn.at, turn.person if turn.private else None
            )
            if not opened.first:
                watch.outcome = "repeated"
                return Taken(repeated=True), False
            watch.mark("database")
            visit = Visit(turn, self.office, records, _remembered(opened.state))
            topic = visit.state.topic
            paused = office is not None and self._pausing is not None and await self._pausing.is_for(visit)
            try:
                reply = await (handle_paused if paused else handle)(visit)
                state = visit.state.model_dump_json(exclude_defaults=True)
                drafts = [await self._draft(turn, place, reply, records) for place in range(len(reply.parts))]
            except DatabaseUnavailableError:
                raise
            except Exception as error:
                raise _HandlerError from error
            watch.mark("handler")
            posted = await records.close_turn(
                turn.channel,
                turn.chat,
                turn.at,
                state if state != (opened.state or "{}") else None,
                drafts,
                update=turn.update,
                now=self._clock(),
                lease=self._delivery.lease(turn.channel) if self._delivery is not None else None,
                last=True,
            )
        watch.mark("database")
        watch.outcome = "paused" if paused else "answered" if posted else "silent"
        watch.answered(visit.state, open_dialogue=topic is not None)
        return Taken(posted=tuple(posted), notice=reply.notice), records.unclaimed

    async def _draft(self, turn: Turn, place: int, reply: Reply, records: Records) -> Draft:
        part = reply.parts[place]
        first = all(earlier.replaces is None for earlier in reply.parts[:place])
        answers = turn.message if turn.button is None else None
        target = None
        if part.replaces == "pressed" and turn.button is not None and first:
            target = turn.message
        elif part.replaces == "answer" and answers is not None and first:
            target = await records.sent_message_of(turn.channel, turn.chat, answers)
        return Draft(PART.dump_json(part).decode(), part.replaces if first else None, target, answers)

    @asynccontextmanager
    async def _in_order(self, channel: str, chat: str) -> AsyncIterator[None]:
        key = (channel, chat)
        lock = self._locks.setdefault(key, _ChatLock())
        lock.users += 1
        try:
            async with lock:
                yield
        finally:
            lock.users -= 1
            if not lock.users:
                del self._locks[key]


def _is_question(turn: Turn) -> bool:
    return bool(turn.text) and turn.button is None and not turn.text.startswith("/")


def _remembered(state: str | None) -> Conversation:
    if state is None:
        return Conversation()
    try:
        return Conversation.model_validate_json(state)
    except ValidationError:
        LOG.warning("a conversation of another version could not be read; it starts anew")
        return Conversation()
