"""How updates reach the bot (polling, webhook), what can fail on the way, Bale's ways, and load."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from bot import standin
from bot.standin import StandIn, load
from tests.bot.standin_tools import TOKEN, client

USER = 7
SECRET = "s3cret-X"  # noqa: S105 — known to this file alone


@pytest.fixture
async def api() -> AsyncIterator[StandIn]:
    async with StandIn() as api:
        api.user(USER)
        yield api


@pytest.fixture
async def bot(api: StandIn) -> AsyncIterator[Bot]:
    async with client(api) as bot:
        yield bot


def numbers(updates: tuple[Update, ...]) -> list[int]:
    return [update.update_id for update in updates]


async def test_an_offset_confirms_and_nothing_else_does(api: StandIn, bot: Bot) -> None:
    user = api.user(USER)
    first, second, third = [await user.send(text) for text in ("یک", "دو", "سه")]
    assert numbers(await bot.get_updates()) == [first, second, third]
    assert numbers(await bot.get_updates(limit=1)) == [first]
    assert numbers(await bot.get_updates(offset=second)) == [second, third]
    assert numbers(await bot.get_updates(offset=-1)) == [third]
    assert numbers(await bot.get_updates(offset=third + 1)) == []


async def test_a_long_poll_is_answered_by_the_next_update(api: StandIn, bot: Bot) -> None:
    waiting = asyncio.create_task(bot.get_updates(timeout=5))
    await api.updates.polled.wait()
    sent = await api.user(USER).send("سلام")
    assert numbers(await waiting) == [sent]


async def test_allowed_updates(api: StandIn, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    user = api.user(USER)
    await user.send("سلام")
    pressed = await user.press_data(user.messages[0], "x")
    assert numbers(await bot.get_updates()) == [pressed]
    await bot.get_updates(offset=pressed + 1, allowed_updates=[])
    sent = await user.send("سلام")
    assert numbers(await bot.get_updates()) == [sent]


async def test_the_first_of_two_polls_is_ended(api: StandIn, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=5))
    await api.updates.polled.wait()
    second = asyncio.create_task(bot.get_updates(timeout=5))
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await first
    sent = await api.user(USER).send("سلام")
    assert numbers(await second) == [sent]
    assert [refused.code for refused in api.refusals] == [409]
    api.assert_clean()


async def test_an_update_can_come_again(api: StandIn, bot: Bot) -> None:
    user = api.user(USER)
    first = await user.send("یک")
    assert numbers(await bot.get_updates()) == [first]
    assert numbers(await bot.get_updates(offset=first + 1)) == []
    api.redeliver(first)
    assert numbers(await bot.get_updates(offset=first + 1)) == [first]
    assert numbers(await bot.get_updates(offset=first + 1)) == []


class Hook:
    """A webhook's receiver: keeps what comes, and answers with the statuses it is given, then 200."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[tuple[dict[str, str], dict[str, object]]] = []
        self.statuses: list[int] = []
        self.arrived = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
                body = json.loads(await reader.readexactly(int(headers["content-length"])))
                self.received.append((headers, body))
                status = self.statuses.pop(0) if self.statuses else 200
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
                self.arrived.set()
        except asyncio.IncompleteReadError:
            writer.close()

    async def wait(self, count: int) -> list[object]:
        async with asyncio.timeout(5):
            while len(self.received) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return [body["update_id"] for _, body in self.received]


@asynccontextmanager
async def listening() -> AsyncIterator[Hook]:
    hook = Hook()
    server = await asyncio.start_server(hook.serve, "127.0.0.1", 0)
    hook.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield hook
    finally:
        server.close()


async def test_a_webhook_gets_updates_with_the_secret_in_order(api: StandIn, bot: Bot) -> None:
    user = api.user(USER)
    async with listening() as hook:
        before = await user.send("پیش از آن")
        await bot.set_webhook(hook.url, secret_token=SECRET, allowed_updates=["message"])
        after = [await user.send(str(number)) for number in range(5)]
        assert await hook.wait(6) == [before, *after]
        assert {headers["x-telegram-bot-api-secret-token"] for headers, _ in hook.received} == {SECRET}
        with pytest.raises(Conflict, match="webhook is active"):
            await bot.get_updates()
        info = await bot.get_webhook_info()
        assert (info.url, info.allowed_updates) == (hook.url, ("message",))
        api.redeliver(before)
        assert (await hook.wait(7))[-1] == before
        await bot.delete_webhook()
    api.assert_clean()


