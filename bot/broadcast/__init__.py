"""Announcements on their way: one process sends, at the messengers' pace, each recipient once (decision 0012)."""

from __future__ import annotations

from bot.broadcast.broadcaster import Broadcaster, Carrier
from bot.broadcast.meter import Meter, Metered
from bot.broadcast.tempo import Tempo

__all__ = ["Broadcaster", "Carrier", "Meter", "Metered", "Tempo"]
