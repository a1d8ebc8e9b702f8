"""`/staff`: who works at the desk. Members are added by user id, by a message of theirs, or by a one-time link."""

from __future__ import annotations

from handlers.desk.commands import CHANGE, MORE, command_lines, hint
from handlers.desk.guard import ROLE_NAMES, log, member_of, stale
from handlers.desk.memory import Hiring, clear, recall, remember
from handlers.desk.opened import bureau_name
from handlers.desk.post import tell_members
from handlers.desk.rules import cases, staff
from handlers.reply import Button, Heading, Items, Paragraph, Part, Reply, Row, Span, message, say
from handlers.show import LINKS
from handlers.visit import Office, Visit
from knowledge.persian import ascii_digits
from records.staff import ROLES, LastAdminError, Member, Role, StaffIdError, read_person

INVITED = "inv-"
"""How an invitation begins in a deep link: `/start inv-<token>`."""

TARGET_INVITE = "invite"

CANCEL = Button("انصراف", data="dquit")
HIDDEN = "فرستنده‌ی این پیام شناسه‌اش را پنهان کرده است. شناسه را بنویسید، یا لینک دعوت بفرستید."
ASK_WHO = "شناسه‌ی عددی کاربر را بنویسید (برای بله: bale:123)، یا پیامی از او را این‌جا هدایت کنید."


async def listing(visit: Visit, member: Member, words: tuple[str, ...]) -> Reply:
    """`/staff`; `/staff <user id>` adds or changes that person."""
    if words:
        return await _chosen(visit, " ".join(words))
    members = await staff(visit).all()
    lines = tuple(_line(visit.office, one) for one in members)
    rows: list[Row] = [(Button(f"{one.shown} — {ROLE_NAMES[one.role]}", data=f"dsv:{one.id}"),) for one in members]
    rows.append((Button("افزودن با شناسه", data="dsadd"), Button("لینک دعوت", data=f"dsadd:{TARGET_INVITE}")))
    await log(visit, member, "staff_see", "staff")
    return message(Heading("کارمندان میز"), Items(lines), *hint(CHANGE, MORE), buttons=rows)


async def view(visit: Visit, _member: Member, parts: tuple[str, ...]) -> Reply:
    """`dsv:<id>`: one member, to change or remove."""
    found = await _of(visit, parts)
    if found is None:
        return stale()
    rows: tuple[Row, ...] = (
        (Button("تغییر نقش یا دفترها", data=f"dsadd:{found.id}"), Button("برداشتن", data=f"dsdel:{found.id}")),
    )
    return message(_line(visit.office, found), buttons=rows)


async def add(visit: Visit, _member: Member, parts: tuple[str, ...]) -> Reply:
    """`dsadd` asks who; `dsadd:invite` makes an invitation; `dsadd:<id>` changes a member."""
    if not parts:
        remember(visit, hiring=Hiring())
        return message(ASK_WHO, buttons=((CANCEL,),))
    if parts == (TARGET_INVITE,):
        return _ask_role(visit, Hiring(target=TARGET_INVITE))
    found = await _of(visit, parts)
    if found is None:
        return stale()
    return _ask_role(visit, Hiring(target=f"{found.channel}:{found.person}", name=found.name, bureaus=found.bureaus))


async def go_on(visit: Visit, hiring: Hiring) -> Reply | None:
    """The user id or the forwarded message that was asked for; None when nothing was."""
    if hiring.target:
        return None
    turn = visit.turn
    if turn.forwarded:
        if turn.forwarded_from is None:
            return message(HIDDEN, buttons=((CANCEL,),))
        return await _chosen(visit, f"{turn.channel}:{turn.forwarded_from}")
    return await _chosen(visit, turn.text)


async def _chosen(visit: Visit, text: str) -> Reply:
    try:
        channel, person = read_person(ascii_digits(text))
    except StaffIdError as error:
        return message(str(error), buttons=((CANCEL,),))
    known = await staff(visit).find(channel, person)
    return _ask_role(
        visit,
        Hiring(
            target=f"{channel}:{person}",
            name=known.name if known else "",
            bureaus=known.bureaus if known else (),
        ),
    )


def _ask_role(visit: Visit, hiring: Hiring) -> Reply:
    remember(visit, hiring=hiring)
    row: Row = tuple(Button(ROLE_NAMES[role], data=f"dsrole:{role}") for role in ROLES)
    return message(f"{_target(hiring)} چه نقشی داشته باشد؟", buttons=(row, (CANCEL,)))


def _target(hiring: Hiring) -> str:
    return "کسی که با لینک می‌آید" if hiring.target == TARGET_INVITE else hiring.name or hiring.target


