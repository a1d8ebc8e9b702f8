"""Scripted people who complain, each by a seeded dice of their own; what they sent, and what it must have become."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.standin import Shown, StandIn
from handlers.complaint import texts
from handlers.complaint.show import NAMED
from knowledge.persian import persian_digits

PATIENCE = 60.0
"""Seconds for a reply: the program may have to start anew, perhaps twice, before it comes."""

CODE = re.compile(r"Q\d\d-\w{3}-\w{3}-\w{4}")

STORIES = (
    "شهرداری سه ماه است چاله‌ی جلوی مدرسه‌ی کوچه‌ی {} را پر نکرده",
    "همسایه‌ی ما در کوچه‌ی {} هر شب تا صبح سر و صدا می‌کند و کسی رسیدگی نمی‌کند",
    "اداره برق دو هفته است که کنتور پلاک {} را عوض نمی‌کند و جواب نمی‌دهد",
    "دیروز در نوبت {} سه ساعت نشستم و کارمند کارم را انجام نداد و رفت",
)
MORE = "دوباره هم رفتم و گفتند که هفته‌ی بعد بیایید تا شاید درست شود"
ANEW = "متن تازه: چراغ‌های خیابان {} یک ماه است که خاموش مانده و درست نمی‌کنند"
QUESTION = "مدارک کارت اقامت چیه؟"

Step = Callable[[], Awaitable[None]]
Sent = tuple[str, str, tuple[float, float] | None]
"""Kind, file id, place of a file."""


@dataclass
class Expected:
    """The complaint as its citizen has told it so far."""

    pieces: list[str] = field(default_factory=list)
    files: list[Sent] = field(default_factory=list)
    named: bool = False
    mobile: str | None = None


class Intake:
    """One person and their one complaint. `cut`: the step before which they go away for a while; `ends`: how it ends;
    `insists`: whether they press «ثبت» again when all is done."""

    def __init__(self, number: int, api: StandIn, seed: str) -> None:
        self.number = number
        self.person = api.user(10_000 + number, first_name="شهروند")
        self.told = Expected()
        self.ended = False
        self._api = api
        self._dice = random.Random(f"{seed} {number}")  # noqa: S311 — the same people every time
        self.ends = self._dice.choice(("pressed", "pressed", "pressed twice", "by mobile", "cancelled"))
        self._steps = self._plan()
        self._done = 0
        self.cut = self._dice.randint(1, len(self._steps) - 1) if self._dice.random() < 0.35 else len(self._steps)
        self.returns_soon = self._dice.random() < 0.5
        self.insists = self._dice.random() < 0.5

    @property
    def name(self) -> str:
        """The name under which it is filed when it is."""
        return str(self.person.user["first_name"])

    @property
    def codes(self) -> set[str]:
        """Every tracking code that this person has seen."""
        return {code for shown in self.person.chat.events for code in CODE.findall(shown.text)}

    async def begin(self) -> None:
        """Go through the script up to the cut."""
        await self._go(self.cut)

    async def finish(self) -> None:
        """Come back and go through the rest."""
        if self._dice.random() < 0.5:
            await self.person.send("ادامه")
        await self._go(len(self._steps))

    async def insist(self) -> None:
        """Press the «ثبت» of the draft once more; the answer bears the code."""
        before = len(self.person.chat.events)
        await self._press("csend:")
        await self._until(CODE, after=before)

    async def _go(self, end: int) -> None:
        while self._done < end:
            await self._steps[self._done]()
            self._done += 1
        self.ended = self._done == len(self._steps)

    def _plan(self) -> list[Step]:
        dice = self._dice
        kinds: list[Step] = [self._photo, self._album, self._voice, self._document, self._location]
        opening = dice.choice((self._command, self._said, self._photo, self._album, self._spoken))
        before = [] if opening in (self._said, self._spoken) else [*dice.sample(kinds, dice.randint(0, 2)), self._story]
        middle = [self._question, self._named, self._more, self._captioned, self._anew, *dice.sample(kinds, 2)]
        chosen = dice.sample(middle, dice.randint(1, 4))
        if opening == self._command and before and dice.random() < 0.3:
            before.insert(0, self._question)
        return [opening, *before, *chosen, self._end]

    async def _command(self) -> None:
        await self.person.send("/complaint")
        await self._until(texts.ASK_ALL)

    async def _said(self) -> None:
        await self._story("شکایت دارم، ")

    async def _spoken(self) -> None:
        await self._command()
        await self._voice()
        await self._press("cvoice")
        self.told.pieces.append(texts.SPOKEN)
        await self._settled()

    async def _story(self, opening: str = "") -> None:
        story = self._dice.choice(STORIES).format(persian_digits(str(self.number)))
        await self.person.send(opening + story)
        self.told.pieces.append(story)
        await self._settled()

    async def _settled(self) -> None:
        shown = await self._until("csend:", "csub:none")
        if "csub:none" in shown.callbacks:
            await self.person.press(shown, "csub:none")
            await self._until("csend:")

    async def _photo(self) -> None:
        self._file("photo", await self.person.send_photo())
        await self._until(f"عکس رسید ({self._count} از")

    async def _album(self) -> None:
        for update in await self.person.album([None] * self._dice.randint(2, 3)):
            self._file("photo", update)
        await self._until("آلبوم رسید")

    async def _voice(self) -> None:
        self._file("voice", await self.person.send_voice())
        await self._until(f"پیام صوتی رسید ({self._count} از")

    async def _document(self) -> None:
        self._file("document", await self.person.send_document())
        await self._until(f"سند رسید ({self._count} از")

    async def _location(self) -> None:
        place = (36.0 + self.number / 1024, 50.25)
        await self.person.send_location(*place)
        self.told.files.append(("location", "", place))
        await self._until(f"موقعیت مکانی رسید ({self._count} از")

    async def _captioned(self) -> None:
        self._file("photo", await self.person.send_photo(caption=MORE))
        self.told.pieces.append(MORE)
        await self._until(texts.TEXT_ADDED)

    async def _more(self) -> None:
        await self.person.send(MORE)
        self.told.pieces.append(MORE)
        await self._until(texts.TEXT_ADDED)

    async def _anew(self) -> None:
        await self._press("cedit")
        await self._until(texts.WRITE_ANEW)
        story = ANEW.format(persian_digits(str(self.number)))
        await self.person.send(story)
        self.told.pieces = [story]
        await self._until(texts.TEXT_CHANGED)

    async def _named(self) -> None:
        await self._press("cname")
        self.told.named = True
        await self._until(NAMED)

    async def _question(self) -> None:
        await self.person.send(QUESTION)
        await self._press("cgo", await self._until("cgo"))
        await self._until("ccancel:")

    async def _end(self) -> None:
        match self.ends:
            case "cancelled" if self._dice.random() < 0.5:
                await self.person.send("ولش کن پشیمون شدم")
            case "cancelled":
                await self._press("ccancel:")
            case "by mobile":
                self.told.mobile = f"0912{self.number:07d}"
                await self.person.send(persian_digits(self.told.mobile))
            case "pressed twice":
                await self._press("csend:")
                await self._press("csend:")
            case _:
                await self._press("csend:")
        await self._until(texts.CANCELLED if self.ends == "cancelled" else CODE)

    @property
    def _count(self) -> str:
        return persian_digits(str(len(self.told.files)))

    def _file(self, kind: str, update: int) -> None:
        message: dict[str, Any] = self._api.updates.log[update]["message"]
        media = message[kind][-1] if kind == "photo" else message[kind]
        self.told.files.append((kind, media["file_id"], None))

    async def _press(self, data: str, on: Shown | None = None) -> None:
        """Press the latest button whose data begins so."""
        places = [on] if on is not None else reversed(self.person.messages)
        for shown in places:
            if found := [one for one in shown.callbacks if one.startswith(data)]:
                await self.person.press_data(shown, found[0])
                return
        raise LookupError(f"{self.number}: no button {data} in {[shown.text for shown in self.person.messages]}")

    async def _until(self, *wanted: str | re.Pattern[str], after: int = 0) -> Shown:
        """The next message with one of these in its text or in the data of a button. What a crash doubled is passed
        over: what is awaited differs from step to step."""
        while True:
            try:
                shown = await self.person.next_message(PATIENCE)
            except TimeoutError as error:
                raise AssertionError(f"{self.number}: none of {wanted} came: {error}") from error
            if self.person.chat.seen > after and any(_meets(shown, one) for one in wanted):
                return shown


def _meets(shown: Shown, wanted: str | re.Pattern[str]) -> bool:
    if isinstance(wanted, re.Pattern):
        return wanted.search(shown.text) is not None
    return wanted in shown.text or any(data.startswith(wanted) for data in shown.callbacks)
