"""The queue: `/desk` by kind, bureau and lateness, a page at a time; search by code or words."""

from __future__ import annotations

from typing import get_args

from handlers.complaint.show import excerpt
from handlers.desk.card import STATES, card, time_left
from handlers.desk.commands import FIND, MORE, hint
from handlers.desk.guard import log, stale
from handlers.desk.opened import bureau_name, open_case
from handlers.desk.rules import cases, staff
from handlers.reply import Button, Heading, Items, Part, Reply, Row, message, say
from handlers.visit import Office, Visit
from knowledge.finder.normalize import normalize
from knowledge.persian import persian_digits
from records.complaint_states import OPEN
from records.desk_values import Listed, Show, Wanted
from records.staff import Member
from records.tracking import code_in

PAGE = 8
ANY = "all"

SHOWN: dict[Show, str] = {
    "open": "باز",
    "new": "تازه",
    "mine": "دست من",
    "late": "دیرشده",
    "answered": "پاسخ‌داده",
    "closed": "بسته",
    "all": "همه",
}


def wanted(member: Member, show: Show = "open", bureau: str | None = None) -> Wanted:
    """The cases that a member may see."""
    return Wanted(None if member.role == "admin" else member.bureaus, member.id, show, bureau)


async def desk(visit: Visit, member: Member, words: tuple[str, ...]) -> Reply:
    """`/desk`, `/desk late`, `/desk <code>`, `/desk <words>`."""
    if not words:
        return await _page(visit, member, 0, "open", None)
    show = next((one for one in SHOWN if words == (one,)), None)
    if show is not None:
        return await _page(visit, member, 0, show, None)
    text = " ".join(words)
    if (code := code_in(text)) is not None:
        opened = await open_case(visit, member, code)
        if opened is None:
            return message("شکایتی با این کد در میز شما نیست.")
        await log(visit, member, "see", opened.complaint.code)
        return await card(visit, member, opened)
    return await _found(visit, member, text)


async def turn_page(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dq:<page>:<show>:<bureau or all>`."""
    if len(parts) != 3 or not parts[0].isdecimal() or len(parts[0]) > 4:
        return stale()
    show: Show | None = next((one for one in get_args(Show) if parts[1] == one), None)
    if show is None or (parts[2] != ANY and not _knows(visit.office, member, parts[2])):
        return stale()
    reply = await _page(visit, member, int(parts[0]), show, None if parts[2] == ANY else parts[2])
    (only,) = reply.parts
    return Reply((Part(only.blocks, only.buttons, replaces="pressed"),))


async def choose_bureau(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dqb:<show>`: of which bureau?"""
    show: Show = next((one for one in get_args(Show) if parts == (one,)), "open")
    rows: list[Row] = [(Button("همه‌ی دفترها", data=f"dq:0:{show}:{ANY}"),)]
    rows += [
        (Button(bureau.name, data=f"dq:0:{show}:{bureau.slug}"),)
        for bureau in visit.office.catalogue.bureaus
        if _knows(visit.office, member, bureau.slug)
    ]
    return message("صف کدام دفتر؟", buttons=rows)


def _knows(office: Office, member: Member, slug: str) -> bool:
    known = any(bureau.slug == slug for bureau in office.catalogue.bureaus)
    return known and (member.role == "admin" or slug in member.bureaus)


async def _page(visit: Visit, member: Member, page: int, show: Show, bureau: str | None) -> Reply:
    await cases(visit).adopt()
    if not page:
        await log(visit, member, "queue", "desk", f"{show} {bureau or ''}".strip())
    chosen = wanted(member, show, bureau)
    found, total = await cases(visit).queue(chosen, visit.turn.at, offset=page * PAGE, limit=PAGE)
    if not found and page:
        return await _page(visit, member, 0, show, bureau)
    place = bureau or ANY
    turning: list[Button] = []
    if page:
        turning.append(Button("◀ پیشین", data=f"dq:{page - 1}:{show}:{place}"))
    if (page + 1) * PAGE < total:
        turning.append(Button("بعدی ▶", data=f"dq:{page + 1}:{show}:{place}"))
    kinds = [Button(name, data=f"dq:0:{one}:{place}") for one, name in SHOWN.items() if one != show]
    tools = [Button("دفتر", data=f"dqb:{show}")] if member.role == "admin" or len(member.bureaus) > 1 else []
    if member.role == "admin":
        tools += [Button("خروجی اکسل", data=f"dxls:{show}:{place}"), Button("آمار", data="dstat")]
    rows = (*_code_rows(found), tuple(turning), tuple(kinds[:3]), tuple(kinds[3:]), tuple(tools))
    title = f"میز — {SHOWN[show]}" + (f" — {bureau_name(visit.office, bureau)}" if bureau else "")
    counted = f"{title} ({persian_digits(total)})"
    kept = tuple(row for row in rows if row)
    body = Items(await _lines(visit, found)) if found else say("شکایتی نیست.")
    return message(Heading(counted), body, *hint(FIND, MORE), buttons=kept)


async def _found(visit: Visit, member: Member, text: str) -> Reply:
    await cases(visit).adopt()
    words = normalize(text).split()
    if not words:
        return message("چه واژه‌ای؟")
    found = await cases(visit).search(wanted(member, "all"), words, normalize)
    await log(visit, member, "search", "desk")
    if not found:
        return message("شکایتی با این واژه‌ها پیدا نشد.")
    heading = Heading(f"یافته‌ها ({persian_digits(len(found))})")
    return message(heading, Items(await _lines(visit, found)), buttons=_code_rows(found))


def _code_rows(found: tuple[Listed, ...]) -> tuple[Row, ...]:
    codes = [Button(one.code, data=f"dcard:{one.code}") for one in found]
    return tuple(tuple(codes[at : at + 2]) for at in range(0, len(codes), 2))


async def _lines(visit: Visit, found: tuple[Listed, ...]) -> tuple[str, ...]:
    names: dict[int, str] = {}
    lines = []
    for one in found:
        holder = one.case.holder
        if holder is not None and holder not in names:
            member = await staff(visit).get(holder)
            names[holder] = member.shown if member else ""
        pieces = [one.code, STATES[one.state]]
        if holder is not None:
            pieces.append(f"دست {names[holder]}")
        if one.state in OPEN:
            pieces.append(time_left(one.case, visit.turn.at))
        lines.append(f"{' — '.join(pieces)}\n{excerpt(one.story)}")
    return tuple(lines)
