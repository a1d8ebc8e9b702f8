"""Members: added by id, by a message of theirs, by a link that works once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers import desk as desk_topic
from handlers import menu
from handlers.reply import Reply
from handlers.turn import Turn
from handlers.visit import Visit
from records.staff import Member, Staff
from tests.handlers.desk.desk import Desk, buttons, data, labels, text

ADMIN = "1"


@pytest.fixture
async def staffed(desk: Desk) -> Desk:
    await desk.join(ADMIN, "admin", name="مدیر")
    return desk


async def member(desk: Desk, person: str) -> Member | None:
    async with desk.database.reading() as records:
        return await Staff(records.connection).find("telegram", person)


async def start(
    desk: Desk, person: str, token: str, *, channel: str = "telegram", private: bool = True
) -> Reply | None:
    """What the front door does with `/start <token>`."""
    async with desk.database.transaction() as records:
        turn = Turn(
            channel, "0", person if private else "-5", person, desk.now, private=private, name="تازه‌وارد"  # type: ignore[arg-type]  # a test's own channel
        )  # fmt: skip
        return await desk_topic.accept_invitation(Visit(turn, desk.office, records), token)


async def invitation(desk: Desk, role: str = "کارشناس") -> str:
    asked = await desk.press(ADMIN, data(await desk.say(ADMIN, "/staff"), "لینک دعوت"))
    reply = await desk.press(ADMIN, data(asked, role))
    if role == "کارشناس":
        await desk.press(ADMIN, data(reply, "دفتر امور شهری"))
        reply = await desk.press(ADMIN, "dssave")
    link = text(reply).split()[-1]
    assert link.startswith("https://t.me/khedmatyar_bot?start=inv-")
    return link.partition("start=")[2]


class TestAdding:
    async def test_by_user_id_with_bureaus(self, staffed: Desk) -> None:
        asked = await staffed.press(ADMIN, data(await staffed.say(ADMIN, "/staff"), "افزودن"))
        assert "شناسه" in text(asked)
        roles = await staffed.say(ADMIN, "۱۲۳۴۵")
        picking = await staffed.press(ADMIN, data(roles, "کارشناس"))
        marked = await staffed.press(ADMIN, data(picking, "دفتر امور شهری"))
        assert "✓ دفتر امور شهری و شوراها" in labels(marked)
        await staffed.press(ADMIN, data(marked, "دفتر امور زنان"))
        await staffed.press(ADMIN, data(marked, "ذخیره"))
        made = await member(staffed, "12345")
        assert made is not None
        assert (made.role, made.bureaus) == ("officer", ("urban", "women"))
        assert "کارشناس" in await staffed.heard("12345")

    async def test_by_a_forwarded_message(self, staffed: Desk) -> None:
        await staffed.press(ADMIN, "dsadd")
        hidden = await staffed.say(ADMIN, "سلام", forwarded=True)
        assert "پنهان" in text(hidden)
        roles = await staffed.say(ADMIN, "سلام", forwarded=True, forwarded_from="777")
        await staffed.press(ADMIN, data(roles, "ویراستار"))
        made = await member(staffed, "777")
        assert made is not None
        assert made.role == "editor"

    async def test_what_is_no_id(self, staffed: Desk) -> None:
        for said in ("/staff علی", "/staff web:1", "/staff 12a"):
            assert "شناسه‌ی کاربر نیست" in text(await staffed.say(ADMIN, said))

    async def test_change_of_role(self, staffed: Desk) -> None:
        await staffed.join("10", "officer", "urban", name="سارا")
        view = await staffed.press(ADMIN, data(await staffed.say(ADMIN, "/staff"), "سارا"))
        roles = await staffed.press(ADMIN, data(view, "تغییر"))
        await staffed.press(ADMIN, data(roles, "مدیر"))
        made = await member(staffed, "10")
        assert made is not None
        assert (made.role, made.bureaus, made.name) == ("admin", (), "سارا")


class TestLastAdmin:
    async def test_cannot_be_removed_or_demoted(self, staffed: Desk) -> None:
        own = await member(staffed, ADMIN)
        assert own is not None
        assert "آخرین مدیر" in text(await staffed.press(ADMIN, f"dsdel:{own.id}:yes"))
        roles = await staffed.press(ADMIN, f"dsadd:{own.id}")
        assert "آخرین مدیر" in text(await staffed.press(ADMIN, data(roles, "ویراستار")))
        kept = await member(staffed, ADMIN)
        assert kept is not None
        assert kept.role == "admin"

    async def test_one_of_two_can(self, staffed: Desk) -> None:
        other = await staffed.join("2", "admin")
        await staffed.press(ADMIN, f"dsdel:{other.id}:yes")
        assert await member(staffed, "2") is None
        assert await staffed.say("2", "/staff") == menu.unknown_command()


class TestInvitation:
    async def test_works_once(self, staffed: Desk) -> None:
        token = await invitation(staffed)
        welcome = await start(staffed, "55", token)
        assert welcome is not None
        assert "دفتر امور شهری" in text(welcome)
        made = await member(staffed, "55")
        assert made is not None
        assert (made.role, made.bureaus, made.name) == ("officer", ("urban",), "تازه‌وارد")
        assert await start(staffed, "56", token) is None
        assert await member(staffed, "56") is None

    async def test_no_longer_than_48_hours(self, staffed: Desk) -> None:
        token = await invitation(staffed, "مدیر")
        staffed.now += timedelta(hours=48)
        assert await start(staffed, "55", token) is None
        staffed.now -= timedelta(seconds=1)
        assert await start(staffed, "55", token) is not None

    async def test_not_in_a_group_nor_on_the_web_nor_forged(self, staffed: Desk) -> None:
        token = await invitation(staffed, "مدیر")
        assert await start(staffed, "55", token, private=False) is None
        assert await start(staffed, "55", token, channel="web") is None
        for forged in ("inv-", "inv-xxxx", token[:-1], token + "A", ""):
            assert await start(staffed, "55", forged) is None
        assert await start(staffed, "55", token) is not None

    async def test_a_member_does_not_use_it_up(self, staffed: Desk) -> None:
        token = await invitation(staffed)
        assert await start(staffed, ADMIN, token) is None
        own = await member(staffed, ADMIN)
        assert own is not None
        assert own.role == "admin"
        assert await start(staffed, "55", token) is not None

    async def test_void_when_its_maker_is_removed(self, staffed: Desk) -> None:
        token = await invitation(staffed, "مدیر")
        await staffed.join("2", "admin")
        own = await member(staffed, ADMIN)
        assert own is not None
        await staffed.press("2", f"dsdel:{own.id}:yes")
        assert await start(staffed, "55", token) is None


async def test_the_audit_says_who_did_what(staffed: Desk) -> None:
    await staffed.press(ADMIN, data(await staffed.say(ADMIN, "/staff 55"), "ویراستار"))
    token = await invitation(staffed)
    await start(staffed, "66", token)
    shown = text(await staffed.say(ADMIN, "/audit"))
    assert "مدیر: نقش داد — telegram:55 (ویراستار)" in shown
    assert "مدیر: دعوت‌نامه ساخت — کارمندان (کارشناس «دفتر امور شهری و شوراها»)" in shown
    assert "تازه‌وارد: دعوت را پذیرفت" in shown
    assert token.removeprefix("inv-") not in shown


async def test_the_audit_turns_its_pages(staffed: Desk) -> None:
    for _ in range(25):
        await staffed.say(ADMIN, "/staff")
    first = await staffed.say(ADMIN, "/audit")
    second = await staffed.press(ADMIN, data(first, "قدیمی‌ترها"))
    assert len(text(first).splitlines()) == 21
    assert len(text(second).splitlines()) == 6
    assert [button.label for button in buttons(second)] == ["◀ تازه‌ترها"]
