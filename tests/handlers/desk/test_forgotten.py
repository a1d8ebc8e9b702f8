"""After `/forget` no row of any table names the citizen, but the block that keeps their complaints out."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from handlers.desk.rules import term
from records.database import Database
from records.desk import Cases
from records.schema import whole_metadata
from records.staff_tables import audit
from tests.handlers.desk.desk import Desk, data, text
from tests.records.backends import BACKENDS

ADMIN, OFFICER, CITIZEN = "1", "10", "987654321"


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def naming(database: Database) -> set[str]:
    """The tables with a row that holds the citizen's id, name or number."""
    found = set()
    async with database.reading() as records:
        for table in whole_metadata().sorted_tables:
            for row in await records.connection.execute(select(table)):
                if any(word in str(value) for value in row for word in (CITIZEN, "رضایی", "9121234567")):
                    found.add(table.name)
    return found


async def worked_on(desk: Desk) -> str:
    """A complaint of the citizen that went through many hands and ended as spam, its sender blocked; its code."""
    await desk.join(ADMIN, "admin", name="مدیر")
    await desk.join(OFFICER, "officer", "urban", name="سارا")
    async with desk.database.transaction() as records:
        await records.met("telegram", CITIZEN, CITIZEN, desk.now)
    complaint = await desk.file(person=CITIZEN, named=True, draft="d1")
    code = complaint.code
    await desk.press(OFFICER, f"dtake:{code}")
    await desk.press(OFFICER, f"dwho:{code}")
    await desk.press(OFFICER, data(await desk.press(OFFICER, f"dcard:{code}"), "یادداشت"))
    await desk.say(OFFICER, "تماس گرفتم")
    for said in ("/desk رضایی", "/stats", f"/desk {code}"):
        await desk.say(OFFICER, said)
    await desk.say(ADMIN, "/export")
    asked = await desk.press(ADMIN, data(await desk.press(ADMIN, f"dcard:{code}"), "هرزنامه"))
    await desk.press(ADMIN, data(asked, "بله، و از فرستنده"))
    return code


async def test_only_the_block_is_left_and_it_names_no_complaint(desk: Desk) -> None:
    code = await worked_on(desk)
    assert {"complainants", "people", "desk_blocks", "outbox"} <= await naming(desk.database)
    await desk.press(CITIZEN, "forgetyes")
    assert await naming(desk.database) == {"desk_blocks"}
    async with desk.database.reading() as records:
        (row,) = await records.connection.execute(select(whole_metadata().tables["desk_blocks"]))
        assert (row.person, row.complaint) == (CITIZEN, None)
        assert await Cases(records.connection, term).is_blocked("telegram", CITIZEN)
    card = await desk.press(ADMIN, f"dcard:{code}")
    assert "پیدا نشد" in text(await desk.press(ADMIN, data(card, "برداشتن راه‌بند")))


async def test_the_audit_says_who_did_what_and_names_no_citizen(desk: Desk) -> None:
    code = await worked_on(desk)
    assert "audit" not in await naming(desk.database)
    async with desk.database.reading() as records:
        rows = await records.connection.execute(select(audit).order_by(audit.c.id))
    done = [(row.who, row.what) for row in rows if row.target == code]
    assert [what for who, what in done if who == "staff:2"] == ["state", "take", "see_person", "see", "note", "see"]
    assert [what for who, what in done if who == "staff:1"] == ["see", "state", "spam", "block"]
