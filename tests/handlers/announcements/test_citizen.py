"""Citizens read, subscribe by their own press, choose, stop with one tap, vote."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.announcements import ask_to_subscribe
from handlers.announcements.citizen import GONE, NONE, NONE_ABOUT, NOT_HERE, STOPPED, VOTED, VOTED_SAME
from handlers.reply import Part
from handlers.turn import Turn
from handlers.visit import Office, Visit
from records.announcement_values import Audience, Body, Subscriber
from records.announcements import Announcements
from records.database import Database
from records.staff import Staff
from records.subscriptions import Subscriptions
from tests.handlers.announcements.conftest import wants_of
from tests.handlers.chat import NOON, Chat, buttons, labels, only, text


async def publish(database: Database, *texts: str, bureaus: tuple[str, ...] = (), options: tuple[str, ...] = ()) -> int:
    number = 0
    async with database.transaction() as records:
        author = await Staff(records.connection).put("telegram", "900", "admin", at=NOON)
        store = Announcements(records.connection)
        for said in texts:
            draft = await store.create(author.id, NOON)
            audience = Audience("bureaus", bureaus) if bureaus else Audience()
            draft = await store.change(draft, body=Body(said, options=options), audience=audience)
            number = (await store.approve(draft, author.id, NOON)).id
    return number


async def asked(chat: Chat) -> Part | None:
    turn = Turn(chat.channel, "a", chat.person, chat.person, chat.now)
    async with chat.database.transaction() as records:
        return await ask_to_subscribe(Visit(turn, chat.office, records))


async def test_asked_once_and_never_subscribed_silently(chat: Chat) -> None:
    part = await asked(chat)
    assert part is not None
    assert await asked(chat) is None
    assert (await wants_of(chat.database)).wants == "none"
    await chat.say("/start")
    await chat.say("/announcements")
    assert (await wants_of(chat.database)).wants == "none"
    data = [button.data for row in part.buttons for button in row]
    assert data == ["nyes", "nyes:urgent", "nno"]
    await chat.press_data("nyes")
    known = await wants_of(chat.database)
    assert (known.wants, known.urgent_only, known.quiet) == ("all", False, 2208)
    await chat.press_data("nyes:urgent")
    assert (await wants_of(chat.database)).urgent_only


async def test_no_is_remembered(chat: Chat) -> None:
    await asked(chat)
    await chat.press_data("nno")
    assert await asked(chat) is None
    assert (await wants_of(chat.database)).wants == "none"


async def test_who_cannot_be_written_to_is_not_asked(database: Database, office: Office) -> None:
    web = Chat(database, office, channel="web")
    assert await asked(web) is None
    for data in ("nyes", "nset", "nstop:1", "nback", "nno", "nset:all"):
        assert text(await web.press_data(data)) == NOT_HERE
    assert not (await wants_of(database, channel="web")).asked


async def test_the_settings(chat: Chat) -> None:
    await chat.press_data("nset")
    await chat.press("انتخاب دفترها")
    first, second = [button for button in buttons(chat.replies[-1]) if (button.data or "").startswith("nset:bureau:")][
        :2
    ]
    await chat.press_data(str(first.data))
    reply = await chat.press_data(str(second.data))
    known = await wants_of(chat.database)
    assert known.wants == "some"
    assert set(known.bureaus) == {str(one.data).rpartition(":")[2] for one in (first, second)}
    assert sum(label.startswith("✅") for label in labels(reply)) == 2
    assert only(reply).replaces == "pressed"
    await chat.press_data(str(first.data))
    await chat.press_data(str(second.data))
    assert (await wants_of(chat.database)).wants == "none"
    await chat.press_data("nset:all")
    await chat.press("فقط فوری‌ها")
    await chat.press("ساعت سکوت")
    await chat.press_data("nset:county:avaj")
    known = await wants_of(chat.database)
    assert known == Subscriber("all", (), True, 2307, "avaj", asked=True)
    for forged in ("nset:bureau:nowhere", "nset:county:tehran", "nset:x:y:z"):
        await chat.press_data(forged)
    known = await wants_of(chat.database)
    assert (known.wants, known.county) == ("all", "")


async def test_one_tap_stops_and_one_brings_back_what_was_chosen(chat: Chat) -> None:
    await chat.press_data("nset:bureau:urban")
    reply = await chat.press_data("nstop:12")
    assert text(reply) == STOPPED
    assert reply.notice == STOPPED
    known = await wants_of(chat.database)
    assert (known.wants, known.bureaus) == ("none", ("urban",))
    await chat.press("پشیمان شدم")
    assert (await wants_of(chat.database)).wants == "some"


async def test_the_latest_are_paged_and_by_bureau(chat: Chat) -> None:
    assert text(await chat.say("/announcements")) == NONE
    await publish(chat.database, *(f"خبر شماره {number}" for number in range(12)))
    await publish(chat.database, "خبر شهری", bureaus=("urban",))
    reply = await chat.say("/announcements")
    assert "خبر شهری" in text(reply)
    assert "خبر شماره 11" in text(reply)
    assert "خبر شماره 7" not in text(reply)
    reply = await chat.press("پیش‌ترها")
    assert "خبر شماره 7" in text(reply)
    assert only(reply).replaces == "pressed"
    await chat.press("پیش‌ترها")
    assert "خبر شماره 0" in text(chat.replies[-1])
    assert "پیش‌ترها" not in labels(chat.replies[-1])
    reply = await chat.press_data("news:0:urban")
    assert "خبر شهری" in text(reply)
    assert "خبر شماره" not in text(reply)
    assert "خبر شهری" in text(await chat.press_data("news:99:"))
    assert "خبر شهری" in text(await chat.press_data("news:x:nowhere"))


async def test_one_is_opened_and_a_recalled_or_future_one_is_not(chat: Chat) -> None:
    number = await publish(chat.database, "سطر یکم\nسطر دوم")
    assert "سطر دوم" in text(await chat.press_data(f"nopen:{number}"))
    async with chat.database.transaction() as records:
        store = Announcements(records.connection)
        found = await store.get(number)
        assert found is not None
        await store.recall(found, NOON)
        draft = await store.create(found.author, NOON)
        draft = await store.change(draft, body=Body("فردا"), due_at=NOON + timedelta(days=1))
        later = await store.approve(draft, found.author, NOON)
    for forged in (f"nopen:{number}", f"nopen:{later.id}", "nopen:999", "nopen:x", "nopen", "nopen:" + "9" * 30):
        reply = await chat.press_data(forged)
        assert reply.notice == GONE
    assert text(await chat.say("/announcements")) == NONE


@pytest.mark.parametrize(("words", "found"), [("راجع به تالاب چیزی هست بینشون؟", True), ("درباره‌ی گذرنامه چی؟", False)])
async def test_about(chat: Chat, words: str, found: bool) -> None:
    await publish(chat.database, "آبگیری تالاب الله‌آباد آغاز شد", "تعطیلی ادارات")
    await chat.say("اطلاعیه‌ها")
    reply = await chat.say(words)
    assert ("تالاب" in text(reply)) == found or text(reply) == NONE_ABOUT


async def test_a_poll_takes_the_last_choice_of_each(chat: Chat, database: Database, office: Office) -> None:
    number = await publish(database, "کی باز باشیم؟", options=("صبح", "عصر"))
    shown = await chat.press_data(f"nopen:{number}")
    assert labels(shown)[:2] == ["صبح", "عصر"]
    assert (await chat.press("صبح")).notice == VOTED
    assert (await chat.press("صبح")).notice == VOTED_SAME
    assert (await chat.press("عصر")).notice == VOTED
    other = Chat(database, office, channel="bale", person="8")
    assert (await other.press_data(f"nvote:{number}:0")).notice == VOTED
    for forged in (f"nvote:{number}:2", f"nvote:{number}:-1", f"nvote:{number}", "nvote:999:0", "nvote"):
        assert (await other.press_data(forged)).notice == GONE
    async with database.reading() as records:
        assert await Subscriptions(records.connection).counts(number) == {0: 1, 1: 1}


async def test_forget_me_forgets_what_was_wanted(chat: Chat) -> None:
    await chat.press_data("nyes")
    await chat.say("/forget")
    await chat.press("بله، پاک کن")
    assert not (await wants_of(chat.database)).asked
