"""Updates on their way to the bot: long polling with offsets, or posts to its webhook."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from bot.standin.errors import Json, RefusalError
from bot.standin.wire import Poster, Reply

_NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)

Handed = Callable[[int, float], None]


def ok(result: Any) -> Reply:
    """A successful answer."""
    body = {"ok": True, "result": result}
    return Reply(200, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def whose(update: Json) -> int:
    """The chat or person an update is about: updates of one are posted in order."""
    body: Json = next(value for name, value in update.items() if name != "update_id")
    chat = body.get("chat") or (body.get("message") or {}).get("chat") or body.get("from") or {"id": 0}
    return int(chat["id"])


class Updates:
    """The queue of updates not yet confirmed.

    ``handed`` is told the id and the time of each handing out; ``polled`` is set once the bot has asked for updates or
    set a webhook, ``gave_up`` once an update was posted ``attempts`` times in vain.
    """

    def __init__(self, *, keep: bool = True) -> None:
        self.pending: deque[Json] = deque()
        self.log: dict[int, Json] = {}
        self.handed: Handed | None = None
        self.conflict: Callable[[], None] | None = None
        self.allowed: frozenset[str] | None = None
        self.polled = asyncio.Event()
        self.gave_up = asyncio.Event()
        self.webhook: Webhook | None = None
        self.attempts = 5
        self.retry_after = 0.05
        self._keep = keep
        self._next_id = 1000
        self._again: list[Json] = []
        self._poll: asyncio.Future[Reply] | None = None
        self._limit = 100
        self._timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def push(self, kind: str, body: Json) -> int:
        """Queue a new update, unless the bot does not want its kind; the update's id."""
        number = self._next_id
        self._next_id += 1
        update: Json = {"update_id": number, kind: body}
        if self._keep:
            self.log[number] = update
        if kind not in self.allowed if self.allowed else kind in _NOT_BY_DEFAULT:
            return number
        self.pending.append(update)
        if self.webhook is not None:
            self.webhook.add(update)
        else:
            self._wake()
        return number

    def redeliver(self, update_id: int) -> None:
        """Hand an update out once more, whatever the bot has confirmed."""
        update = self.log[update_id]
        if self.webhook is not None:
            self.webhook.add(update)
        else:
            self._again.append(update)
            self._wake()

    def allow(self, kinds: list[str] | None) -> None:
        """Remember ``allowed_updates``: None keeps what was, an empty list is the default set."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or None

    def get(self, *, offset: int, limit: int, timeout: float, kinds: list[str] | None) -> Reply | asyncio.Future[Reply]:
        """Answer ``getUpdates`` at once when there are updates, or later.

        Raises:
            RefusalError: a webhook is set.
        """
        self.polled.set()
        if self.webhook is not None:
            raise RefusalError(409, _WEBHOOK_ACTIVE)
        self._end_poll(RefusalError(409, _CONFLICT))
        self.allow(kinds)
        self._confirm(offset)
        self._limit = max(1, min(limit, 100))
        if self.pending or self._again or timeout <= 0:
            return self._batch()
        loop = asyncio.get_running_loop()
        self._poll = loop.create_future()
        self._timer = loop.call_later(timeout, self._wake)
        return self._poll

    def _confirm(self, offset: int) -> None:
        if offset > 0:
            while self.pending and self.pending[0]["update_id"] < offset:
                self.pending.popleft()
        elif offset < 0:
            while len(self.pending) > -offset:
                self.pending.popleft()

    def _batch(self) -> Reply:
        updates = self._again + [self.pending[index] for index in range(min(self._limit, len(self.pending)))]
        self._again = []
        reply = ok(updates)
        if updates and self.handed is not None:
            numbers = [update["update_id"] for update in updates]
            reply.written = lambda: self._tell(numbers)
        return reply

    def _tell(self, numbers: list[int]) -> None:
        now = time.perf_counter()
        for number in numbers:
            if self.handed is not None:
                self.handed(number, now)

    def _wake(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(self._batch())
        self._forget_poll()

    def _end_poll(self, error: RefusalError) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(Reply(error.code, json.dumps(error.answer()).encode()))
            if self.conflict is not None:
                self.conflict()
        self._forget_poll()

    def _forget_poll(self) -> None:
        self._poll = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def set_webhook(self, url: str, headers: dict[str, str], connections: int) -> None:
        """Post updates to ``url`` from now on; those still pending go first."""
        self.drop_webhook()
        self._end_poll(RefusalError(409, "Conflict: terminated by setWebhook request"))
        self.webhook = Webhook(self, url, headers, connections)
        self.polled.set()
        for update in self.pending:
            self.webhook.add(update)

    def drop_webhook(self) -> None:
        """Back to polling."""
        if self.webhook is not None:
            task = asyncio.get_running_loop().create_task(self.webhook.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            self.webhook = None

    def posted(self, update: Json) -> None:
        """The webhook has taken this update."""
        if update in self.pending:
            self.pending.remove(update)

    async def close(self) -> None:
        """End every post and poll."""
        self.drop_webhook()
        self._forget_poll()
        if self._closing:
            await asyncio.gather(*self._closing)


class Webhook:
    """Posts updates, in order for each chat, on up to ``connections`` connections; retries, but not for ever."""

    def __init__(self, updates: Updates, url: str, headers: dict[str, str], connections: int) -> None:
        self.url = url
        self.connections = connections
        self.last_error: tuple[int, str] | None = None
        self.undelivered: list[int] = []
        self._updates = updates
        self._lines: dict[int, deque[Json]] = {}
        self._ready: asyncio.Queue[int] = asyncio.Queue()
        self._poster = Poster(url, headers)
        self._workers = [asyncio.create_task(self._work()) for _ in range(connections)]

    def add(self, update: Json) -> None:
        """Post this update when those of the same chat before it are done."""
        key = whose(update)
        line = self._lines.setdefault(key, deque())
        line.append(update)
        if len(line) == 1:
            self._ready.put_nowait(key)

    async def _work(self) -> None:
        while True:
            key = await self._ready.get()
            line = self._lines[key]
            await self._deliver(line[0])
            line.popleft()
            if line:
                self._ready.put_nowait(key)
            else:
                del self._lines[key]

    async def _deliver(self, update: Json) -> None:
        body = json.dumps(update, ensure_ascii=False, separators=(",", ":")).encode()
        number: int = update["update_id"]
        for attempt in range(self._updates.attempts):
            if attempt:
                await asyncio.sleep(self._updates.retry_after * 2 ** (attempt - 1))
            try:
                status = await self._poster.post(body, lambda: self._written(number))
            except OSError as error:
                self.last_error = int(time.time()), str(error)
                continue
            if 200 <= status < 300:
                self._updates.posted(update)
                return
            self.last_error = int(time.time()), f"Wrong response from the webhook: {status}"
        self.undelivered.append(number)
        self._updates.gave_up.set()

    def _written(self, number: int) -> None:
        if self._updates.handed is not None:
            self._updates.handed(number, time.perf_counter())

    async def close(self) -> None:
        """Stop posting; updates not yet taken stay pending."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._poster.close()
