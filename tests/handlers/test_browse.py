"""Every service is reached by hand, and every page leads back."""

from __future__ import annotations

import pytest

from handlers.browse import ALL, PER_PAGE, PUBLIC
from handlers.reply import Button, Heading, Reply
from tests.handlers.chat import Chat, buttons, labels, only, text


async def walk(chat: Chat, which: str) -> tuple[set[str], list[Reply]]:
    """All cards reached and all pages seen from the top of the list."""
    reached: set[str] = set()
    seen: set[str] = set()
    pages: list[Reply] = []
    waiting = [f"bd:{which}"]
    while waiting:
        data = waiting.pop()
        if data in seen:
            continue
        seen.add(data)
        reply = await chat.press_data(data)
        pages.append(reply)
        for button in buttons(reply):
            assert button.data is not None
            if button.data.startswith("s:"):
                reached.add(button.data.split(":")[1])
            elif button.data.endswith(f":{which}"):
                waiting.append(button.data)
    return reached, pages


async def test_all_services_are_reached_and_only_public_ones_first(chat: Chat) -> None:
    catalogue = chat.office.catalogue
    everything, pages = await walk(chat, ALL)
    assert everything == {service.code for service in catalogue.services}
    public, _ = await walk(chat, PUBLIC)
    assert public == {service.code for service in catalogue.services if service.has_client is not False}
    for page in pages:
        assert only(page).replaces == "pressed"
        assert sum(button.data is not None and button.data.startswith("s:") for button in buttons(page)) <= PER_PAGE
        assert len(text(page)) < 3500


async def test_down_to_a_card_and_back_in_one_message(chat: Chat) -> None:
    top = await chat.say("/services")
    assert only(top).replaces is None
    await chat.press("معاونت سیاسی")
    services = await chat.press("دفتر امور اتباع")
    assert "صفحه‌ی بعد" in labels(services)
    second = await chat.press("صفحه‌ی بعد")
    assert "صفحه‌ی پیش" in labels(second)
    card = await chat.press("۹.")
    code = chat.state.service
    assert code is not None
    assert only(card).blocks[0] == Heading(chat.office.catalogue.service(code).title, 1)
    assert only(card).replaces == "pressed"
    assert text(await chat.press("بازگشت به فهرست")) == text(second)
    bureaus = await chat.press("بازگشت")
    assert "معاونت سیاسی" in text(bureaus)
    assert text(await chat.press("بازگشت")) == text(top)


async def test_a_number_picks_from_the_page_shown(chat: Chat) -> None:
    await chat.press_data("bs:foreign:0:0:p")
    third = chat.state.offered[2]
    await chat.say("سومی")
    assert chat.state.service == third


@pytest.mark.parametrize(
    "data", ["bd:x", "bb:99:p", "bb:-1:p", "bp:nowhere:p", "bs:foreign:99:99:a", "bs", "bp", "bb", "bs:defence:0:0:p",
             "bs:foreign:x:y:z", "bb:999999999999:p"],
)  # fmt: skip
async def test_stale_and_forged_buttons_lead_to_some_page(chat: Chat, data: str) -> None:
    reply = await chat.press_data(data)
    assert isinstance(only(reply).blocks[0], Heading)
    assert all(isinstance(button, Button) for button in buttons(reply))
    assert buttons(reply)
