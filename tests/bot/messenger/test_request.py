"""The HTTP below the bot: what was surely not sent is told apart, proxies are used, and no token is ever logged."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from telegram import InputFile
from telegram.error import InvalidToken, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest

from bot.messenger.api import make_bot
from bot.messenger.dialect import TELEGRAM
from bot.messenger.request import AiohttpRequest, NotSent
from bot.standin import Reset, Silent, StandIn
from tests.bot.messenger.conftest import TOKEN, joined

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    """A server on a free port; host and port."""
    writers: list[asyncio.StreamWriter] = []

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"{host}:{port}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def opened(request: AiohttpRequest) -> AsyncIterator[AiohttpRequest]:
    async with request:
        yield request


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    await asyncio.sleep(60)


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>")
    await writer.drain()


async def test_what_was_not_sent_is_told_apart(telegram: StandIn) -> None:
    url = f"{telegram.url}/bot{TOKEN}/getMe"
    async with opened(AiohttpRequest()) as request:
        telegram.fail("getMe", Reset())
        with pytest.raises(NetworkError) as broken:
            await request.post(url)
        assert not isinstance(broken.value, NotSent)
        assert TOKEN not in str(broken.value)
        async with telegram.down():
            with pytest.raises(NotSent):
                await request.post(url)
        assert await request.post(url)


async def test_an_answer_that_does_not_come_is_unknown() -> None:
    async with listening(silent) as server, opened(AiohttpRequest(read_timeout=0.1)) as request:
        with pytest.raises(TimedOut):
            await request.post(f"http://{server}/bot{TOKEN}/getMe")


async def test_the_timeout_of_a_call_goes_before_the_default(telegram: StandIn) -> None:
    async with opened(AiohttpRequest()) as request:
        telegram.fail("getMe", Silent())
        with pytest.raises(TimedOut):
            await request.post(f"{telegram.url}/bot{TOKEN}/getMe", read_timeout=0.1)


async def test_a_pool_that_stays_full_sends_nothing() -> None:
    async with listening(silent) as server, opened(AiohttpRequest(1, connect_timeout=0.1, pool_timeout=0.1)) as request:
        url = f"http://{server}/bot{TOKEN}/getMe"
        first = asyncio.create_task(request.post(url, read_timeout=5))
        await asyncio.sleep(0.05)
        with pytest.raises(NotSent):
            await request.post(url)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_an_answer_of_somebody_else() -> None:
    async with listening(garbage) as server, opened(AiohttpRequest()) as request:
        with pytest.raises(TelegramError, match="Invalid server response"):
            await request.post(f"http://{server}/bot{TOKEN}/getMe")


async def test_it_opens_and_closes_again(telegram: StandIn) -> None:
    request = AiohttpRequest()
    url = f"{telegram.url}/bot{TOKEN}/getMe"
    for _ in range(2):
        async with opened(request):
            assert await request.post(url)
    with pytest.raises(NetworkError):
        await request.post(url)
    assert request.read_timeout == 15.0


async def test_a_file_and_words_with_it(telegram: StandIn) -> None:
    user = telegram.user(7)
    async with joined(TELEGRAM, telegram.url) as bot:
        caption = 'نقل "قول" & 100% + a=b'
        await bot.call("sendDocument", chat_id=7, document=InputFile(b"%PDF", "گزارش «۱».pdf"), caption=caption)
    assert user.messages[0].data["caption"] == caption
    assert user.messages[0].data["document"]["file_name"] == "گزارش «۱».pdf"
    telegram.assert_clean()


def tunnel(connections: list[bytes], target: str) -> Serve:
    """A proxy that speaks HTTP (absolute addresses) and SOCKS5, and knows one way."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        connections.append(first)
        if first == b"\x05":
            await reader.readexactly((await reader.readexactly(1))[0])
            writer.write(b"\x05\x00")
            kind = (await reader.readexactly(4))[3]
            size = 4 if kind == 1 else (await reader.readexactly(1))[0]
            await reader.readexactly(size + 2)
            writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            first = b""
        host, port = target.removeprefix("http://").split(":")
        onward, onwriter = await asyncio.open_connection(host, int(port))
        onwriter.write(first)
        try:
            await asyncio.gather(carry(reader, onwriter, target.encode()), carry(onward, writer))
        finally:
            onwriter.close()

    return serve


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left_out: bytes = b"\0") -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data.replace(left_out, b"", 1))
            await writer.drain()
        writer.write_eof()


@pytest.mark.parametrize(("scheme", "start"), [("http", b"P"), ("socks5", b"\x05")])
async def test_through_a_proxy(telegram: StandIn, scheme: str, start: bytes) -> None:
    user = telegram.user(7)
    connections: list[bytes] = []
    async with listening(tunnel(connections, telegram.url)) as proxy:
        # Only the proxy knows the way: this name is nowhere.
        url = telegram.url.replace("127.0.0.1", "telegram.invalid")
        if scheme == "http":
            url = telegram.url
        async with joined(TELEGRAM, url, f"{scheme}://{proxy}") as bot:
            await bot.call("sendMessage", chat_id=7, text="سلام")
            assert await bot.fetch(None, 0) == []
    assert [shown.text for shown in user.messages] == ["سلام"]
    assert connections
    assert set(connections) == {start}


async def test_the_proxy_of_the_environment_is_not_used(telegram: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with joined(TELEGRAM, telegram.url) as bot:
        assert bot.username


@pytest.mark.parametrize("proxied", [False, True])
async def test_no_token_in_the_log(telegram: StandIn, caplog: pytest.LogCaptureFixture, proxied: bool) -> None:
    caplog.set_level(logging.DEBUG)
    telegram.user(7)
    connections: list[bytes] = []
    async with (
        listening(tunnel(connections, telegram.url)) as proxy,
        joined(TELEGRAM, telegram.url, f"http://{proxy}" if proxied else None) as bot,
    ):
        await bot.call("sendMessage", chat_id=7, text="سلام")
        telegram.fail("sendMessage", Reset())
        with pytest.raises(NetworkError) as error:
            await bot.call("sendMessage", chat_id=7, text="سلام")
        logging.getLogger("bot").error("failed", exc_info=error.value)
    assert bool(connections) == proxied
    wrong = make_bot(TELEGRAM, "42:another-secret", telegram.url)
    with pytest.raises(InvalidToken):
        await wrong.initialize()
    await wrong.shutdown()
    assert "very-secret" not in caplog.text
    assert "another-secret" not in caplog.text


def test_it_is_a_request_of_the_library() -> None:
    assert issubclass(AiohttpRequest, BaseRequest)


async def test_a_bot_that_is_not_yet_connected_sends_and_one_that_was_shut_down_does_not(telegram: StandIn) -> None:
    bot = make_bot(TELEGRAM, TOKEN, telegram.url)
    telegram.user(7)
    try:
        assert (await bot.call("sendMessage", chat_id=7, text="سلام"))["text"] == "سلام"
        assert not bot.connected
        await bot.initialize()
    finally:
        await bot.shutdown()
    with pytest.raises(TelegramError):
        await bot.call("sendMessage", chat_id=7, text="سلام")
    telegram.assert_clean()
