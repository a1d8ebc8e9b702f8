"""The messengers' budget, shared by live answers (which take theirs at once) and announcements (which wait)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from bot.delivery import Later, Sender
from records.outbox import Posted

Chat = tuple[str, str]


class Meter:
    """Knows when the next message may leave. Slots are even: a pause is not made up for by a burst after it.

    `rate` in messages a second, `per_chat` seconds between two to one chat, `clock` in seconds; `lived`: how many live
    answers it has heard of.
    """

    def __init__(self, rate: float, per_chat: float, clock: Callable[[], float]) -> None:
        self.lived = 0
        self._rate = rate
        self._interval = 1.0 / rate
        self._per_chat = per_chat
        self._clock = clock
        self._next = 0.0
        self._last: OrderedDict[Chat, float] = OrderedDict()
        self._opens: dict[str, float] = {}

    def wait(self) -> float:
        """Seconds until the next announcement may leave."""
        return max(0.0, self._next - self._clock())

    def take(self, weight: int = 1) -> None:
        """An announcement of so many messages takes its slot."""
        self._next = max(self._next, self._clock()) + self._interval * weight

    def chat_wait(self, chat: Chat) -> float:
        """Seconds until this chat may be written to."""
        last = self._last.get(chat)
        return 0.0 if last is None else max(0.0, last + self._per_chat - self._clock())

    def written(self, chat: Chat) -> None:
        """A message leaves for this chat now."""
        now = self._clock()
        self._last[chat] = now
        self._last.move_to_end(chat)
        while self._last and next(iter(self._last.values())) < now - self._per_chat:
            self._last.popitem(last=False)

    def live(self, chat: Chat) -> None:
        """A live answer leaves now: announcements make room. However many do, one announcement a second goes on."""
        self.lived += 1
        self._next = min(max(self._next, self._clock()) + 1.0 / self._rate, self._clock() + 1.0)
        self.written(chat)

    def elsewhere(self, rate: float) -> None:
        """Other replicas answer so many a second: that much less is left for announcements, at least one a second."""
        self._interval = 1.0 / max(1.0, self._rate - rate)

    @property
    def pace(self) -> float:
        """Messages a second that are left for announcements and the live answers of this process."""
        return 1.0 / self._interval

    def pause(self, channel: str, seconds: float) -> None:
        """Nothing more on this channel for so long."""
        self._opens[channel] = max(self._opens.get(channel, 0.0), self._clock() + seconds)

    def opens_in(self, channel: str) -> float:
        """Seconds until the channel may be written to."""
        return max(0.0, self._opens.get(channel, 0.0) - self._clock())


class Metered:
    """A Sender of live answers that the meter hears of."""

    def __init__(self, sender: Sender, meter: Meter) -> None:
        self.channel = sender.channel
        self._sender = sender
        self._meter = meter

    async def send(self, posted: Posted) -> str | None:
        """As the sender does."""
        self._meter.live((posted.channel, posted.chat))
        try:
            return await self._sender.send(posted)
        except Later as later:
            if later.scope == "channel":
                self._meter.pause(self.channel, later.seconds)
            raise
