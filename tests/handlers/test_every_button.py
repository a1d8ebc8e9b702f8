"""Every button that anybody is offered does something: a broad walk through the whole conversation, and a press on each
button by whoever was offered it. None is answered as an old or unknown one; every handler is reached by some button."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handlers import desk as desk_topic
from handlers import menu, show, votes
from handlers.announcements import RULES as ANNOUNCEMENTS
from handlers.announcements.citizen import GONE as NO_ANNOUNCEMENT
from handlers.complaint import texts
from handlers.complaint.rules import RULES
from handlers.desk import work
from handlers.desk.rules import DESK
from handlers.router import BUTTONS
from handlers.turn import Attachment
from handlers.upkeep import changing, missed
from handlers.visit import Office
from knowledge.finder.finder import Finder
from records.complaint_values import Complainant, NewComplaint
from records.complaints import Complaints
from records.database import Database
from records.staff import Staff
from tests.handlers.walk import GROUP, Walk
from tests.records.backends import fresh_database

CITIZEN, NEIGHBOUR, OFFICER, COLLEAGUE, EDITOR, ADMIN = "7", "8", "10", "11", "30", "1"
ROLES = {
    CITIZEN: "citizen",
    NEIGHBOUR: "citizen",
    OFFICER: "officer",
    COLLEAGUE: "officer",
    EDITOR: "editor",
    ADMIN: "admin",
}

DEAD_ENDS = (
    show.STALE,
    menu.UNKNOWN,
    votes.TOO_OLD,
    NO_ANNOUNCEMENT,
    changing.GONE,
    missed.GONE,
    texts.NOTHING_OPEN,
    texts.WRONG_CODE,
    texts.NO_SUCH_CODE,
    texts.NOT_YOURS,
    texts.CHANGED_MEANWHILE,
    work.CHANGED,
    work.NOT_NOW,
)
"""What a button may say that is old, forged or another's; one just offered may not."""

UNSEEN = {"home", "about", "link", "nwagain"}
"""Buttons that the walk does not come to: Bale's, such as old messages still bear, and that under an announcement of
which some messages may or may not have arrived."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database("sqlite", tmp_path) as prepared:
        yield prepared


@pytest.fixture
async def walk(database: Database, finder: Finder, monkeypatch: pytest.MonkeyPatch) -> Walk:
    monkeypatch.setattr(DESK, "chat", None)
    monkeypatch.setattr(RULES, "filed", [])
    monkeypatch.setattr(RULES, "refuses", [])
    monkeypatch.setattr(ANNOUNCEMENTS, "approval", "everyone")
    desk_topic.set_up(("telegram", GROUP))
    editors = {("telegram", EDITOR), ("telegram", ADMIN)}
    made = Walk(database, Office(finder, {"telegram": "khedmatyar_bot"}, editors=editors), ROLES)
    async with database.transaction() as records:
        staff = Staff(records.connection)
        for person in (OFFICER, COLLEAGUE):
            await staff.put("telegram", person, "officer", bureaus=("urban", "performance"), at=made.now, name="سارا")
        await staff.put("telegram", EDITOR, "editor", at=made.now, name="مینا")
        await staff.put("telegram", ADMIN, "admin", at=made.now, name="مدیر")
    return made


async def ask(walk: Walk) -> None:
    """The front door, the lists, cards, choices, follow-ups, votes, what is not ours."""
    for said in ("/start", "/help", "/about", "/privacy", "/forget", "/announcements", "/nothing", "/cancel"):
        await walk.say(CITIZEN, said)
    for said in (
        "برای فیلم‌برداری هوایی با پهپاد مجوز پرواز می‌خواهم", "مدارکش؟", "مراحلش؟", "مرحله‌ی بعد؟", "کدام دفتر؟",
        "هزینه‌اش؟", "مجوز", "گذرنامه‌ام گم شده", "سلام", "با انسان کار دارم", "۱۲۳", "دومی",
    ):  # fmt: skip
        await walk.say(CITIZEN, said)
    drawn = next(one for one in walk.office.catalogue.services if one.workflow and one.public_documents)
    for code in ("foreign-02", "it-01", drawn.code):
        await walk.say(CITIZEN, f"/start {code}")
    await walk.say(CITIZEN, "مرحله‌ی بعد؟")


async def complain(walk: Walk) -> tuple[str, str]:
    """Two complaints, one of them with files and a name; their codes."""
    await walk.say(CITIZEN, "/track")
    await walk.say(CITIZEN, "/mycomplaints")
    await walk.say(CITIZEN, "از شهرداری شکایت دارم")
    await walk.say(CITIZEN, "", Attachment("photo", "p1", size=1000))
    await walk.say(CITIZEN, "شهرداری سه ماه است چاله‌ی جلوی مدرسه‌ی کوچه‌ی ما را پر نکرده")
    await walk.say(CITIZEN, "گذرنامه چه مدارکی می‌خواهد؟")
    await walk.press(CITIZEN, "cgo")
    await walk.press(CITIZEN, "با نام")
    await walk.say(CITIZEN, "مریم رضایی")
    await walk.press(CITIZEN, "csend")
    first = await newest(walk, CITIZEN)
    await walk.say(CITIZEN, "/mycomplaints")
    for number in range(9):
        await file(walk, number)
    await walk.say(CITIZEN, "/mycomplaints")
    await walk.say(NEIGHBOUR, "/complaint")
    await walk.say(NEIGHBOUR, "", Attachment("voice", "v1", size=1000))
    await walk.say(NEIGHBOUR, "یک نفر در خیابان ما چراغ را شکسته است")
    await walk.say(NEIGHBOUR, "دهیاری کاری نمی‌کند")
    await walk.press(NEIGHBOUR, "تغییر موضوع")
    await walk.press(NEIGHBOUR, "نمی‌دانم")
    await walk.press(NEIGHBOUR, "csend")
    return first, await newest(walk, NEIGHBOUR)


async def newest(walk: Walk, person: str) -> str:
    """The code of a person's newest complaint."""
    async with walk.database.reading() as records:
        (found, *_), _ = await Complaints(records.connection).of_person("telegram", person)
    return found.code


