"""One service shown in a chat: its card page by page, its legal basis, its drawn steps, a link to hand on."""

from __future__ import annotations

import re
from urllib.parse import quote

from handlers.card import FOLDED, document_blocks, responsible, service_blocks
from handlers.feedback import rating_row
from handlers.reply import Block, Button, Flowchart, Heading, Paragraph, Part, Reply, Row, Span, message, pages, say
from handlers.staff_facts import staff_blocks
from handlers.topic import Topic
from handlers.visit import Visit
from knowledge.models import Service

STALE = "این دکمه دیگر کار نمی‌کند. لطفاً دوباره بنویسید یا از فهرست بروید."
NO_PICTURE = "کتابچه مراحل این خدمت را ننوشته است؛ نموداری ندارد."
NO_LAW = "کتابچه برای این خدمت مبنای قانونی ننوشته است."
PICTURE_OF = "نمودار مراحل: "

LIST = re.compile(r"bs-[a-z]+-\d{1,3}-\d{1,3}-[pa]")
"""A page of a list, as a card keeps it to lead back there: the list's own data with hyphens."""

LINKS = {"telegram": "https://t.me/{handle}?start={code}", "bale": "https://ble.ir/{handle}?start={code}"}


def show(
    visit: Visit, code: str, *, page: int = 0, answer: str | None = None, back: str | None = None, folded: bool = True
) -> Part:
    """One page of a service's card with its buttons; the chat's talk is of this service from now on.

    `answer`: id of the answer to be rated under it; `back`: data of a button that leads back to a list.
    """
    service, bureau = visit.office.catalogue.service(code), visit.office.catalogue.bureau_of(code)
    cut = pages((*service_blocks(service, bureau, folded), *staff_blocks(visit.office.edition, service, bureau)))
    page = min(page, len(cut) - 1)
    if visit.state.service != code:
        visit.state.step = 0
    visit.state.service = code
    rows: list[Row] = []
    if page + 1 < len(cut):
        rows.append((Button("ادامه", data=f"s:{code}:{page + 1}{':' + back if back else ''}"),))
    rows += card_buttons(visit, service)
    if visit.turn.private and (visit.turn.channel, visit.turn.person) in visit.office.editors:
        rows.append((Button("ویرایش", data=f"up:{code}"),))
    if answer is not None:
        rows.append(rating_row(answer))
    if back is not None:
        rows.append((Button("بازگشت به فهرست", data=back.replace("-", ":")),))
    return Part(cut[page], tuple(rows))


def card_buttons(visit: Visit, service: Service) -> list[Row]:
    """What can be done with a service: its picture, its legal basis, a complaint, handing it on."""
    first = []
    if service.workflow is not None:
        first.append(Button("نمودار مراحل", data=f"pic:{service.code}"))
    if any(document.kind in FOLDED for document in service.public_documents):
        first.append(Button("مبنای قانونی", data=f"law:{service.code}"))
    second = (Button("شکایت در این‌باره", data=f"cnew:{service.code}"), _share(visit, service))
    return [tuple(first), second] if first else [second]


def link(visit: Visit, code: str) -> str | None:
    """A link that opens the bot on a service, where the channel has one."""
    handle = visit.office.handles.get(visit.turn.channel)
    form = LINKS.get(visit.turn.channel)
    return form.format(handle=handle, code=code) if handle and form else None


def _share(visit: Visit, service: Service) -> Button:
    if visit.turn.channel == "web":
        return Button("هم‌رسانی", share=f"?start={service.code}")
    if visit.turn.channel == "telegram" and (address := link(visit, service.code)):
        text = quote(service.title, safe="")
        return Button("هم‌رسانی", url=f"https://t.me/share/url?url={quote(address, safe='')}&text={text}")
    return Button("هم‌رسانی", data=f"link:{service.code}")


async def card(visit: Visit, words: tuple[str, ...]) -> Reply:
    """A button of a list: the card; `s:code`, `s:code:page`, `s:code:page:list` (edits the list in place)."""
    if not words or words[0] not in visit.office.catalogue:
        return message(STALE, buttons=((Button("فهرست خدمات", data="bd"),),))
    page = int(words[1]) if len(words) > 1 and words[1].isdecimal() and len(words[1]) < 3 else 0
    back = words[2] if len(words) > 2 and LIST.fullmatch(words[2]) else None
    part = show(visit, words[0], page=page, back=back)
    if back is not None and page == 0:
        part = Part(part.blocks, part.buttons, replaces="pressed")
    return Reply((part,))


async def legal_basis(visit: Visit, words: tuple[str, ...]) -> Reply:
    """The folded documents of a service."""
    if not words or words[0] not in visit.office.catalogue:
        return message(STALE)
    service = visit.office.catalogue.service(words[0])
    visit.state.service = service.code
    return Reply(law_parts(service))


def law_parts(service: Service) -> tuple[Part, ...]:
    """The legal basis and the office's own papers, under the service's title."""
    blocks: tuple[Block, ...] = tuple(document_blocks(service, FOLDED)) or (say(NO_LAW),)
    return tuple(Part(page) for page in pages((Heading(service.title, 1), *blocks)))


async def picture(visit: Visit, words: tuple[str, ...]) -> Reply:
    """The drawn workflow of a service."""
    if not words or words[0] not in visit.office.catalogue:
        return message(STALE)
    return Reply((picture_part(visit, words[0]),))


def picture_part(visit: Visit, code: str) -> Part:
    """A message with the flowchart of a service, or that it has none."""
    service = visit.office.catalogue.service(code)
    visit.state.service = code
    if service.workflow is None:
        return Part((say(NO_PICTURE), responsible(visit.office.catalogue.bureau_of(code))))
    caption = Paragraph((Span(PICTURE_OF, "strong"), Span(service.title)))
    return Part((caption,), ((Button("PDF برای چاپ", data=f"pdf:{code}"),),), Flowchart(code))


async def printable(visit: Visit, words: tuple[str, ...]) -> Reply:
    """The flowchart as PDF."""
    if not words or words[0] not in visit.office.catalogue:
        return message(STALE)
    service = visit.office.catalogue.service(words[0])
    if service.workflow is None:
        return message(NO_PICTURE)
    return Reply((Part((Paragraph((Span(PICTURE_OF, "strong"), Span(service.title))),),
                       file=Flowchart(service.code, "pdf")),))  # fmt: skip


async def hand_on(visit: Visit, words: tuple[str, ...]) -> Reply:
    """A text about a service to hand on by hand, on channels without a share button."""
    if not words or words[0] not in visit.office.catalogue:
        return message(STALE)
    service, bureau = visit.office.catalogue.service(words[0]), visit.office.catalogue.bureau_of(words[0])
    blocks: list[Block] = [Heading(service.title, 1), say(service.summary), responsible(bureau)]
    if address := link(visit, service.code):
        blocks.append(say(address))
    return Reply((Part(tuple(blocks)),))


TOPIC = Topic(
    buttons={"s": card, "law": legal_basis, "pic": picture, "pdf": printable, "link": hand_on},
)
