"""What `khedmatyar bench load` is made of: a proxy that loses nothing itself, and books that see what went wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.cli.bench_conversation import BenchError
from bot.cli.bench_faults import Faults
from bot.cli.bench_ledger import books
from bot.cli.bench_load import script
from bot.cli.bench_messenger import FaultyStandIn
from bot.cli.bench_proxy import RoundRobin
from bot.cli.bench_replicas import free_port
from bot.standin import StandIn
from knowledge.catalogue import Catalogue
from records.database import Database


@asynccontextmanager
async def replica(name: str, *, breaks: bool = False) -> AsyncIterator[int]:
    """A server that answers each request with its name, or hangs up; its port."""
    at_work: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at_work.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if b"ength:" in line)
                body = await reader.readexactly(length)
                if breaks:
                    return
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(name + body.decode()))
                writer.write(name.encode() + body)
        except (EOFError, OSError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in at_work:
            writer.transport.abort()
        await asyncio.sleep(0)


async def asked(proxy: RoundRobin, times: int) -> list[tuple[int, str]]:
    async with httpx.AsyncClient(trust_env=False) as web:
        answers = [await web.post(f"{proxy.url}/webhook", content=str(number)) for number in range(times)]
    return [(answer.status_code, answer.text) for answer in answers]


async def test_each_request_goes_to_the_next_replica() -> None:
    async with replica("a") as one, replica("b") as two, RoundRobin([one, two]) as proxy:
        assert await asked(proxy, 4) == [(200, "a0"), (200, "b1"), (200, "a2"), (200, "b3")]
        assert proxy.seen.shares == {one: 2, two: 2}
        assert len(proxy.seen.seconds) == 4


async def test_a_replica_that_does_not_listen_is_passed_over() -> None:
    async with replica("a") as one, RoundRobin([free_port(), one]) as proxy:
        assert await asked(proxy, 3) == [(200, "a0"), (200, "a1"), (200, "a2")]


async def test_one_that_dies_with_the_request_is_answered_for() -> None:
    async with replica("a", breaks=True) as one, RoundRobin([one]) as proxy:
        assert await asked(proxy, 2) == [(502, ""), (502, "")]
        assert proxy.seen.seconds == []


def test_the_script_asks_the_folder_or_the_phrases(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text(json.dumps({"q": "پرسش آزمون"}, ensure_ascii=False) + "\n\n", "utf-8")
    texts = {line.get("text") for line in script(catalogue, tmp_path, 50)}
    assert "پرسش آزمون" in texts
    assert list(script(catalogue, None, 40)) == list(script(catalogue, None, 40))
    assert "پرسش آزمون" not in {line.get("text") for line in script(catalogue, None, 400)}
    (tmp_path / "some.jsonl").write_text("")
    with pytest.raises(BenchError):
        next(script(catalogue, tmp_path, 1))


def row(
    chat: str, update: int, *, state: str = "sent", message: int | None = None, place: int = 0
) -> dict[str, object]:
    return {"chat": chat, "update": str(update), "state": state, "message": message and str(message), "place": place}


async def booked(folder: Path, updates: list[int], replies: list[dict[str, object]]) -> str:
    """An SQLite file with these updates and replies; its address."""
    from sqlalchemy import text

    url = f"sqlite:///{folder / 'books.sqlite'}"
    database = Database.open(url)
    try:
        await database.prepare()
        async with database.transaction() as records:

            def fill(connection: object) -> None:
                run = connection.execute  # type: ignore[attr-defined] # SQLAlchemy's connection
                for number in updates:
                    run(text("INSERT INTO updates VALUES ('telegram', :number, 0)"), {"number": str(number)})
                for one in replies:
                    run(
                        text(
                            "INSERT INTO outbox (channel, chat, update_id, place, part, state, attempts, not_before,"
                            " created_at, sent_message)"
                            " VALUES ('telegram', :chat, :update, :place, '{}', :state, 1, 0, 0, :message)"
                        ),
                        one,
                    )

            await records.connection.run(fill)
    finally:
        await database.close()
    return url


def report(last: int, shown: dict[str, int], swapped: int = 0) -> dict[str, object]:
    return {"last_update": last, "shown": shown, "swapped": swapped}


async def test_the_books_of_a_sound_run(tmp_path: Path) -> None:
    replies = [row("1", 1000, message=1), row("2", 1001, message=2), row("1", 1002, message=3)]
    found = await books(await booked(tmp_path, [1000, 1001, 1002], replies), report(1002, {"1": 2, "2": 1}))
    assert (found.lost, found.twice, found.out_of_order, found.shown_twice) == (0, 0, 0, 0)
    assert (found.updates, found.replies) == (3, 3)


async def test_the_books_see_what_went_wrong(tmp_path: Path) -> None:
    replies = [
        row("1", 1001, message=5),
        row("1", 1000, message=6),
        row("1", 1000, message=4),
        row("2", 1002, state="waiting"),
    ]
    found = await books(await booked(tmp_path, [1000, 1001, 1002], replies), report(1003, {"1": 4}))
    assert found.lost == 2
    assert found.twice == 1
    assert found.out_of_order == 2
    assert found.shown_twice == 1


async def test_the_messenger_fails_as_often_as_it_is_told_to() -> None:
    async with FaultyStandIn("42:TEST", 0.5) as api, httpx.AsyncClient(trust_env=False) as web:
        api.user(7)
        codes = []
        for _ in range(60):
            try:
                answer = await web.post(f"{api.url}/bot42:TEST/sendMessage", json={"chat_id": 7, "text": "سلام"})
                codes.append(answer.status_code)
            except httpx.TransportError:
                codes.append(0)
    assert 10 < sum(code != 200 for code in codes) < 50
    assert {0, 200, 502} <= set(codes)
    assert sum(api.failed.values()) == sum(code != 200 for code in codes)
    # Some of what failed had taken effect.
    assert api.shown["7"] >= sum(code == 200 for code in codes)
    assert isinstance(api, StandIn)


def test_the_silence_after_a_fault_is_the_longest_gap_that_begins_with_it() -> None:
    faults = Faults(())
    faults.happened.append(("SIGKILL of replica 1", 100.0, 0.0))
    assert faults.recoveries([99.0, 99.5, 100.2, 103.2, 103.3, 120.0]) == [
        {"fault": "SIGKILL of replica 1", "longest_silence": 3.0}
    ]
