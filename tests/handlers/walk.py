"""People in their chats over the real router and a real database. Every button that they are offered is pressed at
once, in a transaction that is taken back, so that the walk itself goes on as if nobody had."""

from __future__ import annotations

import itertools
import re
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from handlers.reply import PART, Button, Part, Reply, plain_text
from handlers.router import handle
from handlers.turn import Attachment, Turn
from handlers.visit import Conversation, Office, Visit
from knowledge.overlay.trial import Trial
from records.database import Database
from records.session import Records
from tests.handlers.chat import NOON

GROUP = "-100500"
DEEPEST = 5
"""Most presses one after the other from where a button was offered."""

TRIED = Trial(200, 198, 199, (), found=True)


class Undo(Exception):  # noqa: N818 — no error: it takes a transaction back
    """Nothing of this was done."""


@dataclass(frozen=True)
class Step:
    """One turn: of whom, in which chat, with what. `place`: where the button stands among what the step before brought,
    as part, row and column; pressed again, the step before may have brought other codes and keys."""

    person: str
    chat: str
    text: str = ""
    button: str | None = None
    label: str = ""
    files: tuple[Attachment, ...] = ()
    place: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Pressed:
    """What a press led to. `way`: the labels and data of the presses up to it."""

    way: tuple[str, ...]
    reply: Reply

    @property
    def said(self) -> str:
        """All that it says, its notice too."""
        return f"{self.reply.notice or ''}\n{plain_text(self.reply.blocks)}"


@dataclass
class Walk:
    """`kinds`: what tells one button from another for a person is pressed once; `pressed`: all presses."""

    database: Database
    office: Office
    roles: dict[str, str]
    now: datetime = NOON
    memories: dict[str, str] = field(default_factory=dict)
    pressed: list[Pressed] = field(default_factory=list)
    kinds: set[tuple[str, str]] = field(default_factory=set)
    read: dict[str, int] = field(default_factory=dict)
    last: dict[str, list[Part]] = field(default_factory=dict)
    _updates: itertools.count[int] = field(default_factory=itertools.count)

    async def say(self, person: str, text: str, *files: Attachment) -> Reply:
        """A text, for good."""
        return await self._go(Step(person, person, text, files=files))

    async def press(self, person: str, label: str) -> Reply:
        """The newest button of a chat whose label or data begins so, for good."""
        for part in reversed(self.last.get(person, [])):
            for button in (one for row in part.buttons for one in row):
                if button.data and (button.label.startswith(label) or button.data.startswith(label)):
                    return await self._go(Step(person, person, button=button.data, label=button.label))
        offered = [one.label for part in self.last.get(person, []) for row in part.buttons for one in row]
        raise AssertionError(f"no button «{label}» for {person}: {offered}")

    async def _go(self, step: Step) -> Reply:
        self.now += timedelta(minutes=1)
        async with self.database.transaction() as records:
            reply = await self._turn(records, step, self.memories)
            arrived = await self._arrived(records, step, reply, self.read)
        for chat, part in arrived:
            self.last.setdefault(chat, []).append(part)
        await self._explore(arrived)
        return reply

    async def _explore(self, arrived: list[tuple[str, Part]]) -> None:
        """Press what has arrived, and what arrives then."""
        waiting: deque[tuple[Step, ...]] = deque()

        def offer(way: tuple[Step, ...], parts: list[tuple[str, Part]]) -> None:
            for number, (chat, part) in enumerate(parts):
                for line, row in enumerate(part.buttons):
                    for column, button in enumerate(row):
                        found = self._fresh(chat, button)
                        waiting.extend((*way, replace(step, place=(number, line, column))) for step in found)

        offer((), arrived)
        while waiting:
            way = waiting.popleft()
            reply, parts = await self._tried(way)
            self.pressed.append(Pressed(tuple(f"{one.person} {one.label} {one.button}" for one in way), reply))
            if len(way) < DEEPEST:
                offer(way, parts)

    def _kind(self, data: str) -> str:
        """What a button's data is like: codes, numbers, keys and bureaus left out, words left in."""
        for pattern, shape in _SHAPES:
            data = pattern.sub(shape, data)
        slugs = {bureau.slug for bureau in self.office.catalogue.bureaus}
        return ":".join("BUREAU" if part.removeprefix("b-") in slugs else part for part in data.split(":"))

    def _fresh(self, chat: str, button: Button) -> list[Step]:
        """The presses of a button that are unlike all before: in a group, of its officer."""
        person = next(one for one, role in self.roles.items() if role == "officer") if chat == GROUP else chat
        if button.data is None or person not in self.roles:
            return []
        kind = (self.roles[person] + (chat if chat == GROUP else ""), self._kind(button.data))
        if kind in self.kinds:
            return []
        self.kinds.add(kind)
        return [Step(person, chat, button=button.data, label=button.label)]

    async def _tried(self, way: tuple[Step, ...]) -> tuple[Reply, list[tuple[str, Part]]]:
        memories, read = dict(self.memories), dict(self.read)
        reply: Reply = Reply()
        parts: list[tuple[str, Part]] = []
        try:
            async with self.database.transaction() as records:
                for step in way:
                    real = _found(step, parts)
                    reply = await self._turn(records, real, memories)
                    parts = await self._arrived(records, real, reply, read)
                _take_back()
        except Undo:
            pass
        return reply, parts

    async def _turn(self, records: Records, step: Step, memories: dict[str, str]) -> Reply:
        turn = Turn(
            channel="telegram", update=str(next(self._updates)), chat=step.chat, person=step.person, at=self.now,
            text=step.text, button=step.button, message="1", attachments=step.files,
            private=step.chat == step.person,
        )  # fmt: skip
        if step.button and step.button.startswith("msok:"):
            turn = replace(turn, brought=TRIED)
        state = Conversation.model_validate_json(memories.get(step.chat, "{}"))
        visit = Visit(turn, self.office, records, state)
        reply = await handle(visit)
        memories[step.chat] = visit.state.model_dump_json()
        return reply

    async def _arrived(
        self, records: Records, step: Step, reply: Reply, read: dict[str, int]
    ) -> list[tuple[str, Part]]:
        """The parts of the reply, and what was posted to anybody meanwhile."""
        arrived = [(step.chat, part) for part in reply.parts]
        for chat in (*self.roles, GROUP):
            for posted in await records.unread("telegram", chat, read.get(chat, 0)):
                read[chat] = posted.id
                arrived.append((chat, PART.validate_json(posted.part)))
        return arrived

    def verbs(self) -> set[str]:
        """What was pressed, by whomever."""
        return {kind.split(":", 1)[0] for _, kind in self.kinds}


def _take_back() -> None:
    raise Undo


def _found(step: Step, parts: list[tuple[str, Part]]) -> Step:
    """A step with the button that stands in its place now."""
    if not parts or step.place is None:
        return step
    number, line, column = step.place
    return replace(step, button=parts[number][1].buttons[line][column].data)


_SHAPES = (
    (re.compile(r"[A-Z]\d\d(?:-[A-Z0-9]{3}){2}-[A-Z0-9]{4}"), "CODE"),
    (re.compile(r"bs-[a-z]+-\d+-\d+-[pa]"), "LIST"),
    (re.compile(r"(?:[a-z]+-)*[a-z]+-\d\d"), "SERVICE"),
    (re.compile(r"\d+-([a-z_]+)"), r"\1"),
    (re.compile(r"(?=[0-9a-f]*\d)[0-9a-f]{8,}"), "KEY"),
    (re.compile(r"(?<=[:-])\d+"), "0"),
)
