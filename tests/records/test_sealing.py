"""Stored texts are sealed, sealed anew with another key, and never shown when their key is not at hand."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from records import sealed, sealing
from records.checkup import check_up
from records.complaint_values import Complainant, NewComplaint
from records.complaints import Complaints
from records.database import Database
from records.errors import DamagedSecretError, UnknownKeyError
from records.outbox import Draft
from records.sealing import PLAIN_TEXT, keys_in_use, refuse_unknown_keys, reseal
from records.vault import PLAIN, EncryptedVault, Vault
from tests.records.backends import BACKENDS, fresh_database
from tests.records.test_vault import KEY, OTHER

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
FIRST, SECOND = EncryptedVault(KEY), EncryptedVault(OTHER, [KEY])
STORY = "شهرداری چاله را پر نکرده"
STATE = '{"draft": "محرمانه"}'
COMPLAINTS = 5


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


@pytest.fixture(autouse=True)
def plain_afterwards() -> Iterator[None]:
    yield
    sealed.use(PLAIN)


async def write(database: Database, vault: Vault, start: int = 0) -> None:
    """Complaints, a conversation and a message, all under one vault."""
    sealed.use(vault)
    async with database.transaction() as records:
        store = Complaints(records.connection, vault)
        for number in range(start, start + COMPLAINTS):
            who = Complainant("telegram", str(number), str(number), "نام", "09120000000")
            new = NewComplaint(
                draft=f"draft{number}", subject=None, body="شهرداری", story=STORY, named=True, complainant=who,
                jalali_year=1405, look_by=date(2026, 11, 27), answer_by=date(2026, 11, 30),
            )  # fmt: skip
            filed = await store.file(new, AT)
            await store.note(filed.complaint.id, "citizen", "یادداشت", AT)
        await records.keep_conversation("telegram", str(start), STATE, AT)
        await records.post("telegram", str(start), Draft(STATE), at=AT)


async def read(database: Database, vault: Vault) -> list[str]:
    """Everything that was written, as the program sees it."""
    sealed.use(vault)
    seen = []
    async with database.transaction() as records:
        store = Complaints(records.connection, vault)
        for (number,) in await records.connection.execute(text("SELECT id FROM complaints ORDER BY id")):
            who = await store.complainant(number)
            assert who is not None
            history = [event.said or "" for event in await store.history(number)]
            rows = await records.connection.execute(text("SELECT code FROM complaints WHERE id = :id"), {"id": number})
            found = await store.by_code(rows[0][0])
            assert found is not None
            seen += [found.story, who.name or "", who.mobile or "", *history]
        for chat in ("0", str(COMPLAINTS)):
            seen += [await records.conversation("telegram", chat) or ""]
            seen += [posted.part for posted in await records.unread("telegram", chat)]
    return seen


async def stored(database: Database) -> str:
    """Every sealed column as it stands in the database."""
    columns = [(table.name, name) for table, names in sealing.COLUMNS.items() for name in names]
    async with database.reading() as records:
        return "\n".join([
            str(row[0])
            for table, column in columns
            for row in await records.connection.execute(text(f"SELECT {column} FROM {table}"))  # noqa: S608 — our names
        ])  # fmt: skip


async def test_nothing_personal_is_readable_at_rest(database: Database) -> None:
    await write(database, FIRST)
    raw = await stored(database)
    assert not any("آ" <= letter <= "ی" for letter in raw)
    assert "0912" not in raw
    assert STORY in await read(database, FIRST)
    if database.file is not None:
        await database.close()
        assert STORY.encode() not in database.file.read_bytes()


async def test_first_key_then_another_then_without_the_old_one(database: Database) -> None:
    await write(database, PLAIN)
    before = await read(database, PLAIN)
    total = COMPLAINTS * 4 + 2
    assert await keys_in_use(database) == {PLAIN_TEXT: total}
    assert before == await read(database, FIRST)
    assert (await reseal(database, FIRST, dry_run=True)).done == {PLAIN_TEXT: total}
    assert (await reseal(database, FIRST)).done == {PLAIN_TEXT: total}
    assert await keys_in_use(database) == {FIRST.identity: total}
    assert before == await read(database, FIRST)
    await write(database, SECOND, COMPLAINTS)
    both = await read(database, SECOND)
    assert (await reseal(database, SECOND)).done == {FIRST.identity: total}
    assert (await reseal(database, SECOND)).done == {}
    assert both == await read(database, EncryptedVault(OTHER))


@pytest.mark.parametrize("wrong", [PLAIN, EncryptedVault(OTHER)])
async def test_without_its_key_nothing_is_shown_and_the_start_is_refused(database: Database, wrong: Vault) -> None:
    await refuse_unknown_keys(database, wrong)
    await write(database, FIRST)
    with pytest.raises(UnknownKeyError, match=FIRST.identity):
        await read(database, wrong)
    with pytest.raises(UnknownKeyError, match=FIRST.identity):
        await refuse_unknown_keys(database, wrong)
    sealed.use(wrong)
    with pytest.raises(UnknownKeyError):
        async with database.transaction() as records:
            await records.conversation("telegram", "0")
    if isinstance(wrong, EncryptedVault):
        with pytest.raises(UnknownKeyError, match=FIRST.identity):
            await reseal(database, wrong)
    assert await keys_in_use(database) == {FIRST.identity: COMPLAINTS * 4 + 2}
    found = await check_up(database, AT.timestamp(), wrong)
    assert [(one.kind, one.name) for one in found] == [("problem", "keys")]
    await refuse_unknown_keys(database, FIRST)


async def test_a_damaged_text_is_an_error(database: Database) -> None:
    await write(database, FIRST)
    async with database.transaction() as records:
        await records.connection.execute(text("UPDATE complaints SET story = substr(story, 1, length(story) - 8)"))
    with pytest.raises(DamagedSecretError):
        await read(database, FIRST)


async def test_sealing_beside_a_writer_loses_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written between reading a row and writing it back stands."""
    await write(database, PLAIN)
    monkeypatch.setattr(sealing, "PAGE", 1)
    sealed.use(FIRST)
    written = 0

    async def writer() -> None:
        nonlocal written
        while not resealing.done():
            written += 1
            async with database.transaction() as records:
                await records.keep_conversation("telegram", "0", f'{{"made": {written}}}', AT)
            await asyncio.sleep(0)

    resealing = asyncio.create_task(reseal(database, FIRST))
    await writer()
    await resealing
    async with database.transaction() as records:
        assert await records.conversation("telegram", "0") == f'{{"made": {written}}}'
    assert set(await keys_in_use(database)) == {FIRST.identity}


