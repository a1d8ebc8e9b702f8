"""A small desk that follows a script, with real ids, real edits and a real picture: for tests of the page alone."""

from __future__ import annotations

import struct
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence

from bot.web.desk import PictureForm, Shown
from handlers.reply import Button, Flowchart, Heading, Items, Paragraph, Part, Span, say
from handlers.turn import Turn

GREETING = "سلام! من خدمت‌یار هستم؛ یک برنامه، نه یک کارمند. بنویسید چه کاری با استانداری قزوین دارید."
DRONE = "صدور مجوز و هماهنگی پرواز پهپادهای غیرنظامی"
CHOICE = "منظورتان کدام است؟"
BUREAUS = ("دفتر امور شهری و شوراها", "دفتر امور روستایی", "دفتر فنی")
SHARED = "خدمت‌یار: " + DRONE
NUMBER = "۱۰۰۱۱۰۰۲۱۰۰"
PIXELS = (600, 900)


class ScriptedDesk:
    """«پهپاد» gives a card, «مجوز» a choice; the menu's pages edit one another; anything else is echoed."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.drawn = 0
        self.down = False
        self._seen: set[str] = set()
        self._said: dict[str, list[Shown]] = defaultdict(list)
        self._newest = 0

    async def take(self, turn: Turn) -> str | None:
        if self.down:
            raise RuntimeError("the desk is down")
        if turn.update in self._seen:
            return None
        self._seen.add(turn.update)
        self.turns.append(turn)
        if turn.button == "rate:1":
            return "سپاس؛ یادداشت شد."
        for part in _answer(turn):
            pressed = int(turn.message) if part.replaces == "pressed" and turn.message else None
            self.push(turn.chat, part, edits=pressed)
        return None

    def push(self, chat: str, part: Part, edits: int | None = None) -> None:
        """Say something to a chat, asked or not."""
        self._newest += 1
        self._said[chat].append(Shown(self._newest, part, edits))

    async def shown(self, chat: str, after: int) -> Sequence[Shown]:
        return [shown for shown in self._said[chat] if shown.id > after]

    def picture(self, code: str, form: PictureForm) -> bytes | None:
        if code != "drone":
            return None
        self.drawn += 1
        return png(*PIXELS) if form == "png" else b"%PDF-1.7 scripted"

    def picture_title(self, code: str) -> str:
        return f"نمودار مراحل «{DRONE}»" if code == "drone" else ""

    async def ready(self) -> bool:
        return not self.down


def _answer(turn: Turn) -> Sequence[Part]:
    if turn.button is not None:
        return BUTTONS[turn.button]()
    if turn.text.startswith("/start"):
        return _card() if turn.text == "/start drone" else _welcome()
    if "پهپاد" in turn.text:
        return _card()
    if "مجوز" in turn.text:
        return _choose()
    return (Part((say(f"شما نوشتید: {turn.text}"),)),)


def _welcome() -> Sequence[Part]:
    buttons = ((Button("فهرست دفترها", data="menu:0"), Button("راهنما", data="help")),)
    return (Part((say(GREETING),), buttons),)


def _card() -> Sequence[Part]:
    blocks = (
        Heading(DRONE, level=1),
        Paragraph((Span("به زبان ساده: ", "strong"), Span("اگر می‌خواهید پهپاد پرواز دهید، مجوزش این‌جاست."))),
        Paragraph((Span("مسئول: ", "strong"), Span("دفتر امور امنیتی و انتظامی (معاونت سیاسی، امنیتی و اجتماعی)"))),
        Heading("مدارکی که باید بیاورید"),
        Items(("کپی سند پهپاد", "کپی گواهینامه‌ی خلبانی", "کپی شناسنامه‌ی خلبان", "کپی کارت ملی خلبان")),
        Heading("مراحل"),
        Items(
            ("درخواست متقاضی", "بررسی مدارک (کامل: گام ۳؛ ناقص: گام ۱)", "استعلام از دستگاه‌ها", "صدور مجوز ⏱"),
            ("۱", "۲", "۳", "۴"),
        ),
        Heading("آنچه در کتابچه نیست"),
        Items(("کتابچه درباره‌ی هزینه چیزی ننوشته است.",)),
        Paragraph((Span("شناسه‌ی خدمت: ", "strong"), Span(NUMBER, "code"))),
        say("منبع: کتابچه خدمات استانداری قزوین، بهمن ۱۴۰۲، سطرهای ۱۳۶۲ تا ۱۳۷۵ متن", "quiet"),
    )
    buttons = (
        (Button("نمودار مراحل", data="flow:drone"), Button("نسخه‌ی چاپی", data="pdf:drone")),
        (Button("رونوشت شناسه", copy=NUMBER), Button("فرستادن برای دیگری", share=SHARED)),
        (Button("نشانی خدمت", share="?start=drone"), Button("سامانه‌ی سامد", url="https://samad.example/")),
        (Button("👍 به دردم خورد", data="rate:1"), Button("👎 نخورد", data="help")),
    )
    return (Part(blocks, buttons),)


def _choose() -> Sequence[Part]:
    titles = (DRONE, "صدور مجوز تأسیس دفترهای پیشخوان", "صدور مجوز برگزاری گردهمایی")
    blocks = (say(CHOICE, "strong"), Items(titles, ("۱", "۲", "۳")))
    return (
        Part(
            blocks, tuple((Button(f"{mark}. {title}", data="card"),) for mark, title in zip("۱۲۳", titles, strict=True))
        ),
    )


def _menu(at: int) -> Sequence[Part]:
    ways = []
    if at:
        ways.append(Button("پیشین", data=f"menu:{at - 1}"))
    if at < len(BUREAUS) - 1:
        ways.append(Button("بعدی", data=f"menu:{at + 1}"))
    return (Part((Heading("دفترها", level=1), say(BUREAUS[at])), (tuple(ways),), replaces="pressed"),)


BUTTONS: dict[str, Callable[[], Sequence[Part]]] = {
    "menu:0": lambda: _menu(0),
    "menu:1": lambda: _menu(1),
    "menu:2": lambda: _menu(2),
    "help": lambda: (Part((say("به زبان خودتان بنویسید چه می‌خواهید."),)),),
    "card": _card,
    "flow:drone": lambda: (Part((say("نمودار مراحل", "strong"),), file=Flowchart("drone")),),
    "pdf:drone": lambda: (Part((say("نمودار مراحل", "strong"),), file=Flowchart("drone", "pdf")),),
}


def png(width: int, height: int) -> bytes:
    """A real picture of two grey halves (PNG specification: signature, IHDR, IDAT, IEND)."""
    row = b"\x00" + bytes(200 if x < width // 2 else 235 for x in range(width))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(row * height))
        + chunk(b"IEND", b"")
    )
