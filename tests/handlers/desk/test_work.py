"""Work on a case, end to end at the desk: who is told what, what is refused, what is on record."""

from __future__ import annotations

import pytest

from handlers import desk as desk_topic
from handlers.complaint.draft import Draft, Memory, Piece
from handlers.complaint.rules import RULES
from handlers.desk.post import refuse
from handlers.reply import Received
from handlers.turn import Turn
from handlers.visit import Conversation, Visit
from records.complaint_values import ComplaintFile
from tests.handlers.desk.desk import GROUP, STORY, Desk, buttons, data, labels, text

OFFICER, OTHER, ADMIN, CITIZEN = "10", "11", "1", "7"


@pytest.fixture
async def staffed(desk: Desk) -> Desk:
    await desk.join(ADMIN, "admin", name="مدیر")
    await desk.join(OFFICER, "officer", "urban", name="سارا")
    await desk.join(OTHER, "officer", "urban", name="رضا")
    return desk


async def taken(desk: Desk, **fields: object) -> str:
    complaint = await desk.file(**fields)  # type: ignore[arg-type]  # a test's own fields
    await desk.press(OFFICER, f"dtake:{complaint.code}")
    return complaint.code


class TestNew:
    async def test_group_and_officers_are_told(self, staffed: Desk) -> None:
        complaint = await staffed.file()
        for chat in (GROUP, OFFICER, OTHER):
            (told,) = await staffed.told(chat)
            assert complaint.code in told
            assert STORY in told
            assert "روز کاری مانده" in told
        assert await staffed.told(ADMIN) == []

    async def test_admins_stand_in_for_a_bureau_without_officers(self, staffed: Desk) -> None:
        complaint = await staffed.file(subject=None)
        assert complaint.code in (await staffed.heard(ADMIN))
        assert await staffed.told(OFFICER) == []

    async def test_set_up_hooks_once(self, staffed: Desk) -> None:
        desk_topic.set_up(("telegram", GROUP))
        desk_topic.set_up(("telegram", GROUP))
        assert [desk_topic.announce_new] == RULES.filed
        assert [refuse] == RULES.refuses


class TestTake:
    async def test_one_has_it_the_other_is_told(self, staffed: Desk) -> None:
        complaint = await staffed.file()
        won = await staffed.press(OFFICER, f"dtake:{complaint.code}", chat=GROUP)
        lost = await staffed.press(OTHER, f"dtake:{complaint.code}", chat=GROUP)
        assert won.notice == "برداشتید."
        assert lost.notice is not None
        assert "سارا" in lost.notice
        assert won.parts[0].replaces == "pressed"
        assert "برداشتن" not in labels(won)
        assert (await staffed.complaint(complaint.code)).state == "taken"
        assert [one for one in await staffed.told(CITIZEN) if "در دست کارشناس" in one] == [await staffed.heard(CITIZEN)]

    async def test_the_whole_card_comes_in_private(self, staffed: Desk) -> None:
        complaint = await staffed.file()
        await staffed.press(OFFICER, f"dtake:{complaint.code}", chat=GROUP)
        (*_, card) = await staffed.sent(OFFICER)
        assert "پاسخ" in [button.label for row in card.buttons for button in row]

    async def test_give_back(self, staffed: Desk) -> None:
        code = await taken(staffed)
        card = await staffed.press(OFFICER, f"dcard:{code}")
        await staffed.press(OFFICER, data(card, "پس دادن"))
        assert (await staffed.complaint(code)).state == "new"
        assert "در نوبت" in await staffed.heard(CITIZEN)
        assert (await staffed.press(OTHER, f"dtake:{code}")).notice == "برداشتید."


