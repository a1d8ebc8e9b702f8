"""Token buckets by key, in bounded memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

KEYS = 20_000
"""Buckets kept; the one longest untouched is forgotten first, by then it has filled up again."""


class Buckets:
    """Lets each key act `burst` times at once and `per_minute` times a minute in the long run."""

    def __init__(
        self, per_minute: float, burst: int, *, keys: int = KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = per_minute / 60
        self._burst = burst
        self._keys = keys
        self._clock = clock
        self._filled: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._filled)

    def wait(self, key: str) -> float:
        """Take one token of `key`: 0.0 when there was one, else the seconds until there will be (none is taken)."""
        now = self._clock()
        tokens, at = self._filled.get(key, (float(self._burst), now))
        tokens = min(float(self._burst), tokens + (now - at) * self._rate)
        allowed = tokens >= 1
        self._filled[key] = (tokens - 1 if allowed else tokens, now)
        self._filled.move_to_end(key)
        if len(self._filled) > self._keys:
            self._filled.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self._rate
