"""The catalogue by hand: deputy, bureau, parent service, service; one message that is edited from page to page."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.reply import Block, Button, Heading, Items, Part, Reply, Row, say
from handlers.topic import Command, Topic
from handlers.visit import Visit
from knowledge.models import Bureau, Service
from knowledge.persian import persian_digits

PER_PAGE = 8
LABEL = 48
"""Most characters of a button's label."""

PUBLIC, ALL = "p", "a"
"""Which services are listed: those for the public, or all."""

TOP = "فهرست خدمات استانداری قزوین"
CHOOSE_DEPUTY = "یکی از معاونت‌ها را انتخاب کنید:"
CHOOSE_BUREAU = "یکی از دفترها را انتخاب کنید:"
CHOOSE_PARENT = "یکی از گروه‌ها را انتخاب کنید:"
ONLY_PUBLIC = "خدمت‌هایی که ارباب رجوع دارند."
WITHOUT_PARENT = "خدمت‌های بی‌گروه"


def _short(text: str) -> str:
    if len(text) <= LABEL:
        return text
    cut = text[:LABEL]
    return cut[: cut.rfind(" ")] + "…" if " " in cut else cut + "…"


def _services(visit: Visit, bureau: Bureau, which: str) -> list[Service]:
    listed = visit.office.catalogue.file(bureau.slug).services
    return [service for service in listed if which == ALL or service.has_client is not False]


def _bureaus(visit: Visit, which: str) -> list[Bureau]:
    return [bureau for bureau in visit.office.catalogue.bureaus if _services(visit, bureau, which)]


def _deputies(visit: Visit, which: str) -> list[str]:
    return list(dict.fromkeys(bureau.deputy for bureau in _bureaus(visit, which)))


def _parents(services: Sequence[Service]) -> list[str | None]:
    return list(dict.fromkeys(service.parent for service in services))


def _switch(data: str, which: str) -> Row:
    other = ALL if which == PUBLIC else PUBLIC
    label = "همه‌ی خدمات" if which == PUBLIC else "فقط خدمات مردمی"
    return (Button(label, data=data.format(which=other)),)


def _pager(data: str, page: int, count: int) -> list[Row]:
    last = (count - 1) // PER_PAGE
    row = []
    if page > 0:
        row.append(Button("صفحه‌ی پیش", data=data.format(page=page - 1)))
    if page < last:
        row.append(Button("صفحه‌ی بعد", data=data.format(page=page + 1)))
    return [tuple(row)] if row else []


def _word(words: tuple[str, ...], place: int, default: str) -> str:
    return words[place] if len(words) > place else default


def _which(words: tuple[str, ...], place: int) -> str:
    return ALL if _word(words, place, PUBLIC) == ALL else PUBLIC


def _number(words: tuple[str, ...], place: int) -> int:
    text = _word(words, place, "0")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _page(blocks: Sequence[Block], rows: Sequence[Row]) -> Reply:
    return Reply((Part(tuple(blocks), tuple(rows), replaces="pressed"),))


async def deputies(visit: Visit, words: tuple[str, ...]) -> Reply:
    """`bd:which`: all deputies."""
    which = _which(words, 0)
    names = _deputies(visit, which)
    rows: list[Row] = [(Button(_short(name), data=f"bb:{place}:{which}"),) for place, name in enumerate(names)]
    rows.append(_switch("bd:{which}", which))
    blocks: list[Block] = [Heading(TOP, 1), say(CHOOSE_DEPUTY)]
    if which == PUBLIC:
        blocks.append(say(ONLY_PUBLIC, "quiet"))
    return _page(blocks, rows)