async def test_a_webhook_that_fails_gets_the_update_again(api: StandIn, bot: Bot) -> None:
    api.updates.retry_after = 0.001
    user = api.user(USER)
    async with listening() as hook:
        hook.statuses = [500, 503]
        await bot.set_webhook(hook.url)
        first, second = await user.send("یک"), await user.send("دو")
        assert await hook.wait(4) == [first, first, first, second]
        hook.statuses = [500] * 5
        third = await user.send("سه")
        assert (await hook.wait(9))[4:] == [third] * 5
        await asyncio.wait_for(api.updates.gave_up.wait(), 5)
        info = await bot.get_webhook_info()
        assert info.pending_update_count == 1
        assert info.last_error_message == "Wrong response from the webhook: 500"
        await bot.delete_webhook()
    assert numbers(await bot.get_updates()) == [third]


@pytest.mark.parametrize(
    ("url", "secret"),
    [("http://example.com/hook", None), ("https://example.com/hook", "a b"), ("ftp://127.0.0.1", None)],
)
async def test_bad_webhooks(api: StandIn, bot: Bot, url: str, secret: str | None) -> None:
    with pytest.raises(BadRequest):
        await bot.set_webhook(url, secret_token=secret)
    assert len(api.violations) == 1


async def test_answers_that_fail(api: StandIn, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    user = api.user(USER)
    api.fail("sendMessage", standin.RetryAfter(3))
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(USER, "سلام")
    assert caught.value.retry_after == timedelta(seconds=3)
    api.fail("sendMessage", standin.Blocked(), chat_id=USER)
    with pytest.raises(Forbidden, match="blocked"):
        await bot.send_message(USER, "سلام")
    api.fail("*", standin.ServerError(502), times=2)
    for _ in range(2):
        with pytest.raises(NetworkError, match="Bad Gateway"):
            await bot.send_message(USER, "سلام")
    assert user.messages == []
    api.fail("sendMessage", standin.ServerError(500, done=True))
    with pytest.raises(NetworkError):
        await bot.send_message(USER, "یک")
    await bot.send_message(USER, "دو")
    assert [message.text for message in user.messages] == ["یک", "دو"]
    assert not api.violations
    assert [refused.code for refused in api.refusals] == [429, 403, 502, 502, 500]
    assert [call.outcome for call in api.calls_of("sendMessage")] == ["failed"] * 5 + ["ok"]


@pytest.mark.parametrize("done", [False, True])
async def test_a_connection_that_breaks(api: StandIn, bot: Bot, done: bool) -> None:
    api.fail("sendMessage", standin.Reset(done=done))
    with pytest.raises(NetworkError):
        await bot.send_message(USER, "سلام")
    assert len(api.user(USER).messages) == int(done)
    await bot.send_message(USER, "سلام")


@pytest.mark.parametrize("failure", [standin.Late(30), standin.Silent()])
async def test_an_answer_that_comes_too_late_though_the_call_was_done(
    api: StandIn, failure: standin.Late | standin.Silent
) -> None:
    async with client(api, read_timeout=0.2) as bot:
        api.fail("sendMessage", failure)
        with pytest.raises(TimedOut):
            await bot.send_message(USER, "سلام")
    assert len(api.user(USER).messages) == 1


async def test_a_late_answer_still_comes(api: StandIn, bot: Bot) -> None:
    api.fail("sendMessage", standin.Late(0.01))
    assert (await bot.send_message(USER, "سلام")).text == "سلام"


async def test_a_server_that_is_down_for_a_while(api: StandIn, bot: Bot) -> None:
    url = api.url
    async with api.down():
        with pytest.raises(NetworkError):
            await bot.send_message(USER, "سلام")
    assert api.url == url
    await bot.send_message(USER, "سلام")
    assert len(api.user(USER).messages) == 1


async def test_bale() -> None:
    async with StandIn(platform="bale") as api, client(api) as bot, listening() as hook:
        user = api.user(USER)
        await bot.set_webhook(hook.url, secret_token=SECRET)
        await user.send("سلام")
        await hook.wait(1)
        assert "x-telegram-bot-api-secret-token" not in hook.received[0][0]
        markup = InlineKeyboardMarkup([[InlineKeyboardButton("الف", callback_data="a")]])
        await bot.send_message(USER, "*سلام*", reply_markup=markup)
        await bot.send_message(USER, "پاسخ", api_kwargs={"reply_to_message_id": 1})
        api.assert_clean()
        await user.press(user.messages[1], "الف")
        with pytest.raises(AssertionError, match="answerCallbackQuery: callback_query_id: never answered"):
            api.assert_clean()
        await hook.wait(2)
        query = hook.received[1][1]["callback_query"]
        assert isinstance(query, dict)
        await bot.answer_callback_query(query["id"])
        api.assert_clean()


async def test_what_bale_does_not_know() -> None:
    async with StandIn(platform="bale") as api, client(api) as bot:
        api.user(USER)
        with pytest.raises(BadRequest, match="parse_mode"):
            await bot.send_message(USER, "<b>سلام</b>", parse_mode="HTML")
        with pytest.raises(InvalidToken, match="Not Found"):
            await bot.set_my_commands([("start", "آغاز")])
        with pytest.raises(InvalidToken, match="Not Found"):
            await bot.answer_inline_query("1", [])
        methods = [violation.method for violation in api.violations]
        assert methods == ["sendMessage", "setMyCommands", "answerInlineQuery"]


async def _answer(bot: Bot, count: list[int]) -> None:
    """A small bot: answers texts with a button, and presses with an edit. Without end."""
    offset = 0
    while True:
        for update in await bot.get_updates(offset=offset, timeout=5):
            offset = update.update_id + 1
            count[0] += 1
            if update.callback_query is not None:
                await update.callback_query.answer()
                await update.callback_query.edit_message_text(f"باشد {offset}")
            elif update.message is not None:
                await bot.send_chat_action(update.message.chat_id, "typing")
                markup = InlineKeyboardMarkup([[InlineKeyboardButton("الف", callback_data="a")]])
                await update.message.reply_text("سلام", reply_markup=markup)


@pytest.mark.parametrize("speed", ["rate=40", "pending=3"])
async def test_load(tmp_path: Path, speed: str) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text('{"text": "سلام"}\n{"press": 0}\n', encoding="utf-8")
    plan = load.LoadPlan.parse(f"{speed},chats=4,seconds=0.5,warmup=0.1,script={script}")
    async with StandIn(record=False) as api, client(api) as bot:
        count = [0]
        answering = asyncio.create_task(_answer(bot, count))
        report = await load.Load(api, plan).run()
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
    assert report["updates"] == report["answered"] > 0
    assert report["unanswered"] == report["violation_count"] == 0
    assert count[0] >= report["answered"]
    assert report["calls"]["editMessageText"] > 0
    assert set(report["turn_ms"]) == {"mean", "p50", "p90", "p95", "p99", "max"}
    assert 0 < report["turn_ms"]["p50"] <= report["turn_ms"]["max"]


async def test_load_counts_what_is_not_answered() -> None:
    async with StandIn(record=False) as api, client(api) as bot:
        plan = load.LoadPlan(pending=2, chats=2, seconds=0.2, warmup=0.0, patience=0.1)
        polling = asyncio.create_task(bot.get_updates(timeout=1))
        report = await load.Load(api, plan).run()
        await asyncio.gather(polling, return_exceptions=True)
    assert report["answered"] == 0
    assert report["unanswered"] == report["updates"] >= 2
    assert report["turn_ms"] == {}


@pytest.mark.parametrize("text", ["speed=1", "rate=quick"])
def test_a_load_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"speed|quick"):
        load.LoadPlan.parse(text)


