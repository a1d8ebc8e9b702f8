"""The overlay at run time: replicas converge, a broken one stops nobody, and a real file goes through a messenger."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from bot.cli.app import app
from bot.standin import Participant, Shown, StandIn
from bot.upkeep.watching import Watcher
from bot.upkeep.weekly import summarize
from handlers.reply import PART, plain_text
from handlers.visit import Office
from knowledge.finder.finder import Finder
from knowledge.overlay.package import NO_EXCEL, TOO_BIG
from records.database import Database
from records.overlay import Entry, Overlay
from records.staff import Staff
from tests.e2e.running import replies, reply, running, said, until
from tests.records.backends import BACKENDS, fresh_database, fresh_url

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
TITLE = Entry("it-01", "title", None, '"عنوان کارمند"')


@dataclass
class Replica:
    """Whoever serves, in the engine's stead."""

    office: Office

    @property
    def title(self) -> str:
        return self.office.catalogue.service("it-01").title


@pytest.fixture(params=BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as prepared:
        yield prepared


async def apply(database: Database, *edits: Entry) -> int:
    async with database.transaction() as records:
        return await Overlay(records.connection).apply(
            edits, author="staff:1", name="زهرا", kind="chat", reason="آزمون", at=AT
        )


def replica(database: Database, finder: Finder) -> tuple[Replica, Watcher]:
    holder = Replica(Office(finder, {"telegram": "bot"}))
    return holder, Watcher(database, holder, finder.catalogue)


async def test_two_replicas_come_to_the_same_catalogue_each_in_one_reference(
    database: Database, finder: Finder
) -> None:
    one, two = replica(database, finder), replica(database, finder)
    first = one[0].office
    tasks = [asyncio.create_task(watcher.run(0.05)) for _, watcher in (one, two)]
    try:
        await apply(database, TITLE)
        async with asyncio.timeout(10):
            while one[0].title != "عنوان کارمند" or two[0].title != "عنوان کارمند":  # noqa: ASYNC110 — other tasks change it
                await asyncio.sleep(0.02)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert first.catalogue is finder.catalogue
    assert one[0].office is not first
    assert one[0].office.handles is first.handles
    assert one[0].office.catalogue == two[0].office.catalogue
    fact = one[0].office.edition.fact("it-01", "title")
    assert fact is not None
    assert (fact.by, fact.at, fact.change) == ("زهرا", AT, 1)


async def test_another_process_sees_it(finder: Finder, tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from datetime import UTC, datetime\n"
        "from records.database import Database\n"
        "from records.overlay import Entry, Overlay\n"
        "async def main():\n"
        "    database = Database.open(sys.argv[1])\n"
        "    async with database.transaction() as records:\n"
        "        entry = Entry('it-01', 'fee', None, '\"0\"')\n"
        "        await Overlay(records.connection).apply([entry], author='a', name='b', kind='chat', reason='c',\n"
        "            at=datetime.now(UTC))\n"
        "    await database.close()\n"
        "asyncio.run(main())\n"
    )
    async with fresh_url("postgresql", tmp_path) as url:
        database = Database.open(url)
        await database.prepare()
        holder, watcher = replica(database, finder)
        assert not await watcher.refresh()
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, url)
        assert await process.wait() == 0
        assert await watcher.refresh()
        assert holder.office.edition.value("it-01", "fee") == "0"
        assert not await watcher.refresh()
        await database.close()


async def test_a_broken_overlay_keeps_the_last_good_one_and_tells_the_admins_once(
    database: Database, finder: Finder
) -> None:
    async with database.transaction() as records:
        await Staff(records.connection).put("telegram", "1", "admin", at=AT)
    one, two = replica(database, finder), replica(database, finder)
    await apply(database, TITLE)
    for _, watcher in (one, two):
        assert await watcher.refresh()
    broken = await apply(database, Entry("it-02", "title", None, '""'), Entry("women", "phone", None, "not json"))
    for holder, watcher in (one, two):
        assert not await watcher.refresh()
        assert not await watcher.refresh()
        assert holder.title == "عنوان کارمند"
        assert holder.office.edition.version == 1
    async with database.reading() as records:
        [told] = await records.unread("telegram", "1")
    assert "/changes" in plain_text(PART.validate_json(told.part).blocks)
    late, watcher = replica(database, finder)
    assert await watcher.refresh()
    assert late.office.catalogue.file("women") == finder.catalogue.file("women")
    async with database.transaction() as records:
        await Overlay(records.connection).undo(broken, author="a", name="b", at=AT)
    assert await one[1].refresh()
    assert one[0].office.edition.version == broken + 1


async def test_the_office_knows_its_editors(database: Database, finder: Finder) -> None:
    holder, watcher = replica(database, finder)
    async with database.transaction() as records:
        member = await Staff(records.connection).put("telegram", "1", "editor", at=AT)
        await Staff(records.connection).put("telegram", "2", "admin", at=AT)
    await watcher.refresh()
    assert holder.office.editors == {("telegram", "1"), ("telegram", "2")}
    async with database.transaction() as records:
        await Staff(records.connection).remove(member.id, AT)
    await watcher.refresh()
    assert holder.office.editors == {("telegram", "2")}