class TestAnswer:
    async def test_shown_before_it_goes_and_goes_once(self, staffed: Desk) -> None:
        code = await taken(staffed)
        card = await staffed.press(OFFICER, f"dcard:{code}")
        await staffed.press(OFFICER, data(card, "پاسخ"))
        preview = await staffed.say(OFFICER, "چراغ فردا درست می‌شود.")
        assert "پیش‌نمایش" in text(preview)
        assert "چراغ فردا" in text(preview)
        assert not [one for one in await staffed.told(CITIZEN) if "چراغ فردا" in one]
        send = data(preview, "بفرست")
        assert "فرستاده شد" in text(await staffed.press(OFFICER, send))
        await staffed.press(OFFICER, send)
        assert len([one for one in await staffed.told(CITIZEN) if "چراغ فردا" in one]) == 1
        answered = await staffed.complaint(code)
        assert answered.state == "answered"
        (*_, told) = await staffed.sent(CITIZEN)
        assert f"csolved:{code}:yes" in [button.data for row in told.buttons for button in row]

    async def test_a_second_text_takes_the_place_of_the_first(self, staffed: Desk) -> None:
        code = await taken(staffed)
        await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "پاسخ"))
        first = await staffed.say(OFFICER, "متن نخست")
        second = await staffed.say(OFFICER, "متن دوم")
        await staffed.press(OFFICER, data(first, "بفرست"))
        assert (await staffed.complaint(code)).state == "taken"
        await staffed.press(OFFICER, data(second, "بفرست"))
        assert "متن دوم" in await staffed.heard(CITIZEN)

    async def test_canned_with_its_fields(self, staffed: Desk) -> None:
        code = await taken(staffed)
        asked = await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "پاسخ"))
        preview = await staffed.press(OFFICER, data(asked, "در دست بررسی"))
        assert code in text(preview)
        assert "«دفتر امور شهری و شوراها»" in text(preview)
        assert "{" not in text(preview)

    async def test_what_changed_meanwhile_is_asked_about_again(self, staffed: Desk) -> None:
        code = await taken(staffed)
        await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "پاسخ"))
        preview = await staffed.say(OFFICER, "پاسخ من")
        admin_card = await staffed.press(ADMIN, f"dcard:{code}")
        await staffed.press(ADMIN, data(admin_card, "مکاتبه"))
        again = await staffed.press(OFFICER, data(preview, "بفرست"))
        assert "تغییر کرد" in text(again)
        assert (await staffed.complaint(code)).state == "in_progress"
        await staffed.press(OFFICER, data(again, "بفرست"))
        assert (await staffed.complaint(code)).state == "answered"

    async def test_it_survives_a_lost_role(self, staffed: Desk) -> None:
        code = await taken(staffed)
        await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "پاسخ"))
        await staffed.join(OFFICER, "editor")
        assert not (await staffed.say(OFFICER, "پاسخ من")).parts
        assert not [one for one in await staffed.told(CITIZEN) if "پاسخ من" in one]

    async def test_the_members_own_complaint_goes_on(self, staffed: Desk) -> None:
        code = await taken(staffed)
        await staffed.say(OFFICER, "/complaint")
        card = await staffed.press(OFFICER, f"dcard:{code}")
        await staffed.press(OFFICER, data(card, "یادداشت"))
        await staffed.say(OFFICER, "تماس گرفتم")
        assert '"topic":"complaint"' in staffed.memories[OFFICER]


