"""All services through a messenger: every card, every page of it, and what its buttons bring."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, deque
from collections.abc import Sequence
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.standin import Participant, Shown, StandIn
from handlers.card import FOLDED, service_blocks
from handlers.reply import pages
from handlers.show import law_parts
from knowledge.catalogue import Catalogue
from knowledge.models import Service
from knowledge.persian import persian_digits
from tests.e2e.running import Running, replies, reply

PEOPLE = 12
MARKS = re.compile(r"[*_\\\u200e\u200f]")
"""Bale's text is shown as written, with its own marks."""


def plain(text: str) -> str:
    """The letters of a text without marks and with single spaces."""
    return " ".join(MARKS.sub("", unescape(text)).split())


def page_count(catalogue: Catalogue, service: Service) -> int:
    return len(pages(service_blocks(service, catalogue.bureau_of(service.code), folded=True)))


class Reader:
    """Reads cards in one chat, and counts what was seen."""

    def __init__(self, api: StandIn, person: Participant, catalogue: Catalogue) -> None:
        self.api = api
        self.person = person
        self.catalogue = catalogue
        self.seen: Counter[str] = Counter()

    async def read(self, service: Service) -> None:
        await self.person.deep_link(service.code)
        shown = await reply(self.person)
        assert plain(service.title) in plain(shown.text), service.code
        read = [shown]
        while "ادامه" in shown.labels:
            await self.person.press(shown, "ادامه")
            shown = await reply(self.person)
            read.append(shown)
        assert len(read) == page_count(self.catalogue, service), service.code
        number = persian_digits(service.service_id) if service.service_id else "فاقد شناسه"
        assert plain(number) in plain(shown.text), service.code
        self.seen["cards"] += 1
        self.seen["pages"] += len(read)
        for page in read:
            assert f"cnew:{service.code}" in page.callbacks
        folded = any(document.kind in FOLDED for document in service.public_documents)
        assert (f"law:{service.code}" in shown.callbacks) is folded
        assert (f"pic:{service.code}" in shown.callbacks) is (service.workflow is not None)
        if folded:
            await self.law(shown, service)
        if service.workflow is not None:
            await self.picture(shown, service)
        await self.share(shown, service)

    async def law(self, card: Shown, service: Service) -> None:
        await self.person.press(card, f"law:{service.code}")
        told = await replies(self.person, len(law_parts(service)))
        text = plain(" ".join(one.text for one in told))
        for document in service.public_documents:
            if document.kind in FOLDED:
                assert plain(document.text) in text, service.code
        self.seen["laws"] += 1

    async def picture(self, card: Shown, service: Service) -> None:
        await self.person.press(card, f"pic:{service.code}")
        drawn = await reply(self.person)
        assert "photo" in drawn.data, service.code
        assert plain(service.title) in plain(drawn.text)
        assert self.content(drawn).startswith(b"\x89PNG\r\n")
        await self.person.press(drawn, f"pdf:{service.code}")
        printable = await reply(self.person)
        assert printable.data["document"]["file_name"].endswith(".pdf"), service.code
        assert self.content(printable).startswith(b"%PDF-")
        self.seen["pictures"] += 1

    async def share(self, card: Shown, service: Service) -> None:
        if self.api.platform == "telegram":
            outer = urlsplit(card.button("هم‌رسانی")["url"])
            assert outer.netloc == "t.me"
            inner = parse_qs(outer.query)["url"][0]
        else:
            await self.person.press(card, "هم‌رسانی")
            told = (await reply(self.person)).text
            assert plain(service.title) in plain(told)
            inner = told.split()[-1].strip("\u200f\u200e")
        address = urlsplit(inner)
        assert address.path == f"/{self.api.world.me['username']}"
        assert parse_qs(address.query) == {"start": [service.code]}
        self.seen["links"] += 1

    def content(self, shown: Shown) -> bytes:
        assert shown.file_id is not None
        return self.api.world.files[shown.file_id].content


async def read_all(api: StandIn, catalogue: Catalogue, services: Sequence[Service]) -> Counter[str]:
    """All cards, read by several people side by side; what was seen."""
    waiting = deque(services)
    readers = [Reader(api, api.user(number), catalogue) for number in range(1, PEOPLE + 1)]

    async def work(reader: Reader) -> None:
        while waiting:
            await reader.read(waiting.popleft())

    await asyncio.gather(*(work(reader) for reader in readers))
    return sum((reader.seen for reader in readers), Counter())


def assert_all_seen(seen: Counter[str], catalogue: Catalogue) -> None:
    services = catalogue.services
    assert seen["cards"] == seen["links"] == len(services) >= 331
    assert seen["pages"] == sum(page_count(catalogue, service) for service in services)
    assert seen["laws"] == sum(
        any(document.kind in FOLDED for document in service.public_documents) for service in services
    )
    assert seen["pictures"] == sum(service.workflow is not None for service in services) >= 32


@pytest.mark.usefixtures("service", "quiet")
async def test_every_card_on_telegram(api: StandIn, catalogue: Catalogue) -> None:
    seen = await read_all(api, catalogue, catalogue.services)
    assert_all_seen(seen, catalogue)
    api.assert_clean()
    assert not api.refusals
    assert not api.unanswered()


@pytest.mark.usefixtures("quiet")
async def test_every_card_on_bale(bale: StandIn, bale_service: Running, catalogue: Catalogue) -> None:
    seen = await read_all(bale, catalogue, catalogue.services)
    await bale_service.end()
    assert_all_seen(seen, catalogue)
    bale.assert_clean()
    assert not bale.refusals


@pytest.mark.usefixtures("service", "quiet")
async def test_a_picture_shown_again_is_not_uploaded_again(api: StandIn, catalogue: Catalogue) -> None:
    drawn = next(service for service in catalogue.services if service.workflow is not None)
    first, second = api.user(1), api.user(2)
    shown = []
    for person in (first, second):
        await person.deep_link(drawn.code)
        await person.press(await reply(person), f"pic:{drawn.code}")
        shown.append(await reply(person))
    assert shown[0].file_id == shown[1].file_id
    assert len(api.calls_of("sendPhoto")) == 2
    api.assert_clean()
