"""Inline mode: `@bot پهپاد` in any chat gives services as cards to share."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.card import service_blocks
from handlers.reply import Block, Button, Row, pages, say
from handlers.staff_facts import staff_blocks
from handlers.visit import LONGEST, Office
from knowledge.models import Service

MOST = 10
LEAST = 0.02
"""Least probability of a service that is offered beside the likeliest."""

OPEN = "باز کردن در خدمت‌یار"
REST = "بقیه‌ی این خدمت را در خدمت‌یار ببینید."


@dataclass(frozen=True)
class InlineCard:
    """One result of an inline query: what the list shows, and the message that is shared."""

    code: str
    title: str
    description: str
    blocks: tuple[Block, ...]
    buttons: tuple[Row, ...] = ()


def inline_cards(office: Office, query: str, link: str | None = None) -> tuple[InlineCard, ...]:
    """At most ten services for a query, best first; nothing for an empty one. `link`: the address of a service in
    the bot, with `{code}` in it."""
    query = query.strip()[:LONGEST]
    if not query:
        return ()
    if query in office.catalogue:
        codes = [query]
    else:
        found = office.find(query)
        if found.decision == "decline" and found.intent != "find_service":
            return ()
        codes = list(dict.fromkeys(
            [one.code for one in found.services] + [one.code for one in found.candidates if one.score >= LEAST]
        ))  # fmt: skip
    return tuple(_card(office, office.catalogue.service(code), link) for code in codes[:MOST])


def _card(office: Office, service: Service, link: str | None) -> InlineCard:
    bureau = office.catalogue.bureau_of(service.code)
    cut = pages((*service_blocks(service, bureau, folded=True), *staff_blocks(office.edition, service, bureau)))
    blocks = cut[0] if len(cut) == 1 else (*cut[0], say(REST, "quiet"))
    buttons = ((Button(OPEN, url=link.format(code=service.code)),),) if link else ()
    return InlineCard(service.code, service.short_title, bureau.name, blocks, buttons)
