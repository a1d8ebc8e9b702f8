"""The page in a real browser. `chat_url` says which chat: here a scripted desk behind a real server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from bot.web.app import TEXT_LIMIT, WebSettings, web_app
from bot.web.serve import serving
from handlers.reply import Part, say
from tests.bot.web.scripted import BUREAUS, DRONE, GREETING, NUMBER, PIXELS, SHARED, ScriptedDesk
from tests.needs import needs_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route

PHONE = (360, 740)
NARROWEST = (320, 568)
TOUCH = 44
READABLE = 4.5
"""Least contrast of text (WCAG 2.2, 1.4.3, level AA)."""

CONTRASTS = """
() => {
  const channel = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const rgba = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const seen = [...document.body.querySelectorAll("*")].filter((one) =>
    one.offsetParent && !one.closest(".unseen, .skip, noscript") &&
    [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  return seen.map((one) => {
    const [a, b] = [light(rgba(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), one.tagName + " " + one.textContent.slice(0, 30)];
  });
}
"""

AT_REST = """
() => {
  const main = document.querySelector("main");
  const top = main.scrollTop;
  return new Promise((resolve) => setTimeout(() => resolve(top > 0 && main.scrollTop === top), 600));
}
"""

Opened = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = needs_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


@pytest.fixture
def chat_url(desk: ScriptedDesk) -> Iterator[str]:
    with serving(
        web_app(desk, WebSettings(secret=b"a secret of the tests", turns_per_minute=20, turns_burst=6))
    ) as url:
        yield url


@pytest.fixture
def contexts(browser: Browser) -> Iterator[list[BrowserContext]]:
    contexts: list[BrowserContext] = []
    yield contexts
    for context in contexts:
        context.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser complained about (errors, refusals by the page's policy); a test that expects some clears it."""
    complaints: list[str] = []
    yield complaints
    assert complaints == []


@pytest.fixture
def opened(browser: Browser, chat_url: str, contexts: list[BrowserContext], complaints: list[str]) -> Opened:
    """Opens the page in a context of its own, and waits for what it says first."""

    def open_page(size: tuple[int, int] = PHONE, path: str = "/", *, dark: bool = False, script: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            locale="fa-IR",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(chat_url + path)
        if script:
            page.locator(".bot").first.wait_for()
            settled(page)
        return page

    return open_page


def settled(page: Page) -> None:
    """Wait until no turn is under way."""
    page.locator("#log:not([aria-busy=true])").wait_for()


def said(page: Page, text: str) -> Locator:
    """The newest message of the program, after this question."""
    count = page.locator(".bot:not(#typing)").count()
    box = page.get_by_role("textbox", name="پیام شما")
    box.fill(text)
    box.press("Enter")
    answer = page.locator(".bot:not(#typing)").nth(count)
    answer.wait_for()
    settled(page)
    return answer


def pressed(page: Page, label: str) -> None:
    page.get_by_role("button", name=label).last.click()
    settled(page)


def test_first_visit_is_greeted_with_buttons(opened: Opened, desk: ScriptedDesk) -> None:
    page = opened()
    assert GREETING in page.get_by_role("log", name="گفت‌وگو").inner_text()
    assert page.get_by_role("button", name="فهرست دفترها").is_visible()
    assert [turn.text for turn in desk.turns] == ["/start"]
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.locator("html").get_attribute("lang") == "fa"
    assert page.get_by_role("heading", level=1).inner_text() == "خدمت‌یار"
    assert page.get_by_role("log").get_attribute("aria-live") == "polite"
    assert page.locator(".own").count() == 0


def test_a_question_gets_its_card(opened: Opened) -> None:
    page = opened()
    card = said(page, "مجوز پهپاد؟")
    assert card.get_by_role("heading", level=2).inner_text() == DRONE
    assert card.get_by_role("listitem").count() == 9
    assert page.locator(".own").inner_text().endswith("مجوز پهپاد؟")
    assert page.get_by_role("textbox").input_value() == ""


def test_the_top_of_a_long_answer_is_in_sight(opened: Opened) -> None:
    page = opened()
    card = said(page, "پهپاد")
    page.wait_for_function(AT_REST)
    top = card.locator("h2").bounding_box()
    bar = page.locator("form").bounding_box()
    assert top
    assert bar
    assert page.locator("header").bounding_box()["height"] < top["y"] < bar["y"]  # type: ignore[index]  # it is shown
    assert page.evaluate("[scrollY, document.documentElement.scrollHeight]") == [0, PHONE[1]]


def test_a_choice_is_said_and_answered(opened: Opened) -> None:
    page = opened()
    said(page, "مجوز")
    pressed(page, f"۱. {DRONE}")
    assert page.locator("#log > *").last.get_by_role("heading", level=2).inner_text() == DRONE
    assert page.locator(".own").last.inner_text().endswith(f"۱. {DRONE}")


def test_picture_is_shown_and_opens(opened: Opened) -> None:
    page = opened((1280, 800))
    said(page, "پهپاد")
    pressed(page, "نمودار مراحل")
    picture = page.get_by_role("img", name=f"نمودار مراحل «{DRONE}»")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('figure img').complete")
    assert picture.evaluate("one => [one.naturalWidth, one.naturalHeight]") == list(PIXELS)
    shown = picture.bounding_box()
    assert shown
    assert shown["height"] / shown["width"] == pytest.approx(PIXELS[1] / PIXELS[0], rel=0.02)
    with page.context.expect_page() as tab:
        picture.click()
    tab.value.wait_for_load_state()
    assert "/picture/drone.png" in tab.value.url
    assert tab.value.evaluate("document.contentType") == "image/png"


def test_a_picture_that_loads_does_not_push_what_is_read(opened: Opened) -> None:
    page = opened()
    said(page, "پهپاد")
    pressed(page, "نمودار مراحل")
    page.wait_for_function("() => document.querySelector('figure img').complete")
    page.wait_for_function(AT_REST)
    pressed_line = page.locator(".own").last.bounding_box()
    header = page.locator("header").bounding_box()
    assert pressed_line
    assert header
    assert 0 <= pressed_line["y"] - header["height"] < 2 * TOUCH


def test_browsing_on_and_back_edits_the_same_bubble(opened: Opened) -> None:
    page = opened()
    pressed(page, "فهرست دفترها")
    bubbles = page.locator("#log > *").count()
    shown = []
    for label in ("بعدی", "بعدی", "پیشین"):
        pressed(page, label)
        shown.append(page.locator("#log > *").first.inner_text())
    assert [bureau in text for bureau, text in zip((BUREAUS[1], BUREAUS[2], BUREAUS[1]), shown, strict=True)] == [
        True
    ] * 3
    assert page.locator("#log > *").count() == bubbles == 1
    page.reload()
    page.locator(".bot h2").wait_for()
    assert BUREAUS[1] in page.locator("#log").inner_text()
    assert page.locator("#log > *").count() == 1


def test_keyboard_alone(opened: Opened, desk: ScriptedDesk) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.type("خط یک")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("مجوز")
    page.keyboard.press("Enter")
    page.get_by_text("منظورتان کدام است؟").wait_for()
    settled(page)
    assert desk.turns[-1].text == "خط یک\nمجوز"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.textContent").startswith("۳. ")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=DRONE).wait_for()
    settled(page)
    assert page.evaluate("document.activeElement.querySelector('h2').textContent") == DRONE
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "نمودار مراحل"


def test_focus_stays_on_the_button_that_turns_pages(opened: Opened) -> None:
    page = opened()
    pressed(page, "فهرست دفترها")
    page.get_by_role("button", name="بعدی").focus()
    page.keyboard.press("Enter")
    page.get_by_text(BUREAUS[1]).wait_for()
    settled(page)
    assert page.evaluate("document.activeElement.textContent") == "بعدی"


@pytest.mark.parametrize(
    "text", ["<img src=x onerror=window.hacked=1>", "<script>window.hacked=1</script>", "&lt;b&gt;"]
)
def test_markup_of_a_citizen_is_text(opened: Opened, text: str) -> None:
    page = opened()
    answer = said(page, text)
    assert text in answer.inner_text()
    assert text in page.locator(".own").inner_text()
    page.reload()
    page.locator(".own").wait_for()
    assert text in page.locator(".own").inner_text()
    assert page.locator("#log img, #log script").count() == 0
    assert page.evaluate("window.hacked") is None


def test_policy_stops_what_would_be_injected(opened: Opened, complaints: list[str]) -> None:
    page = opened()
    page.evaluate("document.getElementById('log').innerHTML += '<img src=data:x onerror=window.hacked=1>'")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert [complaint for complaint in complaints if "Content Security Policy" in complaint]
    complaints.clear()


def test_narrowest_phone_scrolls_in_one_direction(opened: Opened) -> None:
    page = opened(NARROWEST)
    said(page, "مجوز")
    pressed(page, f"۱. {DRONE}")
    pressed(page, "نمودار مراحل")
    said(page, "بی‌فاصله" * 60)
    for scroller in ("document.documentElement", "document.querySelector('main')"):
        assert page.evaluate(f"{scroller}.scrollWidth - {scroller}.clientWidth") == 0
    for target in page.locator("button:visible, .row a, textarea").all():
        box = target.bounding_box()
        assert box
        assert box["height"] >= TOUCH
        assert box["width"] >= TOUCH
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= NARROWEST[0]


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_can_be_read(opened: Opened, dark: bool) -> None:
    page = opened(dark=dark)
    said(page, "پهپاد")
    pressed(page, "به دردم خورد")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (max(ground) < 60) is dark
    faint = [(ratio, text) for ratio, text in page.evaluate(CONTRASTS) if ratio < READABLE]
    assert faint == []


def test_own_font_is_used(opened: Opened) -> None:
    page = opened()
    page.wait_for_function("() => document.fonts.check('16px Khedmatyar', 'سلام')")
    assert page.evaluate("[...document.fonts].map((font) => font.status)") == ["loaded"]


def test_an_answer_lost_on_the_way_is_asked_again_and_told_once(
    opened: Opened, desk: ScriptedDesk, complaints: list[str]
) -> None:
    page = opened()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/chat/turn", lose)
    page.get_by_role("textbox").fill("پهپاد")
    page.keyboard.press("Enter")
    trouble = page.get_by_role("alert")
    trouble.wait_for()
    assert "اینترنت" in trouble.inner_text()
    assert "lost" in (page.locator(".own").get_attribute("class") or "")
    page.unroute("**/chat/turn")
    page.get_by_role("button", name="دوباره").click()
    page.get_by_role("heading", name=DRONE).wait_for()
    settled(page)
    assert trouble.is_hidden()
    assert page.get_by_role("heading", name=DRONE).count() == 1
    assert page.locator(".own").count() == 1
    assert [turn.text for turn in desk.turns] == ["/start", "پهپاد"]
    complaints.clear()


def test_too_fast_is_said_and_nothing_is_lost(opened: Opened, complaints: list[str]) -> None:
    page = opened()
    box = page.get_by_role("textbox")
    for _ in range(8):
        box.fill("سلام")
        box.press("Enter")
        settled(page)
        if page.get_by_role("alert").is_visible():
            break
    assert "ثانیه" in page.get_by_role("alert").inner_text()
    assert page.get_by_role("button", name="دوباره").is_visible()
    complaints.clear()


def test_too_long_is_said_before_it_is_sent(opened: Opened, desk: ScriptedDesk) -> None:
    page = opened()
    box = page.get_by_role("textbox")
    box.fill("پ" * (TEXT_LIMIT + 1))
    box.press("Enter")
    page.get_by_role("alert").wait_for()
    assert "۴۰۹۶" in page.get_by_role("alert").inner_text()
    assert len(box.input_value()) == TEXT_LIMIT + 1
    assert [turn.text for turn in desk.turns] == ["/start"]


def test_reload_keeps_both_sides_in_order(opened: Opened, desk: ScriptedDesk) -> None:
    page = opened()
    said(page, "یک")
    said(page, "مجوز")
    pressed(page, f"۱. {DRONE}")
    before = page.locator("#log > *").all_inner_texts()
    page.reload()
    page.locator("#log > *").nth(len(before) - 1).wait_for()
    assert page.locator("#log > *").all_inner_texts() == before
    assert len(before) == 7
    assert [turn.text for turn in desk.turns].count("/start") == 1


def test_a_deep_link_opens_its_card_once(opened: Opened, desk: ScriptedDesk) -> None:
    page = opened(path="/?start=drone")
    page.get_by_role("heading", name=DRONE).wait_for()
    assert [turn.text for turn in desk.turns] == ["/start drone"]
    assert "start" not in page.url
    page.reload()
    page.get_by_role("heading", name=DRONE).wait_for()
    assert len(desk.turns) == 1


def test_news_come_to_an_open_page(opened: Opened, desk: ScriptedDesk) -> None:
    page = opened()
    desk.push(desk.turns[0].chat, Part((say("شکایت شما به دفتر فنی رسید."),)))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text("شکایت شما به دفتر فنی رسید.").wait_for()
    assert page.locator(".bot:not(#typing)").count() == 2


def test_copy_and_share(opened: Opened, chat_url: str) -> None:
    page = opened()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("delete Navigator.prototype.share")
    said(page, "پهپاد")
    status = page.get_by_role("status")
    page.get_by_role("button", name="رونوشت شناسه").click()
    status.get_by_text("رونوشت شد").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == NUMBER
    page.get_by_role("button", name="فرستادن برای دیگری").click()
    status.get_by_text("بچسبانید").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == SHARED
    page.get_by_role("button", name="نشانی خدمت").click()
    status.get_by_text("نشانی این خدمت").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == f"{chat_url}/?start=drone"


def test_a_notice_passes_without_a_bubble(opened: Opened) -> None:
    page = opened()
    said(page, "پهپاد")
    count = page.locator("#log > *").count()
    pressed(page, "به دردم خورد")
    assert "سپاس" in page.get_by_role("status").inner_text()
    assert page.locator("#log > *").count() == count


def test_a_new_conversation_forgets_the_old(opened: Opened, desk: ScriptedDesk) -> None:
    page = opened()
    said(page, "رازی که نباید بماند")
    page.get_by_role("button", name="گفت‌وگوی تازه").click()
    page.get_by_text("رازی که نباید بماند").first.wait_for(state="detached")
    page.get_by_text(GREETING).wait_for()
    settled(page)
    page.reload()
    page.get_by_text(GREETING).wait_for()
    assert "رازی" not in page.locator("#log").inner_text()
    assert len({turn.chat for turn in desk.turns}) == 2


def test_a_lost_session_is_renewed_unnoticed(opened: Opened, complaints: list[str]) -> None:
    page = opened()
    page.context.clear_cookies()
    assert DRONE in said(page, "پهپاد").inner_text()
    assert all("401" in complaint for complaint in complaints)
    complaints.clear()


def test_without_script_it_says_where_else_to_go(opened: Opened) -> None:
    page = opened(script=False)
    assert re.search(r"جاوااسکریپت.*۱۱۱", page.locator("noscript").inner_text(), re.DOTALL)
    assert page.locator("form").is_hidden()
