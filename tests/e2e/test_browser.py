"""The whole thing in a real browser: the page, the real handlers, the real finder, a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from bot.cli.shots import real_chat
from bot.web.serve import serving_made
from handlers.menu import HELLO, TRY
from knowledge.catalogue import Catalogue
from knowledge.finder.finder import Finder
from tests.needs import needs_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DRONE = "برای فیلم‌برداری هوایی با پهپاد مجوز پرواز می‌خواهم"
MARRIAGE = "ازدواج با خارجی"
CENTRE = "می‌خواهم مرکز معاینه فنی خودرو راه بیندازم"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = needs_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def chat_url(finder: Finder) -> Iterator[str]:
    """The finder is loaded first, so that the page never waits for a training."""
    assert finder.catalogue
    with serving_made(real_chat) as url:
        yield url


@pytest.fixture(params=[(360, 740), (1280, 800)], ids=["phone", "desktop"])
def page(browser: Browser, chat_url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, locale="fa-IR", reduced_motion="reduce")
    context.set_default_timeout(20_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(chat_url)
    page.locator("#log .bot").first.wait_for()
    yield page
    context.close()
    assert faults == []


def ask(page: Page, text: str) -> str:
    """Type a question, wait for its answer, and read it."""
    before = page.locator("#log .bot").count()
    page.get_by_role("textbox").fill(text)
    page.keyboard.press("Enter")
    return newest(page, before)


def press(page: Page, label: str) -> str:
    """Press the newest button of this label that brings a new bubble, and read it."""
    before = page.locator("#log .bot").count()
    page.get_by_role("button", name=label).last.click()
    return newest(page, before)


def newest(page: Page, before: int) -> str:
    page.locator("#log .bot").nth(before).wait_for()
    page.locator("#log:not([aria-busy=true])").wait_for()
    return page.locator("#log .bot").last.inner_text()


def test_the_greeting(page: Page) -> None:
    said = page.locator("#log .bot").first.inner_text()
    assert HELLO in said
    assert TRY in said


def test_ask_and_follow_up(page: Page, catalogue: Catalogue) -> None:
    service = catalogue.service("security-02")
    assert service.title in ask(page, DRONE)
    papers = ask(page, "مدارکش؟")
    assert all(document.text in papers for document in service.public_documents)
    assert "کتابچه" in ask(page, "چند روز طول می‌کشه؟")


def test_choose(page: Page, catalogue: Catalogue) -> None:
    assert "منظورتان کدام است؟" in ask(page, MARRIAGE)
    label = page.locator("#log .bot").last.get_by_role("button").nth(1).inner_text()
    card = press(page, label)
    assert any(service.short_title in label and service.title in card for service in catalogue.services)


def test_the_steps_as_a_picture(page: Page, catalogue: Catalogue) -> None:
    assert catalogue.service("technical-02").title in ask(page, CENTRE)
    press(page, "نمودار مراحل")
    picture = page.locator("#log .bot").last.locator("img")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("() => [...document.images].at(-1).complete")
    assert picture.evaluate("one => one.naturalWidth") == 1080
    assert "technical-02.png" in (picture.get_attribute("src") or "")


def test_browse_and_back_in_one_bubble(page: Page, catalogue: Catalogue) -> None:
    bubble = page.locator("#log .bot").first
    bubble.get_by_role("button", name="فهرست خدمات").click()
    bubble.filter(has_text="یکی از معاونت‌ها").wait_for()
    count = page.locator("#log .bot").count()
    for label, shown in (
        ("معاونت سیاسی، امنیتی و اجتماعی", "یکی از دفترها"),
        ("دفتر امور اتباع و مهاجرین خارجی", catalogue.service("foreign-01").title),
        ("صفحه‌ی بعد", catalogue.service("foreign-09").title),
        ("صفحه‌ی پیش", catalogue.service("foreign-01").title),
        ("۲.", catalogue.service("foreign-02").summary),
        ("بازگشت به فهرست", catalogue.service("foreign-01").title),
        ("بازگشت", "یکی از دفترها"),
        ("بازگشت", "یکی از معاونت‌ها"),
    ):
        bubble.get_by_role("button", name=label).first.click()
        bubble.filter(has_text=shown).wait_for()
        assert page.locator("#log .bot").count() == count


def test_a_complaint_from_start_to_code(page: Page) -> None:
    assert "بنویسید" in ask(page, "از یک مرکز معاینه فنی شکایت دارم")
    review = ask(page, "مرکز سر جاده‌ی بویین بدون آزمایش پول گرفت و برگه داد")
    assert "بدون آزمایش پول گرفت" in review
    filed = press(page, "ثبت بدون شماره")
    assert "کد رهگیری" in filed
    code = next(word for word in filed.split() if word.startswith("Q0"))
    assert "معاینه فنی" in ask(page, f"/track {code}")


def test_what_a_citizen_types_is_never_markup(page: Page) -> None:
    ask(page, "<img src=x onerror=alert(1)> <b>سلام</b>")
    assert page.locator("#log img[src=x]").count() == 0
