"""Right-to-left text in a terminal, and a chat at the keyboard."""

from __future__ import annotations

import builtins
import io
from collections.abc import Callable, Iterator

import pytest
from rich.console import Console

from bot.terminal import RLM, converse, print_card, rtl
from handlers.ask import CHOOSE, SMALL_TALK
from handlers.card import service_card
from handlers.reply import Heading, Items, Reply, say
from knowledge.catalogue import Catalogue
from knowledge.finder.decide import Decision, Scored
from knowledge.finder.finder import Finder, Found

SAMPLE = Reply((Heading("عنوان", 1), say("یک جمله"), Items(("الف", "ب"), ("۱", "۲")), Items(("نقطه",))))


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
    lines = printed(Reply((say("واژه " * 60), Items(("مورد " * 40,)))))
    assert len(lines) > 10
    assert all(len(line) <= 41 for line in lines)
    assert all(line.startswith(RLM) for line in lines)


def test_text_that_looks_like_markup_is_printed_as_it_is() -> None:
    assert printed(Reply((say("[bold]متن[/bold] [red]"),))) == [f"{RLM}[bold]متن[/bold] [red]"]


@pytest.mark.parametrize("mode", ["logical", "visual"])
@pytest.mark.parametrize("columns", ["20", "300"])
def test_every_card_can_be_printed(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, mode: str, columns: str
) -> None:
    monkeypatch.setenv("KHEDMATYAR_TERMINAL", mode)
    monkeypatch.setenv("COLUMNS", columns)
    for service in catalogue.services[::9]:
        assert printed(service_card(service, catalogue.bureau_of(service.code)))


class FakeFinder(Finder):
    """A finder that answers from a table and remembers what it was asked."""

    def __init__(self, catalogue: Catalogue, answers: dict[str, tuple[Decision, str, tuple[str, ...]]]) -> None:
        self.catalogue = catalogue
        self.answers = answers
        self.asked: list[str] = []

    def find(self, question: str) -> Found:
        self.asked.append(question)
        decision, intent, codes = self.answers.get(question, ("decline", "out_of_scope", ()))
        services = tuple(Scored(code, 0.4) for code in codes)
        return Found(question, decision, intent, services, services, None, 0.1)


@pytest.fixture
def fake(catalogue: Catalogue) -> FakeFinder:
    return FakeFinder(
        catalogue,
        {
            "ارزیابی شهرداری": ("choose", "find_service", ("technical-13", "performance-14")),
            "پهپاد": ("answer", "find_service", ("security-02",)),
            "سلام": ("decline", "greeting", ()),
        },
    )


Keyboard = Callable[..., None]


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    """Types these lines at the prompt, then Ctrl-D (or raises what is given)."""

    def types(*lines: str, then: type[BaseException] = EOFError) -> None:
        waiting: Iterator[str] = iter(lines)

        def line(_prompt: str = "") -> str:
            typed = next(waiting, None)
            if typed is None:
                raise then
            return typed

        monkeypatch.setattr(builtins, "input", line)

    return types


def test_a_question_a_number_and_the_end(
    fake: FakeFinder, keyboard: Keyboard, capsys: pytest.CaptureFixture[str]
) -> None:
    keyboard("ارزیابی شهرداری", "۲", "خروج", "پهپاد")
    converse(fake)
    out = capsys.readouterr().out
    assert fake.asked == ["ارزیابی شهرداری"]
    choice, _, card = out.partition("شماره‌اش را بنویسید")
    assert CHOOSE in choice
    assert fake.catalogue.service("performance-14").summary[:30] in card
    assert fake.catalogue.service("technical-13").summary[:30] not in card


@pytest.mark.parametrize("number", ["1", "۱", "١", " 1 "])
def test_a_number_may_be_of_any_digits(
    fake: FakeFinder, keyboard: Keyboard, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    keyboard("ارزیابی شهرداری", number)
    converse(fake)
    assert fake.asked == ["ارزیابی شهرداری"]
    assert fake.catalogue.service("technical-13").summary[:30] in capsys.readouterr().out


@pytest.mark.parametrize("number", ["0", "۳", "99", "²", "-1"])
def test_a_number_that_was_not_offered_is_a_question(fake: FakeFinder, keyboard: Keyboard, number: str) -> None:
    keyboard("ارزیابی شهرداری", number)
    converse(fake)
    assert fake.asked == ["ارزیابی شهرداری", number]


def test_a_number_with_nothing_offered_is_a_question(fake: FakeFinder, keyboard: Keyboard) -> None:
    keyboard("1", "پهپاد", "1")
    converse(fake)
    assert fake.asked == ["1", "پهپاد", "1"]


def test_several_of_a_choice_may_be_looked_at(
    fake: FakeFinder, keyboard: Keyboard, capsys: pytest.CaptureFixture[str]
) -> None:
    keyboard("ارزیابی شهرداری", "1", "2")
    converse(fake)
    out = capsys.readouterr().out
    assert fake.catalogue.service("technical-13").summary[:30] in out
    assert fake.catalogue.service("performance-14").summary[:30] in out


@pytest.mark.parametrize("ending", ["خروج", "exit", "quit", "  خروج "])
def test_the_words_that_end_it(fake: FakeFinder, keyboard: Keyboard, ending: str) -> None:
    keyboard(ending, "پهپاد")
    converse(fake)
    assert fake.asked == []


@pytest.mark.parametrize("ending", [EOFError, KeyboardInterrupt])
def test_ctrl_d_and_ctrl_c_end_it_quietly(fake: FakeFinder, keyboard: Keyboard, ending: type[BaseException]) -> None:
    keyboard("سلام", then=ending)
    converse(fake)
    assert fake.asked == ["سلام"]


def test_a_very_long_number_is_a_question(fake: FakeFinder, keyboard: Keyboard) -> None:
    keyboard("ارزیابی شهرداری", "۹" * 5000)
    converse(fake)
    assert len(fake.asked) == 2


def test_with_the_real_finder(finder: Finder, keyboard: Keyboard, capsys: pytest.CaptureFixture[str]) -> None:
    keyboard("سلام", "", "مجوز پرواز پهپاد غیرنظامی میخوام", "1", "😀", "x" * 5000, "خروج")
    converse(finder)
    out = capsys.readouterr().out
    assert SMALL_TALK["greeting"] in out.replace("\n", " ")
    assert SMALL_TALK["empty"] in out
    assert finder.catalogue.service("security-02").title in out
