"""The desk composes, previews, approves by a second person, steers; and nobody else can."""

from __future__ import annotations

import pytest

from handlers import show
from handlers.announcements import RULES, TOPIC
from handlers.announcements.compose import ASKED, CHANGED, MIXED, NATIVE_POLL, NO_SECOND, NOT_TAKEN
from handlers.announcements.manage import NO_DOUBT, OWN
from handlers.announcements.show import STOP
from handlers.menu import UNKNOWN
from handlers.reply import PART, Album, Received
from handlers.router import TOPICS
from handlers.turn import Attachment
from records import ledger
from records.announcement_values import Audience, Outcome, Subscriber
from records.database import Database
from records.staff import Staff
from tests.handlers.announcements.conftest import Hire, announcement, posted, subscribed
from tests.handlers.chat import Chat, buttons, labels, text

DESK = sorted(verb for verb in TOPIC.buttons if verb.startswith("nw"))


async def compose(chat: Chat, said: str = "آب فردا قطع است.") -> int:
    await chat.say("/announce")
    reply = await chat.say(said)
    data = next(button.data for button in buttons(reply) if (button.data or "").startswith("nwprev:"))
    return int(str(data).rpartition(":")[2])


async def trail(database: Database, number: int) -> list[str]:
    async with database.reading() as records:
        return [one.what for one in reversed(await Staff(records.connection).trail(target=f"announcement:{number}"))]


async def test_from_text_to_sending_with_a_second_person(hire: Hire, database: Database) -> None:
    author, second = await hire("1", "editor"), await hire("2", "admin")
    for person in ("70", "71", "72"):
        await subscribed(database, person)
    await subscribed(database, "73", Subscriber("none"))
    number = await compose(author)
    reply = await author.press("پیش‌نمایش")
    shown, summary = reply.parts
    assert "آب فردا قطع است." in text(reply)
    assert STOP in [button.label for row in shown.buttons for button in row]
    assert "شمار گیرندگان: ۳" in text(reply)
    assert "کمتر از دو دقیقه" in text(reply)
    assert summary.buttons
    assert text(await author.press("فرستادن برای تأیید")) == ASKED
    assert (await announcement(database, number)).state == "asked"
    please, preview, ways = await posted(database, "2")
    assert "کارمند 1" in please
    assert PART.validate_json(preview).blocks == shown.blocks
    data = [button.data for row in PART.validate_json(ways).buttons for button in row]
    assert data == [f"nwyes:{number}:{(await announcement(database, number)).version}", f"nwno:{number}"]
    assert (await author.press_data(str(data[0]))).notice == OWN
    reply = await second.press_data(str(data[0]))
    assert "در حال فرستادن" in text(reply)
    assert "گیرندگان: ۳" in text(reply)
    found = await announcement(database, number)
    assert (found.state, found.planned, found.approved_by) == ("running", True, 2)
    assert any("تأیید شد" in part for part in await posted(database, "1"))
    again = await second.press_data(str(data[0]))
    assert again.notice == show.STALE
    assert await trail(database, number) == ["announce_new", "announce_ask", "announce_approve"]


async def test_without_a_second_person_it_does_not_go(hire: Hire, database: Database) -> None:
    author = await hire("1", "admin")
    number = await compose(author)
    await author.press("پیش‌نمایش")
    assert text(await author.press("فرستادن برای تأیید")) == NO_SECOND
    assert (await announcement(database, number)).state == "draft"


@pytest.mark.parametrize(("approval", "state"), [("never", "running"), ("everyone", "running"), ("always", "asked")])
async def test_which_need_approval(hire: Hire, database: Database, approval: str, state: str) -> None:
    author = await hire("1", "admin")
    await hire("2", "admin")
    RULES.approval = approval  # type: ignore[assignment] # one of the three
    number = await compose(author)
    await author.press("گیرندگان")
    await author.press_data(f"nwaud:{number}:bureau:urban")
    await author.press("همین‌ها")
    await author.press("پیش‌نمایش")
    await author.press_data(f"nwok:{number}:{(await announcement(database, number)).version}")
    assert (await announcement(database, number)).state == state


async def test_what_was_not_previewed_is_not_sent(hire: Hire, database: Database) -> None:
    RULES.approval = "never"
    author = await hire("1", "admin")
    number = await compose(author)
    await author.press("پیش‌نمایش")
    old = author.data("بفرست")
    await author.say("متن دیگری")
    assert text(await author.press_data(old)) == CHANGED
    assert (await announcement(database, number)).state == "draft"


