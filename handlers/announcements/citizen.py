"""What citizens do: read the latest, choose what they want and when, stop, vote. Only their own press subscribes."""

from __future__ import annotations

import re
from dataclasses import replace

from handlers.announcements.rules import COUNTIES, MESSENGERS, store, subscriptions
from handlers.announcements.show import SETTINGS, announcement_part, bureau_names, dated_line
from handlers.desk.guard import member_of
from handlers.reply import Block, Button, Heading, Items, Part, Reply, Row, message, say
from handlers.visit import Visit
from knowledge.persian import persian_digits
from records.announcement_values import OUT, QUIETS, Announcement, Subscriber

SUBJECT = "announcements"
PER_PAGE = 5
READ_FOR_ABOUT = 50
"""How many of the latest are searched for «راجع به … چیزی هست؟»."""

NONE = "الان اطلاعیه یا آگهی تازه‌ای ندارم. اگر چیزی منتشر شود، همین‌جا می‌آید."
NONE_OF = "از «{bureau}» اطلاعیه‌ای ندارم."
NONE_ABOUT = "اطلاعیه‌ای در این‌باره هم ندارم."
FOUND_ABOUT = "این‌ها را در این‌باره دارم:"
TITLE = "اطلاعیه‌ها"
GONE = "این اطلاعیه دیگر در دسترس نیست."
PREVIEW = "این پیش‌نمایش است؛ رأی‌ها پس از فرستادن شمرده می‌شود."
ASK = "می‌خواهید اطلاعیه‌های استانداری را همین‌جا برایتان بفرستم؟ هر وقت بخواهید، با یک دکمه قطعش می‌کنید."
WELCOME = "باشد، اطلاعیه‌ها را می‌فرستم. شب‌ها (۲۲ تا ۸) جز فوری‌ها چیزی نمی‌آید."
WELCOME_URGENT = "باشد، فقط اطلاعیه‌های فوری را می‌فرستم."
DECLINED = "باشد، چیزی نمی‌فرستم. هر وقت خواستید: /announcements"
STOPPED = "باشد، دیگر اطلاعیه‌ای نمی‌فرستم. هر وقت خواستید: /announcements"
BACK = "باشد، باز هم می‌فرستم."
NOT_HERE = "دریافت اطلاعیه‌ها فقط در تلگرام و بله ممکن است. این‌جا می‌توانید با /announcements بخوانیدشان."
VOTED = "نظرتان ثبت شد. سپاس!"
VOTED_SAME = "همین را پیش‌تر انتخاب کرده بودید."

CUE = re.compile(r"اطلاعیه|اگهی|اعلامیه")
AMONG = re.compile(r"بینش|بین ان|راجع|درباره|در باره|در مورد|چیزی هست")
_SMALL_WORDS = frozenset(
    ("راجع", "درباره", "باره", "مورد", "چیزی", "هست", "بینشون", "بینشان", "بین", "اون", "انها", "ایا", "این")
)

_QUIET_NAMES = {0: "ندارد", 2208: "۲۲ تا ۸", 2307: "۲۳ تا ۷", 2110: "۲۱ تا ۱۰"}


async def latest(visit: Visit, words: tuple[str, ...]) -> Reply:
    """`/announcements`, `news:<page>:<bureau>`: the newest first."""
    visit.state.subject = SUBJECT
    names = bureau_names(visit.office.catalogue)
    bureau = words[1] if len(words) > 1 and words[1] in names else None
    page = int(words[0]) if words and words[0].isascii() and words[0].isdecimal() and len(words[0]) < 4 else 0
    found, total = await store(visit).latest(visit.turn.at, bureau=bureau, offset=page * PER_PAGE, limit=PER_PAGE)
    if page and not found:
        return await latest(visit, ("0", bureau or ""))
    rows: list[Row] = []
    if found:
        first = page * PER_PAGE + 1
        marks = tuple(persian_digits(number) for number in range(first, first + len(found)))
        title = f"{TITLE} — {names[bureau]}" if bureau else TITLE
        blocks: list[Block] = [Heading(title, 1), Items(tuple(map(dated_line, found)), marks)]
        rows.append(tuple(Button(mark, data=f"nopen:{one.id}") for mark, one in zip(marks, found, strict=True)))
        turns = []
        if page:
            turns.append(Button("تازه‌ترها", data=f"news:{page - 1}:{bureau or ''}"))
        if total > (page + 1) * PER_PAGE:
            turns.append(Button("پیش‌ترها", data=f"news:{page + 1}:{bureau or ''}"))
        rows += [tuple(turns)] if turns else []
    else:
        blocks = [say(NONE_OF.format(bureau=names[bureau]) if bureau else NONE)]
    if found or bureau:
        rows.append((Button("همه‌ی دفترها", data="news:0:") if bureau else Button("بر پایه‌ی دفتر", data="nby"),))
    if _reachable(visit):
        rows.append((Button(SETTINGS, data="nset"),))
    paged = visit.turn.button is not None and bool(words)
    return Reply((Part(tuple(blocks), tuple(rows), replaces="pressed" if paged else None),))


