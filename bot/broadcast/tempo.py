"""How fast announcements go."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Tempo:
    """`rate`: messages a second, over all messengers and with the live answers; `per_chat`: seconds between two
    messages to one chat; `at_once`: calls in flight (a second is begun only when the first takes longer than its share
    of the second); `claim`: rows claimed in one transaction; `plan`: subscribers looked at in one.

    Other times in seconds: `patience` with which a message waits for live answers that are on their way; `idle` between
    looks for work, and at what other replicas answer; `takeover` between tries to be the sender; `progress` between
    edits of a progress message; `drain` for calls in flight when the program stops. `tries` of one recipient that the
    messenger fails at while it works for others; `refusals` in a row until an announcement waits for the desk.
    """

    rate: float = 25.0
    per_chat: float = 1.0
    at_once: int = 12
    claim: int = 1
    plan: int = 1000
    patience: float = 0.25
    idle: float = 1.0
    takeover: float = 5.0
    progress: float = 6.0
    drain: float = 5.0
    first_retry: float = 0.25
    longest_retry: float = 300.0
    tries: int = 12
    refusals: int = 20

    def backoff(self, failures: int) -> float:
        """How long to leave a messenger alone after so many failures in a row: doubled each time, with some jitter."""
        wait = min(self.first_retry * 2.0 ** min(failures - 1, 20), self.longest_retry)
        return wait * random.uniform(0.75, 1.0)  # noqa: S311 — jitter, no secret
