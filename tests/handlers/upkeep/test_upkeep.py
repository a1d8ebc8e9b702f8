"""Editors at work in the chat: permissions, a field mended, Excel, misses; each turn its own transaction."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from bot.upkeep.watching import Watcher
from handlers.inline import inline_cards
from handlers.menu import UNKNOWN
from handlers.reply import Made, plain_text
from handlers.show import STALE
from handlers.turn import Attachment
from handlers.upkeep import TOPIC, changing, excel, missed
from handlers.upkeep.editing import IN_CHAT
from handlers.visit import Office
from knowledge.finder.finder import Finder
from knowledge.overlay.edition import PHRASE, phrase_subject
from knowledge.overlay.fields import BUREAU_FIELDS
from knowledge.overlay.reading import Reading, read_workbook
from knowledge.overlay.trial import Trial
from records.database import Database
from records.staff import Role, Staff
from tests.handlers.chat import NOON, Chat, labels, text
from tests.knowledge.overlay.sheets import Desk
from tests.records.backends import fresh_database

SHEET = Attachment("document", "f", "khedmatyar.xlsx", 90_000)
BETTER = Trial(200, 198, 199, (), found=True)


class World:
    """Chats over one office that a watcher keeps current."""

    def __init__(self, database: Database, finder: Finder) -> None:
        self.database = database
        self.office = Office(finder, {"telegram": "khedmatyar_bot"})
        self.watcher = Watcher(database, self, finder.catalogue)
        self._seen = 0

    async def join(self, person: str, role: Role) -> Chat:
        async with self.database.transaction() as records:
            await Staff(records.connection).put("telegram", person, role, at=NOON, name=f"{role} {person}")
        return await self.chat(person)

    async def chat(self, person: str) -> Chat:
        await self.watcher.refresh()
        return Chat(self.database, self.office, person=person)

    async def refresh(self, *chats: Chat) -> None:
        """What every replica does each second."""
        await self.watcher.refresh()
        for chat in chats:
            chat.office = self.office


@pytest.fixture
async def world(tmp_path: Path, finder: Finder) -> AsyncIterator[World]:
    async with fresh_database("sqlite", tmp_path) as database:
        yield World(database, finder)


@pytest.fixture
async def editor(world: World) -> Chat:
    return await world.join("9", "editor")


@pytest.mark.parametrize("role", [None, "officer"])
async def test_to_others_upkeep_does_not_exist(world: World, role: Role | None) -> None:
    chat = await world.join("5", role) if role else await world.chat("5")
    for command in TOPIC.commands:
        assert UNKNOWN in text(await chat.say(f"/{command.name}"))
    for verb in TOPIC.buttons:
        assert STALE in text(await chat.press_data(f"{verb}:it-01:title"))
    writing = {"at": NOON.isoformat(), "kind": "field", "subject": "it-01", "field": "title"}
    chat.memory = json.dumps({"topic": "upkeep", "draft": {"upkeep": writing}})
    await chat.say("عنوان دروغین")
    assert chat.state.topic is None
    assert "ویرایش" not in labels(await chat.press_data("s:it-01"))
    assert excel.NOT_FETCHED not in text(await chat.send(SHEET))


async def test_not_in_a_group(editor: Chat) -> None:
    reply = await editor.turn(text="/catalogue", private=False)
    assert not any(part.file for part in reply.parts)
    assert "ویرایش" not in labels(await editor.turn(button="s:it-01", private=False))


async def test_a_fee_from_the_card_to_every_card_and_back(world: World, editor: Chat) -> None:
    await editor.press_data("s:it-01")
    await editor.press("ویرایش")
    await editor.press("هزینه")
    shown = await editor.say("50000 ریال\nدلیل: بخشنامه‌ی تازه")
    assert "+ ۵۰۰۰۰ ریال" in text(shown)
    assert "بخشنامه‌ی تازه" in text(shown)
    assert changing.DONE in text(await editor.press("ثبت شود"))
    citizen = await world.chat("7")
    assert "هزینه: ۵۰۰۰۰ ریال (کارمند، ۱۴۰۵/۰۹/۰۱)" in text(await citizen.press_data("s:it-01"))
    assert "۵۰۰۰۰ ریال (کارمند" in text(await citizen.say("هزینه‌اش چقدر است؟"))
    [inline] = inline_cards(world.office, "it-01", None)
    assert "۵۰۰۰۰ ریال" in plain_text(inline.blocks)
    assert changing.UNDONE in text(await editor.press("بازگرداندن"))
    await world.refresh(citizen)
    assert "کارمند" not in text(await citizen.press_data("s:it-01"))


async def test_steps_and_phone_from_the_card(world: World, editor: Chat) -> None:
    for field, words in (("مراحل", "۱. درخواست\n۲. تأیید؟ [بلی ← ۳؛ خیر ← پایان]\n۳. صدور"), ("تلفن دفتر", "028-3322")):
        await editor.press_data("up:it-01")
        await editor.press(field)
        await editor.say(words)
        await editor.press("ثبت شود")
        await world.refresh(editor)
    card = text(await editor.press_data("s:it-01"))
    assert "۲. تأیید؟ (بلی: گام ۳؛ خیر: پایان)" in card
    assert "تلفن: ۰۲۸-۳۳۲۲" in card
    assert "به‌روزشده: مراحل، تلفن دفتر (کارمند، ۱۴۰۵/۰۹/۰۱)" in card


async def test_a_bad_text_is_told_and_asked_again(world: World, editor: Chat) -> None:
    await editor.press_data("upf:it-01:title")
    assert "عنوان: " in text(await editor.say("خدمت ها"))
    assert "+ خدمت‌ها" in text(await editor.say("خدمت‌ها"))
    await editor.press("نه")
    await world.refresh(editor)
    assert editor.office.edition.version == 0
    await editor.press_data("upf:it-01:short_title")
    taken = editor.office.catalogue.service("it-02").short_title
    assert "تکراری" in text(await editor.say(taken))


async def test_a_command_or_the_button_ends_the_writing(editor: Chat) -> None:
    for end in ("/help", None):
        await editor.press_data("upf:it-01:title")
        await (editor.say(end) if end else editor.press("انصراف"))
        assert editor.state.topic is None


async def test_a_draft_is_confirmed_by_its_author_alone_and_once(world: World, editor: Chat) -> None:
    other = await world.join("10", "editor")
    await editor.press_data("upf:it-01:fee")
    await editor.say("رایگان")
    confirm = editor.data("ثبت شود")
    assert (await other.press_data(confirm)).notice == changing.GONE
    assert changing.DONE in text(await editor.press_data(confirm))
    assert (await editor.press_data(confirm)).notice == changing.GONE


async def test_who_comes_second_is_told_and_changes_nothing(world: World, editor: Chat) -> None:
    other = await world.join("10", "admin")
    for chat, fee in ((editor, "رایگان"), (other, "گران")):
        await chat.press_data("upf:it-01:fee")
        await chat.say(fee)
    assert changing.DONE in text(await editor.press("ثبت شود"))
    assert "کس دیگری" in text(await other.press("ثبت شود"))
    await world.refresh(editor)
    assert editor.office.edition.value("it-01", "fee") == "رایگان"


async def test_changes_lists_and_takes_back_what_others_did(world: World, editor: Chat) -> None:
    assert changing.NO_CHANGES in text(await editor.say("/changes"))
    await editor.press_data("upf:it-01:fee")
    await editor.say("رایگان")
    await editor.press("ثبت شود")
    admin = await world.join("10", "admin")
    assert "editor 9، گفت‌وگو: سیاست‌های فناوری اطلاعات: هزینه" in text(await admin.say("/changes"))
    assert changing.UNDONE in text(await admin.press("بازگرداندن ۱"))
    assert "[برگردانده شد]" in text(await admin.say("/changes"))
    async with world.database.reading() as records:
        trail = await Staff(records.connection).trail()
    assert [(one.what, one.target) for one in trail] == [("catalogue", "change 2"), ("catalogue", "change 1")]


async def test_the_workbook_goes_out_and_comes_back_changed(world: World, editor: Chat) -> None:
    [part] = (await editor.say("/catalogue")).parts
    assert isinstance(part.file, Made)
    assert part.file.name == "khedmatyar-catalogue-0.xlsx"
    assert len(load_workbook(io.BytesIO(part.file.content)).sheetnames) == 20
    desk = Desk(editor.office.edition)
    desk.put("it", "it-01", "هزینه", "رایگان")
    desk.put("it", "it-02", "عنوان", "عنوانی دیگر")
    reading = read_workbook(desk.saved(), editor.office.edition)
    shown = await editor.turn(attachments=(SHEET,), brought=reading, text="نامه‌ی ۱۲")
    assert "۱ افزوده، ۱ عوض‌شده" in text(shown)
    assert "دلیل: نامه‌ی ۱۲" in text(shown)
    await editor.press("ثبت شود")
    await world.refresh(editor)
    assert editor.office.catalogue.service("it-02").title == "عنوانی دیگر"
    assert editor.office.find("عنوانی دیگر").candidates


async def test_a_bad_workbook_is_told_with_a_bounded_list(editor: Chat) -> None:
    desk = Desk(editor.office.edition)
    for number in range(1, 10):
        desk.put("it", f"it-{number:02}", "به زبان ساده", "می شود")
        desk.put("it", f"it-{number:02}", "عنوان", None)
    reading = read_workbook(desk.saved(), editor.office.edition)
    told = text(await editor.turn(attachments=(SHEET,), brought=reading))
    assert "۱۸ خانه درست نیست" in told
    assert "سطر ۲، ستون D (به زبان ساده)" in told
    assert "… و ۳ خانه‌ی دیگر" in told
    refused = await editor.turn(attachments=(SHEET,), brought=Reading(refused="نه"))
    assert text(refused) == "نه"
    assert excel.NOT_FETCHED in text(await editor.send(SHEET))


async def ask(world: World, *questions: str) -> None:
    async with world.database.transaction() as records:
        for question in questions:
            await records.miss("telegram", "declined", question, decision="decline", at=NOON)


async def test_a_missed_question_becomes_a_phrase_at_once_and_back(world: World, editor: Chat) -> None:
    question = "قزقلعه‌ی سیبرنما می‌خواهم"
    await ask(world, question, "قزقلعه‌ی سیبر نما می‌خواهم", "چیز دیگری که کسی نمی‌داند")
    assert "it-03" not in {one.code for one in editor.office.find(question).services}
    shown = await editor.say("/misses")
    assert "۲ بار" in text(shown)
    await editor.press("خدمت دیگر")
    await editor.say("it-03")
    accepted = await editor.turn(button=editor.data("✓"), brought=BETTER)
    assert missed.ACCEPTED in text(accepted)
    assert "پیش ۱۹۸، پس ۱۹۹" in text(accepted)
    await world.refresh(editor)
    assert "it-03" in {one.code for one in editor.office.find(question).services}
    assert "چیز دیگری" in text(await editor.say("/misses"))
    await editor.press_data("upun:1")
    await world.refresh(editor)
    assert "it-03" not in {one.code for one in editor.office.find(question).services}
    assert "۲ بار" in text(await editor.say("/misses"))


async def test_a_phrase_that_makes_it_worse_is_refused_with_the_numbers(world: World, editor: Chat) -> None:
    await ask(world, "قزقلعه")
    await editor.say("/misses")
    worse = Trial(200, 198, 190, ("شماره مستخدم",), found=True)
    told = text(await editor.turn(button=editor.data("✓"), brought=worse))
    assert missed.REFUSED in told
    assert "پس ۱۹۰" in told
    assert "«شماره مستخدم»" in told
    await world.refresh(editor)
    assert editor.office.edition.phrases == ()
    assert "قزقلعه" in text(await editor.say("/misses"))


async def test_a_rejected_question_is_not_shown_again_and_names_nobody(world: World, editor: Chat) -> None:
    await ask(world, "کد ملی من 0013542419 است")
    assert "0013542419" not in text(await editor.say("/misses"))
    await editor.press("کار ما نیست")
    assert missed.NONE_LEFT in text(await editor.say("/misses"))


async def test_gaps_are_most_asked_first(world: World, editor: Chat) -> None:
    async with world.database.transaction() as records:
        await records.vote("it-05", helpful=False, at=NOON)
    await editor.say("/gaps")
    lines = text(await editor.press("مدیریت فناوری")).splitlines()
    assert "تلفن دفتر" in lines[1]
    assert "۱ بار پرسیده شد" in lines[2]


FIELD_TEXTS = {
    "title": "عنوانی تازه",
    "short_title": "عنوان کوتاه تازه",
    "summary": "گره‌ای تازه",
    "documents": "فرم: فرم درخواست\nکارت ملی",
    "workflow": "۱. ثبت درخواست\n۲. صدور",
    "duration": "سه روز",
    "fee": "رایگان",
    "link": "https://ostan-qz.ir/form",
    "outdated": "بخشنامه‌ی تازه آمده است",
    "phone": "028-33222222",
    "address": "قزوین، بلوار آیت‌الله خامنه‌ای",
    "hours": "شنبه تا چهارشنبه، ۷ تا ۱۴",
}


@pytest.mark.parametrize("name", FIELD_TEXTS)
async def test_every_field_is_mended_from_the_card_and_taken_back_by_one_tap(
    world: World, editor: Chat, name: str
) -> None:
    assert {*FIELD_TEXTS} == {*IN_CHAT}
    subject = editor.office.catalogue.bureau_of("it-01").slug if name in BUREAU_FIELDS else "it-01"
    before = editor.office.edition.value(subject, name)
    await editor.press_data("s:it-01")
    await editor.press("ویرایش")
    await editor.press_data(f"upf:it-01:{name}")
    await editor.say(FIELD_TEXTS[name])
    await editor.press("ثبت شود")
    await world.refresh(editor)
    assert editor.office.edition.value(subject, name) != before
    await editor.press("بازگرداندن")
    await world.refresh(editor)
    assert editor.office.edition.value(subject, name) == before
    assert editor.office.edition.facts == {}


async def test_phrases_by_excel_pass_the_trial_and_the_bad_one_is_named(world: World, editor: Chat) -> None:
    title = editor.office.catalogue.service("admin-01").short_title
    bad, good = f"{title} را برایم انجام دهید", "قزقلعه‌ی سیبرنما می‌خواهم"
    edits = [
        edit
        for phrase, code in ((bad, "urban-01"), (good, "it-03"))
        if (
            edit := editor.office.edition.edit(
                phrase_subject(phrase), PHRASE, {"text": phrase, "label": f"service:{code}"}
            )
        )
    ]
    said = text(await editor.turn(attachments=(SHEET,), brought=Reading(tuple(edits))))
    assert f"+ {good}" in said
    assert f"+ {bad}" not in said
    assert "۱ عبارت تازه با هم آزموده شد" in said
    assert f"«{bad}» برای «" in said
    assert "می‌رسد؛ از " in said
    assert f"به «{title}» می‌رسد" in said
    await editor.press("ثبت شود")
    await world.refresh(editor)
    assert [phrase.text for phrase in editor.office.edition.phrases] == [good]
    only_bad = Reading((edits[0],))
    alone = await editor.turn(attachments=(SHEET,), brought=only_bad)
    assert changing.NOTHING in text(alone)
    assert "ثبت شود" not in labels(alone)