async def test_refused_by_the_second_person(hire: Hire, database: Database) -> None:
    author, second = await hire("1", "editor"), await hire("2", "admin")
    number = await compose(author)
    await author.press("پیش‌نمایش")
    await author.press("فرستادن برای تأیید")
    await second.press_data(f"nwno:{number}")
    assert (await announcement(database, number)).state == "dropped"
    assert any("تأیید نشد" in part for part in await posted(database, "1"))
    assert (await second.press_data(f"nwyes:{number}:2")).notice == show.STALE


async def test_kind_audience_and_time(hire: Hire, database: Database) -> None:
    author = await hire("1", "admin")
    number = await compose(author)
    assert "عادی شود" in labels(await author.press("فوری شود"))
    await author.press("گیرندگان")
    await author.press("مشترکان یک شهرستان")
    await author.press("آوج")
    await author.press("زمان")
    assert "نفهمیدم" in text(await author.say("هر وقت شد")) or "ساعت" in text(author.replies[-1])
    reply = await author.say("۵ آذر ساعت ۱۰:۳۰")
    assert "۵ آذر ۱۴۰۵، ساعت ۱۰:۳۰" in text(reply)
    found = await announcement(database, number)
    assert (found.kind, found.audience) == ("urgent", Audience("county", county="avaj"))
    await author.press_data(f"nwnow:{number}")
    assert (await announcement(database, number)).due_at is None


async def test_files_albums_and_what_is_not_taken(hire: Hire, database: Database) -> None:
    author = await hire("1", "admin")
    await author.say("/announce")
    first = await author.send(Attachment("photo", "f1", album="a"), text="افتتاح پل")
    assert labels(first)
    for place in (2, 3):
        assert (await author.send(Attachment("photo", f"f{place}", album="a"))).parts == ()
    reply = await author.press("پیش‌نمایش")
    file = reply.parts[0].file
    assert isinstance(file, Album)
    assert [one.file_id for one in file.files] == ["f1", "f2", "f3"]
    assert text(await author.send(Attachment("document", "d"))) == MIXED
    assert text(await author.send(Attachment("voice", "v"))) == NOT_TAKEN
    assert text(await author.send(Attachment("other"))) == NATIVE_POLL
    await author.press_data(f"nwbare:{1}")
    await author.send(Attachment("document", "d", name="a.pdf"))
    reply = await author.press("پیش‌نمایش")
    assert reply.parts[0].file == Received("telegram", "document", "d")
    assert "افتتاح پل" in text(reply)


async def test_too_long_is_refused(hire: Hire) -> None:
    author = await hire("1", "admin")
    await author.say("/announce")
    assert "۳۵۰۱" in text(await author.say("ا" * 3501))
    await author.send(Attachment("photo", "f"))
    assert "۸۰۱" in text(await author.say("ا" * 801))
    assert labels(await author.say("ا" * 800))


async def test_a_poll_is_written_as_lines(hire: Hire) -> None:
    author = await hire("1", "admin")
    await compose(author, "کی باز باشیم؟\n- صبح\n- عصر\n- هر دو")
    reply = await author.press("پیش‌نمایش")
    assert labels(reply)[:3] == ["صبح", "عصر", "هر دو"]
    assert "کی باز باشیم؟" in text(reply)
    assert "- صبح" not in text(reply)
    assert "پرسش" in text(await author.say("- صبح\n- عصر"))


async def test_pause_resume_stop_edit_recall(hire: Hire, database: Database) -> None:
    RULES.approval = "never"
    author = await hire("1", "admin")
    await subscribed(database, "70")
    number = await compose(author)
    await author.press("پیش‌نمایش")
    await author.press("بفرست")
    for label, state in (("نگه دار", "paused"), ("ادامه بده", "running")):
        await author.press(label)
        assert (await announcement(database, number)).state == state
    await author.press("اصلاح متن")
    reply = await author.say("آب پس‌فردا قطع است.")
    assert "پس‌فردا" in text(reply)
    await author.press("اصلاح شود")
    found = await announcement(database, number)
    assert (found.body.text, found.amend) == ("آب پس‌فردا قطع است.", "edit")
    await author.press_data(f"nwstop:{number}")
    assert (await announcement(database, number)).state == "running"
    await author.press("بله")
    assert (await announcement(database, number)).state == "stopped"
    await author.press("پس بگیر")
    await author.press("بله")
    found = await announcement(database, number)
    assert (found.state, found.amend) == ("recalled", "recall")
    assert (await author.press_data(f"nwgo:{number}")).notice == show.STALE
    assert (await trail(database, number))[2:] == [
        "announce_pause",
        "announce_resume",
        "announce_propose",
        "announce_edit",
        "announce_stop",
        "announce_recall",
    ]


