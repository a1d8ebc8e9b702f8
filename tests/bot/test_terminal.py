"""Right-to-left text in a terminal, and a chat at the keyboard."""

from __future__ import annotations

import asyncio
import builtins
import io
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from rich.console import Console

from bot.service import opened
from bot.settings import Settings
from bot.terminal import RLM, Terminal, converse, print_card, rtl
from bot.web.office import OfficeDesk
from handlers.ask import CHOOSE, SMALL_TALK
from handlers.card import service_card
from handlers.menu import HELLO
from handlers.reply import Block, Heading, Items, Part, Reply, say
from knowledge.catalogue import Catalogue
from knowledge.finder.finder import Finder


def reply_of(*blocks: Block) -> Reply:
    return Reply((Part(blocks),))


SAMPLE = reply_of(Heading("عنوان", 1), say("یک جمله"), Items(("الف", "ب"), ("۱", "۲")), Items(("نقطه",)))


@pytest.fixture(autouse=True)
def wide_logical_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KHEDMATYAR_TERMINAL", raising=False)
    monkeypatch.setenv("COLUMNS", "96")


def printed(reply: Reply) -> list[str]:
    out = io.StringIO()
    print_card(reply, Console(file=out, highlight=False, width=200))
    return [line for line in out.getvalue().splitlines() if line]


def test_logical_order_stands_behind_a_mark() -> None:
    assert rtl("سلام ۱۲") == f"{RLM}سلام ۱۲"


def test_visual_order_joins_letters_and_turns_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHEDMATYAR_TERMINAL", "visual")
    shown = rtl("سلام 12 ok")
    assert RLM not in shown
    assert "سلام" not in shown
    assert any("\ufb50" <= letter <= "\ufeff" for letter in shown)
    assert shown.startswith("ok")
    assert "12" in shown
    assert shown[-1] == "\ufeb3"


@pytest.mark.parametrize("value", ["VISUAL", "Visual"])
def test_the_mode_may_be_in_any_case(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("KHEDMATYAR_TERMINAL", value)
    assert RLM not in rtl("سلام")


def test_any_other_mode_is_logical(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHEDMATYAR_TERMINAL", "odd")
    assert rtl("سلام") == f"{RLM}سلام"


def test_every_line_of_a_reply_is_printed_in_order() -> None:
    assert printed(SAMPLE) == [f"{RLM}{line}" for line in ("عنوان", "یک جمله", "۱. الف", "۲. ب", "• نقطه")]


def test_visual_lines_stand_at_the_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHEDMATYAR_TERMINAL", "visual")
    assert all(len(line) == 96 for line in printed(SAMPLE))


def test_long_lines_are_wrapped_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = printed(reply_of(say("واژه " * 60), Items(("مورد " * 40,))))
    assert len(lines) > 10
    assert all(len(line) <= 41 for line in lines)
    assert all(line.startswith(RLM) for line in lines)


def test_text_that_looks_like_markup_is_printed_as_it_is() -> None:
    assert printed(reply_of(say("[bold]متن[/bold] [red]"))) == [f"{RLM}[bold]متن[/bold] [red]"]


@pytest.mark.parametrize("mode", ["logical", "visual"])
@pytest.mark.parametrize("columns", ["20", "300"])
def test_every_card_can_be_printed(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, mode: str, columns: str
) -> None:
    monkeypatch.setenv("KHEDMATYAR_TERMINAL", mode)
    monkeypatch.setenv("COLUMNS", columns)
    for service in catalogue.services[::9]:
        assert printed(service_card(service, catalogue.bureau_of(service.code)))


@pytest.fixture
def terminal(finder: Finder, tmp_path: Path) -> Iterator[tuple[asyncio.Runner, Terminal, io.StringIO]]:
    """A chat over the real service with a database of its own; what it prints goes to the last of the three."""
    out = io.StringIO()
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'desk.sqlite'}", _env_file=None)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        service = runner.run(stack.enter_async_context(opened(settings, finder)))
        desk = OfficeDesk(
            service.engine, service.database, lambda: service.office.catalogue, service.draughtsman, channel="terminal"
        )
        yield runner, Terminal(desk, console=Console(file=out, highlight=False, width=200)), out
        runner.run(stack.aclose())


Keyboard = Callable[..., str]


@pytest.fixture
def keyboard(terminal: tuple[asyncio.Runner, Terminal, io.StringIO], monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    """Types these lines at the prompt, then Ctrl-D (or raises what is given); returns what was printed."""
    runner, chat, out = terminal

    def types(*lines: str, then: type[BaseException] = EOFError) -> str:
        waiting: Iterator[str] = iter(lines)

        def line(_prompt: str = "") -> str:
            typed = next(waiting, None)
            if typed is None:
                raise then
            return typed

        monkeypatch.setattr(builtins, "input", line)
        converse(runner, chat, Console(file=out, highlight=False, width=200))
        return out.getvalue().replace(RLM, "")

    return types


def test_it_greets_and_numbers_its_buttons(keyboard: Keyboard) -> None:
    out = keyboard()
    assert HELLO[:40] in out
    assert "[۱] فهرست خدمات" in out
    assert "[۴] راهنما" in out


@pytest.mark.parametrize("number", ["2", "۲", "٢", " 2 "])
def test_a_number_presses_a_button(keyboard: Keyboard, catalogue: Catalogue, number: str) -> None:
    out = keyboard("ازدواج با خارجی", number)
    assert CHOOSE in out
    assert f"[۲] ۲. {catalogue.service('foreign-05').short_title}" in out or "[۲] ۲. " in out
    assert "به زبان ساده" in out


def test_a_number_that_was_not_offered_is_a_text(keyboard: Keyboard) -> None:
    assert "به زبان ساده" not in keyboard("سلام", "99", "0", "-1", "²", "۹" * 5000)


def test_a_list_is_walked_and_a_picture_saved(keyboard: Keyboard) -> None:
    out = keyboard("/start technical-02", "1")
    path = next(word for word in out.split() if word.endswith("khedmatyar-technical-02.png"))
    assert Path(path).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("ending", ["خروج", "exit", "quit", "  خروج "])
def test_the_words_that_end_it(keyboard: Keyboard, ending: str) -> None:
    assert "پهپاد غیرنظامی" not in keyboard(ending, "مجوز پرواز پهپاد غیرنظامی میخوام")


@pytest.mark.parametrize("ending", [EOFError, KeyboardInterrupt])
def test_ctrl_d_and_ctrl_c_end_it_quietly(keyboard: Keyboard, ending: type[BaseException]) -> None:
    assert SMALL_TALK["greeting"] in keyboard("سلام", then=ending)


def test_a_talk_with_follow_ups(keyboard: Keyboard, catalogue: Catalogue) -> None:
    out = keyboard("سلام", "", "مجوز پرواز پهپاد غیرنظامی میخوام", "مدارکش؟", "😀", "x" * 5000, "خروج")
    assert SMALL_TALK["greeting"] in out.replace("\n", " ")
    assert SMALL_TALK["empty"] in out
    assert catalogue.service("security-02").title in out
    assert "مبنای قانونی" in out
