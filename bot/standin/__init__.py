"""A Bot API stand-in: a real HTTP server on 127.0.0.1 that a real bot talks to, for end-to-end tests and benchmarks.

It checks every call against the Bot API's reference and limits, answers as Telegram would, and keeps record:
`StandIn.violations` are things a correct bot never does, `StandIn.refusals` answers it must be ready for. People are
driven in Python (`StandIn.user`, `StandIn.group`). `python -m bot.standin` runs it alone, also as a source of load
(`bot.standin.load`). With ``platform="bale"`` it behaves as Bale does; `bot.standin.bale` tells what is known of that.

Not imitated: Markdown is not read (its text is taken as written), channels, topics, payments, business accounts,
stories, and flood limits on their own (ask for them with `StandIn.fail`). Production code never imports this package.
"""

from __future__ import annotations

from bot.standin.errors import NOT_MODIFIED, Call, Refused, Violation
from bot.standin.failures import Blocked, Failure, Late, Reset, RetryAfter, ServerError, Silent
from bot.standin.people import Group, Participant, blank_png
from bot.standin.server import StandIn
from bot.standin.world import Shown

__all__ = [
    "NOT_MODIFIED",
    "Blocked",
    "Call",
    "Failure",
    "Group",
    "Late",
    "Participant",
    "Refused",
    "Reset",
    "RetryAfter",
    "ServerError",
    "Shown",
    "Silent",
    "StandIn",
    "Violation",
    "blank_png",
]
