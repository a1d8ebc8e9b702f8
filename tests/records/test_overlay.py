"""The overlay's store: one contract, two databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from records.database import Database
from records.overlay import Entry, Overlay, Stale
from records.staff import Staff
from tests.records.backends import BACKENDS, fresh_database

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
FEE = Entry("it-01", "fee", None, '"رایگان"')


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


async def apply(database: Database, *edits: Entry, author: str = "staff:1") -> int:
    async with database.transaction() as records:
        return await Overlay(records.connection).apply(
            edits, author=author, name="زهرا", kind="chat", reason="آزمون", at=AT
        )


async def undo(database: Database, change: int) -> int | None:
    async with database.transaction() as records:
        return await Overlay(records.connection).undo(change, author="staff:2", name="علی", at=AT)


async def facts(database: Database) -> dict[tuple[str, str], str]:
    async with database.reading() as records:
        return {(one.subject, one.field): one.value for one in (await Overlay(records.connection).stand()).facts}


async def test_a_change_has_version_author_reason_and_time(database: Database) -> None:
    version = await apply(database, FEE)
    async with database.reading() as records:
        store = Overlay(records.connection)
        stand = await store.stand()
        [change] = await store.changes()
    assert (stand.version, change.id) == (version, version)
    assert (change.author, change.name, change.reason, change.at) == ("staff:1", "زهرا", "آزمون", AT)
    assert change.entries == (FEE,)
    [fact] = stand.facts
    assert (fact.value, fact.name, fact.at, fact.change) == ('"رایگان"', "زهرا", AT, version)


async def test_undo_and_redo(database: Database) -> None:
    first = await apply(database, FEE, Entry("it", "phone", None, '"۱"'))
    back = await undo(database, first)
    assert back is not None
    assert await facts(database) == {}
    assert await undo(database, first) is None
    assert await undo(database, back) is not None
    assert await facts(database) == {("it-01", "fee"): '"رایگان"', ("it", "phone"): '"۱"'}
    assert await undo(database, 999) is None


async def test_undo_of_what_was_changed_again_is_refused(database: Database) -> None:
    first = await apply(database, FEE)
    await apply(database, Entry("it-01", "fee", '"رایگان"', '"ده هزار"'))
    with pytest.raises(Stale) as caught:
        await undo(database, first)
    assert caught.value.places == (("it-01", "fee"),)
    assert await facts(database) == {("it-01", "fee"): '"ده هزار"'}


async def test_an_edit_of_what_is_no_longer_so_changes_nothing(database: Database) -> None:
    await apply(database, FEE)
    with pytest.raises(Stale):
        await apply(database, Entry("it", "phone", None, '"۱"'), FEE)
    assert await facts(database) == {("it-01", "fee"): '"رایگان"'}


async def test_of_concurrent_edits_of_a_field_one_wins_others_all(database: Database) -> None:
    async def one(number: int) -> bool:
        try:
            await apply(database, Entry("it-01", "fee", None, f'"{number}"'), Entry(f"it-{number}", "fee", None, '"۰"'))
        except Stale:
            return False
        return True

    results = await asyncio.gather(*(one(number) for number in range(10, 18)))
    assert results.count(True) == 1
    winner = 10 + results.index(True)
    assert await facts(database) == {("it-01", "fee"): f'"{winner}"', (f"it-{winner}", "fee"): '"۰"'}
    await asyncio.gather(*(apply(database, Entry(f"it-{n}", "link", None, '"۰"')) for n in range(20, 30)))
    assert len(await facts(database)) == 12


async def test_before_tells_what_stood_at_a_version(database: Database) -> None:
    first = await apply(database, FEE)
    await apply(database, Entry("it-01", "fee", '"رایگان"', '"الف"'), Entry("it", "phone", None, '"۱"'))
    await apply(database, Entry("it-01", "fee", '"الف"', None))
    async with database.reading() as records:
        found = await Overlay(records.connection).before(first)
        assert await Overlay(records.connection).before(99) == ()
    assert {(one.subject, one.field): one.before for one in found} == {
        ("it-01", "fee"): '"رایگان"', ("it", "phone"): None,
    }  # fmt: skip


async def test_a_draft_is_its_authors_and_is_taken_once(database: Database) -> None:
    async with database.transaction() as records:
        store = Overlay(records.connection)
        old = await store.keep_draft([FEE], author="a", kind="excel", reason="ب", at=AT - timedelta(days=2))
        draft = await store.keep_draft([FEE], author="a", kind="excel", reason="ب", at=AT)
        assert await store.take_draft(draft, "b") is None
        assert await store.take_draft(old, "a") is None
        taken = await store.take_draft(draft, "a")
        assert await store.take_draft(draft, "a") is None
    assert taken is not None
    assert (taken.edits, taken.kind, taken.reason) == ((FEE,), "excel", "ب")


async def test_editors_and_admins_may_edit_officers_may_not(database: Database) -> None:
    async with database.transaction() as records:
        staff = Staff(records.connection)
        await staff.put("telegram", "1", "admin", at=AT)
        await staff.put("bale", "2", "editor", at=AT)
        await staff.put("telegram", "3", "officer", bureaus=["it"], at=AT)
        gone = await staff.put("telegram", "4", "editor", at=AT)
        await staff.remove(gone.id, AT)
    async with database.reading() as records:
        version, editors = await Overlay(records.connection).version()
    assert version == 0
    assert editors == {("telegram", "1"), ("bale", "2")}


async def test_misses_are_shown_until_somebody_judges_them_and_again_after_undo(database: Database) -> None:
    async with database.transaction() as records:
        for text in ("الف", "ب", "پ"):
            await records.miss("telegram", "declined", text, decision="decline", codes=["it-01"], at=AT)
        await records.miss("telegram", "declined", "کهنه", decision="decline", at=AT - timedelta(days=90))

    async def open_ones() -> dict[str, int]:
        async with database.reading() as records:
            rows = await Overlay(records.connection).misses(AT - timedelta(days=60))
        return {row.question: row.id for row in rows}

    ids = await open_ones()
    assert set(ids) == {"الف", "ب", "پ"}
    change = await apply(database, Entry("phrase:1", "phrase", None, "{}"))
    async with database.transaction() as records:
        store = Overlay(records.connection)
        assert await store.judge([ids["الف"], ids["ب"]], "phrase", author="a", at=AT, change=change) == 2
        assert await store.judge([ids["ب"], ids["پ"]], "rejected", author="a", at=AT) == 1
    assert await open_ones() == {}
    await undo(database, change)
    assert set(await open_ones()) == {"الف", "ب"}


async def test_one_replica_tells_of_a_broken_version(database: Database) -> None:
    version = await apply(database, FEE)

    async def tell() -> bool:
        async with database.transaction() as records:
            return await Overlay(records.connection).to_tell(version, AT)

    assert sorted(await asyncio.gather(*(tell() for _ in range(4)))) == [False, False, False, True]


async def test_asked(database: Database) -> None:
    async with database.transaction() as records:
        for helpful in (True, False, True):
            await records.vote("it-01", helpful=helpful, at=AT)
    async with database.reading() as records:
        assert await Overlay(records.connection).asked() == {"it-01": 3}
