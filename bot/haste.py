"""Whoever writes faster than a person does is told so once, and what they send meanwhile is not done.

Each process counts for itself, in memory: it is a brake on machines and on children with a phone, no ledger.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

from bot.limits import KEYS, Buckets
from handlers.reply import Reply, message
from handlers.turn import Turn
from handlers.visit import Visit

CHANNELS = ("telegram", "bale")
"""Where people are held to a pace; the web chat has limits of its own (bot/web/app.py)."""

QUIET = 60.0
"""Seconds for which somebody who was told is not told again."""

Verdict = Literal["go", "tell", "pass_over"]


class Haste:
    """Lets each person send `per_minute` messages and presses a minute, as many at once; 0: as many as they like."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = Buckets(per_minute, per_minute, clock=clock) if per_minute else None
        self._clock = clock
        self._told: OrderedDict[str, float] = OrderedDict()

    def judge(self, turn: Turn) -> Verdict:
        """Whether to do this turn; `tell`: no, and say so."""
        if self._buckets is None or turn.channel not in CHANNELS or not turn.private:
            return "go"
        key = f"{turn.channel}:{turn.person}"
        if not self._buckets.wait(key):
            return "go"
        now = self._clock()
        if now - self._told.get(key, -math.inf) < QUIET:
            return "pass_over"
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > KEYS:
            self._told.popitem(last=False)
        return "tell"


async def handle_hasty(visit: Visit) -> Reply:
    """What they are told; the visit's state stays as it is."""
    what = "این دکمه" if visit.turn.button is not None else "این پیام"
    return message(
        f"پیام‌هایتان خیلی پشت سر هم می‌رسد. {what} انجام نشد؛ لطفاً یک دقیقه صبر کنید و دوباره بفرستید. آنچه پیش‌تر "
        "گفته‌اید سر جایش است."
    )
