"""Following a complaint that was filed: state and history, notes and files, withdrawing, whether it was solved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from handlers.complaint import show, texts
from handlers.complaint.checked import checked
from handlers.complaint.draft import Asking, DraftFile, Memory, Want, recall, remember
from handlers.complaint.files import Taken, take
from handlers.complaint.rules import store
from handlers.complaint.twins import tell_twins
from handlers.complaint.understand import asks, control_of
from handlers.handoff import handoff
from handlers.reply import Button, Reply, Row, message, say
from handlers.visit import Visit
from knowledge.finder.normalize import normalize
from knowledge.persian import persian_digits
from records.complaint_errors import ComplaintError, TrackingCodeError
from records.complaint_states import REOPENINGS, SETTLED, allowed
from records.complaint_values import CITIZEN, Change, Complaint, ComplaintFile
from records.tracking import code_in, read_code

DONE = Button("تمام", data="cdone")
ENOUGH = frozenset({"تمام", "تمام شد", "همین", "همین بود", "بسه", "کافیه"})


@dataclass(frozen=True)
class _Opened:
    """A complaint looked up by its code; `own`: this person filed it."""

    complaint: Complaint
    own: bool


async def track(visit: Visit, parts: tuple[str, ...]) -> Reply:
    """`/track CODE`; without a code, the person's own complaints, or how to write one."""
    if not parts:
        _, total = await store(visit).of_person(visit.turn.channel, visit.turn.person, limit=1)
        return await mine(visit, ()) if total else message(texts.WHICH_CODE)
    return await view(visit, (" ".join(parts),))


async def mine(visit: Visit, parts: tuple[str, ...]) -> Reply:
    """`/mycomplaints`, and its pages: `clist:<page>`."""
    page = int(parts[0]) if parts and parts[0].isdigit() else 0
    turn = visit.turn
    if not turn.private:
        return message(texts.PRIVATE_ONLY)
    rows, total = await store(visit).of_person(turn.channel, turn.person, offset=page * show.PAGE, limit=show.PAGE)
    if not total:
        return message(
            texts.NONE_YET, buttons=((Button("ثبت شکایت", data="cnew"), Button("راه‌های دیگر", data="ways")),)
        )
    if not rows:
        return await mine(visit, ())
    reply = show.listed(visit.office, rows, total, page)
    if turn.button and turn.button.startswith("clist"):
        return Reply(tuple(replace(part, replaces="pressed") for part in reply.parts))
    return reply


async def view(visit: Visit, parts: tuple[str, ...]) -> Reply:
    """`cview:<code>`: all of one's own complaint, of another's only the state."""
    opened = await _open(visit, parts)
    if isinstance(opened, Reply):
        return opened
    complaint = opened.complaint
    complaints = store(visit)
    who = await complaints.complainant(complaint.id)
    if who is None or not opened.own or not visit.turn.private:
        return show.state_only(complaint)
    events = await complaints.history(complaint.id)
    files = await complaints.files(complaint.id)
    return show.whole(visit.office, complaint, who, events=events, files=files)


async def note(visit: Visit, parts: tuple[str, ...]) -> Reply:
    """`cnote:<code>`: the next text or file is added to it."""
    opened = await _own(visit, parts)
    if isinstance(opened, Reply):
        return opened
    if opened.state in {"withdrawn", "duplicate", "not_ours"}:
        return message(f"این شکایت {show.state_text(opened)} و چیزی به آن اضافه نمی‌شود.")
    _ask(visit, "note", opened)
    return message(f"توضیح یا فایل را بفرستید تا به شکایت {opened.code} اضافه شود.", buttons=((DONE,),))


async def withdraw(visit: Visit, parts: tuple[str, ...]) -> Reply:
    """`cwithdraw:<code>` asks whether it is meant; `cwithdraw:<code>:yes` does it."""
    opened = await _own(visit, parts)
    if isinstance(opened, Reply):
        return opened
    if not allowed(opened.state, "withdrawn"):
        return message(f"این شکایت {show.state_text(opened)} و دیگر پس گرفتنی نیست.")
    if parts[1:] != ("yes",):
        row: Row = (
            Button("بله، پس می‌گیرم", data=f"cwithdraw:{opened.code}:yes"),
            Button("نه، بماند", data=f"cview:{opened.code}"),
        )
        return message(
            f"شکایت {opened.code} پس گرفته شود؟ دیگر پیگیری نمی‌شود و برنمی‌گردد؛ کدش برای دیدن می‌ماند.", buttons=(row,)
        )
    change = Change(opened.id, opened.state, "withdrawn", CITIZEN, visit.turn.at)
    if await _moved(visit, change) is None:
        return message(texts.CHANGED_MEANWHILE)
    return message(f"شکایت {opened.code} پس گرفته شد و دیگر پیگیری نمی‌شود.")