async def role(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dsrole:<role>`: an officer's bureaus are asked for, the others are done."""
    hiring = _open(visit)
    chosen = next((one for one in ROLES if parts == (one,)), None)
    if hiring is None or chosen is None:
        return stale()
    hiring.role = chosen
    if chosen != "officer":
        return await _done(visit, member, hiring, chosen)
    return _bureaus(visit, hiring)


async def bureau(visit: Visit, _member: Member, parts: tuple[str, ...]) -> Reply:
    """`dsbur:<slug>` marks a bureau or takes the mark off."""
    hiring = _open(visit)
    slug = parts[0] if parts else ""
    if hiring is None or hiring.role != "officer" or all(one.slug != slug for one in visit.office.catalogue.bureaus):
        return stale()
    hiring.bureaus = tuple(sorted(set(hiring.bureaus) ^ {slug}))
    reply = _bureaus(visit, hiring)
    return Reply((Part(reply.parts[0].blocks, reply.parts[0].buttons, replaces="pressed"),))


def _bureaus(visit: Visit, hiring: Hiring) -> Reply:
    remember(visit, hiring=hiring)
    rows: list[Row] = [
        (Button(("✓ " if one.slug in hiring.bureaus else "") + one.name, data=f"dsbur:{one.slug}"),)
        for one in visit.office.catalogue.bureaus
    ]
    rows.append((Button("ذخیره", data="dssave"), CANCEL))
    return message("کارشناس کدام دفترهاست؟ بزنید تا نشان‌دار شود.", buttons=rows)


async def save(visit: Visit, member: Member, _parts: tuple[str, ...]) -> Reply:
    """`dssave`: the bureaus are marked."""
    hiring = _open(visit)
    if hiring is None or hiring.role != "officer":
        return stale()
    if not hiring.bureaus:
        return message("دست‌کم یک دفتر را نشان‌دار کنید.", buttons=((CANCEL,),))
    return await _done(visit, member, hiring, "officer")


async def _done(visit: Visit, member: Member, hiring: Hiring, chosen: Role) -> Reply:
    bureaus = hiring.bureaus if chosen == "officer" else ()
    detail = f"{chosen} {' '.join(bureaus)}".strip()
    if hiring.target == TARGET_INVITE:
        clear(visit)
        return await _invite(visit, member, chosen, bureaus, detail)
    channel, person = read_person(hiring.target)
    try:
        made = await staff(visit).put(channel, person, chosen, bureaus=bureaus, at=visit.turn.at, name=hiring.name)
    except LastAdminError as error:
        clear(visit)
        return message(str(error))
    clear(visit)
    if chosen == "editor":
        await cases(visit).release(made.id)
    await log(visit, member, "staff_put", made.who, detail)
    if made.id != member.id:
        said = say(f"نقش شما در میز کار: {_role(visit.office, made)}.")
        await tell_members(visit, (made,), Part((said, Items(command_lines(made.role)))))
    return message(f"ذخیره شد: {_line(visit.office, made)}")


async def _invite(visit: Visit, member: Member, chosen: Role, bureaus: tuple[str, ...], detail: str) -> Reply:
    token = await staff(visit).invite(chosen, bureaus, member.id, visit.turn.at)
    await log(visit, member, "invite", "staff", detail)
    handle, form = visit.office.handles.get(visit.turn.channel), LINKS.get(visit.turn.channel)
    start = f"{INVITED}{token}"
    way = form.format(handle=handle, code=start) if handle and form else f"/start {start}"
    return message("این را فقط به همان همکار بدهید؛ یک بار و تا ۴۸ ساعت کار می‌کند:", Paragraph((Span(way, "code"),)))


async def remove(visit: Visit, member: Member, parts: tuple[str, ...]) -> Reply:
    """`dsdel:<id>` asks, `dsdel:<id>:yes` does it."""
    found = await _of(visit, parts)
    if found is None:
        return stale()
    if parts[1:] != ("yes",):
        row: Row = (Button("بله، برداشته شود", data=f"dsdel:{found.id}:yes"), Button("نه", data=f"dsv:{found.id}"))
        return message(f"{found.shown} از میز برداشته شود؟ شکایت‌های دست او به صف برمی‌گردد.", buttons=(row,))
    try:
        await staff(visit).remove(found.id, visit.turn.at)
    except LastAdminError as error:
        return message(str(error))
    await cases(visit).release(found.id)
    await log(visit, member, "staff_remove", found.who)
    await tell_members(visit, (found,), Part((say("دیگر عضو میز کار نیستید. از زحمت‌هایتان سپاسگزاریم."),)))
    return message(f"{found.shown} برداشته شد.")


async def accept_invitation(visit: Visit, token: str) -> Reply | None:
    """`/start inv-<token>`: the bearer becomes a member. `token` with or without its `inv-`. None when it is not good:
    then nothing tells that it was an invitation."""
    turn = visit.turn
    token = token.removeprefix(INVITED)
    if not turn.private or not token or await member_of(visit) is not None:
        return None
    made = await staff(visit).accept(token, turn.channel, turn.person, at=turn.at, name=turn.name)
    if made is None:
        return None
    await log(visit, made, "invite_accept", made.who, made.role)
    return message(
        f"خوش آمدید. نقش شما در میز کار: {_role(visit.office, made)}.",
        Items(command_lines(made.role)),
    )


def _open(visit: Visit) -> Hiring | None:
    memory = recall(visit)
    return memory.hiring if memory is not None and memory.hiring is not None and memory.hiring.target else None


async def _of(visit: Visit, parts: tuple[str, ...]) -> Member | None:
    number = parts[0] if parts else ""
    found = await staff(visit).get(int(number)) if number.isdecimal() and len(number) < 10 else None
    return None if found is None or found.removed else found


def _role(office: Office, member: Member) -> str:
    bureaus = "، ".join(bureau_name(office, slug) for slug in member.bureaus)
    return ROLE_NAMES[member.role] + (f" ({bureaus})" if bureaus else "")


def _line(office: Office, member: Member) -> str:
    return f"{member.shown} — {_role(office, member)} — {member.channel}:{member.person}"
