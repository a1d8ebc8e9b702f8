"""Members, invitations, audit and cases, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from records.database import Database
from records.errors import RecordsError
from records.staff import LastAdminError, Member, Role, Staff, StaffIdError, read_person, seed_admins
from tests.records.backends import BACKENDS, fresh_database

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


async def put(database: Database, person: str, role: Role, *bureaus: str) -> Member:
    async with database.transaction() as records:
        return await Staff(records.connection).put("telegram", person, role, bureaus=bureaus, at=AT)


async def find(database: Database, person: str, channel: str = "telegram") -> Member | None:
    async with database.reading() as records:
        return await Staff(records.connection).find(channel, person)


async def remove(database: Database, member: int) -> bool:
    async with database.transaction() as records:
        return await Staff(records.connection).remove(member, AT)


class TestMembers:
    async def test_put_find_change_remove(self, database: Database) -> None:
        await put(database, "1", "admin")
        made = await put(database, "5", "officer", "urban", "rural", "urban")
        assert await find(database, "5") == made
        assert made.bureaus == ("rural", "urban")
        assert (await put(database, "5", "officer", "women")).bureaus == ("women",)
        assert (await put(database, "5", "editor", "women")).bureaus == ()
        assert await remove(database, made.id)
        assert not await remove(database, made.id)
        assert await find(database, "5") is None
        assert (await put(database, "5", "officer", "it")).id == made.id

    async def test_channels_are_apart(self, database: Database) -> None:
        await put(database, "5", "admin")
        assert await find(database, "5", "bale") is None

    async def test_officers_of_a_bureau(self, database: Database) -> None:
        await put(database, "1", "admin")
        await put(database, "5", "officer", "urban")
        await put(database, "6", "officer", "rural", "urban")
        async with database.reading() as records:
            found = await Staff(records.connection).officers("rural")
        assert [one.person for one in found] == ["6"]

    async def test_chats(self, database: Database) -> None:
        first, second = await put(database, "1", "admin"), await put(database, "2", "admin")
        async with database.transaction() as records:
            await records.open_turn("telegram", "1", "c1", AT, "1")
            assert await Staff(records.connection).chats((first, second)) == (("telegram", "c1"), ("telegram", "2"))

    async def test_the_last_admin_stays(self, database: Database) -> None:
        only = await put(database, "1", "admin")
        with pytest.raises(LastAdminError):
            await remove(database, only.id)
        with pytest.raises(LastAdminError):
            await put(database, "1", "officer", "urban")
        assert (await put(database, "1", "admin")).role == "admin"

    async def test_two_who_remove_each_other(self, database: Database) -> None:
        for _ in range(5):
            first, second = await put(database, "1", "admin"), await put(database, "2", "admin")
            done = await asyncio.gather(remove(database, first.id), remove(database, second.id), return_exceptions=True)
            assert sorted(type(one).__name__ for one in done) == ["LastAdminError", "bool"]


class TestSeeds:
    async def test_made_once_and_left_alone(self, database: Database) -> None:
        assert await seed_admins(database, ["123", "telegram:123", "bale:9"], AT) == 2
        assert await seed_admins(database, ["123", "bale:9"], AT) == 0
        first = await find(database, "123")
        assert first is not None
        await remove(database, first.id)
        assert await seed_admins(database, ["123"], AT) == 0
        assert await find(database, "123") is None
        assert await find(database, "9", "bale") is not None

    @pytest.mark.parametrize("wrong", ["", "ali", "web:1", "telegram:", "1 2", "12345678901234567890123"])
    async def test_what_is_no_id(self, wrong: str) -> None:
        with pytest.raises(StaffIdError):
            read_person(wrong)
        assert issubclass(StaffIdError, RecordsError)


class TestInvitations:
    async def test_one_of_many_who_bring_it_at_once(self, database: Database) -> None:
        host = await put(database, "1", "admin")
        async with database.transaction() as records:
            token = await Staff(records.connection).invite("officer", ["urban"], host.id, AT)

        async def accept(person: str) -> Member | None:
            async with database.transaction() as records:
                return await Staff(records.connection).accept(token, "telegram", person, at=AT)

        came = await asyncio.gather(*(accept(str(100 + number)) for number in range(12)))
        (made,) = [one for one in came if one is not None]
        async with database.reading() as records:
            rows = await records.connection.execute(text("SELECT token, used_by FROM invitations"))
            assert len(await Staff(records.connection).all()) == 2
        assert [(row.used_by, token in row.token) for row in rows] == [(made.id, False)]

    async def test_expires(self, database: Database) -> None:
        host = await put(database, "1", "admin")
        async with database.transaction() as records:
            staff = Staff(records.connection)
            token = await staff.invite("admin", [], host.id, AT)
            assert await staff.accept(token, "telegram", "5", at=AT + timedelta(hours=48)) is None
            assert await staff.accept(token, "telegram", "5", at=AT + timedelta(hours=47)) is not None


class TestAudit:
    async def test_newest_first_and_by_target(self, database: Database) -> None:
        async with database.transaction() as records:
            staff = Staff(records.connection)
            for number in range(5):
                await staff.log("staff:1", "see", f"Q{number % 2}", AT + timedelta(minutes=number), "x" * 300)
            assert [one.at.minute for one in await staff.trail(limit=2)] == [4, 3]
            assert [one.at.minute for one in await staff.trail(target="Q1")] == [3, 1]
            assert len((await staff.trail())[0].detail) == 200

    @pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'x'", "DELETE FROM audit"])
    async def test_is_append_only(self, database: Database, statement: str) -> None:
        async with database.transaction() as records:
            await Staff(records.connection).log("staff:1", "see", "Q", AT)
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.transaction() as records:
                await records.connection.execute(text(statement))
        async with database.reading() as records:
            assert [one.who for one in await Staff(records.connection).trail()] == ["staff:1"]
