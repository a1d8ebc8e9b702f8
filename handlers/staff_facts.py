"""What staff say of a service, as the card shows it: marked as theirs, with the day."""

from __future__ import annotations

from datetime import datetime

from handlers.reply import Block, Paragraph, Span
from knowledge.models import Bureau, Service
from knowledge.overlay.edition import Edition, Fact
from knowledge.overlay.fields import BUREAU_FIELDS, EXTRAS, FIELDS, SERVICE_FIELDS
from knowledge.persian import persian_digits
from knowledge.workdays import TEHRAN, jalali_text

OUTDATED = "⚠️ کهنه شده است: "
CHANGED = "به‌روزشده: "


def staff_facts(edition: Edition, code: str) -> dict[str, Fact]:
    """Fee, link and «out of date» of a service, where staff have given them."""
    return {name: fact for name in EXTRAS if (fact := edition.fact(code, name)) is not None}


def staff_blocks(edition: Edition, service: Service, bureau: Bureau) -> tuple[Block, ...]:
    """The staff's facts for the card; empty when staff have said nothing of the service or its bureau."""
    blocks: list[Block] = [_fact_block(name, fact) for name, fact in staff_facts(edition, service.code).items()]
    if changed := _changed(edition, service, bureau):
        blocks.append(Paragraph((Span(f"{CHANGED}{changed}", "quiet"),)))
    return tuple(blocks)


def fee_block(edition: Edition, code: str) -> Paragraph | None:
    """The fee of a service as staff tell it; None when they have not."""
    fact = edition.fact(code, "fee")
    return None if fact is None else _fact_block("fee", fact)


def _fact_block(name: str, fact: Fact) -> Paragraph:
    label = OUTDATED if name == "outdated" else f"{FIELDS[name].label}: "
    return Paragraph((Span(label, "strong"), Span(str(fact.value)), Span(f" {_source(fact)}", "quiet")))


def _source(fact: Fact) -> str:
    return f"(کارمند، {day_text(fact.at)})" if fact.at else "(کارمند)"


def _changed(edition: Edition, service: Service, bureau: Bureau) -> str:
    """Which fields of the card are the staff's, and of what day the newest is."""
    plain = [name for name in SERVICE_FIELDS if name not in EXTRAS]
    found = {
        FIELDS[name].label: fact
        for subject, names in ((service.code, plain), (bureau.slug, BUREAU_FIELDS))
        for name in names
        if (fact := edition.fact(subject, name)) is not None
    }
    if not found:
        return ""
    days = [fact.at for fact in found.values() if fact.at is not None]
    source = f" (کارمند، {day_text(max(days))})" if days else " (کارمند)"
    return f"{'، '.join(found)}{source}"


def day_text(at: datetime) -> str:
    """«۱۴۰۵/۰۹/۰۱», the day in Tehran."""
    return persian_digits(jalali_text(at.astimezone(TEHRAN).date()).replace("-", "/"))
