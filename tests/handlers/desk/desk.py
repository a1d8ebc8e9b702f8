"""A desk with its members and citizens over a real database: every turn its own transaction, as the engine makes it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from handlers import desk, router
from handlers.complaint.dates import answer_by, jalali_year, look_by
from handlers.complaint.rules import RULES, store
from handlers.desk.post import announce_new
from handlers.reply import PART, Button, Part, Reply, plain_text
from handlers.turn import Turn
from handlers.visit import Conversation, Office, Visit
from knowledge.catalogue import Catalogue
from records.complaint_values import Complainant, Complaint, ComplaintFile, NewComplaint
from records.database import Database
from records.staff import Member, Role, Staff

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
"""Sunday, the 1st of Azar 1405, at noon in Tehran."""

GROUP = "-100500"
STORY = "چراغ خیابان ما یک ماه است خاموش است"


class CatalogueOnly:
    """Stands where the finder would, for turns that ask nothing of it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue


@dataclass
class Desk:
    """The world. `now` is everybody's clock; `memories`: the chats' memories, through JSON."""

    database: Database
    office: Office
    now: datetime = NOON
    memories: dict[str, str] = field(default_factory=dict)
    _updates: itertools.count[int] = field(default_factory=itertools.count)

    async def turn(self, person: str, *, chat: str | None = None, **fields: object) -> Reply:
        """One turn of a person, in their own chat or in another."""
        chat = chat or person
        turn = Turn(
            channel="telegram", update=str(next(self._updates)), chat=chat, person=person, at=self.now,
            message="1", private=chat == person, **fields,  # type: ignore[arg-type]  # a test's own fields
        )  # fmt: skip
        state = Conversation.model_validate_json(self.memories.get(chat, "{}"))
        async with self.database.transaction() as records:
            visit = Visit(turn, self.office, records, state)
            reply = await self._handled(visit)
        self.memories[chat] = visit.state.model_dump_json()
        return reply

    async def _handled(self, visit: Visit) -> Reply:
        turn = visit.turn
        if visit.state.topic == "desk" and turn.button is None and not turn.text.startswith("/"):
            reply = await desk.go_on(visit)
            return reply if reply is not None else Reply()
        return await router.handle(visit)

    async def say(self, person: str, text: str, **fields: object) -> Reply:
        return await self.turn(person, chat=None, text=text, **fields)

    async def press(self, person: str, data: str, *, chat: str | None = None) -> Reply:
        return await self.turn(person, button=data, chat=chat)

    async def join(self, person: str, role: Role, *bureaus: str, name: str = "") -> Member:
        """Make somebody a member."""
        async with self.database.transaction() as records:
            return await Staff(records.connection).put(
                "telegram", person, role, bureaus=bureaus, at=self.now, name=name or f"{role} {person}"
            )

    async def file(
        self,
        story: str = STORY,
        *,
        subject: str | None = "urban-01",
        person: str = "7",
        named: bool = False,
        draft: str = "",
        files: tuple[ComplaintFile, ...] = (),
    ) -> Complaint:
        """A citizen's complaint, with the desk told."""
        async with self.database.transaction() as records:
            turn = Turn("telegram", "0", person, person, self.now)
            visit = Visit(turn, self.office, records)
            new = NewComplaint(
                draft=draft or f"{person}-{next(self._updates)}",
                jalali_year=jalali_year(self.now),
                subject=subject,
                body="",
                story=story,
                named=named,
                complainant=Complainant("telegram", person, person, "مریم رضایی" if named else None, "09121234567"),
                look_by=look_by(self.now),
                answer_by=answer_by(self.now),
                files=files,
            )
            filed = await store(visit).file(new, self.now)
            await announce_new(visit, filed.complaint)
            return filed.complaint

    async def complaint(self, code: str) -> Complaint:
        """As it is now."""
        async with self.database.reading() as records:
            visit = Visit(Turn("telegram", "0", "0", "0", self.now), self.office, records)
            found = await store(visit).by_code(code)
        assert found is not None
        return found

    async def sent(self, chat: str) -> list[Part]:
        """What was posted to a chat by turns of others, oldest first."""
        async with self.database.reading() as records:
            return [PART.validate_json(one.part) for one in await records.unread("telegram", chat)]

    async def told(self, chat: str) -> list[str]:
        """The texts of what was posted to a chat."""
        return [plain_text(part.blocks) for part in await self.sent(chat)]

    async def heard(self, chat: str) -> str:
        """The last text posted to a chat."""
        return (await self.told(chat))[-1]

    def wait(self, **time: float) -> None:
        """Let time go by."""
        self.now += timedelta(**time)


def text(reply: Reply) -> str:
    """All the text of a reply."""
    return plain_text(reply.blocks)


def buttons(reply: Reply) -> list[Button]:
    """All buttons of a reply."""
    return [button for part in reply.parts for row in part.buttons for button in row]


def labels(reply: Reply) -> list[str]:
    """Their labels."""
    return [button.label for button in buttons(reply)]


def data(reply: Reply, label: str) -> str:
    """The data of the button whose label begins so."""
    for button in buttons(reply):
        if button.label.startswith(label) and button.data:
            return button.data
    raise AssertionError(f"no button «{label}»: {labels(reply)}")


__all__ = ["GROUP", "NOON", "RULES", "STORY", "CatalogueOnly", "Desk", "buttons", "data", "labels", "text"]