async def test_the_weekly_summary_comes_once_on_saturday_to_editors(database: Database) -> None:
    saturday = datetime(2026, 11, 28, 6, tzinfo=UTC)
    async with database.transaction() as records:
        staff = Staff(records.connection)
        await staff.put("telegram", "1", "editor", at=AT)
        await staff.put("telegram", "2", "officer", bureaus=["it"], at=AT)
        for question in ("وام  ازدواج", "وام ازدواج", "وام ازدواج", "0013542419 کد ملی من"):
            await records.miss("web", "declined", question, decision="decline", at=saturday)
    assert await summarize(database, saturday.replace(hour=1)) == 0
    assert await summarize(database, AT) == 0
    assert sorted(await asyncio.gather(*(summarize(database, saturday) for _ in range(3)))) == [0, 0, 1]
    async with database.reading() as records:
        [told] = await records.unread("telegram", "1")
        assert await records.unread("telegram", "2") == []
    words = plain_text(PART.validate_json(told.part).blocks)
    assert "وام ازدواج (۳ بار)" in words
    assert "0013542419" not in words


async def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHEDMATYAR_DATABASE_URL", f"sqlite:///{tmp_path / 'a.db'}")
    database = Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    await database.prepare()
    await apply(database, TITLE, Entry("it", "phone", None, '"۱۲۳"'))
    async with database.transaction() as records:
        await records.miss("web", "declined", "کد 0013542419", decision="decline", at=datetime.now(UTC))
    await database.close()

    async def run(*words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, app, list(words))
        return result.exit_code, result.output

    code, yaml = await run("catalogue", "overlay", "export")
    assert code == 0
    assert "عنوان کارمند" in yaml
    assert json.loads((await run("catalogue", "overlay", "list", "--json"))[1])["reason"] == "آزمون"
    assert (await run("catalogue", "overlay", "undo", "1"))[1] == "version 2\n"
    assert (await run("catalogue", "overlay", "undo", "1"))[0] != 0
    file = tmp_path / "overlay.yaml"
    file.write_text(yaml, encoding="utf-8")
    assert (await run("catalogue", "overlay", "import", str(file)))[1] == "version 3\n"
    assert (await run("catalogue", "overlay", "import", str(file)))[1] == "nothing to change\n"
    again = (await run("catalogue", "overlay", "export"))[1]
    kept = [line for line in yaml.splitlines() if "value" in line or "subject" in line or "field" in line]
    assert [line for line in again.splitlines() if "value" in line or "subject" in line or "field" in line] == kept
    [miss] = (await run("misses", "export"))[1].splitlines()
    assert "0013542419" not in miss
    assert "services: {}" in (await run("misses", "export", "--phrases"))[1]


async def fetched(api: StandIn, editor: Participant) -> bytes:
    """The workbook that the bot sends."""
    await editor.send("/catalogue")
    shown = await reply(editor)
    return api.world.files[shown.data["document"]["file_id"]].content


async def shown_when(person: Participant, true: Callable[[Shown], bool]) -> None:
    """Open the card again until it shows this."""
    async with asyncio.timeout(10):
        while not true(await said(person, "/start it-01")):  # noqa: ASYNC110 — a replica follows within a second
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("platform", ["telegram", "bale"])
async def test_a_workbook_through_the_messenger(finder: Finder, tmp_path: Path, platform: str) -> None:
    api = StandIn(token="42:very-secret", platform="bale" if platform == "bale" else "telegram")  # noqa: S106
    async with api, running(api, finder, tmp_path, admins="bale:9" if platform == "bale" else "9") as service:
        editor, citizen = api.user(9), api.user(7)
        database = Database.open(f"sqlite:///{service.database}")
        async with database.transaction() as records:
            await Staff(records.connection).put(platform, "9", "admin", at=AT)
        await database.close()
        await shown_when(editor, lambda card: "ویرایش" in card.labels)
        book = load_workbook(io.BytesIO(await fetched(api, editor)))
        sheet = next(one for one in book.worksheets if one.title.endswith("(it)"))
        column = next(cell.column for cell in sheet[1] if cell.value == "هزینه")
        sheet.cell(2, column).value = "رایگان است"
        made = io.BytesIO()
        book.save(made)
        await editor.send_document(made.getvalue(), name="ویراسته.xlsx")
        shown = await reply(editor)
        assert "رایگان است" in shown.text
        await editor.press(shown, "ثبت شود")
        [done] = await replies(editor)
        assert "نسخه" in done.text
        await shown_when(citizen, lambda card: "رایگان است" in card.text)
        await editor.press(done, "بازگرداندن")
        await reply(editor)
        await shown_when(citizen, lambda card: "رایگان است" not in card.text)
        for content, told in ((b"\x89PNG\r\n\x1a\n" + b"\0" * 99, NO_EXCEL), (b"PK" + b"\0" * (6 << 20), TOO_BIG)):
            await editor.send_document(content, name="بد.xlsx")
            assert (await reply(editor)).text == told
        await until(lambda: service.rows("SELECT count(*) FROM overlay_changes") == [(2,)])
        await citizen.send_document(made.getvalue(), name="ویراسته.xlsx")
        assert "نسخه" not in (await reply(citizen)).text
        assert service.rows("SELECT count(*) FROM overlay_changes") == [(2,)]
    api.assert_clean()
