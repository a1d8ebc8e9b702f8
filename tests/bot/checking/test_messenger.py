"""Over the real client and the stand-in: a citizen's files are judged before the turn, and before the desk has them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from telegram.error import NetworkError, TimedOut

from bot.checking.content import HEAD
from bot.checking.looking import AT_ONCE, Looking, Wanted
from bot.checking.preparing import BUDGET_SECONDS, WINDOW, CheckingFiles
from bot.messenger.dialect import TELEGRAM
from bot.messenger.request import AiohttpRequest, ProxiedRequest
from bot.standin import Participant, ServerError, Shown, StandIn
from bot.standin.people import blank_png
from handlers.complaint.checked import NOT_CHECKED, REFUSED, WITHHELD, Checked
from handlers.turn import Attachment, Turn
from knowledge.finder.finder import Finder
from records.database import Database
from tests.bot.checking.samples import docx, elf, pdf, portable_executable, zipped
from tests.bot.desk import AT
from tests.bot.messenger.conftest import joined
from tests.bot.messenger.test_request import listening, opened
from tests.e2e.running import reply, running, said

STORY = "در روستای ما سه ماه است پل چوبی شکسته و بچه‌ها از رودخانه رد می‌شوند و کسی نمی‌آید"
CODE = re.compile(r"Q\d\d-\w{3}-\w{3}-\w{4}")
TOKEN = "42:very-secret"  # noqa: S105 — of the stand-in


async def sent(person: Participant, content: bytes, name: str) -> str:
    """Send a document; what is said to it."""
    await person.send_document(content, name=name)
    return (await reply(person)).text


async def filed(citizen: Participant) -> str:
    """Finish the complaint; its code."""
    shown = await said(citizen, STORY)
    while "ثبت بدون شماره" not in shown.labels:
        await citizen.press(shown, "نمی‌دانم")
        shown = await reply(citizen)
    await citizen.press(shown, "ثبت بدون شماره")
    found = CODE.search((await reply(citizen)).text)
    assert found is not None
    return found.group()


async def asked(officer: Participant, code: str, count: int) -> list[Shown]:
    """What the desk is shown of a complaint's files."""
    await officer.press_data(await said(officer, "/start"), f"dfiles:{code}")
    return [await reply(officer) for _ in range(count)]


@pytest.mark.parametrize("platform", ["telegram", "bale"])
async def test_what_runs_is_taken_by_neither_name(finder: Finder, tmp_path: Path, platform: str) -> None:
    api = StandIn(token=TOKEN, platform="bale" if platform == "bale" else "telegram")
    async with api, running(api, finder, tmp_path) as service:
        citizen = api.user(7)
        await said(citizen, "/complaint")
        for content, name, verdict in (
            (portable_executable(), "نامه.pdf", "program"),
            (elf(), "عکس.jpg", "program"),
            (docx({"word/vbaProject.bin": b"a"}), "نامه.docx", "macros"),
            (pdf(b"<</S /JavaScript>>"), "نامه.pdf", "active"),
            (zipped({"a.jpg": b"a"}), "عکس‌ها.zip", "archive"),
        ):
            assert REFUSED[verdict] in await sent(citizen, content, name)  # type: ignore[index] # of the literals
        looked = len(api.calls_of("getFile"))
        assert "این نوع فایل را" in await sent(citizen, blank_png(), "a.exe")
        assert len(api.calls_of("getFile")) == looked
        assert "(۱ از ۱۰)" in await sent(citizen, blank_png(), "عکس.png")
        assert "(۲ از ۱۰)" in await sent(citizen, docx(), "نامه.docx")
        looked = len(api.calls_of("getFile"))
        for act in (citizen.send_photo(), citizen.send_voice(), citizen.send_location(), citizen.send("کد ملی لازمه؟")):
            await act
            await reply(citizen)
        assert len(api.calls_of("getFile")) == looked
        code = await filed(citizen)
        kinds = service.rows("SELECT kind FROM complaint_files ORDER BY id")
        assert [kind for (kind,) in kinds] == ["document", "document", "photo", "voice", "location"]
        assert code
    api.assert_clean()