def test_a_plan_survives_the_command_line() -> None:
    plan = load.LoadPlan(rate=2.5, chats=3, seconds=1.0, script="a.jsonl")
    assert load.LoadPlan.parse(str(plan)) == plan


def test_percentiles_are_in_milliseconds() -> None:
    result = load.percentiles([number / 1000 for number in range(1, 101)])
    assert (result["mean"], result["p50"], result["max"]) == (50.5, 51.0, 100.0)


async def test_the_process_without_load_reports_at_its_end() -> None:
    async with load.StandInProcess(platform="bale") as process:
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"{process.url}/bot{TOKEN}/getMe")
        assert answer.json()["result"]["is_bot"] is True
        report = await process.report()
    assert report["calls"] == {"getMe": 1}


async def test_the_process_with_load() -> None:
    plan = load.LoadPlan(rate=20, chats=2, seconds=0.4, warmup=0.0)
    async with load.StandInProcess(plan=plan, check=False) as process:
        api = StandIn()
        api.port = int(process.url.rpartition(":")[2])
        async with client(api) as bot:
            answering = asyncio.create_task(_answer(bot, [0]))
            report = await process.report()
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
    assert report["answered"] == report["updates"] > 0


def test_the_stand_in_is_not_in_production() -> None:
    root = Path(standin.__file__).parents[2]
    sources = [
        path
        for floor in ("bot", "handlers", "records", "knowledge")
        for path in (root / floor).rglob("*.py")
        if "standin" not in path.parts and "bench" not in path.name
    ]
    assert sources
    assert not [path for path in sources if "bot.standin" in path.read_text(encoding="utf-8")]