async def test_killed_in_the_middle_it_goes_on(database: Database) -> None:
    await write(database, PLAIN)
    before = await read(database, PLAIN)
    code = (
        "import asyncio, os, signal, sys\n"
        "from records import sealing\n"
        "from records.database import Database\n"
        "from records.vault import EncryptedVault\n"
        "sealing.PAGE = 2\n"
        "class Mortal(EncryptedVault):\n"
        "    left = 9\n"
        "    def sealed(self, text):\n"
        "        Mortal.left -= 1\n"
        "        if Mortal.left < 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return super().sealed(text)\n"
        "asyncio.run(sealing.reseal(Database.open(sys.argv[1]), Mortal(bytes.fromhex(sys.argv[2]))))\n"
    )
    url = database.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, url, KEY.hex())
    assert await process.wait() == -9
    used = await keys_in_use(database)
    assert set(used) == {PLAIN_TEXT, FIRST.identity}
    assert before == await read(database, FIRST)
    assert (await reseal(database, FIRST)).done == {PLAIN_TEXT: used[PLAIN_TEXT]}
    assert before == await read(database, FIRST)


async def test_no_plain_text_stays_in_free_pages(tmp_path: Path) -> None:
    async with fresh_database("sqlite", tmp_path) as database:
        await write(database, PLAIN)
        await reseal(database, FIRST)
        await sealing.forget_old_pages(database)
        assert database.file is not None
        file = database.file
    assert STORY.encode() not in file.read_bytes()
