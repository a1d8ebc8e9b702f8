"""The catalogue by buttons, inline cards, and the commands that the menu shows."""

from __future__ import annotations

import asyncio

import pytest

from bot.standin import Participant, Shown, StandIn
from handlers.browse import ALL, PER_PAGE, PUBLIC
from handlers.inline import LEAST, MOST
from handlers.router import COMMANDS
from knowledge.catalogue import Catalogue
from knowledge.finder.finder import Finder
from knowledge.finder.normalize import normalize
from knowledge.persian import persian_digits
from tests.e2e.running import Running, reply, said, until

LISTS = ("bd", "bb", "bp", "bs")
WALKERS = 8

pytestmark = pytest.mark.usefixtures("quiet")


class Atlas:
    """All list pages, found by following every button of every page; each page is one text, wherever one comes from."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.links: dict[str, frozenset[str]] = {}
        self.codes: dict[str, set[str]] = {PUBLIC: set(), ALL: set()}
        self.waiting: asyncio.Queue[str] = asyncio.Queue()

    def see(self, data: str, page: Shown) -> None:
        if data not in self.pages:
            self.pages[data] = page.text
            self.waiting.put_nowait(data)
        assert page.text == self.pages[data], data


class Walker:
    """A person who browses, in one message that is edited."""

    def __init__(self, person: Participant, atlas: Atlas) -> None:
        self.person = person
        self.atlas = atlas
        self.message = 0

    async def start(self) -> None:
        top = await said(self.person, "/services")
        self.message = top.message_id
        for label in ("همه‌ی خدمات", "فقط خدمات مردمی"):
            await self.person.press(self.message, label)
            await reply(self.person)
        assert self.person.message(self.message).text == top.text
        self.atlas.see(f"bd:{PUBLIC}", top)

    async def press(self, data: str) -> Shown:
        """The page that a button leads to; one that already stands there is not asked for again."""
        standing = self.person.message(self.message)
        if standing.text == self.atlas.pages.get(data):
            return standing
        await self.person.press_data(self.message, data)
        shown = await reply(self.person)
        assert shown.message_id == self.message
        return shown

    async def explore(self, data: str) -> None:
        """Every button of a page, and back each time."""
        page = await self.press(data)
        self.atlas.links[data] = frozenset(link for link in page.callbacks if link.split(":")[0] in LISTS)
        for link in page.callbacks:
            if link.startswith("s:"):
                await self.card(data, page, link)
            else:
                assert link in self.atlas.links[data]
                self.atlas.see(link, await self.press(link))
                assert (await self.press(data)).text == page.text

    async def card(self, data: str, page: Shown, link: str) -> None:
        card = await self.press(link)
        code = link.split(":")[1]
        assert f"cnew:{code}" in card.callbacks
        self.atlas.codes[data.rsplit(":", 1)[-1]].add(code)
        back = card.button("بازگشت به فهرست")["callback_data"]
        assert (await self.press(back)).text == page.text


@pytest.mark.usefixtures("service")
async def test_every_list_page_in_both_kinds_and_directions(api: StandIn, catalogue: Catalogue) -> None:
    atlas = Atlas()
    walkers = [Walker(api.user(number), atlas) for number in range(1, WALKERS + 1)]
    for walker in walkers:
        await walker.start()

    async def work(walker: Walker) -> None:
        while True:
            data = await atlas.waiting.get()
            try:
                await walker.explore(data)
            finally:
                atlas.waiting.task_done()

    tasks = [asyncio.create_task(work(walker)) for walker in walkers]
    done = asyncio.create_task(atlas.waiting.join())
    await asyncio.wait([done, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in (done, *tasks):
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
    public = {service.code for service in catalogue.services if service.has_client is not False}
    assert atlas.codes == {PUBLIC: public, ALL: {service.code for service in catalogue.services}}
    # Every page is left by a button, and can be come back to by one of a page that it leads to.
    for data, links in atlas.links.items():
        assert any(data in atlas.links[link] or atlas.pages[link] == atlas.pages[data] for link in links), data
    assert len(atlas.pages) > sum(len(codes) for codes in atlas.codes.values()) / PER_PAGE
    api.assert_clean()
    assert all(refusal.not_modified for refusal in api.refusals)
    assert not api.unanswered()


@pytest.mark.usefixtures("service")
async def test_inline_every_service_by_its_code(api: StandIn, catalogue: Catalogue) -> None:
    async def ask(number: int) -> None:
        person = api.user(number)
        for service in catalogue.services[number - 1 :: WALKERS]:
            await person.inline(service.code)
            (card,) = await person.inline_answer()
            assert card["id"] == service.code
            assert card["title"] == service.short_title
            url = card["reply_markup"]["inline_keyboard"][0][0]["url"]
            assert url == f"https://t.me/{api.world.me['username']}?start={service.code}"
            assert await person.choose_inline(service.code) is not None

    await asyncio.gather(*(ask(number) for number in range(1, WALKERS + 1)))
    api.assert_clean()


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    "query", ["پهپاد", "ازدواج با خارجی", "انتخابات شورا", "pahpad", "سیم کارت اتباع", "خسارت زلزله", "معاینه فنی"]
)
async def test_inline_by_words(api: StandIn, finder: Finder, query: str) -> None:
    person = api.user(1)
    await person.inline(query)
    cards = await person.inline_answer()
    found = finder.find(query)
    shown = [one.code for one in found.services]
    assert [card["id"] for card in cards][: len(shown)] == shown
    likely = {one.code for one in found.candidates if one.score >= LEAST}
    assert {card["id"] for card in cards} <= likely | set(shown)
    assert 1 <= len(cards) <= MOST
    api.assert_clean()


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("query", ["", "   ", "🙂", "سلام", "قیمت دلار امروز", "<b>&" * 60])
async def test_inline_with_nothing_to_offer(api: StandIn, query: str) -> None:
    person = api.user(1)
    await person.inline(query)
    assert await person.inline_answer() == []
    api.assert_clean()


async def test_commands_are_published_with_persian_descriptions(api: StandIn, service: Running) -> None:
    public = {command.name: command.description for command in COMMANDS.values() if command.scope == "public"}
    for scope in ("default", "all_private_chats"):
        published = api.world.commands[f'{{"type": "{scope}"}}', ""]
        assert {one["command"]: one["description"] for one in published} == public
    assert {"start", "help", "about", "privacy", "forget", "cancel", "services"} <= public.keys()
    for description in public.values():
        assert normalize(description)
        assert not any(letter.isascii() and letter.isalpha() for letter in description)
    for name in public:
        assert (await said(api.user(1), f"/{name}")).text
    api.assert_clean()
    assert service.rows("SELECT count(*) FROM updates") == [(len(public),)]


@pytest.mark.usefixtures("service")
async def test_a_list_number_is_picked_by_word(api: StandIn) -> None:
    person = api.user(1)
    top = await said(person, "/services")
    for _ in range(4):
        data = next((link for link in top.callbacks if link.split(":")[0] in {"bb", "bp", "bs"}), "")
        await person.press(top, data)
        top = await reply(person)
        if any(link.startswith("s:") for link in top.callbacks):
            break
    second = [link for link in top.callbacks if link.startswith("s:")][1].split(":")[1]
    assert persian_digits(2) in top.text
    shown = await said(person, "دومی")
    assert f"cnew:{second}" in shown.callbacks
    api.assert_clean()
    await until(lambda: not api.unanswered())
