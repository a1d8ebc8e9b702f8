"""`/gaps`: what the booklet leaves out and staff have not given yet, by bureau, most asked first."""

from __future__ import annotations

from handlers.desk.guard import stale
from handlers.reply import Button, Heading, Items, Reply, message, say
from handlers.upkeep.changing import overlay
from handlers.visit import Visit
from knowledge.check import gaps
from knowledge.overlay.fields import BUREAU_FIELDS, FIELDS
from knowledge.persian import persian_digits
from records.staff import Member

SHOWN = 10
LACKS = {"documents": "مدارک", "workflow": "مراحل"}
ALL_BUREAUS = "کمبودهای فهرست خدمات؛ کدام دفتر؟"
COMPLETE = "این دفتر کمبودی ندارد 🌱"


async def bureaus(visit: Visit, _member: Member, _words: tuple[str, ...]) -> Reply:
    """`/gaps`: how much each bureau lacks."""
    todo = gaps(visit.office.catalogue)
    rows = [
        (Button(f"{bureau.name[:44]} ({persian_digits(len(todo.get(bureau.slug, ())))})", data=f"gap:{bureau.slug}"),)
        for bureau in visit.office.catalogue.bureaus
    ]
    return message(ALL_BUREAUS, buttons=rows)


async def bureau(visit: Visit, _member: Member, parts: tuple[str, ...]) -> Reply:
    """`gap:<bureau>`: its services that lack something, those asked most first, each with a way to its editing."""
    found = next((one for one in visit.office.catalogue.bureaus if parts and one.slug == parts[0]), None)
    if found is None:
        return stale()
    asked = await overlay(visit).asked()
    lacking = sorted(
        gaps(visit.office.catalogue).get(found.slug, []), key=lambda pair: (-asked.get(pair[0].code, 0), pair[0].code)
    )
    lines = [
        f"{service.short_title} — ندارد: {'، '.join(LACKS[one] for one in lacks)}"
        + (f" ({persian_digits(asked[service.code])} بار پرسیده شد)" if asked.get(service.code) else "")
        for service, lacks in lacking[:SHOWN]
    ]
    missing = [FIELDS[name].label for name in BUREAU_FIELDS if getattr(found, name) is None]
    blocks = [say(f"ندارد: {'، '.join(missing)}")] if missing else []
    if not lines and not missing:
        return message(Heading(found.name), COMPLETE)
    rows = [(Button(f"ویرایش {service.short_title}", data=f"up:{service.code}"),) for service, _ in lacking[:SHOWN]]
    more = [say(f"… و {persian_digits(len(lacking) - SHOWN)} خدمت دیگر")] if len(lacking) > SHOWN else []
    return message(Heading(found.name), *blocks, *([Items(tuple(lines))] if lines else []), *more, buttons=rows)