class TestTexts:
    async def test_a_question_to_the_citizen(self, staffed: Desk) -> None:
        code = await taken(staffed)
        await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "پرسش"))
        send = data(await staffed.say(OFFICER, "کدام کوچه؟"), "بفرست")
        for _ in range(2):
            await staffed.press(OFFICER, send)
        assert len([one for one in await staffed.told(CITIZEN) if "کدام کوچه؟" in one]) == 1
        (*_, told) = await staffed.sent(CITIZEN)
        assert told.buttons[0][0].data == f"cnote:{code}"
        assert (await staffed.complaint(code)).state == "taken"

    async def test_an_internal_note_stays_inside(self, staffed: Desk) -> None:
        code = await taken(staffed)
        await staffed.press(OTHER, data(await staffed.press(OTHER, f"dcard:{code}"), "یادداشت"))
        card = await staffed.say(OTHER, "با شهرداری تماس گرفته شد")
        assert "رضا یادداشت داخلی نوشت: با شهرداری" in text(card)
        assert not [one for one in await staffed.told(CITIZEN) if "تماس گرفته" in one]
        own = await staffed.press(CITIZEN, f"cview:{code}")
        assert STORY in text(own)
        assert "تماس گرفته" not in text(own)

    async def test_not_ours(self, staffed: Desk) -> None:
        code = await taken(staffed)
        await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "کار ما نیست"))
        await staffed.press(OFFICER, data(await staffed.say(OFFICER, "شرکت برق"), "بفرست"))
        assert "مربوط به شرکت برق" in await staffed.heard(CITIZEN)
        found = await staffed.complaint(code)
        assert (found.state, found.whose) == ("not_ours", "شرکت برق")

    async def test_a_duplicate_tells_no_other_code(self, staffed: Desk) -> None:
        first = await staffed.file(person="8")
        code = await taken(staffed)
        await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "تکراری"))
        assert "پیدا نشد" in text(await staffed.say(OFFICER, code))
        await staffed.press(OFFICER, data(await staffed.say(OFFICER, first.code.lower()), "بفرست"))
        found = await staffed.complaint(code)
        assert (found.state, found.duplicate_of) == ("duplicate", first.id)
        assert all(first.code not in one for one in await staffed.told(CITIZEN))


class TestStates:
    @pytest.mark.parametrize(("label", "day"), [("مکاتبه", "۲۵ آذر ۱۴۰۵"), ("بازرسی", "۱۲ دی ۱۴۰۵")])
    async def test_letters_and_inspection_tell_the_day(self, staffed: Desk, label: str, day: str) -> None:
        """18 and 28 working days from Sunday the 1st of Azar; the 2nd of Dey is a holiday."""
        code = await taken(staffed)
        await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), label))
        assert (await staffed.complaint(code)).state == "in_progress"
        heard = await staffed.heard(CITIZEN)
        assert label in heard
        assert day in heard

    async def test_only_what_may_follow_is_offered_and_done(self, staffed: Desk) -> None:
        code = await taken(staffed)
        stamp = data(await staffed.press(OFFICER, f"dcard:{code}"), "مکاتبه").split(":")[2]
        refused = await staffed.press(OFFICER, f"dgo:{code}:{stamp}:closed")
        assert "نمی‌شود" in text(refused)
        assert (await staffed.complaint(code)).state == "taken"
        assert "بستن" not in labels(refused)

    async def test_an_old_card_does_nothing(self, staffed: Desk) -> None:
        code = await taken(staffed)
        old = await staffed.press(OFFICER, f"dcard:{code}")
        await staffed.press(OFFICER, data(old, "مکاتبه"))
        again = await staffed.press(OFFICER, data(old, "بازرسی"))
        assert "تغییر کرده" in text(again)
        assert "مکاتبه" in await staffed.heard(CITIZEN)

    async def test_close_and_rating(self, staffed: Desk) -> None:
        code = await taken(staffed)
        await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "پاسخ"))
        sent = await staffed.press(OFFICER, data(await staffed.say(OFFICER, "درست شد."), "بفرست"))
        await staffed.press(OFFICER, data(sent, "بستن"))
        assert (await staffed.complaint(code)).state == "closed"
        await staffed.press(CITIZEN, f"crate:{code}:4")
        assert "۴" in text(await staffed.press(OFFICER, f"dcard:{code}"))


