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

from handlers.reply import Heading, Items, Paragraph, Reply, SpanStyle

RLM = "\u200f"
STYLES: dict[SpanStyle, str] = {"plain": "", "strong": "bold", "quiet": "dim", "code": "cyan"}
WIDEST = 96


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