async def bureaus(visit: Visit, words: tuple[str, ...]) -> Reply:
    """`bb:deputy:which`: the bureaus of a deputy."""
    which = _which(words, 1)
    names = _deputies(visit, which)
    place = _number(words, 0)
    if place >= len(names):
        return await deputies(visit, (which,))
    listed = [bureau for bureau in _bureaus(visit, which) if bureau.deputy == names[place]]
    rows: list[Row] = [
        (Button(f"{_short(bureau.name)} ({persian_digits(len(_services(visit, bureau, which)))})",
                data=f"bp:{bureau.slug}:{which}"),)
        for bureau in listed
    ]  # fmt: skip
    rows += [_switch(f"bb:{_place_of(visit, names[place], which)}:{{which}}", which)] if which == PUBLIC else []
    rows.append((Button("بازگشت", data=f"bd:{which}"),))
    return _page([Heading(names[place], 1), say(CHOOSE_BUREAU)], rows)


def _place_of(visit: Visit, deputy: str, which: str) -> int:
    """The place of a deputy in the list of the other kind."""
    other = _deputies(visit, ALL if which == PUBLIC else PUBLIC)
    return other.index(deputy) if deputy in other else 0


def _up_from_bureau(visit: Visit, bureau: Bureau, which: str) -> Row:
    return (Button("بازگشت", data=f"bb:{_deputies(visit, which).index(bureau.deputy)}:{which}"),)


def _bureau(visit: Visit, slug: str, which: str) -> Bureau | None:
    return next((bureau for bureau in _bureaus(visit, which) if bureau.slug == slug), None)


async def parents(visit: Visit, words: tuple[str, ...]) -> Reply:
    """`bp:bureau:which`: the parent services of a bureau; a bureau with a single one shows its services at once."""
    which = _which(words, 1)
    bureau = _bureau(visit, _word(words, 0, ""), which)
    if bureau is None:
        return await deputies(visit, (which,))
    found = _parents(_services(visit, bureau, which))
    if len(found) == 1:
        return await services(visit, (bureau.slug, "0", "0", which))
    rows: list[Row] = [
        (Button(_short(parent or WITHOUT_PARENT), data=f"bs:{bureau.slug}:{place}:0:{which}"),)
        for place, parent in enumerate(found)
    ]
    rows.append(_up_from_bureau(visit, bureau, which))
    return _page([Heading(bureau.name, 1), say(CHOOSE_PARENT)], rows)


async def services(visit: Visit, words: tuple[str, ...]) -> Reply:
    """`bs:bureau:parent:page:which`: the services of a parent, eight a page."""
    which = _which(words, 3)
    bureau = _bureau(visit, _word(words, 0, ""), which)
    if bureau is None:
        return await deputies(visit, (which,))
    listed = _services(visit, bureau, which)
    found = _parents(listed)
    place = min(_number(words, 1), len(found) - 1)
    mine = [service for service in listed if service.parent == found[place]]
    page = min(_number(words, 2), (len(mine) - 1) // PER_PAGE)
    shown = mine[page * PER_PAGE : (page + 1) * PER_PAGE]
    here = f"bs-{bureau.slug}-{place}-{page}-{which}"
    rows: list[Row] = [
        (Button(f"{persian_digits(number)}. {service.short_title}", data=f"s:{service.code}:0:{here}"),)
        for number, service in enumerate(shown, start=page * PER_PAGE + 1)
    ]
    rows += _pager(f"bs:{bureau.slug}:{place}:{{page}}:{which}", page, len(mine))
    if len(found) == 1:
        rows.append(_up_from_bureau(visit, bureau, which))
    else:
        rows.append((Button("بازگشت", data=f"bp:{bureau.slug}:{which}"),))
    visit.state.offered = tuple(service.code for service in shown)
    title = found[place] if len(found) > 1 and found[place] else bureau.name
    numbers = range(page * PER_PAGE + 1, page * PER_PAGE + 1 + len(shown))
    items = Items(tuple(service.title for service in shown), tuple(persian_digits(number) for number in numbers))
    return _page([Heading(title or bureau.name, 1), items], rows)


async def browse(visit: Visit, _words: tuple[str, ...]) -> Reply:
    """`/services`: the list from its top, in a message of its own."""
    reply = await deputies(visit, ())
    return Reply(tuple(Part(part.blocks, part.buttons) for part in reply.parts))


TOPIC = Topic(
    commands=(Command("services", "فهرست خدمات", browse),),
    buttons={"bd": deputies, "bb": bureaus, "bp": parents, "bs": services},
)