async def solved(visit: Visit, parts: tuple[str, ...]) -> Reply:
    """`csolved:<code>:yes|no`: closes it, or asks why it should be opened again, or shows the higher ways."""
    opened = await _own(visit, parts)
    if isinstance(opened, Reply):
        return opened
    if opened.state not in SETTLED:
        return message(f"این شکایت {show.state_text(opened)}.")
    if parts[1:] == ("yes",):
        change = Change(opened.id, opened.state, "closed", CITIZEN, visit.turn.at)
        if opened.state == "answered" and await _moved(visit, change) is None:
            return message(texts.CHANGED_MEANWHILE)
        return message(
            "خوشحالیم که حل شد. از ۱ تا ۵ چه نمره‌ای به رسیدگی می‌دهید؟", buttons=(show.rating_row(opened.code),)
        )
    if opened.reopened >= REOPENINGS:
        return _higher(visit, opened)
    _ask(visit, "reason", opened)
    return message(
        "متأسفیم. بنویسید چه چیزی حل نشده است تا شکایت یک بار دیگر باز شود.",
        buttons=((Button("انصراف", data="cdone"),),),
    )


async def rate(visit: Visit, parts: tuple[str, ...]) -> Reply:
    """`crate:<code>:<1 to 5>`."""
    opened = await _own(visit, parts)
    if isinstance(opened, Reply):
        return opened
    stars = parts[1] if len(parts) > 1 else ""
    if stars not in {"1", "2", "3", "4", "5"} or opened.state not in SETTLED:
        return message("این نمره پذیرفته نشد.")
    await store(visit).rate(opened.id, int(stars), visit.turn.at)
    return message(f"ممنون؛ نمره‌ی {persian_digits(stars)} ثبت شد.")


async def done(visit: Visit, _parts: tuple[str, ...]) -> Reply:
    """`cdone`: no more notes, or no reason after all."""
    memory = recall(visit)
    asking, memory.asking = memory.asking, None
    remember(visit, memory)
    if asking is None:
        return message("کاری نیمه‌تمام نیست.")
    return message("باشد.", buttons=((Button(f"دیدن {asking.code}", data=f"cview:{asking.code}"),),))


async def told(visit: Visit, memory: Memory) -> Reply | None:
    """The note, file or reason that was asked for; None when it is a question about something else."""
    asking, turn = memory.asking, visit.turn
    assert asking is not None  # noqa: S101 — the caller has looked
    text = turn.text.strip()
    opened = await _own(visit, (asking.code,))
    if isinstance(opened, Reply) or control_of(text) == "cancel" or normalize(text) in ENOUGH:
        return await done(visit, ())
    if text and not turn.attachments and (text.startswith("/") or asks(text)) and asking.want == "note":
        return None
    if asking.want == "reason":
        return await _reopened(visit, memory, opened, text)
    return await _noted(visit, memory, opened, text)


async def late_album(visit: Visit, memory: Memory) -> Reply | None:
    """The rest of an album that arrived when its complaint was filed already; nothing is said of it."""
    last, turn = memory.last, visit.turn
    if last is None or not last.code or not any(one.album in last.albums for one in turn.attachments if one.album):
        return None
    complaint = await _own(visit, (last.code,))
    if isinstance(complaint, Reply):
        return None
    await _add(visit, complaint, last.albums)
    return Reply()