async def test_an_edit_to_everyone_too_needs_the_second_person(hire: Hire, database: Database) -> None:
    author, second = await hire("1", "editor"), await hire("2", "admin")
    number = await compose(author)
    await author.press("پیش‌نمایش")
    await author.press("فرستادن برای تأیید")
    await second.press_data(f"nwyes:{number}:{(await announcement(database, number)).version}")
    await author.press_data(f"nwedit:{number}")
    await author.say("متن دیگر")
    button = f"nwedit:{number}:{(await announcement(database, number)).version}"
    assert (await author.press_data(button)).notice == OWN
    assert (await announcement(database, number)).body.text == "آب فردا قطع است."
    assert any(button in part for part in await posted(database, "2"))
    await second.press_data(button)
    assert (await announcement(database, number)).body.text == "متن دیگر"


async def test_officers_write_to_their_bureaus_alone(hire: Hire, database: Database) -> None:
    officer = await hire("1", "officer", ("urban",))
    number = await compose(officer)
    assert (await announcement(database, number)).audience == Audience("bureaus", ("urban",))
    await officer.press("گیرندگان")
    assert "همه‌ی مشترکان" not in labels(officer.replies[-1])
    for forged in (f"nwaud:{number}:everyone", f"nwaud:{number}:county:avaj", f"nwaud:{number}:bureau:crisis"):
        assert (await officer.press_data(forged)).notice == show.STALE
    await officer.press("مشترکان چند دفتر")
    assert (await announcement(database, number)).audience == Audience("bureaus", ("urban",))
    await officer.press_data(f"nwaud:{number}:bureau:urban")
    found = await announcement(database, number)
    assert (await officer.press_data(f"nwok:{number}:{found.version}")).notice == show.STALE
    assert (await announcement(database, number)).state == "draft"


@pytest.mark.parametrize("role", [None, "officer"])
async def test_nobody_else_can_press_anything(hire: Hire, chat: Chat, database: Database, role: str | None) -> None:
    """A citizen, and an officer who is not the author, in every state of an announcement."""
    author, second = await hire("1", "editor"), await hire("2", "admin")
    stranger = chat if role is None else await hire("3", "officer", ("urban",))
    number = await compose(author)

    async def nothing_happens() -> None:
        before = await announcement(database, number)
        for verb in DESK:
            if verb == "nwlist":
                continue
            for rest in ("", f":{before.version}", ":yes", ":everyone", ":urgent", ":x:y"):
                reply = await stranger.press_data(f"{verb}:{number}{rest}")
                assert reply.notice == show.STALE, (verb, rest, before.state)
        assert await announcement(database, number) == before

    await nothing_happens()
    await author.press("پیش‌نمایش")
    await author.press("فرستادن برای تأیید")
    await nothing_happens()
    await second.press_data(f"nwyes:{number}:{(await announcement(database, number)).version}")
    await nothing_happens()
    await second.press_data(f"nwpause:{number}")
    await nothing_happens()
    await second.press_data(f"nwrecall:{number}:yes")
    await nothing_happens()


async def test_a_citizen_has_no_such_command(chat: Chat) -> None:
    assert UNKNOWN in text(await chat.say("/announce"))
    assert (await chat.press_data("nwlist:0")).notice == show.STALE


async def test_others_cannot_change_a_draft_not_even_admins(hire: Hire, database: Database) -> None:
    author, other = await hire("1", "editor"), await hire("2", "admin")
    number = await compose(author)
    for verb in ("nwaud", "nwkind", "nwok", "nwdrop", "nwprev", "nwnow", "nwwhen", "nwbare", "nwshow"):
        assert (await other.press_data(f"{verb}:{number}")).notice == show.STALE
    assert (await announcement(database, number)).state == "draft"


