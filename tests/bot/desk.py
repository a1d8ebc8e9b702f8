"""What the tests of the engine and of delivery share: turns, an office without a finder, a sender that can fail."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from datetime import UTC, datetime
from typing import Any, cast

from bot.delivery import Pace
from handlers.reply import PART, plain_text
from handlers.turn import Channel, Turn
from handlers.visit import Office
from knowledge.finder.finder import Finder
from records.outbox import Posted

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
FAST = Pace(first_retry=0.01, longest_retry=0.04, sweep=0.05, tend=0.1, marks_after=0.01, at_once=4)

Outcome = Exception | str | None


class NoFinder:
    """Stands where the finder would; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def find(self, question: str) -> Any:
        self.asked.append(question)
        return object()


def office() -> Office:
    return Office(cast("Finder", NoFinder()))


def turn(
    update: int | str,
    text: str = "سلام",
    *,
    chat: str = "1",
    channel: Channel = "telegram",
    message: str | None = None,
    button: str | None = None,
    edited: bool = False,
) -> Turn:
    return Turn(
        channel,
        str(update),
        chat,
        f"p{chat}",
        AT,
        text,
        button=button,
        message=message or f"q{update}",
        edited=edited,
    )


def text_of(posted: Posted) -> str:
    return plain_text(PART.validate_json(posted.part).blocks)


class FakeSender:
    """Records what is sent (`sent`: chat, text, target); `outcomes` of a chat, in order, come before success."""

    def __init__(self, channel: str = "telegram") -> None:
        self.channel = channel
        self.sent: list[tuple[str, str, str | None]] = []
        self.tried: list[tuple[str, str]] = []
        self.outcomes: defaultdict[str, deque[Outcome]] = defaultdict(deque)
        self.down: Exception | None = None
        self.busy = 0
        self.most_busy = 0

    async def send(self, posted: Posted) -> str | None:
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            await asyncio.sleep(0)
            self.tried.append((posted.chat, text_of(posted)))
            if self.down is not None:
                raise self.down
            outcome = self.outcomes[posted.chat].popleft() if self.outcomes[posted.chat] else None
            if isinstance(outcome, Exception):
                raise outcome
            self.sent.append((posted.chat, text_of(posted), posted.target_message))
            return outcome or f"m{len(self.sent)}"
        finally:
            self.busy -= 1

    def texts(self, chat: str = "1") -> list[str]:
        return [text for to, text, _ in self.sent if to == chat]