async def test_a_file_that_could_not_be_fetched_is_kept_and_shown_once_it_was(finder: Finder, tmp_path: Path) -> None:
    api = StandIn()
    async with api, running(api, finder, tmp_path, admins="9"):
        citizen, officer = api.user(7), api.user(9)
        await said(citizen, "/complaint")
        api.fail("getFile", ServerError(), times=4)
        assert "سند رسید (۱ از ۱۰)" in await sent(citizen, b"%PDF-1.4", "نامه.pdf")
        assert "سند رسید (۲ از ۱۰)" in await sent(citizen, portable_executable(), "نامه.pdf")
        code = await filed(citizen)
        api.fail("getFile", ServerError(), times=4)
        await said(officer, "/start")
        await reply(officer)
        first = await asked(officer, code, 2)
        assert [NOT_CHECKED in shown.text for shown in first] == [True, True]
        second = await asked(officer, code, 2)
        assert "document" in second[0].data
        assert WITHHELD["program"] in second[1].text
        looked = len(api.calls_of("getFile"))
        assert [("document" in shown.data) for shown in await asked(officer, code, 2)] == [True, False]
        assert len(api.calls_of("getFile")) == looked
        await citizen.press_data(await said(citizen, "/start"), f"dfiles:{code}")
        assert "document" not in (await reply(citizen)).data
    api.assert_clean()


def turn(person: str, *files: Attachment, button: str | None = None, private: bool = True) -> Turn:
    return Turn(TELEGRAM.channel, "1", person, person, AT, button=button, attachments=files, private=private)


async def test_one_person_holds_up_the_others_only_so_long(tmp_path: Path) -> None:
    database, now = Database.open(f"sqlite:///{tmp_path / 'a.db'}"), 0.0
    async with StandIn(token=TOKEN) as api, joined(TELEGRAM, api.url) as bot:
        file = Attachment("document", api.world.store(b"MZ", "a.pdf", "", "documents")["file_id"], "a.pdf")

        def clock() -> float:
            nonlocal now
            now += BUDGET_SECONDS / 2
            return now

        check = CheckingFiles(Looking({"telegram": bot}), database, clock)
        told = [await check(turn("7", file)) for _ in range(3)]
        verdicts = [one.brought.of("telegram", file.file_id) for one in told if isinstance(one.brought, Checked)]
        assert verdicts == ["program", "program", None]
        now += WINDOW
        for other in (turn("8", file), turn("7", file)):
            brought = (await check(other)).brought
            assert isinstance(brought, Checked)
            assert brought.of("telegram", file.file_id) == "program"
        for nothing in (turn("7"), turn("7", file, private=False), turn("7", Attachment("photo", "x")),
                        turn("7", button="s:it-01")):  # fmt: skip
            assert await check(nothing) is nothing


async def test_nobody_waits_in_line_for_a_look(tmp_path: Path) -> None:
    arrived = asyncio.Semaphore(0)

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.release()
        await asyncio.Event().wait()

    async with StandIn(token=TOKEN) as api, joined(TELEGRAM, api.url) as bot, listening(slow) as server:
        bot._base_file_url = f"http://{server}"
        looking = Looking({"telegram": bot})
        ids = [api.world.store(b"MZ", "a.pdf", "", "documents")["file_id"] for _ in range(AT_ONCE + 1)]
        wanted = [Wanted("telegram", one, "a.pdf") for one in ids]
        busy = asyncio.create_task(looking.check(wanted[:AT_ONCE], 60))
        for _ in range(AT_ONCE):
            await arrived.acquire()
        assert looking.busy
        check = CheckingFiles(looking, Database.open(f"sqlite:///{tmp_path / 'a.db'}"))
        prepared = await check(turn("7", Attachment("document", ids[-1], "a.pdf")))
        assert prepared.brought == Checked()
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
        assert await looking.check(wanted, 0.2) == Checked()
        assert not looking.busy


@pytest.mark.parametrize("kind", [AiohttpRequest, ProxiedRequest])
async def test_no_more_of_a_file_is_fetched_than_needed(kind: type[AiohttpRequest | ProxiedRequest]) -> None:
    size, piece, given = 64 << 20, bytes(64 * 1024), 0

    async def long(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal given
        asked = await reader.readuntil(b"\r\n\r\n")
        if b"/none" in asked:
            writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(1 if b"/stuck" in asked else size // len(piece)):
            writer.write(piece)
            await writer.drain()
            given += len(piece)
        await reader.read()

    async with listening(long) as server:
        request = kind()
        await request.initialize()
        try:
            head = await request.beginning(f"http://{server}/a", size, lambda content: len(content) >= HEAD, 5)
            assert head is not None
            assert HEAD <= len(head) <= 2 * HEAD
            assert given < size
            assert await request.beginning(f"http://{server}/a", 10 * HEAD, lambda _: False, 5) is None
            with pytest.raises(NetworkError, match="404"):
                await request.beginning(f"http://{server}/none", size, lambda _: False, 5)
            with pytest.raises(TimedOut):
                await request.beginning(f"http://{server}/stuck", size, lambda _: False, 0.1)
        finally:
            await request.shutdown()
        async with opened(AiohttpRequest()) as other:
            status, _ = await other.do_request(f"http://{server}/none", "GET")
            assert status == httpx.codes.NOT_FOUND
