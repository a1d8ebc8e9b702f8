"""A chat with the complaint's handlers over a real database: every turn its own transaction, the memory kept as JSON
between turns, as a restart would find it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from handlers import complaint, handoff
from handlers.complaint.rules import store
from handlers.reply import Button, Reply, message, plain_text
from handlers.turn import Attachment, Turn
from handlers.visit import Conversation, Office, Visit
from records.complaint_states import State
from records.complaint_values import Change, Complaint
from records.database import Database

OTHER = "جوابِ چیز دیگر"


class Talk:
    """One person in one chat; `at` is the clock, moved a little by every turn."""

    def __init__(self, database: Database, office: Office, at: datetime, person: str = "7", name: str = "") -> None:
        self.database = database
        self.office = office
        self.at = at
        self.person = person
        self.name = name
        self.private = True
        self.memory = Conversation().model_dump_json()
        self.last = Reply()
        self.turns = 0

    async def say(
        self, text: str, attachments: Sequence[Attachment] = (), *, message_id: str | None = None, edited: bool = False
    ) -> str:
        return await self._turn(self._made(text, None, attachments, message_id, edited=edited))

    async def send(self, *attachments: Attachment, text: str = "") -> str:
        return await self.say(text, attachments)

    async def press(self, data: str) -> str:
        return await self._turn(self._made("", data, (), None))

    async def press_label(self, label: str) -> str:
        return await self.press(self.data_of(label))

    def data_of(self, label: str) -> str:
        found = [one.data for one in self.buttons if one.label == label and one.data]
        assert found, f"no button «{label}» among {[one.label for one in self.buttons]}"
        return found[0]

    def wait(self, time: timedelta) -> None:
        self.at += time

    @property
    def buttons(self) -> list[Button]:
        return [button for part in self.last.parts for row in part.buttons for button in row]

    @property
    def state(self) -> Conversation:
        return Conversation.model_validate_json(self.memory)

    def set_state(self, **changes: object) -> None:
        self.memory = self.state.model_copy(update=changes).model_dump_json()

    async def mine(self) -> tuple[Complaint, ...]:
        async with self.database.transaction() as records:
            visit = Visit(self._made("", None, (), None), self.office, records)
            return (await store(visit).of_person("telegram", self.person, limit=100))[0]

    async def move(self, found: Complaint, *states: State, said: str | None = None) -> None:
        """What the desk would do."""
        before = found.state
        for after in states:
            async with self.database.transaction() as records:
                visit = Visit(self._made("", None, (), None), self.office, records)
                await store(visit).move(Change(found.id, before, after, "staff:1", self.at, said=said))
            before = after

    def _made(
        self,
        text: str,
        button: str | None,
        attachments: Sequence[Attachment],
        message_id: str | None,
        *,
        edited: bool = False,
    ) -> Turn:
        self.turns += 1
        self.at += timedelta(seconds=5)
        return Turn(
            channel="telegram",
            update=f"{self.person}-{self.turns}",
            chat=self.person,
            person=self.person,
            at=self.at,
            text=text,
            button=button,
            message=message_id or str(self.turns),
            attachments=tuple(attachments),
            edited=edited,
            private=self.private,
            name=self.name,
        )

    async def _turn(self, turn: Turn) -> str:
        async with self.database.transaction() as records:
            visit = Visit(turn, self.office, records, self.state)
            self.last = await _routed(visit)
            visit.state.at = turn.at
            self.memory = visit.state.model_dump_json()
        return "\n".join(plain_text(part.blocks) for part in self.last.parts)


async def _routed(visit: Visit) -> Reply:
    """The router's order, with one line in place of every answer that is not the complaint's."""
    turn = visit.turn
    if turn.button is not None:
        verb, *parts = turn.button.split(":")
        return await {**complaint.TOPIC.buttons, **handoff.TOPIC.buttons}[verb](visit, tuple(parts))
    if turn.text.startswith("/"):
        name, *words = turn.text[1:].split()
        command = next(one for one in complaint.TOPIC.commands if one.name == name)
        return await command.handler(visit, tuple(words))
    return await _talked(visit)


async def _talked(visit: Visit) -> Reply:
    turn = visit.turn
    if visit.state.topic == "complaint":
        reply = await complaint.go_on(visit)
        return reply if reply is not None else Reply((*message(OTHER).parts, complaint.reminder(visit)))
    if (reply := await complaint.after(visit)) is not None:
        return reply
    if "شکایت" in turn.text or turn.attachments:
        return await complaint.begin(visit, turn.text)
    return message(OTHER)
