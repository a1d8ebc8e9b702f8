"""A chat with the real handlers over a real database, turn by turn, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from handlers.reply import Button, Part, Reply, plain_text
from handlers.router import handle
from handlers.turn import Attachment, Channel, Turn
from handlers.visit import Conversation, Office, Visit
from records.database import Database

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@dataclass
class Chat:
    """One citizen's chat. `now` moves a minute a turn; the memory goes through JSON as it does in the database."""

    database: Database
    office: Office
    channel: Channel = "telegram"
    person: str = "7"
    now: datetime = NOON
    memory: str | None = None
    replies: list[Reply] = field(default_factory=list)
    turns: int = 0

    async def turn(self, **fields: object) -> Reply:
        """One turn with these fields."""
        self.turns += 1
        self.now += timedelta(minutes=1)
        turn = Turn(
            channel=self.channel, update=str(self.turns), chat=self.person, person=self.person, at=self.now,
            message=str(self.turns), **fields,  # type: ignore[arg-type] # a test's own fields
        )  # fmt: skip
        state = Conversation.model_validate_json(self.memory) if self.memory else Conversation()
        async with self.database.transaction() as records:
            visit = Visit(turn, self.office, records, state)
            reply = await handle(visit)
        self.memory = visit.state.model_dump_json()
        self.replies.append(reply)
        return reply

    async def say(self, text: str, **fields: object) -> Reply:
        """A text message."""
        return await self.turn(text=text, **fields)

    async def press(self, label: str) -> Reply:
        """The button whose label starts so, of the newest reply that has one."""
        return await self.turn(button=self.data(label))

    async def press_data(self, data: str) -> Reply:
        """A button by its data, be it forged."""
        return await self.turn(button=data)

    async def send(self, *attachments: Attachment, text: str = "") -> Reply:
        """A message with files."""
        return await self.turn(text=text, attachments=attachments)

    def data(self, label: str) -> str:
        """The data of the newest button whose label starts so."""
        for reply in reversed(self.replies):
            for button in buttons(reply):
                if button.label.startswith(label) and button.data:
                    return button.data
        raise AssertionError(f"no button «{label}»; the last reply has {labels(self.replies[-1])}")

    @property
    def state(self) -> Conversation:
        """The chat's memory."""
        return Conversation.model_validate_json(self.memory) if self.memory else Conversation()

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
    """The labels of all buttons."""
    return [button.label for button in buttons(reply)]


def only(reply: Reply) -> Part:
    """The one part of a reply."""
    (part,) = reply.parts
    return part