async def by_bureau(visit: Visit, _words: tuple[str, ...]) -> Reply:
    """`nby`: choose whose announcements to read."""
    rows: list[Row] = [
        (Button(name, data=f"news:0:{slug}"),) for slug, name in bureau_names(visit.office.catalogue).items()
    ]
    return message("اطلاعیه‌های کدام دفتر؟", buttons=[*rows, (Button("همه", data="news:0:"),)], replaces="pressed")


async def open_one(visit: Visit, words: tuple[str, ...]) -> Reply:
    """`nopen:<number>`: one of the list."""
    found = await _published(visit, words)
    if found is None:
        return Reply(message(GONE).parts, GONE)
    return Reply((announcement_part(found, visit.office.catalogue, sent=False),))


async def about(visit: Visit, form: str) -> Reply | None:
    """«راجع به اتباع چیزی هست بینشون؟» right after the announcements; None when it is no such question."""
    if visit.state.subject != SUBJECT or not AMONG.search(form):
        return None
    words = [word for word in form.split() if word not in _SMALL_WORDS and len(word) > 2]
    newest, _ = await store(visit).latest(visit.turn.at, limit=READ_FOR_ABOUT)
    office = visit.office
    found = [one for one in newest if words and all(word in office.finder.form(one.body.text) for word in words)][
        :PER_PAGE
    ]
    if not found:
        return message(NONE_ABOUT)
    marks = tuple(persian_digits(number) for number in range(1, len(found) + 1))
    row = tuple(Button(mark, data=f"nopen:{one.id}") for mark, one in zip(marks, found, strict=True))
    return message(FOUND_ABOUT, Items(tuple(map(dated_line, found)), marks), buttons=(row,))


async def ask_to_subscribe(visit: Visit) -> Part | None:
    """The one question whether to send announcements; None when it was asked before, or cannot be asked here. That it
    was asked is remembered in this transaction."""
    if not _reachable(visit):
        return None
    turn = visit.turn
    known = await subscriptions(visit).of(turn.channel, turn.person)
    if known.asked:
        return None
    await _put(visit, known)
    rows = (
        (Button("بله، بفرست", data="nyes"), Button("فقط فوری‌ها", data="nyes:urgent")),
        (Button("نه، نمی‌خواهم", data="nno"),),
    )
    return Part((say(ASK),), rows)


async def yes(visit: Visit, words: tuple[str, ...]) -> Reply:
    """`nyes`, `nyes:urgent`: the citizen wants them."""
    if not _reachable(visit):
        return message(NOT_HERE)
    urgent = words == ("urgent",)
    known = await _mine(visit)
    await _put(visit, replace(known, wants="all", urgent_only=urgent))
    return message(
        WELCOME_URGENT if urgent else WELCOME, buttons=((Button(SETTINGS, data="nset"),),), replaces="pressed"
    )


async def no(visit: Visit, _words: tuple[str, ...]) -> Reply:
    """`nno`: the citizen does not."""
    if not _reachable(visit):
        return message(NOT_HERE)
    await _put(visit, replace(await _mine(visit), wants="none"))
    return message(DECLINED, replaces="pressed")


async def stop(visit: Visit, _words: tuple[str, ...]) -> Reply:
    """`nstop:<number>`: one tap under any announcement."""
    if not _reachable(visit):
        return message(NOT_HERE)
    await subscriptions(visit).stop(visit.turn.channel, visit.turn.person, visit.turn.at)
    shown = message(STOPPED, buttons=((Button("پشیمان شدم، بفرست", data="nback"), Button(SETTINGS, data="nset")),))
    return Reply(shown.parts, STOPPED)


async def back(visit: Visit, _words: tuple[str, ...]) -> Reply:
    """`nback`: as it was before the stop."""
    if not _reachable(visit):
        return message(NOT_HERE)
    known = await _mine(visit)
    await _put(visit, replace(known, wants="some" if known.bureaus else "all"))
    return message(BACK, replaces="pressed")


async def settings(visit: Visit, words: tuple[str, ...]) -> Reply:
    """`nset` shows what is chosen; `nset:all`, `:none`, `:urgent`, `:quiet`, `:county:<slug>` and `:bureau:<slug>`
    change it."""
    if not _reachable(visit):
        return message(NOT_HERE)
    known = await _mine(visit)
    names = bureau_names(visit.office.catalogue)
    wanted = _changed(known, words, names)
    if wanted != known:
        await _put(visit, wanted)
    if words[:1] in {("bureau",), ("bureaus",)}:
        return _bureaus_page(wanted, names)
    if words == ("county",):
        rows: list[Row] = [(Button(name, data=f"nset:county:{slug}"),) for slug, name in COUNTIES.items()]
        return message(
            "کدام شهرستان؟", buttons=[*rows, (Button("نمی‌گویم", data="nset:county:none"),)], replaces="pressed"
        )
    return _settings_page(wanted, names)


