"""Members of the desk with chats of their own, and a citizen's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

import pytest

from handlers.announcements import RULES
from handlers.visit import Office
from records.announcement_values import Announcement, Subscriber
from records.announcements import Announcements
from records.database import Database
from records.staff import Role, Staff
from records.subscriptions import Subscriptions
from tests.handlers.chat import NOON, Chat

Hire = Callable[..., Awaitable[Chat]]


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RULES, "approval", "everyone")


@pytest.fixture
def hire(database: Database, office: Office) -> Hire:
    async def hired(person: str, role: Role, bureaus: Collection[str] = ()) -> Chat:
        async with database.transaction() as records:
            await Staff(records.connection).put(
                "telegram", person, role, bureaus=bureaus, at=NOON, name=f"کارمند {person}"
            )
            await records.met("telegram", person, person, NOON)
        return Chat(database, office, person=person)

    return hired


async def subscribed(database: Database, person: str, wanted: Subscriber | None = None) -> None:
    async with database.transaction() as records:
        await records.met("telegram", person, person, NOON)
        await Subscriptions(records.connection).put("telegram", person, wanted or Subscriber("all"), NOON)


async def wants_of(database: Database, person: str = "7", channel: str = "telegram") -> Subscriber:
    async with database.reading() as records:
        return await Subscriptions(records.connection).of(channel, person)


async def announcement(database: Database, number: int) -> Announcement:
    async with database.reading() as records:
        found = await Announcements(records.connection).get(number)
    assert found is not None
    return found


async def posted(database: Database, chat: str) -> list[str]:
    """The parts in the outbox for a chat."""
    async with database.reading() as records:
        return [one.part for one in await records.unread("telegram", chat)]
