"""The log: nobody's words, numbers or tokens in it at any level; no line that a citizen wrote."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine import Engine
from bot.logs import FIELDS, chat_hash, configure, neutral
from handlers.reply import Reply, message
from handlers.visit import Visit
from records.database import Database
from tests.bot.desk import office, turn

NATIONAL_ID = "0012345679"
MOBILE = "۰۹۱۲۱۲۳۴۵۶۷"
TOKEN = "123456789:AAExampleExampleExampleExample_Token"  # noqa: S105 — no secret
STORY = "همسایه‌ی من دیوار کشیده"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """The log as it is written, at DEBUG; what was set up before stands again afterwards."""
    root = logging.getLogger()
    before, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    stream = io.StringIO()
    configure("DEBUG", "json", hidden=[TOKEN, "very-secret-word"], stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.raiseExceptions = raising


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


async def test_turns_leave_no_words_in_the_log(out: io.StringIO, tmp_path: Path) -> None:
    """Turns with a national id, a mobile, a story, a token; one handled, one repeated, one that fails with the
    citizen's words in the text of its exception."""

    async def handle(visit: Visit) -> Reply:
        if "خطا" in visit.turn.text:
            raise ValueError(f"{visit.turn.text} at https://api.example/bot{TOKEN}/getMe")
        visit.state.question = visit.turn.text
        return message(visit.turn.text)

    database = Database.open(f"sqlite:///{tmp_path / 'office.sqlite'}")
    try:
        await database.prepare()
        engine = Engine(database, office(), handle)
        words = f"{STORY} {NATIONAL_ID} {MOBILE} {TOKEN}"
        for number, text in ((1, words), (1, words), (2, f"خطا {words}")):
            await engine.take(turn(number, text, chat="987654321"))
    finally:
        await database.close()
    told = out.getvalue()
    for hidden in (NATIONAL_ID, MOBILE, "09121234567", TOKEN, "AAExample", STORY, "همسایه", "987654321"):
        assert hidden not in told, hidden
    turns = [line for line in lines(out) if line["event"] == "turn"]
    assert [line["outcome"] for line in turns] == ["answered", "repeated", "failed"]
    assert [line["update"] for line in turns] == [1, 1, 2]
    assert {line["chat"] for line in turns} == {chat_hash("telegram", "987654321")}
    assert turns[0]["ms"].keys() >= {"turn", "finder", "database", "handler"}
    [failure] = [line for line in lines(out) if line["level"] == "error"]
    assert "ValueError" in failure["event"]
    assert any("test_logs.py" in place for place in failure["trace"])


def test_an_exception_shows_its_kind_and_place_but_not_its_text(out: io.StringIO) -> None:
    try:
        try:
            dict[str, int]()[STORY]
        except KeyError as error:
            raise RuntimeError(f"token {TOKEN}") from error
    except RuntimeError:
        logging.getLogger("bot.test").exception("it failed")
    [line] = lines(out)
    assert line["error"] == ["RuntimeError", "KeyError"]
    assert line["trace"]
    assert STORY not in out.getvalue()
    assert TOKEN not in out.getvalue()


def test_other_libraries_are_heard_without_their_values(out: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot%s/getMe", TOKEN)
    logging.getLogger("alembic.runtime.migration").info("Running upgrade")
    logging.getLogger("some.library").debug("text %s", STORY)
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task exception=%s>", STORY)
    logging.getLogger("uvicorn.error").error(ValueError(STORY))
    assert [line["event"] for line in lines(out)] == ["Task exception was never retrieved", "ValueError"]


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("a\nb\r\n2026 ERROR forged", "a\\u000ab\\u000d\\u000a2026 ERROR forged"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\x1b[31mred\x00", "\\u001b[31mred\\u0000"),
        ("\ud800", "\\ud800"),
        ("\u2028\u2029\u200b\ufeff", "\\u2028\\u2029\\u200b\\ufeff"),
        ("می‌شود", "می‌شود"),
        (f"id {NATIONAL_ID}", "id [digits]"),
        ("0012 345 679", "[digits]"),
        ("۰۹۱۲-۱۲۳-۴۵۶۷", "[digits]"),
        ("a very-secret-word b", "a [hidden] b"),
        (f"https://x/bot{TOKEN}/sendMessage", "https://x/bot[hidden]/sendMessage"),
        ("https://x/bot99:other-token-than-ours/getMe", "https://x/bot[hidden]/getMe"),
        ("13 services in 250 ms", "13 services in 250 ms"),
    ],
)
def test_values_are_made_harmless(out: io.StringIO, hostile: str, harmless: str) -> None:
    assert neutral(hostile) == harmless
    logging.getLogger("bot.test").warning("%s", hostile, extra={FIELDS: {"value": [hostile], hostile: 1}})
    [line] = lines(out)
    assert line["event"] == harmless
    assert line["value"] == [harmless]
    assert line[harmless] == 1


@given(st.text(max_size=300))
def test_no_text_breaks_a_line(text: str) -> None:
    written = neutral(text)
    assert len(written.splitlines()) <= 1
    assert written.isprintable() or "\u200c" in written


def test_a_console_line_cannot_be_forged() -> None:
    root = logging.getLogger()
    before, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    stream = io.StringIO()
    try:
        configure("INFO", "console", stream=stream)
        logging.getLogger("bot.test").info("turn", extra={FIELDS: {"who": "a outcome=answered\nx", "ms": 1.25}})
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        logging.raiseExceptions = raising
    [line] = stream.getvalue().splitlines()
    assert line.endswith('bot.test: turn who="a outcome=answered\\\\u000ax" ms=1.250')


def test_hashes_depend_on_the_key() -> None:
    assert all(neutral(chat_hash("telegram", str(one))) == chat_hash("telegram", str(one)) for one in range(2000))
    before = chat_hash("telegram", "1")
    assert chat_hash("telegram", "1") == before != chat_hash("telegram", "2")
    assert chat_hash("bale", "1") != before
    root = logging.getLogger()
    kept, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    try:
        configure(key=b"one", stream=io.StringIO())
        first = chat_hash("telegram", "1")
        configure(key=b"two", stream=io.StringIO())
        assert chat_hash("telegram", "1") != first
        configure(key=b"one", stream=io.StringIO())
        assert chat_hash("telegram", "1") == first
    finally:
        root.handlers[:] = kept
        root.setLevel(level)
        logging.raiseExceptions = raising