class TestDeadlines:
    async def test_an_office_with_other_days_promises_and_keeps_them(
        self, staffed: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(RULES, "deadlines", RULES.deadlines.changed("look=2,answer=1"))
        complaint = await staffed.file()
        assert (complaint.look_by.isoformat(), complaint.answer_by.isoformat()) == ("2026-11-24", "2026-11-25")
        assert "بررسی اولیه تا ۳ آذر ۱۴۰۵" in text(await staffed.press(OFFICER, f"dcard:{complaint.code}"))
        taken_card = await staffed.press(OFFICER, f"dtake:{complaint.code}")
        assert "پاسخ کتبی تا ۴ آذر ۱۴۰۵" in text(taken_card)


class TestGive:
    async def test_to_another_bureau(self, staffed: Desk) -> None:
        await staffed.join("20", "officer", "rural", name="مینا")
        code = await taken(staffed)
        asked = await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "واگذاری"))
        await staffed.press(OFFICER, data(asked, "دفتر امور روستایی"))
        assert code in await staffed.heard("20")
        assert "روستایی" in await staffed.heard(CITIZEN)
        assert (await staffed.complaint(code)).state == "new"
        assert (await staffed.press("20", f"dtake:{code}")).notice == "برداشتید."
        assert code not in text(await staffed.press(OFFICER, f"dcard:{code}"))

    async def test_to_a_person(self, staffed: Desk) -> None:
        code = await taken(staffed)
        asked = await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "واگذاری"))
        await staffed.press(OFFICER, data(asked, "به رضا"))
        assert "سارا این شکایت را به شما سپرد" in await staffed.heard(OTHER)
        assert "دست رضا" in text(await staffed.say(OFFICER, "/desk"))

    async def test_a_removed_officers_cases_can_be_taken(self, staffed: Desk) -> None:
        code = await taken(staffed)
        listing = await staffed.say(ADMIN, "/staff")
        view = await staffed.press(ADMIN, data(listing, "سارا"))
        sure = await staffed.press(ADMIN, data(view, "برداشتن"))
        await staffed.press(ADMIN, data(sure, "بله"))
        assert (await staffed.press(OTHER, f"dtake:{code}")).notice == "برداشتید."


class TestPrivacy:
    async def test_an_anonymous_complainant_is_nowhere_at_the_desk(self, staffed: Desk) -> None:
        complaint = await staffed.file(person="987654321")
        code = complaint.code
        await staffed.press(OFFICER, f"dtake:{code}")
        card = await staffed.press(OFFICER, f"dcard:{code}")
        replies = [card, *[await staffed.press(OFFICER, one.data or "") for one in buttons(card)]]
        replies += [await staffed.say(ADMIN, said) for said in ("/desk all", "/audit", f"/desk {code}", "/stats")]
        replies += [await staffed.press(ADMIN, f"dwho:{code}"), await staffed.press(ADMIN, f"dlog:{code}")]
        seen = "\n".join(text(reply) for reply in replies) + "\n".join(await staffed.told(GROUP))
        assert "987654321" not in seen
        assert "9121234567" not in seen
        assert "۹۱۲۱۲۳۴۵۶۷" not in seen

    async def test_a_named_one_is_seen_by_the_holder_and_on_record(self, staffed: Desk) -> None:
        code = await taken(staffed, named=True)
        refused = await staffed.press(OTHER, f"dwho:{code}")
        assert "مریم" not in text(refused)
        shown = await staffed.press(OFFICER, f"dwho:{code}")
        assert "مریم رضایی" in text(shown)
        assert "۰۹۱۲۱۲۳۴۵۶۷" in text(shown)
        trail = text(await staffed.say(ADMIN, f"/audit {code}"))
        assert "سارا: نام و شماره‌ی شاکی را دید" in trail
        assert "رضا: نام و شماره" not in trail

    async def test_files_are_shown_by_their_id(self, staffed: Desk) -> None:
        code = await taken(
            staffed,
            files=(
                ComplaintFile("telegram", "photo", "F1"),
                ComplaintFile("telegram", "location", place=(36.27, 50.0)),
            ),
        )
        reply = await staffed.press(OFFICER, f"dfiles:{code}")
        assert reply.parts[0].file == Received("telegram", "photo", "F1")
        assert "36.27000,50.00000" in text(reply)


