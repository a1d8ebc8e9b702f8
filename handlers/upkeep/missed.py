"""`/misses`: questions that were not met, alike ones together; a tap makes one a phrase of a service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from handlers.desk.guard import log, stale
from handlers.masking import mask
from handlers.reply import Button, Heading, Items, Part, Reply, Row, message, say
from handlers.upkeep.changing import overlay, undo_row
from handlers.upkeep.figures import figures
from handlers.upkeep.memory import clear, remember
from handlers.visit import LONGEST, Visit
from knowledge.finder.finder import AddedPhrase
from knowledge.finder.phrases import label
from knowledge.overlay.edition import PHRASE, PHRASE_LENGTH, Edit, phrase_subject
from knowledge.overlay.likeness import Group, grouped
from knowledge.overlay.trial import Trial, tried
from knowledge.persian import persian_digits
from records.overlay import Miss, Stale
from records.staff import Member

RECENT = timedelta(days=60)
OFFERED = 3
EXAMPLES = 4
NONE_LEFT = "پرسش بی‌پاسخ تازه‌ای نمانده است 🌱"
GONE = "به این پرسش پیش‌تر رسیدگی شده است."
WHICH_SERVICE = "نام یا کد خدمتی را که این پرسش به آن می‌خورد بنویسید."
NO_SERVICE = "خدمتی با این نام پیدا نشد. با واژه‌های دیگری بنویسید."
LIKELY = "شاید یکی از این‌ها:"
REFUSED = "این عبارت افزوده نشد، چون پاسخ‌ها را بدتر می‌کند."
ACCEPTED = "عبارت افزوده شد و تا چند ثانیه‌ی دیگر به کار می‌افتد."
REJECTED = "کنار گذاشته شد."
CANCEL: Row = (Button("انصراف", data="upquit"),)


async def misses(visit: Visit, _member: Member, words: tuple[str, ...]) -> Reply:
    """`/misses` and `ms:<place>`: one group, most frequent first, with the likely services."""
    groups = await _groups(visit)
    if not groups:
        return message(NONE_LEFT)
    place = int(words[0]) if words and words[0].isascii() and words[0].isdecimal() and len(words[0]) < 5 else 0
    place = min(place, len(groups) - 1)
    return Reply((_group_part(visit, groups, place),))


def _group_part(visit: Visit, groups: Sequence[Group], place: int) -> Part:
    group = groups[place]
    found = visit.office.find(group.first)
    likely = [scored.code for scored in found.candidates[:OFFERED]]
    rows = [*_service_rows(visit, group.ids[0], likely)]
    rows.append((
        Button("خدمت دیگر", data=f"msother:{group.ids[0]}"), Button("کار ما نیست", data=f"msno:{group.ids[0]}")
    ))  # fmt: skip
    pager = [Button("قبلی", data=f"ms:{place - 1}")] if place else []
    pager += [Button("بعدی", data=f"ms:{place + 1}")] if place + 1 < len(groups) else []
    if pager:
        rows.append(tuple(pager))
    where = f"{persian_digits(place + 1)} از {persian_digits(len(groups))}"
    heading = Heading(f"پرسش بی‌پاسخ {where}؛ {persian_digits(group.count)} بار", 1)
    return Part((heading, Items(tuple(mask(text)[:200] for text in group.texts[:EXAMPLES])), say(LIKELY)), tuple(rows))


def _service_rows(visit: Visit, miss: int, codes: Sequence[str]) -> list[Row]:
    return [
        (Button(f"✓ {visit.office.catalogue.service(code).short_title}", data=f"msok:{miss}:{code}"),) for code in codes
    ]


async def _groups(visit: Visit) -> tuple[Group, ...]:
    rows = await overlay(visit).misses(visit.turn.at - RECENT)
    return await asyncio.to_thread(grouped, [(row.id, row.question) for row in rows])


async def _group_of(visit: Visit, parts: tuple[str, ...]) -> Group | None:
    number = int(parts[0]) if parts and parts[0].isascii() and parts[0].isdecimal() and len(parts[0]) < 16 else 0
    return next((group for group in await _groups(visit) if number in group.ids), None)


def phrase_of(rows: Sequence[Miss], miss: int) -> str | None:
    """The text that a missed question would add."""
    text = next((row.question for row in rows if row.id == miss), None)
    return None if text is None else mask(text)[:PHRASE_LENGTH]


async def accept(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`msok:<miss>:<code>`: try the phrase against the repository's questions, then add it."""
    group = await _group_of(visit, parts)
    if len(parts) != 2 or parts[1] not in visit.office.catalogue:
        return stale()
    if group is None:
        return Reply(notice=GONE)
    miss, code = int(parts[0]), parts[1]
    edition = visit.office.edition
    text = phrase_of(await overlay(visit).misses(visit.turn.at - RECENT), miss)
    if text is None:
        return Reply(notice=GONE)
    new = AddedPhrase(text, label("service", code))
    brought = visit.turn.brought
    if isinstance(brought, Trial):
        trial = brought
    else:
        trial = await asyncio.to_thread(tried, visit.office.finder, edition.phrases, new, missed=True)
    if trial.worse:
        return message(REFUSED, figures(visit.office.catalogue, trial), buttons=((Button("بعدی", data="ms:0"),),))
    edit = edition.edit(phrase_subject(text), PHRASE, {"text": text, "label": new.label})
    return await _added(visit, member, group, [edit] if edit else [], trial)


async def _added(visit: Visit, member: Member, group: Group, edits: Sequence[Edit], trial: Trial) -> Reply:
    store = overlay(visit)
    if not edits:
        await store.judge(group.ids, "phrase", author=member.who, at=visit.turn.at)
        return message(ACCEPTED, figures(visit.office.catalogue, trial))
    reason = f"پرسش بی‌پاسخ، {persian_digits(group.count)} بار"
    try:
        visit.office.edition.with_edits(edits)
        version = await store.apply(
            edits, author=member.who, name=member.shown, kind="phrase", reason=reason, at=visit.turn.at
        )
    except Stale as refusal:
        return message(str(refusal))
    await store.judge(group.ids, "phrase", author=member.who, at=visit.turn.at, change=version)
    await log(visit, member, "phrase", f"change {version}")
    rows = (undo_row(version), (Button("بعدی", data="ms:0"),))
    return message(ACCEPTED, figures(visit.office.catalogue, trial), buttons=rows)


async def reject(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`msno:<miss>`: nothing of ours; the group is not shown again."""
    group = await _group_of(visit, parts)
    if group is None:
        return Reply(notice=GONE)
    await overlay(visit).judge(group.ids, "rejected", author=member.who, at=visit.turn.at)
    return message(REJECTED, buttons=((Button("بعدی", data="ms:0"),),))


async def other(visit: Visit, _member: Member, parts: tuple[str, ...]) -> Reply:
    """`msother:<miss>`: wait for the service's name or code."""
    group = await _group_of(visit, parts)
    if group is None:
        return Reply(notice=GONE)
    remember(visit, "miss", miss=int(parts[0]))
    return message(WHICH_SERVICE, buttons=(CANCEL,))


async def name_service(visit: Visit, miss: int) -> Reply:
    """The name came: the services that it may be."""
    text = " ".join(visit.turn.text[:LONGEST].split())
    if text in visit.office.catalogue:
        codes = [text]
    else:
        codes = [scored.code for scored in visit.office.find(text).candidates[:5]]
    if not codes:
        return message(NO_SERVICE, buttons=(CANCEL,))
    clear(visit)
    return message(LIKELY, buttons=[*_service_rows(visit, miss, codes), CANCEL])