async def file(walk: Walk, number: int) -> None:
    """A complaint of the citizen that the walk does not go through word by word."""
    new = NewComplaint(
        draft=f"d{number}", jalali_year=1405, subject="urban-01", body="", story=f"چراغ خیابان {number} خاموش است",
        named=False, complainant=Complainant("telegram", CITIZEN, CITIZEN), look_by=walk.now.date(),
        answer_by=walk.now.date(),
    )  # fmt: skip
    async with walk.database.transaction() as records:
        await Complaints(records.connection).file(new, walk.now)


async def work_on(walk: Walk, first: str, second: str) -> None:
    """The desk, from the group's card to the closing, and the citizen's answers to it."""
    for said in ("/desk", "/desk all", "/desk late", f"/desk {first}", "/desk مدرسه", "/stats"):
        await walk.say(OFFICER, said)
    for said in ("/desk", "/staff", f"/staff {NEIGHBOUR}", "/audit", "/export", "/help"):
        await walk.say(ADMIN, said)
    await walk.say(ADMIN, "/cancel")
    for code in (second, first):
        await walk.say(OFFICER, f"/desk {code}")
        await walk.press(OFFICER, "برداشتن")
    await walk.press(OFFICER, "تکراری")
    await walk.say(OFFICER, second)
    await walk.press(OFFICER, "انصراف")
    await walk.say(OFFICER, f"/desk {first}")
    await walk.press(OFFICER, "پرسش")
    await walk.say(OFFICER, "کدام کوچه؟")
    await walk.press(OFFICER, "بفرست")
    await walk.press(OFFICER, "مکاتبه")
    await walk.press(OFFICER, "پاسخ")
    await walk.say(OFFICER, "چاله پر شد.")
    await walk.press(OFFICER, "بفرست")
    await walk.press(CITIZEN, "نه، حل نشد")
    await walk.say(CITIZEN, "هنوز هست")
    await walk.say(OFFICER, f"/desk {first}")
    await walk.press(OFFICER, "پاسخ")
    await walk.say(OFFICER, "دوباره پر شد.")
    await walk.press(OFFICER, "بفرست")
    await walk.press(OFFICER, "بستن")
    await walk.press(CITIZEN, "حل نشد")
    await walk.say(ADMIN, f"/desk {second}")
    await walk.press(ADMIN, "هرزنامه")
    await walk.press(ADMIN, "بله، و از فرستنده")
    await walk.press(ADMIN, "برداشتن راه‌بند")
    await walk.say(ADMIN, "/audit")


async def announce(walk: Walk) -> None:
    """An announcement with a question, from its text to its recall."""
    for person in (EDITOR, ADMIN):
        await walk.say(person, "/announce")
        await walk.say(person, "آب فردا قطع باشد؟\n- بله\n- نه")
        await walk.say(person, "/announce list")
    await walk.say(EDITOR, "/announce")
    await walk.say(EDITOR, "آب فردا قطع است.", Attachment("photo", "f1", size=1000))
    await walk.press(EDITOR, "پیش‌نمایش")
    await walk.press(EDITOR, "فرستادن برای تأیید")
    await walk.press(ADMIN, "تأیید و فرستادن")
    await walk.say(EDITOR, "/announce list")
    await walk.say(CITIZEN, "/announcements")


async def mend(walk: Walk) -> None:
    """The catalogue's upkeep."""
    for said in ("/edit it-01", "/changes", "/misses", "/gaps", "/catalogue"):
        await walk.say(EDITOR, said)
    await walk.say(EDITOR, "/start it-01")
    await walk.press(EDITOR, "ویرایش")
    await walk.press(EDITOR, "هزینه")
    await walk.say(EDITOR, "رایگان")


async def test_every_offered_button_does_something(walk: Walk) -> None:
    await ask(walk)
    first, second = await complain(walk)
    await work_on(walk, first, second)
    await announce(walk)
    await mend(walk)
    dead = [
        (*one.way, one.said.strip())
        for one in walk.pressed
        if any(end in one.said for end in DEAD_ENDS) or not (one.reply.parts or one.reply.notice)
    ]
    assert dead == []
    assert set(BUTTONS) - walk.verbs() <= UNSEEN
