"""The store of complaints, held to one contract on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from records import complaint_tables
from records.complaint_errors import ChangedError, CodesExhaustedError, TransitionError
from records.complaint_states import STATES, TRANSITIONS, State
from records.complaint_values import CITIZEN, Change, Complainant, Complaint, ComplaintFile, NewComplaint
from records.complaints import Complaints
from records.database import Database
from records.schema import MIGRATIONS
from records.tables import metadata
from tests.records.backends import BACKENDS, fresh_database, fresh_url

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
SARA = Complainant("telegram", "7", "70", "سارا", "09121234567")


class Backwards:
    """A vault that one can see through, but not read straight."""

    def sealed(self, text: str) -> str:
        return text[::-1]

    def opened(self, stored: str) -> str:
        return stored[::-1]


def new(draft: str = "d1", **changes: object) -> NewComplaint:
    whole = NewComplaint(
        draft=draft,
        jalali_year=1405,
        subject="urban-34",
        body="شهرداری",
        story="چاله‌ی کوچه را پر نمی‌کنند",
        named=False,
        complainant=SARA,
        look_by=date(2026, 11, 27),
        answer_by=date(2026, 11, 30),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # a test's own fields


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


async def filed(database: Database, complaint: NewComplaint | None = None, at: datetime = NOW) -> Complaint:
    async with database.transaction() as records:
        return (await Complaints(records.connection).file(complaint or new(), at)).complaint


async def test_what_is_filed_is_found(database: Database) -> None:
    files = (
        ComplaintFile("telegram", "photo", "f1", "", 1200),
        ComplaintFile("telegram", "location", place=(36.27, 50.0)),
    )
    made = await filed(database, new(files=files))
    async with database.transaction() as records:
        complaints = Complaints(records.connection)
        assert await complaints.by_code(made.code) == made
        assert await complaints.by_draft("d1") == made
        assert await complaints.files(made.id) == files
        assert await complaints.complainant(made.id) == replace(SARA, name=None)
        assert [event.what for event in await complaints.history(made.id)] == ["filed"]
    assert (made.state, made.at, made.look_by, made.story) == ("new", NOW, date(2026, 11, 27), new().story)


async def test_a_draft_is_filed_once(database: Database) -> None:
    first = await filed(database)
    async with database.transaction() as records:
        again = await Complaints(records.connection).file(new(story="دیگر"), NOW)
    assert (again.complaint, again.fresh) == (first, False)


async def test_presses_at_once_file_one(database: Database) -> None:
    async def press() -> tuple[str, bool]:
        async with database.transaction() as records:
            done = await Complaints(records.connection).file(new(), NOW)
            return done.complaint.code, done.fresh

    pressed = await asyncio.gather(*(press() for _ in range(12)))
    assert len({code for code, _ in pressed}) == 1
    assert sum(fresh for _, fresh in pressed) == 1
    async with database.reading() as records:
        for table in ("complaints", "complainants", "complaint_history"):
            assert (await records.connection.execute(text(f"SELECT count(*) FROM {table}")))[0][0] == 1  # noqa: S608 — names of ours


async def test_a_taken_code_is_drawn_again(database: Database) -> None:
    taken = (await filed(database)).code
    drawn = iter([taken, taken, "Q05-AAA-AAA-AAAA"])
    async with database.transaction() as records:
        done = await Complaints(records.connection, draw=lambda _year: next(drawn)).file(new("d2"), NOW)
        assert done.complaint.code == "Q05-AAA-AAA-AAAA"
        stuck = Complaints(records.connection, draw=lambda _year: taken)
        with pytest.raises(CodesExhaustedError):
            await stuck.file(new("d3"), NOW)
        assert await Complaints(records.connection).by_draft("d3") is None
        assert await Complaints(records.connection).by_draft("d2") == done.complaint


async def test_rollback_leaves_nothing(database: Database) -> None:

    async def fail() -> None:
        async with database.transaction() as records:
            await Complaints(records.connection).file(new(), NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.reading() as records:
        assert await Complaints(records.connection).by_draft("d1") is None


async def test_only_allowed_transitions(database: Database) -> None:
    async with database.transaction() as records:
        complaints = Complaints(records.connection)
        for before, after in itertools.product(STATES, STATES):
            made = (await complaints.file(new(f"{before}-{after}"), NOW)).complaint
            setting = text("UPDATE complaints SET state = :state WHERE id = :id")
            await records.connection.execute(setting, {"state": before, "id": made.id})
            change = Change(made.id, before, after, "staff:1", NOW)
            if after in TRANSITIONS[before]:
                assert (await complaints.move(change)).state == after
                assert (await complaints.history(made.id))[-1].after == after
            else:
                with pytest.raises(TransitionError):
                    await complaints.move(change)
                assert len(await complaints.history(made.id)) == 1


async def test_two_take_one_wins(database: Database) -> None:
    made = await filed(database)

    async def take(who: str) -> bool:
        try:
            async with database.transaction() as records:
                await Complaints(records.connection).move(Change(made.id, "new", "taken", who, NOW))
        except ChangedError:
            return False
        return True

    assert sorted(await asyncio.gather(*(take(f"staff:{one}") for one in range(6)))) == [False] * 5 + [True]
    async with database.reading() as records:
        assert [event.what for event in await Complaints(records.connection).history(made.id)] == ["filed", "state"]


async def test_not_ours_and_duplicate_say_whose(database: Database) -> None:
    first, second = await filed(database), await filed(database, new("d2"))
    async with database.transaction() as records:
        complaints = Complaints(records.connection)
        moved = await complaints.move(Change(first.id, "new", "not_ours", "staff:1", NOW, whose="شرکت گاز"))
        assert moved.whose == "شرکت گاز"
        same = await complaints.move(Change(second.id, "new", "duplicate", "staff:1", NOW, duplicate_of=first.id))
        assert same.duplicate_of == first.id


async def test_reopened_once(database: Database) -> None:
    made = await filed(database)
    async with database.transaction() as records:
        complaints = Complaints(records.connection)
        way: list[State] = ["taken", "answered", "closed", "reopened", "answered", "closed"]
        state: State = "new"
        for after in way:
            state = (await complaints.move(Change(made.id, state, after, "staff:1", NOW))).state
        with pytest.raises(TransitionError):
            await complaints.move(Change(made.id, state, "reopened", CITIZEN, NOW))


async def test_identity_is_out_of_the_desks_reach(database: Database) -> None:
    anonymous = await filed(database)
    named = await filed(database, new("d2", named=True))
    async with database.transaction() as records:
        complaints = Complaints(records.connection)
        assert await complaints.contact(anonymous.id) == (None, None)
        assert await complaints.contact(named.id) == ("سارا", "09121234567")
        await complaints.set_anonymous(named.id, NOW)
        assert await complaints.contact(named.id) == (None, None)
        assert {event.who for event in await complaints.history(named.id, public=False)} == {CITIZEN}
    assert not {field.name for field in fields(Complaint)} & {"channel", "person", "chat", "name", "mobile"}
    assert not {"channel", "person", "chat", "name", "mobile"} & set(complaint_tables.complaints.c.keys())
    assert SARA.mobile is not None
    assert "کوچه" not in repr(anonymous)


async def test_personal_text_is_sealed(database: Database) -> None:
    async with database.transaction() as records:
        complaints = Complaints(records.connection, Backwards())
        made = (await complaints.file(new(named=True), NOW)).complaint
        await complaints.note(made.id, CITIZEN, "یک حرف دیگر", NOW)
        await complaints.set_mobile(made.id, "09351112233", NOW)
        assert made.story == new().story
        assert await complaints.contact(made.id) == ("سارا", "09351112233")
        assert (await complaints.history(made.id))[-1].said == "یک حرف دیگر"
        stored = [
            " ".join(str(value) for value in row)
            for table in (
                complaint_tables.complaints,
                complaint_tables.complainants,
                complaint_tables.complaint_history,
            )
            for row in await records.connection.execute(table.select())
        ]
    for secret in (new().story, "سارا", "09351112233", "یک حرف دیگر"):
        assert not any(secret in row for row in stored)
        assert any(secret[::-1] in row for row in stored)


async def test_ones_own_and_anothers(database: Database) -> None:
    made = [await filed(database, new(f"d{one}"), NOW + timedelta(minutes=one)) for one in range(5)]
    other = await filed(database, new("x", complainant=Complainant("bale", "7", "70")))
    async with database.reading() as records:
        complaints = Complaints(records.connection)
        page, total = await complaints.of_person("telegram", "7", offset=1, limit=2)
        assert ([one.id for one in page], total) == ([made[3].id, made[2].id], 5)
        assert await complaints.is_of(made[0].id, "telegram", "7")
        assert not await complaints.is_of(other.id, "telegram", "7")
        assert await complaints.filed_since("telegram", "7", NOW + timedelta(minutes=3)) == 2


async def test_same_words(database: Database) -> None:
    made = await filed(database)
    async with database.transaction() as records:
        complaints = Complaints(records.connection)
        spaced = new().story.replace(" ", "  ")
        assert await complaints.same("telegram", "7", spaced, NOW) == made
        assert await complaints.same("telegram", "7", new().story, NOW + timedelta(seconds=1)) is None
        assert await complaints.same("telegram", "8", new().story, NOW) is None
        assert await complaints.same("telegram", "7", "چیز دیگر", NOW) is None
        await complaints.move(Change(made.id, "new", "withdrawn", CITIZEN, NOW))
        assert await complaints.same("telegram", "7", spaced, NOW) is None


async def test_notes_files_and_ratings_are_on_record(database: Database) -> None:
    made = await filed(database)
    async with database.transaction() as records:
        complaints = Complaints(records.connection)
        await complaints.note(made.id, "staff:3", "یادداشت داخلی", NOW, public=False)
        await complaints.add_files(made.id, CITIZEN, [ComplaintFile("telegram", "photo", "f9")], NOW)
        await complaints.rate(made.id, 4, NOW)
        with pytest.raises(ValueError, match="1 to 5"):
            await complaints.rate(made.id, 6, NOW)
        assert [event.what for event in await complaints.history(made.id)] == ["filed", "files"]
        every = await complaints.history(made.id, public=False)
        assert [event.what for event in every] == ["filed", "note", "files", "rated"]
        rated = await complaints.by_code(made.code)
        assert rated is not None
        assert rated.rating == 4


async def test_forgotten_people_leave_the_complaint(database: Database) -> None:
    made = await filed(database, new(named=True))
    async with database.transaction() as records:
        complaints = Complaints(records.connection)
        assert await complaints.forget("telegram", "7") == 1
        assert await complaints.complainant(made.id) is None
        assert await complaints.contact(made.id) == (None, None)
        left = await complaints.by_code(made.code)
        assert left is not None
        assert not left.named


@pytest.mark.parametrize("backend", BACKENDS)
async def test_migration_up_down_up(backend: str, tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    def migrate(connection: Connection, revision: str) -> set[str]:
        config.attributes["connection"] = connection
        (command.upgrade if revision == "head" else command.downgrade)(config, revision)
        return set(inspect(connection).get_table_names())

    def differences(connection: Connection) -> list[object]:
        ours = {name for name in metadata.tables if name.startswith("complain")}
        options = {"include_object": lambda _o, name, kind, _r, _c: kind != "table" or name in ours}
        return [
            one
            for one in compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
            if "complain" in str(one)
        ]

    tables = {table.name for table in metadata.tables.values() if table.name.startswith("complain")}
    assert len(tables) == 4
    async with fresh_url(backend, tmp_path) as url:
        database = Database.open(url)
        try:
            for revision, there in (("head", tables), ("0001", set()), ("head", tables)):
                async with database.transaction() as records:
                    assert await records.connection.run(migrate, revision) & tables == there
            async with database.reading() as records:
                assert await records.connection.run(differences) == []
        finally:
            await database.close()
