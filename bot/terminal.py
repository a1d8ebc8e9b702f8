"""Replies in a terminal: right-to-left text that stays readable.

A terminal with bidirectional text gets logical order behind a right-to-left mark; `KHEDMATYAR_TERMINAL=visual` draws
letters joined and in visual order for terminals without it.
"""

from __future__ import annotations

import os
import shutil
import textwrap

import arabic_reshaper
from bidi.algorithm import get_display
from rich.console import Console
from rich.text import Text

from handlers.ask import reply_to
from handlers.card import service_card
from handlers.reply import Heading, Items, Paragraph, Reply, SpanStyle
from knowledge.finder.finder import Finder
from knowledge.persian import ascii_digits

RLM = "\u200f"
STYLES: dict[SpanStyle, str] = {"plain": "", "strong": "bold", "quiet": "dim", "code": "cyan"}
WIDEST = 96
SHOWN_DIGITS = 2
ENDINGS = frozenset({"خروج", "exit", "quit"})


def visual() -> bool:
    """Whether the terminal wants text in visual order."""
    return os.environ.get("KHEDMATYAR_TERMINAL", "logical").lower() == "visual"


def rtl(text: str) -> str:
    """One line of Persian as the terminal shows it right."""
    if visual():
        return str(get_display(arabic_reshaper.reshape(text), base_dir="R"))
    return RLM + text


def print_card(reply: Reply, console: Console | None = None) -> None:
    """Print a reply, wrapped to the terminal's width."""
    console = console or Console(highlight=False)
    width = min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
    for block in reply.blocks:
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


def converse(finder: Finder) -> None:
    """A chat in the terminal until Ctrl-D or «خروج»; a number takes the choice last offered."""
    console = Console(highlight=False)
    console.print(rtl("سلام! بنویسید چه کاری با استانداری قزوین دارید. (برای پایان: خروج)"))
    offered: tuple[str, ...] = ()
    while True:
        try:
            text = console.input("\n> ").strip()
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if text in ENDINGS:
            return
        number = ascii_digits(text)
        if len(number) <= SHOWN_DIGITS and number.isdecimal() and 1 <= int(number) <= len(offered):
            code = offered[int(number) - 1]
            print_card(service_card(finder.catalogue.service(code), finder.catalogue.bureau_of(code)), console)
            continue
        found = finder.find(text)
        offered = tuple(scored.code for scored in found.services) if found.decision == "choose" else ()
        print_card(reply_to(found, finder.catalogue), console)
        if offered:
            console.print(rtl("شماره‌اش را بنویسید، یا پرسش را روشن‌تر بپرسید."))