async def _add(visit: Visit, complaint: Complaint, albums: tuple[str, ...]) -> Taken:
    """Add the turn's files to a complaint."""
    complaints, turn = store(visit), visit.turn
    before = tuple(
        DraftFile(
            channel=file.channel, kind=file.kind, file_id=file.file_id, name=file.name, size=file.size, place=file.place
        )
        for file in await complaints.files(complaint.id)
    )
    taken = take(turn.attachments, turn.channel, before, albums, checked(turn.brought))
    fresh = tuple(
        ComplaintFile(file.channel, file.kind, file.file_id, file.name, file.size, file.place)
        for file in taken.files[len(before) :]
    )
    if fresh:
        await complaints.add_files(complaint.id, CITIZEN, fresh, turn.at)
    return taken


async def _noted(visit: Visit, memory: Memory, complaint: Complaint, text: str) -> Reply:
    asking, turn, complaints = memory.asking, visit.turn, store(visit)
    assert asking is not None  # noqa: S101 — the caller has looked
    taken = await _add(visit, complaint, asking.albums)
    asking.albums = taken.albums
    if text:
        await complaints.note(complaint.id, CITIZEN, text, turn.at)
        memory.asking = None
    remember(visit, memory)
    lines = [*taken.lines, *(["توضیح اضافه شد."] if text else [])]
    if not lines:
        return Reply()
    row: Row = (Button(f"دیدن {complaint.code}", data=f"cview:{complaint.code}"),)
    return message(" ".join(lines), buttons=(row if text else (DONE, *row),))


async def _reopened(visit: Visit, memory: Memory, complaint: Complaint, text: str) -> Reply:
    asking, turn = memory.asking, visit.turn
    assert asking is not None  # noqa: S101 — the caller has looked
    taken = await _add(visit, complaint, asking.albums)
    asking.albums = taken.albums
    lines = " ".join(taken.lines)
    if not text:
        remember(visit, memory)
        if turn.attachments and not lines:
            return Reply()
        return message(f"{lines} {texts.WHY_AGAIN}".strip(), buttons=((Button("انصراف", data="cdone"),),))
    memory.asking = None
    remember(visit, memory)
    change = Change(complaint.id, complaint.state, "reopened", CITIZEN, turn.at, said=text)
    if await _moved(visit, change) is None:
        return message(texts.CHANGED_MEANWHILE)
    done = f"شکایت {complaint.code} با همین توضیح دوباره باز شد. خبرش را همین‌جا می‌نویسم."
    return message(f"{lines} {done}".strip())


def _higher(visit: Visit, complaint: Complaint) -> Reply:
    catalogue = visit.office.catalogue
    known = complaint.subject is not None and complaint.subject in catalogue
    bureau = catalogue.bureau_of(complaint.subject).name if known and complaint.subject else None
    request = f"درباره‌ی شکایت {complaint.code}: {complaint.story}"
    card = handoff(request, bureau)
    said = say("این شکایت یک بار دوباره باز شده است و از این‌جا بیشتر باز نمی‌شود؛ می‌توانید به مراجع بالاتر بروید:")
    first = card.parts[0]
    return Reply((replace(first, blocks=(said, *first.blocks)), *card.parts[1:]))


async def by_text(visit: Visit, text: str) -> Reply | None:
    """A text that is a tracking code, or asks about one; None when there is none in it."""
    code = code_in(text)
    return await view(visit, (code,)) if code is not None else None


async def _open(visit: Visit, parts: tuple[str, ...]) -> _Opened | Reply:
    try:
        code = read_code(parts[0] if parts else "")
    except TrackingCodeError:
        return message(texts.WRONG_CODE)
    complaints = store(visit)
    complaint = await complaints.by_code(code)
    if complaint is None:
        return message(texts.NO_SUCH_CODE)
    return _Opened(complaint, await complaints.is_of(complaint.id, visit.turn.channel, visit.turn.person))


async def _own(visit: Visit, parts: tuple[str, ...]) -> Complaint | Reply:
    opened = await _open(visit, parts)
    if isinstance(opened, Reply):
        return opened
    return opened.complaint if opened.own else message(texts.NOT_YOURS)


async def _moved(visit: Visit, change: Change) -> Complaint | None:
    """None when the office was quicker."""
    try:
        moved = await store(visit).move(change)
    except ComplaintError:
        return None
    await tell_twins(visit, moved)
    return moved


def _ask(visit: Visit, want: Want, complaint: Complaint) -> None:
    memory = recall(visit)
    memory.asking = Asking(want=want, code=complaint.code, at=visit.turn.at)
    remember(visit, memory)