def _changed(  # noqa: PLR0911 — one a button
    known: Subscriber, words: tuple[str, ...], names: dict[str, str]
) -> Subscriber:
    match words:
        case ("all",):
            return replace(known, wants="all")
        case ("none",):
            return replace(known, wants="none")
        case ("urgent",):
            return replace(known, urgent_only=not known.urgent_only)
        case ("quiet",):
            place = QUIETS.index(known.quiet) if known.quiet in QUIETS else 0
            return replace(known, quiet=QUIETS[(place + 1) % len(QUIETS)])
        case ("county", slug):
            return replace(known, county=slug if slug in COUNTIES else "")
        case ("bureau", slug) if slug in names:
            mine = set(known.bureaus if known.wants != "all" else ()) ^ {slug}
            return replace(known, bureaus=tuple(sorted(mine)), wants="some" if mine else "none")
    return known


def _settings_page(known: Subscriber, names: dict[str, str]) -> Reply:
    match known.wants:
        case "all":
            what = "اطلاعیه‌های همه‌ی دفترها"
        case "some":
            what = "اطلاعیه‌های " + "، ".join(names.get(slug, slug) for slug in known.bureaus)
        case "none":
            what = "هیچ اطلاعیه‌ای"
    lines = [f"برایتان می‌آید: {what}"]
    rows: list[Row] = []
    if known.wants != "none":
        lines += [
            "نوع: " + ("فقط فوری" if known.urgent_only else "عادی و فوری"),
            f"ساعت سکوت: {_QUIET_NAMES.get(known.quiet, 'ندارد')} (فوری‌ها می‌آیند)",
            f"شهرستان: {COUNTIES.get(known.county, 'گفته نشده')}",
        ]
        urgent = "عادی‌ها هم بیاید" if known.urgent_only else "فقط فوری‌ها"
        rows.append((Button(urgent, data="nset:urgent"), Button("ساعت سکوت", data="nset:quiet")))
        rows.append((Button("شهرستان من", data="nset:county"), Button("هیچ‌کدام نیاید", data="nset:none")))
    if known.wants != "all":
        rows.append((Button("همه‌ی دفترها", data="nset:all"),))
    rows.append((Button("انتخاب دفترها", data="nset:bureaus"), Button("خواندن تازه‌ها", data="news:0:")))
    return message(Heading(SETTINGS, 1), Items(tuple(lines)), buttons=rows, replaces="pressed")


def _bureaus_page(known: Subscriber, names: dict[str, str]) -> Reply:
    chosen = set(names) if known.wants == "all" else set(known.bureaus if known.wants == "some" else ())
    rows: list[Row] = [
        (Button(f"{'✅ ' if slug in chosen else ''}{name}", data=f"nset:bureau:{slug}"),)
        for slug, name in names.items()
    ]
    rows.append((Button("همه", data="nset:all"), Button("بازگشت", data="nset")))
    return message("اطلاعیه‌های کدام دفترها برایتان بیاید؟", buttons=rows, replaces="pressed")


async def vote(visit: Visit, words: tuple[str, ...]) -> Reply:
    """`nvote:<number>:<option>`: a choice in a poll; the last one counts."""
    found = await _published(visit, words[:1])
    option = words[1] if len(words) > 1 else ""
    if found is None or not (option.isascii() and option.isdecimal() and int(option) < len(found.body.options)):
        return Reply(notice=PREVIEW if await _previewed(visit, words[:1]) else GONE)
    turn = visit.turn
    new = await subscriptions(visit).choose(found.id, turn.channel, turn.person, int(option))
    return Reply(notice=VOTED if new else VOTED_SAME)


async def _previewed(visit: Visit, words: tuple[str, ...]) -> bool:
    """Whether staff have pressed it under what is not sent yet."""
    member = await member_of(visit)
    found = await store(visit).get(int(words[0])) if words and _is_number(words[0]) else None
    return member is not None and found is not None and found.state in {"draft", "asked"}


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) < 10


async def _published(visit: Visit, words: tuple[str, ...]) -> Announcement | None:
    if not words or not _is_number(words[0]):
        return None
    found = await store(visit).get(int(words[0]))
    if found is None or found.state not in OUT or (found.due_at is not None and found.due_at > visit.turn.at):
        return None
    return found


def _reachable(visit: Visit) -> bool:
    return visit.turn.private and visit.turn.channel in MESSENGERS


async def _mine(visit: Visit) -> Subscriber:
    return await subscriptions(visit).of(visit.turn.channel, visit.turn.person)


async def _put(visit: Visit, wanted: Subscriber) -> None:
    await subscriptions(visit).put(visit.turn.channel, visit.turn.person, wanted, visit.turn.at)