async def test_forged_numbers_are_stale(hire: Hire) -> None:
    author = await hire("1", "admin")
    for verb in DESK:
        if verb == "nwlist":
            continue
        for rest in ("", ":", ":x", ":-1", ":0", ":999999", ":" + "9" * 40):
            assert (await author.press_data(f"{verb}{rest}")).notice == show.STALE


async def test_only_in_private(hire: Hire) -> None:
    author = await hire("1", "admin")
    reply = await author.turn(text="/announce", private=False)
    assert "خصوصی" in text(reply)
    number = await compose(author)
    assert (await author.turn(button=f"nwok:{number}:2", private=False)).notice == show.STALE


async def test_a_command_ends_the_composing(hire: Hire, database: Database) -> None:
    author = await hire("1", "admin")
    number = await compose(author)
    await author.say("/start")
    await author.say("ثبت ازدواج با خارجی چه مدارکی می‌خواهد؟")
    assert (await announcement(database, number)).body.text == "آب فردا قطع است."


async def test_the_list_and_an_officers_own(hire: Hire, database: Database) -> None:
    RULES.approval = "never"
    author, officer = await hire("1", "admin"), await hire("3", "officer", ("urban",))
    number = await compose(author)
    await author.press("پیش‌نمایش")
    await author.press("بفرست")
    assert "آب فردا" in text(await author.say("/announce list"))
    assert "آب فردا" not in text(await officer.say("/announce list"))
    assert "آب فردا" in text(await author.press_data(f"nwsee:{number}"))


async def test_the_progress_adds_up(hire: Hire, database: Database) -> None:
    RULES.approval = "never"
    author = await hire("1", "admin")
    for person in range(70, 75):
        await subscribed(database, str(person))
    await compose(author)
    await author.press("پیش‌نمایش")
    await author.press("بفرست")
    async with database.transaction() as records:
        await records.connection.run(ledger.take_seat, "me", 1.0)
        claims = await records.connection.run(ledger.claim, "me", 2e9, 12, ["telegram"], 2)
        first, second = claims.rows
        outcomes = [Outcome(first, "sent", 3.0, "m"), Outcome(second, "blocked", 3.0)]
        await records.connection.run(ledger.mark, outcomes)
    said = text(await author.press("تازه کردن"))
    for line in ("گیرندگان: ۵", "فرستاده شد: ۱", "مانده: ۳", "ربات را بسته‌اند: ۱"):
        assert line in said


async def test_the_unknown_get_it_again_only_by_an_explicit_yes_after_a_warning(hire: Hire, database: Database) -> None:
    RULES.approval = "never"
    author = await hire("1", "admin")
    for person in ("70", "71"):
        await subscribed(database, person)
    number = await compose(author)
    await author.press("پیش‌نمایش")
    await author.press("بفرست")
    assert (await author.press_data(f"nwagain:{number}")).notice == NO_DOUBT
    async with database.transaction() as records:
        await records.connection.run(ledger.take_seat, "me", 1.0)
        claims = await records.connection.run(ledger.claim, "me", 2e9, 12, ["telegram"], 2)
        first, second = claims.rows
        outcomes = [Outcome(first, "sent", 3.0, "m"), Outcome(second, "unknown", 3.0)]
        await records.connection.run(ledger.mark, outcomes)
        assert await records.connection.run(ledger.finish, 4.0) == [number]
    shown = await author.press("تازه کردن")
    assert "نامعلوم (پیام‌رسان پاسخ نداد): ۱" in text(shown)
    assert "دو بار" in text(await author.press("دوباره برای نامعلوم‌ها"))
    assert (await announcement(database, number)).state == "done"
    said = text(await author.press("بله"))
    assert "در حال فرستادن" in said
    assert "مانده: ۱" in said
    assert "نامعلوم" not in said
    found = await announcement(database, number)
    assert (found.state, found.finished_at) == ("running", None)
    assert (await trail(database, number))[-1] == "announce_again"
    assert (await author.press_data(f"nwagain:{number}:yes")).notice == NO_DOUBT


def test_no_verb_or_command_is_registered_twice() -> None:
    verbs = [verb for topic in TOPICS for verb in topic.buttons]
    names = [command.name for topic in TOPICS for command in topic.commands]
    assert len(verbs) == len(set(verbs))
    assert len(names) == len(set(names))
