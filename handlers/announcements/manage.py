"""Announcements at work: the second person's word, the progress, pause, resume, stop, edit, recall."""

from __future__ import annotations

from dataclasses import replace

from handlers.announcements.compose import CHANGED, Memory, clear, fitting, read_text, remember, send, target
from handlers.announcements.rules import APPROVERS, may_apply, may_approve, store, subscriptions
from handlers.announcements.show import announcement_part, dated_line, panel, state_text
from handlers.announcements.when import WhenError
from handlers.desk.guard import log
from handlers.desk.post import tell_members
from handlers.desk.rules import staff
from handlers.reply import Button, Heading, Items, Part, Reply, Row, message, say
from handlers.visit import Visit
from knowledge.persian import persian_digits
from records import ledger
from records.announcement_values import OUT, Announcement
from records.staff import Member

PER_PAGE = 8

NOTHING = "هنوز اطلاعیه‌ای فرستاده نشده است."
APPROVED = "«{line}» تأیید شد و فرستاده می‌شود."
REFUSED = "«{line}» تأیید نشد. می‌توانید دوباره بنویسید: /announce"
REFUSED_HERE = "رد شد و به نویسنده‌اش گفتم."
OWN = "اطلاعیه‌ی خودتان را کس دیگری باید تأیید کند."
SURE_STOP = "متوقف کنم؟ کسانی که مانده‌اند دیگر نمی‌گیرند و این برگشت ندارد."
SURE_RECALL = "پس بگیرم؟ از کسانی که گرفته‌اند پاک می‌شود (پیام‌های کهنه‌تر از ۴۸ ساعت با «پس گرفته شد» عوض می‌شوند)."
SURE_AGAIN = (
    "درباره‌ی {count} نفر معلوم نیست پیام رسیده است یا نه. دوباره برایشان بفرستم؟ "
    "برخی شاید آن را دو بار بگیرند و این برگشت ندارد."
)
NO_DOUBT = "گیرنده‌ی نامعلومی نیست."
ASK_EDIT = "متن تازه را بفرستید. پیام‌هایی که رفته هم اصلاح می‌شود؛ فایل‌ها و گزینه‌ها همان می‌مانند."
TEXT_ONLY = "فقط متن تازه را بنویسید."
EDIT_ASKED = "اصلاح متن باید به تأیید نفر دوم برسد. از مدیران و ویراستاران خواستم."
EDIT_PLEASE = "{name} می‌خواهد متن این اطلاعیه چنین شود:"


