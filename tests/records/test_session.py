"""The stores, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from records import outbox
from records.database import Database
from records.link import Rows
from records.outbox import Draft, Lease, Mark
from records.retention import purge
from records.tables import metadata
from tests.records.backends import BACKENDS, fresh_database

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOW = AT.timestamp()


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


async def rows(database: Database, query: str) -> Rows:
    async with database.reading() as records:
        return await records.connection.execute(text(query))


async def post(database: Database, *parts: str, chat: str = "1", lease: Lease | None = None) -> list[outbox.Posted]:
    async with database.transaction() as records:
        return await records.post("telegram", chat, *map(Draft, parts), at=AT, lease=lease)


async def claim(database: Database, owner: str, now: float = NOW, most: int = 100) -> list[str]:
    async with database.transaction() as records:
        lease = Lease(owner, now + 60)
        claimed = await records.connection.run(outbox.claim, ["telegram"], lease, now, most)
    return [posted.part for posted in claimed]


class TestTurns:
    async def test_update_is_new_once(self, database: Database) -> None:
        async with database.transaction() as records:
            assert await records.first_seen("telegram", "1", AT)
            assert not await records.first_seen("telegram", "1", AT)
            assert await records.first_seen("bale", "1", AT)

    async def test_conversation_is_kept(self, database: Database) -> None:
        for state in ('{"made":1}', '{"made":2}'):
            async with database.transaction() as records:
                await records.conversation("web", "1")
                await records.keep_conversation("web", "1", state, AT)
        async with database.transaction() as records:
            assert await records.conversation("web", "1") == '{"made":2}'
            assert await records.conversation("web", "2") is None

    async def test_read_modify_write_of_a_new_chat_loses_nothing(self, database: Database) -> None:
        async def add() -> None:
            async with database.transaction() as records:
                count = int(await records.conversation("web", "new") or 0)
                await asyncio.sleep(0)
                await records.keep_conversation("web", "new", str(count + 1), AT)

        await asyncio.gather(*(add() for _ in range(20)))
        async with database.transaction() as records:
            assert await records.conversation("web", "new") == "20"

    async def test_person_is_met_once_a_day_and_unblocked(self, database: Database) -> None:
        async def turn(update: str, at: datetime) -> None:
            async with database.transaction() as records:
                await records.open_turn("telegram", update, "1", at, "7")

        await turn("1", AT)
        await turn("2", AT + timedelta(hours=1))
        assert [tuple(row) for row in await rows(database, "SELECT first_at, last_at FROM people")] == [(NOW, NOW)]
        async with database.transaction() as records:
            await records.connection.run(outbox.block, "telegram", "1", "blocked", NOW)
        database.unmeet()
        await turn("3", AT + timedelta(hours=2))
        [row] = await rows(database, "SELECT first_at, last_at, blocked_at FROM people")
        assert tuple(row) == (NOW, NOW + 7200, None)

    async def test_rolled_back_meeting_is_not_remembered(self, database: Database) -> None:
        async def fail() -> None:
            async with database.transaction() as records:
                await records.met("telegram", "7", "1", AT)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        async with database.transaction() as records:
            await records.met("telegram", "7", "1", AT)
        assert len(await rows(database, "SELECT * FROM people")) == 1

    async def test_misses_and_votes(self, database: Database) -> None:
        async with database.transaction() as records:
            await records.miss("web", "declined", "وام مسکن", decision="decline", codes=["a", "b"], at=AT)
            for helpful in (True, True, False):
                await records.vote("13011", helpful=helpful, at=AT)
        [miss] = await rows(database, "SELECT question, codes, topic FROM misses")
        assert tuple(miss) == ("وام مسکن", '["a", "b"]', None)
        [vote] = await rows(database, "SELECT subject, up, down FROM votes")
        assert tuple(vote) == ("13011", 2, 1)

    async def test_forget_leaves_nothing(self, database: Database) -> None:
        async with database.transaction() as records:
            await records.open_turn("telegram", "1", "chat-77", AT, "person-77")
            await records.keep_conversation("telegram", "chat-77", "{}", AT)
            await records.post("telegram", "chat-77", Draft("a"), at=AT)
            await records.post("telegram", "other", Draft("b"), at=AT)
        async with database.transaction() as records:
            await records.forget("telegram", "person-77", "chat-77")
            await records.keep_conversation("telegram", "chat-77", "{}", AT)
            assert await records.close_turn("telegram", "chat-77", AT, "{}", []) == []
        async with database.reading() as records:
            for table in metadata.sorted_tables:
                stored = await records.connection.execute(table.select())
                assert not any("77" in str(value) for row in stored for value in row)
        assert len(await rows(database, "SELECT * FROM outbox")) == 1
        async with database.transaction() as records:
            await records.open_turn("telegram", "2", "chat-77", AT, "person-77")
        assert len(await rows(database, "SELECT * FROM people")) == 1


class TestOutbox:
    async def test_many_parts_keep_their_order(self, database: Database) -> None:
        posted = await post(database, *"abcdefgh")
        assert [one.place for one in posted] == list(range(8))
        assert [one.id for one in posted] == sorted(one.id for one in posted)
        async with database.reading() as records:
            unread = await records.unread("telegram", "1")
            assert [one.part for one in unread] == list("abcdefgh")
            assert [one.part for one in await records.unread("telegram", "1", unread[5].id)] == ["g", "h"]

    async def test_claimed_once(self, database: Database) -> None:
        await post(database, "a", "b")
        assert await claim(database, "one") == ["a", "b"]
        assert await claim(database, "one") == []

    async def test_later_message_waits_for_its_time(self, database: Database) -> None:
        async with database.transaction() as records:
            await records.post("telegram", "1", Draft("later", not_before=NOW + 100), Draft("now"), at=AT)
        assert await claim(database, "one") == ["now"]
        assert await claim(database, "one", NOW + 101) == ["later"]

    async def test_posted_under_a_lease_only_when_nobody_elses_is_before(self, database: Database) -> None:
        lease = Lease("me", NOW + 60)
        assert all(one.claimed for one in await post(database, "a", "b", lease=lease))
        assert all(one.claimed for one in await post(database, "c", lease=lease))
        await post(database, "by staff", chat="2")
        [behind] = await post(database, "reply", chat="2", lease=lease)
        assert not behind.claimed
        assert await claim(database, "me") == ["by staff", "reply"]

    async def test_sent_message_of_the_latest_answer(self, database: Database) -> None:
        async with database.transaction() as records:
            first, _ = await records.post("telegram", "1", *(Draft(p, answers_message="q") for p in "ab"), at=AT)
            assert await records.sent_message_of("telegram", "1", "q") is None
            await records.mark_sent({first.id: "m1"}, AT)
            assert await records.sent_message_of("telegram", "1", "q") == "m1"
            assert await records.sent_message_of("telegram", "2", "q") is None

    async def test_release_lets_another_claim(self, database: Database) -> None:
        await post(database, "a", lease=Lease("one", NOW + 60))
        async with database.transaction() as records:
            await records.connection.run(outbox.release, "one")
        assert await claim(database, "two") == ["a"]

    async def test_tend_finds_what_was_never_handed_over(self, database: Database) -> None:
        lease = Lease("one", NOW + 60)
        [held] = await post(database, "held", lease=lease)
        await post(database, "stray", lease=lease)
        async with database.transaction() as records:
            again = await records.connection.run(outbox.tend, lease, {held.id}, NOW + 1)
        assert [posted.part for posted in again] == ["stray"]

    async def test_block_drops_only_what_is_unsent_of_the_chat(self, database: Database) -> None:
        sent, _ = await post(database, "sent", "unsent")
        await post(database, "other", chat="2")
        async with database.transaction() as records:
            await records.connection.run(outbox.mark, [Mark(sent.id, "sent", 1, NOW, "m")])
            await records.connection.run(outbox.block, "telegram", "1", "blocked", NOW)
        states = await rows(database, "SELECT part, state FROM outbox ORDER BY id")
        assert [tuple(row) for row in states] == [("sent", "sent"), ("unsent", "dropped"), ("other", "waiting")]

    async def test_ids_never_come_back(self, database: Database) -> None:
        [before] = await post(database, "a")
        async with database.transaction() as records:
            await records.forget("telegram", "7", "1")
        [after] = await post(database, "b")
        assert after.id > before.id

    async def test_purge(self, database: Database) -> None:
        async with database.transaction() as records:
            for days in (1, 2.5, 4, 100):
                then = AT - timedelta(days=days)
                await records.first_seen("web", str(days), then)
                await records.keep_conversation("web", str(days), "{}", then)
                sent, _ = await records.post("web", str(days), Draft("sent"), Draft("unsent"), at=then)
                await records.mark_sent({sent.id: None}, then)
        purged = await purge(database, AT)
        assert (purged.updates, purged.messages, purged.conversations) == (2, 4, 1)
        left = await rows(database, "SELECT chat, part FROM outbox ORDER BY id")
        assert [tuple(row) for row in left] == [("1", "sent"), ("1", "unsent"), ("2.5", "unsent"), ("4", "unsent")]
        assert (await purge(database, AT)).messages == 0


class TestReplicas:
    """Several processes on PostgreSQL."""

    @pytest.fixture
    async def server(self, tmp_path: Path) -> AsyncIterator[Database]:
        async with fresh_database("postgresql", tmp_path) as prepared:
            yield prepared

    async def test_live_lease_holds_back_its_chat_a_dead_one_does_not(self, server: Database) -> None:
        await post(server, "a", lease=Lease("one", NOW + 60))
        await post(server, "b")
        await post(server, "c", chat="2")
        assert await claim(server, "two") == ["c"]
        assert await claim(server, "two", NOW + 61) == ["a", "b"]

    async def test_racing_claims_share_nothing_and_split_no_chat(self, server: Database) -> None:
        for number in range(60):
            await post(server, str(number), chat=str(number % 6))
        shares = await asyncio.gather(*(claim(server, f"owner {n}", most=13) for n in range(8)))
        assert sorted(int(part) for share in shares for part in share) == sorted(
            {int(part) for share in shares for part in share}
        )
        owners = await rows(server, "SELECT chat, count(DISTINCT owner) AS owners FROM outbox GROUP BY chat")
        assert all(row.owners <= 1 for row in owners)

    async def test_renewed_lease_is_not_claimed(self, server: Database) -> None:
        [held] = await post(server, "a", lease=Lease("one", NOW + 60))
        async with server.transaction() as records:
            await records.connection.run(outbox.tend, Lease("one", NOW + 120), {held.id}, NOW)
        assert await claim(server, "two", NOW + 61) == []
