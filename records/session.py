"""Records: what a turn may look up and write, all inside its own transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

from sqlalchemy import Connection, Table, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from records import outbox, subscriptions
from records.link import Link
from records.outbox import Draft, Lease, Posted
from records.tables import conversations, misses, people, updates, votes

MissKind = Literal["declined", "none_chosen", "thumbs_down"]

_KEY = (conversations.c.channel == bindparam("in_channel")) & (conversations.c.chat == bindparam("in_chat"))
_LOAD = select(conversations.c.state).where(_KEY).with_for_update()
# The two dialects' inserts bear the same methods, but share no type that says so.
_INSERTS: dict[str, Callable[[Table], sqlite.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": cast("Callable[[Table], sqlite.Insert]", postgresql.insert),
}
_SEEN = {name: made(updates).on_conflict_do_nothing().returning(updates.c.update_id) for name, made in _INSERTS.items()}
_OPENED = {name: made(conversations).on_conflict_do_nothing() for name, made in _INSERTS.items()}
_KEPT = {
    name: (statement := made(conversations)).on_conflict_do_update(
        index_elements=[conversations.c.channel, conversations.c.chat],
        set_={
            "state": statement.excluded.state,
            "at": statement.excluded.at,
            "version": conversations.c.version + 1,
        },
    )
    for name, made in _INSERTS.items()
}
_MET = {
    name: (statement := made(people)).on_conflict_do_update(
        index_elements=[people.c.channel, people.c.person],
        set_={"chat": statement.excluded.chat, "last_at": statement.excluded.last_at, "blocked_at": None},
    )
    for name, made in _INSERTS.items()
}
_VOTED = {
    name: (statement := made(votes)).on_conflict_do_update(
        index_elements=[votes.c.day, votes.c.subject],
        set_={"up": votes.c.up + statement.excluded.up, "down": votes.c.down + statement.excluded.down},
    )
    for name, made in _INSERTS.items()
}
_MISSED = insert(misses)
_FORGET_CONVERSATION = delete(conversations).where(_KEY)
_FORGET_PERSON = delete(people).where(
    people.c.channel == bindparam("in_channel"),
    (people.c.person == bindparam("in_person")) | (people.c.chat == bindparam("in_chat")),
)

DAY = 86_400


@dataclass(frozen=True)
class Opened:
    """The beginning of a turn: whether the update is new, and the chat's memory (JSON; None for a new chat)."""

    first: bool
    state: str | None = None


class Records:
    """The stores, bound to one transaction.

    `connection` is the way for other modules of `records`: `await records.connection.run(function, …)` calls
    `function(connection, …)` with SQLAlchemy's synchronous connection of this transaction.
    `unclaimed`: messages were posted that somebody has yet to claim. `met_today`: whose `people` rows were written.
    """

    def __init__(self, connection: Link, met: Mapping[tuple[str, str], int] | None = None) -> None:
        self.connection = connection
        self.unclaimed = False
        self.met_today: dict[tuple[str, str], int] = {}
        self._met = met or {}
        self._forgotten: set[tuple[str, str]] = set()

    async def open_turn(self, channel: str, update: str, chat: str, at: datetime, person: str | None = None) -> Opened:
        """`first_seen`, `conversation` and (with a `person`) `met` in one step; nothing more for a repeat."""
        stale = person is not None and self._is_stale(channel, person, at)
        opened = await self.connection.run(
            _open_turn, channel, update, chat, at=at.timestamp(), person=person if stale else None
        )
        if opened.first and stale and person is not None:
            self.met_today[channel, person] = _day(at)
        return opened

    async def close_turn(
        self,
        channel: str,
        chat: str,
        at: datetime,
        state: str | None,
        drafts: Sequence[Draft],
        *,
        update: str | None = None,
        now: float | None = None,
        lease: Lease | None = None,
        last: bool = False,
    ) -> list[Posted]:
        """`keep_conversation` (unless `state` is None) and `post` in one step; with `last` the commit too, and nothing
        more can be done in this transaction."""
        if (channel, chat) in self._forgotten:
            state = None
        if state is None and not drafts:
            return []
        posted = await (self.connection.finish if last else self.connection.run)(
            _close_turn,
            channel,
            chat,
            at=at.timestamp(),
            state=state,
            drafts=drafts,
            update_id=update,
            now=now or at.timestamp(),
            lease=lease,
        )
        self._notice_unclaimed(posted)
        return posted

    async def first_seen(self, channel: str, update: str, at: datetime) -> bool:
        """Remember an update; False when it was here before."""
        return await self.connection.run(_first_seen, channel, update, at.timestamp())

    async def conversation(self, channel: str, chat: str) -> str | None:
        """The chat's memory, locked until the transaction ends; None for a new chat."""
        return await self.connection.run(_conversation, channel, chat)

    async def keep_conversation(self, channel: str, chat: str, state: str, at: datetime) -> None:
        """Store the chat's memory, unless the chat was forgotten in this transaction."""
        if (channel, chat) not in self._forgotten:
            await self.connection.run(_keep, channel, chat, state, at.timestamp())

    async def post(
        self,
        channel: str,
        chat: str,
        *drafts: Draft,
        at: datetime,
        update: str | None = None,
        lease: Lease | None = None,
    ) -> list[Posted]:
        """Post messages to any chat, in order; they leave after the commit."""
        posted = await self.connection.run(
            outbox.post, channel, chat, drafts, at.timestamp(), update_id=update, lease=lease
        )
        self._notice_unclaimed(posted)
        return posted

    async def sent_message_of(self, channel: str, chat: str, answers_message: str) -> str | None:
        """The bot's message that answered a citizen's message; None when none was sent (or it was long ago)."""
        return await self.connection.run(outbox.answered_by, channel, chat, answers_message)

    async def unread(self, channel: str, chat: str, after_id: int = 0) -> list[Posted]:
        """The messages of a chat after a row id: for channels that fetch their own (web, terminal)."""
        return await self.connection.run(outbox.unread, channel, chat, after_id)

    async def mark_sent(self, messages: Mapping[int, str | None], at: datetime) -> None:
        """Mark rows as shown by such a channel: row id → the id by which the channel knows the message."""
        await self.connection.run(outbox.mark_sent, messages, at.timestamp())

    async def miss(
        self,
        channel: str,
        kind: MissKind,
        question: str,
        *,
        decision: str,
        codes: Sequence[str] = (),
        topic: str | None = None,
        at: datetime,
    ) -> None:
        """Keep a question that was not met. `question` must already be masked: it names nobody."""
        row = {
            "at": at.timestamp(),
            "channel": channel,
            "kind": kind,
            "question": question,
            "decision": decision,
            "codes": json.dumps(list(codes)),
            "topic": topic,
        }
        await self.connection.execute(_MISSED, row)

    async def vote(self, subject: str, *, helpful: bool, at: datetime) -> None:
        """Count a vote on a service code, or on `decline`."""
        await self.connection.run(_vote, subject, helpful, at)

    async def met(self, channel: str, person: str, chat: str, at: datetime) -> None:
        """This person writes from this (private) chat: at most one write a day. They are no longer marked as having
        blocked the bot."""
        if self._is_stale(channel, person, at) and (channel, chat) not in self._forgotten:
            await self.connection.run(_meet, channel, person, chat, at.timestamp())
            self.met_today[channel, person] = _day(at)

    async def forget(self, channel: str, person: str, chat: str) -> None:
        """Delete the chat's memory, its messages and the person; nothing of the chat is kept in this transaction any
        more but what is posted from here on."""
        self._forgotten.add((channel, chat))
        # Whom the transaction forgets is unknown at their next turn, be it today.
        self.met_today[channel, person] = 0
        await self.connection.run(_forget, channel, person, chat)

    def _is_stale(self, channel: str, person: str, at: datetime) -> bool:
        return self._met.get((channel, person)) != _day(at)

    def _notice_unclaimed(self, posted: Sequence[Posted]) -> None:
        self.unclaimed = self.unclaimed or any(not one.claimed for one in posted)