class TestSpam:
    async def test_spam_and_block(self, staffed: Desk) -> None:
        code = await taken(staffed)
        officers = await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "هرزنامه"))
        assert not [label for label in labels(officers) if "فرستنده" in label]
        asked = await staffed.press(ADMIN, data(await staffed.press(ADMIN, f"dcard:{code}"), "هرزنامه"))
        card = await staffed.press(ADMIN, data(asked, "بله، و از فرستنده"))
        assert (await staffed.complaint(code)).state == "not_ours"
        assert "قابل رسیدگی ندانست" in await staffed.heard(CITIZEN)
        assert await blocked(staffed, CITIZEN)
        assert await refused(staffed, CITIZEN)
        await staffed.press(ADMIN, data(card, "برداشتن راه‌بند"))
        assert not await blocked(staffed, CITIZEN)

    async def test_an_officer_cannot_block(self, staffed: Desk) -> None:
        code = await taken(staffed)
        asked = await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "هرزنامه"))
        await staffed.press(OFFICER, data(asked, "بله").replace(":yes", ":block"))
        assert (await staffed.complaint(code)).state == "taken"
        assert not await blocked(staffed, CITIZEN)


async def refused(desk: Desk, person: str) -> bool:
    """Whether «ثبت» files nothing for this person."""
    desk_topic.set_up(("telegram", GROUP))
    before = len(await desk.told(GROUP))
    draft = Draft(touched=desk.now, pieces=(Piece(text="باز هم چراغ"),))
    memory = Memory(draft=draft)
    desk.memories[person] = Conversation(topic="complaint", draft=memory.model_dump(mode="json")).model_dump_json()
    reply = await desk.press(person, f"csend:{draft.id}")
    return "گرفته نمی‌شود" in text(reply) and len(await desk.told(GROUP)) == before


async def blocked(desk: Desk, person: str) -> bool:
    async with desk.database.reading() as records:
        return await refuse(Visit(Turn("telegram", "0", person, person, desk.now), desk.office, records)) is not None


class TestQueue:
    async def test_pages_of_eight_the_first_due_first(self, staffed: Desk) -> None:
        codes = []
        for _ in range(10):
            codes.append((await staffed.file()).code)
            staffed.wait(days=1)
        first = await staffed.say(OFFICER, "/desk")
        second = await staffed.press(OFFICER, data(first, "بعدی"))
        shown = text(first) + text(second)
        assert [code for code in codes if code in text(first)] == codes[:8]
        assert [code for code in codes if code in text(second)] == codes[8:]
        assert "(۱۰)" in shown
        assert second.parts[0].replaces == "pressed"

    async def test_late(self, staffed: Desk) -> None:
        old = await staffed.file()
        staffed.wait(days=8)
        fresh = await staffed.file()
        late = text(await staffed.say(OFFICER, "/desk late"))
        assert old.code in late
        assert "دیر شده" in late
        assert fresh.code not in late

    async def test_search(self, staffed: Desk) -> None:
        lamp, road = await staffed.file(), await staffed.file("آسفالت كوچه خراب است")
        found = text(await staffed.say(OFFICER, "/desk کوچه آسفالت"))
        assert road.code in found
        assert lamp.code not in found
        assert STORY in text(await staffed.say(OFFICER, f"/desk {lamp.code.lower().replace('-', ' ')}"))

    async def test_the_citizens_cancel_and_the_desks(self, staffed: Desk) -> None:
        code = await taken(staffed)
        await staffed.press(OFFICER, data(await staffed.press(OFFICER, f"dcard:{code}"), "پاسخ"))
        assert "چیزی فرستاده نشد" in text(await staffed.press(OFFICER, "dquit"))
        assert '"topic":null' in staffed.memories[OFFICER]