async def listing(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`nwlist:<page>`: what was sent or is being sent; an officer's own."""
    page = int(parts[0]) if parts and parts[0].isascii() and parts[0].isdecimal() and len(parts[0]) < 4 else 0
    author = None if member.role in APPROVERS else member.id
    found, total = await store(visit).at_work(author, offset=page * PER_PAGE, limit=PER_PAGE)
    if not found:
        return message(NOTHING)
    lines = tuple(f"{dated_line(one)} — {state_text(one)}" for one in found)
    marks = tuple(persian_digits(one.id) for one in found)
    numbers = [Button(mark, data=f"nwsee:{one.id}") for mark, one in zip(marks, found, strict=True)]
    rows: list[Row] = [tuple(numbers[at : at + 4]) for at in range(0, len(numbers), 4)]
    turns = [Button("تازه‌ترها", data=f"nwlist:{page - 1}")] if page else []
    if total > (page + 1) * PER_PAGE:
        turns.append(Button("پیش‌ترها", data=f"nwlist:{page + 1}"))
    rows += [tuple(turns)] if turns else []
    return message(Heading("اطلاعیه‌ها"), Items(lines, marks), buttons=rows)


async def approve(visit: Visit, member: Member, asked: Announcement, rest: tuple[str, ...]) -> Reply:
    """`nwyes:<number>:<version>`: the second person agrees to what they were shown."""
    if not may_approve(member, asked):
        return Reply(notice=OWN)
    if rest != (str(asked.version),):
        return Reply(notice=CHANGED)
    reply = await send(visit, member, asked)
    await _tell_author(visit, asked, APPROVED, ((Button("دیدن پیشرفت", data=f"nwsee:{asked.id}"),),))
    return reply


async def refuse(visit: Visit, member: Member, asked: Announcement, _rest: tuple[str, ...]) -> Reply:
    """`nwno:<number>`."""
    if not may_approve(member, asked):
        return Reply(notice=OWN)
    await store(visit).move(asked, "dropped", reason="refused")
    await log(visit, member, "announce_refuse", target(asked))
    await _tell_author(visit, asked, REFUSED)
    return message(REFUSED_HERE, replaces="pressed")


async def see(visit: Visit, _member: Member, one: Announcement, _rest: tuple[str, ...]) -> Reply:
    """`nwsee:<number>`: the progress, kept up to date in the message whose button was pressed."""
    return await _panel(visit, one)


async def pause(visit: Visit, member: Member, one: Announcement, _rest: tuple[str, ...]) -> Reply:
    """`nwpause:<number>`."""
    paused = await store(visit).move(one, "paused")
    await log(visit, member, "announce_pause", target(one))
    return await _panel(visit, paused)


async def resume(visit: Visit, member: Member, one: Announcement, _rest: tuple[str, ...]) -> Reply:
    """`nwgo:<number>`."""
    running = await store(visit).move(one, "running")
    await log(visit, member, "announce_resume", target(one))
    return await _panel(visit, running)


async def stop(visit: Visit, member: Member, one: Announcement, rest: tuple[str, ...]) -> Reply:
    """`nwstop:<number>` asks, `nwstop:<number>:yes` stops."""
    if rest != ("yes",):
        return _sure(SURE_STOP, "nwstop", one)
    stopped = await store(visit).move(one, "stopped", at=visit.turn.at)
    await log(visit, member, "announce_stop", target(one))
    return await _panel(visit, stopped)


async def recall(visit: Visit, member: Member, one: Announcement, rest: tuple[str, ...]) -> Reply:
    """`nwrecall:<number>` asks, `nwrecall:<number>:yes` takes back what went out."""
    if rest != ("yes",):
        return _sure(SURE_RECALL, "nwrecall", one)
    recalled = await store(visit).recall(one, visit.turn.at)
    await log(visit, member, "announce_recall", target(one))
    return await _panel(visit, recalled)


async def again(visit: Visit, member: Member, one: Announcement, rest: tuple[str, ...]) -> Reply:
    """`nwagain:<number>` warns, `nwagain:<number>:yes` sends once more to those who may have it or not."""
    count = (await store(visit).tally(one.id)).unknown
    if not count:
        return Reply(notice=NO_DOUBT)
    if rest != ("yes",):
        return _sure(SURE_AGAIN.format(count=persian_digits(count)), "nwagain", one)
    resumed = await store(visit).again(one)
    sent = await visit.records.connection.run(ledger.again, one.id)
    await log(visit, member, "announce_again", target(one), str(sent))
    return await _panel(visit, resumed)


async def edit(visit: Visit, member: Member, one: Announcement, rest: tuple[str, ...]) -> Reply:
    """`nwedit:<number>` asks for the new text; `nwedit:<number>:<version>` has the proposed one take effect."""
    if not rest:
        remember(visit, Memory(number=one.id, step="edit"))
        return message(ASK_EDIT)
    if rest != (str(one.version),) or one.pending is None:
        return Reply(notice=CHANGED)
    if not may_apply(member, one):
        return Reply(notice=OWN)
    edited = await store(visit).edit(one)
    await log(visit, member, "announce_edit", target(one))
    return await _panel(visit, edited)


async def take_edit(visit: Visit, member: Member, one: Announcement) -> Reply:
    """The new text: shown as it will stand, and applied by a button; where a second person is needed, by theirs."""
    if visit.turn.attachments or not visit.turn.text.strip():
        return message(TEXT_ONLY)
    try:
        body = fitting(replace(one.body, text=read_text(visit.turn.text).text))
    except WhenError as refusal:
        return message(str(refusal))
    proposed = await store(visit).propose(one, body, member.id)
    clear(visit)
    await log(visit, member, "announce_propose", target(one))
    preview = announcement_part(replace(proposed, body=body), visit.office.catalogue)
    button: Row = (Button("اصلاح شود", data=f"nwedit:{one.id}:{proposed.version}"),)
    if may_apply(member, proposed):
        return Reply((preview, Part((say("پیام‌های رفته هم چنین شود؟"),), (button,))))
    others = [other for other in await staff(visit).all() if may_apply(other, proposed)]
    please = Part((say(EDIT_PLEASE.format(name=member.shown)),))
    await tell_members(visit, others, please, preview, Part((say("تأیید می‌کنید؟"),), (button,)))
    return message(EDIT_ASKED)


async def _panel(visit: Visit, one: Announcement) -> Reply:
    if visit.turn.button is not None and visit.turn.message is not None and one.state in {*OUT, "recalled"}:
        await store(visit).watch(one.id, visit.turn.channel, visit.turn.chat, visit.turn.message)
    note = ""
    if one.body.options:
        counts = await subscriptions(visit).counts(one.id)
        note = "\n".join(
            f"{option}: {persian_digits(counts.get(place, 0))}" for place, option in enumerate(one.body.options)
        )
    return Reply((panel(one, await store(visit).tally(one.id), note=note),))


def _sure(ask: str, verb: str, one: Announcement) -> Reply:
    rows = ((Button("بله", data=f"{verb}:{one.id}:yes"), Button("نه", data=f"nwsee:{one.id}")),)
    return message(ask, buttons=rows, replaces="pressed")


async def _tell_author(visit: Visit, one: Announcement, said: str, rows: tuple[Row, ...] = ()) -> None:
    author = await staff(visit).get(one.author)
    if author is not None and not author.removed:
        line = dated_line(one)
        await tell_members(visit, [author], Part((say(said.format(line=line)),), rows))
