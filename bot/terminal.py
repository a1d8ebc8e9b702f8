"""Replies in a terminal: right-to-left text that stays readable.

A terminal with bidirectional text gets logical order behind a right-to-left mark; `KHEDMATYAR_TERMINAL=visual` draws
letters joined and in visual order for terminals without it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import arabic_reshaper
from bidi.algorithm import get_display
from rich.console import Console
from rich.text import Text

from bot.web.desk import Desk, Shown
from handlers.reply import Block, Button, Flowchart, Heading, Items, Paragraph, Reply, SpanStyle
from handlers.turn import Turn
from knowledge.persian import ascii_digits, persian_digits

RLM = "\u200f"
STYLES: dict[SpanStyle, str] = {"plain": "", "strong": "bold", "quiet": "dim", "code": "cyan"}
WIDEST = 96
SHOWN_DIGITS = 2
ENDINGS = frozenset({"خروج", "exit", "quit"})
HOW_TO_END = "شماره‌ی دکمه را بنویسید یا پرسش خود را. برای پایان: خروج"


def visual() -> bool:
    """Whether the terminal wants text in visual order."""
    return os.environ.get("KHEDMATYAR_TERMINAL", "logical").lower() == "visual"


def rtl(text: str) -> str:
    """One line of Persian as the terminal shows it right."""
    if visual():
        return str(get_display(arabic_reshaper.reshape(text), base_dir="R"))
    return RLM + text


def print_card(reply: Reply, console: Console | None = None) -> None:
    """Print what a reply says, without its buttons."""
    print_blocks(reply.blocks, console)


def print_blocks(blocks: Iterable[Block], console: Console | None = None) -> None:
    """Print blocks, wrapped to the terminal's width."""
    console = console or Console(highlight=False)
    width = min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
    for block in blocks:
        match block:
            case Heading(text, level):
                console.print()
                _line(console, text, "bold green" if level == 1 else "bold", width)
            case Paragraph(spans):
                _spans(console, tuple((span.text, STYLES[span.style]) for span in spans), width)
            case Items(items, marks):
                for index, item in enumerate(items):
                    _line(console, f"{marks[index]}. {item}" if marks else f"• {item}", "", width)
    console.print()


def _line(console: Console, text: str, style: str, width: int) -> None:
    for line in textwrap.wrap(text, width) or [""]:
        shown = rtl(line)
        console.print(Text(shown.rjust(width) if visual() else shown, style=style), soft_wrap=True)


def _spans(console: Console, spans: tuple[tuple[str, str], ...], width: int) -> None:
    whole = "".join(text for text, _ in spans)
    if visual() or len(whole) > width:
        _line(console, whole, spans[-1][1] if len(spans) == 1 else "", width)
        return
    line = Text(RLM)
    for text, style in spans:
        line.append(text, style=style)
    console.print(line, soft_wrap=True)


class Terminal:
    """A chat at the keyboard: each reply is printed with its buttons numbered; a number presses one."""

    def __init__(self, desk: Desk, chat: str = "terminal", console: Console | None = None) -> None:
        self._desk = desk
        self._chat = chat
        self._session = uuid4().hex[:12]
        self._console = console or Console(highlight=False)
        self._buttons: list[tuple[Button, str]] = []
        self._seen = 0
        self._turns = 0

    async def open(self) -> None:
        """Greet; what was said in earlier sessions stays unprinted."""
        self._seen = max((shown.id for shown in await self._desk.shown(self._chat, 0)), default=0)
        await self._take(text="/start")

    async def answer(self, typed: str) -> None:
        """One line typed: a number of a button shown, or a text."""
        number = ascii_digits(typed.strip())
        if len(number) <= SHOWN_DIGITS and number.isdecimal() and 1 <= int(number) <= len(self._buttons):
            button, message = self._buttons[int(number) - 1]
            await self._take(button=button.data, message=message)
        else:
            await self._take(text=typed)

    async def _take(self, *, text: str = "", button: str | None = None, message: str | None = None) -> None:
        self._turns += 1
        notice = await self._desk.take(
            Turn(
                channel="terminal",
                update=f"{self._session}-{self._turns}",
                chat=self._chat,
                person=self._chat,
                at=datetime.now(UTC),
                text=text,
                button=button,
                message=message or f"{self._session}-{self._turns}",
            )
        )
        if notice:
            _line(self._console, notice, "dim", self._width)
        shown = await self._desk.shown(self._chat, self._seen)
        if shown:
            self._seen = max(one.id for one in shown)
            self._buttons = []
        for one in shown:
            self._print(one)

    @property
    def _width(self) -> int:
        return min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)

    def _print(self, shown: Shown) -> None:
        print_blocks(shown.part.blocks, self._console)
        if isinstance(shown.part.file, Flowchart):
            self._save_picture(shown.part.file)
        for row in shown.part.buttons:
            for button in row:
                if button.data is not None:
                    self._buttons.append((button, str(shown.id)))
                    number = persian_digits(len(self._buttons))
                    _line(self._console, f"[{number}] {button.label}", "cyan", self._width)
                elif button.url is not None:
                    _line(self._console, f"{button.label}: {button.url}", "cyan", self._width)

    def _save_picture(self, file: Flowchart) -> None:
        drawn = self._desk.picture(file.code, file.form)
        if drawn is None:
            return
        path = Path(tempfile.gettempdir()) / f"khedmatyar-{file.code}.{file.form}"
        path.write_bytes(drawn)
        self._console.print(str(path), style="cyan", soft_wrap=True)


def converse(runner: asyncio.Runner, terminal: Terminal, console: Console) -> None:
    """A chat until Ctrl-D, Ctrl-C or «خروج». `runner` holds the loop that the desk's database belongs to."""
    runner.run(terminal.open())
    console.print(rtl(HOW_TO_END))
    while True:
        try:
            typed = console.input("\n> ")
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if typed.strip() in ENDINGS:
            return
        runner.run(terminal.answer(typed))