def _day(at: datetime) -> int:
    return int(at.timestamp()) // DAY


def _open_turn(
    connection: Connection, channel: str, update_id: str, chat: str, *, at: float, person: str | None
) -> Opened:
    if not _first_seen(connection, channel, update_id, at):
        return Opened(first=False)
    state = _conversation(connection, channel, chat)
    if person is not None:
        _meet(connection, channel, person, chat, at)
    return Opened(first=True, state=state)


def _close_turn(
    connection: Connection,
    channel: str,
    chat: str,
    *,
    at: float,
    state: str | None,
    drafts: Sequence[Draft],
    update_id: str | None,
    now: float,
    lease: Lease | None,
) -> list[Posted]:
    if state is not None:
        _keep(connection, channel, chat, state, at)
    return outbox.post(connection, channel, chat, drafts, now, update_id=update_id, lease=lease)


def _first_seen(connection: Connection, channel: str, update_id: str, at: float) -> bool:
    row = {"channel": channel, "update_id": update_id, "at": at}
    return connection.execute(_SEEN[connection.dialect.name], row).first() is not None


def _conversation(connection: Connection, channel: str, chat: str) -> str | None:
    """On SQLite the transaction itself is the lock; on PostgreSQL the row is, made empty first for a new chat."""
    key = {"in_channel": channel, "in_chat": chat}
    state: str | None = connection.scalar(_LOAD, key)
    if state is None and connection.dialect.name == "postgresql":
        row = {"channel": channel, "chat": chat, "state": "", "at": 0.0, "version": 0}
        connection.execute(_OPENED["postgresql"], row)
        state = connection.scalar(_LOAD, key)
    return state or None


def _keep(connection: Connection, channel: str, chat: str, state: str, at: float) -> None:
    row = {"channel": channel, "chat": chat, "state": state, "at": at, "version": 1}
    connection.execute(_KEPT[connection.dialect.name], row)


def _meet(connection: Connection, channel: str, person: str, chat: str, at: float) -> None:
    row = {"channel": channel, "person": person, "chat": chat, "first_at": at, "last_at": at, "blocked_at": None}
    connection.execute(_MET[connection.dialect.name], row)


def _vote(connection: Connection, subject: str, helpful: bool, at: datetime) -> None:
    row = {"day": at.astimezone(UTC).date(), "subject": subject, "up": int(helpful), "down": int(not helpful)}
    connection.execute(_VOTED[connection.dialect.name], row)


def _forget(connection: Connection, channel: str, person: str, chat: str) -> None:
    key = {"in_channel": channel, "in_chat": chat}
    connection.execute(_FORGET_CONVERSATION, key)
    connection.execute(_FORGET_PERSON, {**key, "in_person": person})
    outbox.delete_chat(connection, channel, chat)
    subscriptions.forget(connection, channel, person)
