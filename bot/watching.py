"""What is told of each turn and each message sent: counted, timed, and a line in the log without a word of anybody."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import TypeVar

from bot.logs import FIELDS, chat_hash
from bot.metrics import METRICS, SENDS, Outcome, Stopwatch
from handlers.turn import Turn
from handlers.visit import Conversation
from knowledge.finder.finder import Found
from records.outbox import Posted

LOG = logging.getLogger(__name__)

T = TypeVar("T")


class TurnWatch(Stopwatch):
    """One turn on its way through the engine; `done` tells of it when it has ended."""

    __slots__ = ("_turn", "found", "outcome", "rows")

    def __init__(self, turn: Turn) -> None:
        super().__init__()
        self._turn = turn
        self.outcome: Outcome = "unavailable"
        self.found: object = None
        self.rows: tuple[int, ...] = ()

    def answered(self, state: Conversation, *, open_dialogue: bool) -> None:
        """The handler has decided. What a dialogue is told (a complaint's story, say) is no question, so the finder's
        word on it does not count as a decision."""
        found, self.found = self.found, None
        if isinstance(found, Found) and not (open_dialogue and state.topic is not None):
            METRICS.decisions.inc(found.decision, found.intent)

    def done(self) -> None:
        """The turn has ended: count and log it."""
        total = self.total()
        turn, spent = self._turn, self.spent
        METRICS.turns.inc(turn.channel, self.outcome)
        METRICS.stages.observe(total, "turn")
        for stage, seconds in spent.items():
            METRICS.stages.observe(seconds, stage)
        if LOG.isEnabledFor(logging.INFO):
            told: dict[str, object] = {
                "update": int(turn.update) if turn.update.isdecimal() and turn.update.isascii() else turn.update,
                "chat": chat_hash(turn.channel, turn.chat),
                "channel": turn.channel,
                "outcome": self.outcome,
                "ms": {"turn": _ms(total), **{stage: _ms(seconds) for stage, seconds in spent.items()}},
            }
            if self.rows:
                told["rows"] = self.rows
            LOG.info("turn", extra={FIELDS: told})


async def sending(send: Awaitable[T], posted: Posted, now: float) -> T:
    """Await a sender and tell what came of it; `now` (unix seconds) is when it was given the message. What it raises is
    raised."""
    outcome = "fault"
    watch = Stopwatch()
    try:
        sent = await send
        outcome = "sent"
    except Exception as error:
        outcome = type(error).__name__.lower()
        if outcome not in SENDS:
            outcome = "fault"
        raise
    else:
        return sent
    finally:
        seconds = max(0.0, now - posted.created_at) + watch.total()
        METRICS.sends.inc(posted.channel, outcome)
        if outcome == "sent":
            METRICS.stages.observe(seconds, "delivery")
        level = logging.DEBUG if outcome == "sent" else logging.INFO
        if LOG.isEnabledFor(level):
            told = {
                "row": posted.id,
                "chat": chat_hash(posted.channel, posted.chat),
                "channel": posted.channel,
                "outcome": outcome,
                "ms": {"delivery": _ms(seconds)},
            }
            LOG.log(level, "send", extra={FIELDS: told})


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
