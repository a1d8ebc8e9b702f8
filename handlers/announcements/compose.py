"""`/announce`: a member composes an announcement, sees it as it will arrive, and sends it or asks a second person.

What is composed stands in the database as a draft; the chat remembers only which, and what is being asked for.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from handlers.announcements.rules import (
    APPROVERS,
    COUNTIES,
    may_address,
    needs_approval,
    store,
)
from handlers.announcements.show import announcement_part, bureau_names, described, duration_text, panel
from handlers.announcements.when import EXAMPLE, WhenError, read_when
from handlers.desk.guard import log, stale
from handlers.desk.post import tell_members
from handlers.desk.rules import staff
from handlers.reply import Button, Heading, Items, Part, Reply, Row, message, say
from handlers.turn import Attachment
from handlers.visit import Visit
from knowledge.persian import persian_digits
from records import ledger
from records.announcement_values import Announcement, Audience, Body, FileRef, Kind, StaleError
from records.staff import Member

TOPIC_NAME = "announce"
KEY = "announce"

LONGEST = 3500
LONGEST_CAPTION = 800
"""Most UTF-16 code units of a text, alone and under a single file: it must fit into one message with its head."""

MOST_FILES = 10
MOST_OPTIONS = 8
OPTION_LENGTH = 60
WRITTEN_AT_ONCE = 5000
"""Subscribers whose rows are written in the transaction that approves; the sender writes those of more."""

START = (
    "متن اطلاعیه را بفرستید؛ با عکس، فیلم یا سند هم می‌شود (آلبوم تا ده فایل). "
    "برای نظرسنجی، پرسش را بنویسید و هر گزینه را در یک سطر با «-» شروع کنید."
)
NOT_TAKEN = "این را نمی‌توانم در اطلاعیه بگذارم؛ متن، عکس، فیلم یا سند بفرستید."
NATIVE_POLL = "نظرسنجی پیام‌رسان را نمی‌شود به همه رساند. پرسش را بنویسید و هر گزینه را در یک سطر با «-» شروع کنید."
MIXED = "در یک اطلاعیه یا عکس و فیلم می‌شود یا سند، نه هر دو."
TOO_MANY = "تا ۱۰ فایل جا می‌شود."
TOO_LONG = "متن {length} نویسه است و تا {most} نویسه در یک پیام جا می‌شود. کوتاه‌ترش را بفرستید."
FEW_OPTIONS = (
    f"نظرسنجی ۲ تا {persian_digits(MOST_OPTIONS)} گزینه دارد، هر کدام تا {persian_digits(OPTION_LENGTH)} نویسه."
)
NO_QUESTION = "پرسش نظرسنجی را هم پیش از گزینه‌ها بنویسید."
EMPTY = "هنوز چیزی ننوشته‌اید. متن اطلاعیه را بفرستید."
ASK_WHEN = f"چه زمانی فرستاده شود؟ {EXAMPLE}"
NO_AUDIENCE = "نخست دفتری را انتخاب کنید."
NOBODY = "هیچ مشترکی با این شرط نیست؛ اگر بفرستید، فقط در فهرست اطلاعیه‌ها دیده می‌شود."
NO_SECOND = "این اطلاعیه تأیید نفر دوم می‌خواهد و جز شما مدیر یا ویراستاری نیست. با /staff کسی را بیفزایید."
ASKED = "برای تأیید فرستاده شد. همین که کسی تأیید کند، خبرتان می‌کنم."
PLEASE_APPROVE = "{name} تأیید این اطلاعیه را خواسته است. درست همین‌طور می‌رسد:"
DROPPED = "پیش‌نویس کنار گذاشته شد."
CHANGED = "این اطلاعیه در این فاصله تغییر کرده است؛ دوباره ببینید."

_FILES = frozenset({"photo", "video", "document"})
_OPTION = re.compile(r"^\s*[-–—•▪*]\s*(.+?)\s*$")

Step = Literal["body", "when", "edit"]


class Memory(BaseModel):
    """What is being asked for in this chat, of which announcement. `albums`: those already confirmed."""

    model_config = ConfigDict(extra="ignore")
    number: int
    step: Step
    albums: tuple[str, ...] = ()


def recall(visit: Visit) -> Memory | None:
    """None when nothing is asked for."""
    if visit.state.topic != TOPIC_NAME:
        return None
    try:
        return Memory.model_validate(visit.state.draft.get(KEY))
    except ValidationError:
        return None


def remember(visit: Visit, memory: Memory) -> None:
    """Ask for something."""
    visit.state.topic = TOPIC_NAME
    visit.state.draft = {**visit.state.draft, KEY: memory.model_dump(mode="json")}


def clear(visit: Visit) -> None:
    """Nothing is asked for any more."""
    visit.state.draft = {key: value for key, value in visit.state.draft.items() if key != KEY}
    if visit.state.topic == TOPIC_NAME:
        visit.state.topic = None


async def begin(visit: Visit, member: Member) -> Reply:
    """A new draft."""
    made = await store(visit).create(member.id, visit.turn.at)
    if member.role == "officer":
        await store(visit).change(made, audience=Audience("bureaus", member.bureaus))
    remember(visit, Memory(number=made.id, step="body"))
    await log(visit, member, "announce_new", target(made))
    rows = ((Button("همه‌ی اطلاعیه‌ها", data="nwlist:0"), Button("انصراف", data=f"nwdrop:{made.id}")),)
    return message(Heading("اطلاعیه‌ی تازه"), START, buttons=rows)


async def take_body(visit: Visit, memory: Memory, draft: Announcement) -> Reply:
    """A text, a file, or one picture of an album for the draft."""
    known = frozenset(memory.albums)
    albums = {one.album for one in visit.turn.attachments if one.album}
    try:
        body = _with(draft.body, visit.turn.text, visit.turn.attachments, visit.turn.channel)
    except WhenError as refusal:
        return Reply() if albums & known else message(str(refusal))
    draft = await store(visit).change(draft, body=body)
    remember(visit, memory.model_copy(update={"albums": tuple(sorted(known | albums))}))
    return Reply() if albums & known else composer(visit, draft, "رسید. اگر متن تازه‌ای بفرستید، جای قبلی می‌نشیند.")


def _with(body: Body, text: str, attachments: tuple[Attachment, ...], channel: str) -> Body:
    files = list(body.files)
    for one in attachments:
        if one.kind == "other":
            raise WhenError(NATIVE_POLL)
        if one.kind not in _FILES:
            raise WhenError(NOT_TAKEN)
        files.append(FileRef(channel, one.kind, one.file_id))
    kinds = {file.kind for file in files}
    if "document" in kinds and len(kinds) > 1:
        raise WhenError(MIXED)
    if len(files) > MOST_FILES:
        raise WhenError(TOO_MANY)
    made = replace(body, files=tuple(files))
    if text.strip():
        said = read_text(text)
        made = replace(made, text=said.text, options=said.options)
    return fitting(made)


def read_text(text: str) -> Body:
    """Text and options as a member wrote them; WhenError says what is wrong."""
    lines = text.strip().splitlines()
    options = [found[1] for line in lines if (found := _OPTION.match(line))]
    if len(options) < 2:
        return fitting(Body(text.strip()))
    question = "\n".join(line for line in lines if not _OPTION.match(line)).strip()
    if not question:
        raise WhenError(NO_QUESTION)
    if len(options) > MOST_OPTIONS or any(len(option) > OPTION_LENGTH for option in options):
        raise WhenError(FEW_OPTIONS)
    return fitting(Body(question, options=tuple(options)))


def fitting(body: Body) -> Body:
    """The body, when it fits into one message; WhenError says by how much it does not."""
    length = len(body.text.encode("utf-16-le", "surrogatepass")) // 2
    most = LONGEST_CAPTION if len(body.files) == 1 else LONGEST
    if length > most:
        raise WhenError(TOO_LONG.format(length=persian_digits(length), most=persian_digits(most)))
    return body


def composer(visit: Visit, draft: Announcement, note: str = "") -> Reply:
    """The draft with what can still be chosen."""
    number = draft.id
    kind: Kind = "normal" if draft.kind == "urgent" else "urgent"
    rows: tuple[Row, ...] = (
        (Button("گیرندگان", data=f"nwaud:{number}"), Button("زمان", data=f"nwwhen:{number}")),
        (
            Button("عادی شود" if kind == "normal" else "فوری شود", data=f"nwkind:{number}:{kind}"),
            *((Button("برداشتن فایل‌ها", data=f"nwbare:{number}"),) if draft.body.files else ()),
        ),
        (Button("پیش‌نمایش و فرستادن", data=f"nwprev:{number}"), Button("انصراف", data=f"nwdrop:{number}")),
    )
    names = bureau_names(visit.office.catalogue)
    blocks = [*((say(note),) if note else ()), described(draft, names)]
    return message(Heading("پیش‌نویس اطلاعیه"), *blocks, buttons=rows, replaces="pressed")


async def take_when(visit: Visit, draft: Announcement) -> Reply:
    """The hour that was asked for."""
    try:
        due = read_when(visit.turn.text, visit.turn.at)
    except WhenError as refusal:
        return message(str(refusal), buttons=((Button("همین که تأیید شود", data=f"nwnow:{draft.id}"),),))
    changed = await store(visit).change(draft, due_at=due)
    remember(visit, Memory(number=draft.id, step="body"))
    return composer(visit, changed)


async def when(visit: Visit, _member: Member, draft: Announcement, _rest: tuple[str, ...]) -> Reply:
    """`nwwhen:<number>`."""
    remember(visit, Memory(number=draft.id, step="when"))
    return message(ASK_WHEN, buttons=((Button("همین که تأیید شود", data=f"nwnow:{draft.id}"),),))


async def now(visit: Visit, _member: Member, draft: Announcement, _rest: tuple[str, ...]) -> Reply:
    """`nwnow:<number>`."""
    remember(visit, Memory(number=draft.id, step="body"))
    return composer(visit, await store(visit).change(draft, at_once=True))


async def kind(visit: Visit, _member: Member, draft: Announcement, rest: tuple[str, ...]) -> Reply:
    """`nwkind:<number>:<kind>`."""
    wanted: Kind = "urgent" if rest == ("urgent",) else "normal"
    return composer(visit, await store(visit).change(draft, kind=wanted))


async def bare(visit: Visit, _member: Member, draft: Announcement, _rest: tuple[str, ...]) -> Reply:
    """`nwbare:<number>`: without the files."""
    return composer(visit, await store(visit).change(draft, body=replace(draft.body, files=())))


async def audience(  # noqa: PLR0911 — one a button
    visit: Visit, member: Member, draft: Announcement, rest: tuple[str, ...]
) -> Reply:
    """`nwaud:<number>` offers; `:everyone`, `:county:<slug>` choose; `:bureau:<slug>` adds or takes away a bureau."""
    names = bureau_names(visit.office.catalogue)
    mine = {slug: name for slug, name in names.items() if member.role != "officer" or slug in member.bureaus}
    match rest:
        case ("everyone",):
            return await _aim(visit, member, draft, Audience())
        case ("county", slug) if slug in COUNTIES:
            return await _aim(visit, member, draft, Audience("county", county=slug))
        case ("bureau", slug) if slug in mine:
            before = draft.audience.bureaus if draft.audience.kind == "bureaus" else ()
            chosen = tuple(sorted(set(before) ^ {slug}))
            draft = await store(visit).change(draft, audience=Audience("bureaus", chosen))
            return _bureau_page(draft, mine)
        case ("bureaus",):
            return _bureau_page(draft, mine)
        case ("counties",) if member.role != "officer":
            rows: list[Row] = [
                (Button(name, data=f"nwaud:{draft.id}:county:{slug}"),) for slug, name in COUNTIES.items()
            ]
            return message("مشترکان کدام شهرستان؟", buttons=rows, replaces="pressed")
        case ():
            return _audience_page(draft, member)
    return stale()


async def _aim(visit: Visit, member: Member, draft: Announcement, wanted: Audience) -> Reply:
    if not may_address(member, wanted):
        return stale()
    return composer(visit, await store(visit).change(draft, audience=wanted))


def _audience_page(draft: Announcement, member: Member) -> Reply:
    number = draft.id
    rows: list[Row] = [(Button("مشترکان چند دفتر", data=f"nwaud:{number}:bureaus"),)]
    if member.role != "officer":
        rows.insert(0, (Button("همه‌ی مشترکان", data=f"nwaud:{number}:everyone"),))
        rows.append((Button("مشترکان یک شهرستان", data=f"nwaud:{number}:counties"),))
    rows.append((Button("بازگشت", data=f"nwshow:{number}"),))
    return message("اطلاعیه برای کیست؟", buttons=rows, replaces="pressed")


def _bureau_page(draft: Announcement, mine: dict[str, str]) -> Reply:
    chosen = draft.audience.bureaus if draft.audience.kind == "bureaus" else ()
    rows: list[Row] = [
        (Button(f"{'✅ ' if slug in chosen else ''}{name}", data=f"nwaud:{draft.id}:bureau:{slug}"),)
        for slug, name in mine.items()
    ]
    rows.append((Button("همین‌ها", data=f"nwshow:{draft.id}"),))
    return message("مشترکان کدام دفترها؟ (کسی که همه را خواسته هم می‌گیرد)", buttons=rows, replaces="pressed")


async def show(visit: Visit, _member: Member, draft: Announcement, _rest: tuple[str, ...]) -> Reply:
    """`nwshow:<number>`: back to the draft."""
    return composer(visit, draft)


async def preview(visit: Visit, member: Member, draft: Announcement, _rest: tuple[str, ...]) -> Reply:
    """`nwprev:<number>`: exactly as it will arrive, with how many it goes to and how long that takes."""
    if not (draft.body.text or draft.body.files):
        return message(EMPTY)
    if not may_address(member, draft.audience):
        return message(NO_AUDIENCE)
    send = "فرستادن برای تأیید" if needs_approval(draft) else "بفرست"
    rows = (
        (Button(send, data=f"nwok:{draft.id}:{draft.version}"), Button("تغییر", data=f"nwshow:{draft.id}")),
        (Button("انصراف", data=f"nwdrop:{draft.id}"),),
    )
    return Reply((announcement_part(draft, visit.office.catalogue), await summary(visit, draft, rows)))


async def summary(visit: Visit, draft: Announcement, rows: tuple[Row, ...]) -> Part:
    """What stands below a preview."""
    count = await store(visit).recipients(draft.audience, draft.kind)
    lines = Items((f"شمار گیرندگان: {persian_digits(count)}", f"زمان لازم: {duration_text(count)}"))
    more = [say(NOBODY)] if not count else []
    return Part((described(draft, bureau_names(visit.office.catalogue)), lines, *more), rows)


async def drop(visit: Visit, member: Member, draft: Announcement, _rest: tuple[str, ...]) -> Reply:
    """`nwdrop:<number>`."""
    await store(visit).move(draft, "dropped")
    clear(visit)
    await log(visit, member, "announce_drop", target(draft))
    return message(DROPPED, replaces="pressed")


async def confirm(visit: Visit, member: Member, draft: Announcement, rest: tuple[str, ...]) -> Reply:
    """`nwok:<number>:<version>`: the author has seen the preview of that version."""
    if rest != (str(draft.version),):
        return message(CHANGED, buttons=((Button("پیش‌نمایش", data=f"nwprev:{draft.id}"),),))
    if not (draft.body.text or draft.body.files) or not may_address(member, draft.audience):
        return stale()
    if draft.due_at is not None and draft.due_at <= visit.turn.at:
        return message("زمانی که گفته بودید گذشته است.", buttons=((Button("زمان", data=f"nwwhen:{draft.id}"),),))
    clear(visit)
    if not needs_approval(draft):
        return await send(visit, member, draft)
    others = [one for one in await staff(visit).all() if one.role in APPROVERS and one.id != member.id]
    if not others:
        return message(NO_SECOND)
    asked = await store(visit).move(draft, "asked")
    await log(visit, member, "announce_ask", target(draft))
    rows: tuple[Row, ...] = (
        (Button("تأیید و فرستادن", data=f"nwyes:{asked.id}:{asked.version}"), Button("رد", data=f"nwno:{asked.id}")),
    )
    please = Part((say(PLEASE_APPROVE.format(name=member.shown)),))
    shown = announcement_part(asked, visit.office.catalogue)
    await tell_members(visit, others, please, shown, await summary(visit, asked, rows))
    return message(ASKED, buttons=((Button("پس گرفتن درخواست", data=f"nwdrop:{asked.id}"),),), replaces="pressed")


async def send(visit: Visit, member: Member, draft: Announcement) -> Reply:
    """Let it go, and show its progress in the message whose button was pressed. In the same transaction the rows of its
    recipients are written, or the first of them where they are many.

    Raises:
        StaleError: somebody else did, or changed it.
    """
    approved = await store(visit).approve(draft, member.id, visit.turn.at)
    await visit.records.connection.run(ledger.plan, approved.id, WRITTEN_AT_ONCE)
    await log(visit, member, "announce_approve", target(approved), f"{approved.audience.kind} {approved.kind}")
    fresh = await store(visit).get(approved.id)
    if fresh is None:
        raise StaleError
    if visit.turn.message is not None:
        await store(visit).watch(approved.id, visit.turn.channel, visit.turn.chat, visit.turn.message)
    return Reply((panel(fresh, await store(visit).tally(approved.id)),))


def target(announcement: Announcement) -> str:
    """How the audit names it."""
    return f"announcement:{announcement.id}"
