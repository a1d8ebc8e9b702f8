"""Pictures of the web chat, taken by the real browser: for the README, and to look at a change of the page."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from starlette.types import ASGIApp

from bot.service import opened
from bot.settings import Settings
from bot.web.office import office_chat
from bot.web.serve import Make, serving_made
from knowledge.errors import KhedmatyarError
from knowledge.finder.finder import load_finder

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
TIMEOUT_MS = 20_000
SETTLE_MS = 700
"""For the scrolling to come to rest and pictures to be painted."""


class NoBrowserError(KhedmatyarError):
    """There is no browser to take pictures with."""


@dataclass(frozen=True)
class Screen:
    """A device: width and height in CSS pixels, pixels per CSS pixel."""

    name: str
    width: int
    height: int
    scale: float
    colours: Literal["light", "dark"]


@dataclass(frozen=True)
class Shot:
    """A picture: after these questions, and after pressing the button of this label when one is given."""

    name: str
    questions: tuple[str, ...]
    press: str | None = None


SCREENS = (
    Screen("phone", 360, 740, 2, "light"),
    Screen("phone-dark", 360, 740, 2, "dark"),
    Screen("desktop", 1280, 800, 1, "light"),
)
SHOTS = (
    Shot("greeting", ()),
    Shot("card", ("میخوام با پهپادم از باغ‌های قزوین فیلم بگیرم، مجوزش با کیه؟",)),
    Shot("choice", ("ملاقات",)),
    Shot("flowchart", ("میخوام مرکز معاینه فنی ماشین بزنم، مجوزشو از کجا بگیرم؟",), "نمودار مراحل"),
)


def shots_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the pictures; made when missing.")] = Path(
        "docs/pictures"
    ),
) -> None:
    """Take the pictures of the web chat that the README shows (needs chromium)."""
    for path in shots(out):
        typer.echo(str(path))


def shots(
    out: Path, make: Make | None = None, wanted: Sequence[Shot] = SHOTS, screens: Sequence[Screen] = SCREENS
) -> list[Path]:
    """Serve the chat that `make` makes (the real one over an empty database by default), and save `SCREEN-SHOT.png`
    for each into the folder `out`; the files made. NoBrowserError without chromium or playwright."""
    if importlib.util.find_spec("playwright") is None:
        raise NoBrowserError("برای عکس گرفتن، بسته‌ی playwright لازم است (make install)")
    if not CHROMIUM.exists():
        raise NoBrowserError(f"مرورگر {CHROMIUM} نیست (apt-get install chromium)")
    out.mkdir(parents=True, exist_ok=True)
    with serving_made(make or real_chat) as url, _browser() as browser:
        return [_take(browser, url, screen, shot, out) for screen in screens for shot in wanted]


@asynccontextmanager
async def real_chat() -> AsyncIterator[ASGIApp]:
    """The chat with the real handlers over a database of its own, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="khedmatyar-shots-") as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/shots.sqlite", _env_file=None)
        async with opened(settings, load_finder()) as service:
            yield office_chat(service)


@contextmanager
def _browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 — only developers have it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def _take(browser: Browser, url: str, screen: Screen, shot: Shot, out: Path) -> Path:
    context = browser.new_context(
        viewport={"width": screen.width, "height": screen.height},
        device_scale_factor=screen.scale,
        color_scheme=screen.colours,
        locale="fa-IR",
        reduced_motion="reduce",
    )
    context.set_default_timeout(TIMEOUT_MS)
    try:
        page = context.new_page()
        page.goto(url)
        _answered(page, 0)
        for question in shot.questions:
            before = _count(page)
            page.get_by_role("textbox").fill(question)
            page.keyboard.press("Enter")
            _answered(page, before)
        if shot.press is not None:
            before = _count(page)
            page.get_by_role("button", name=shot.press).last.click()
            _answered(page, before)
        page.evaluate("document.activeElement.blur()")
        page.wait_for_timeout(SETTLE_MS)
        path = out / f"{screen.name}-{shot.name}.png"
        page.screenshot(path=path)
        return path
    finally:
        context.close()


def _count(page: Page) -> int:
    return page.locator("#log .bot").count()


def _answered(page: Page, before: int) -> None:
    page.locator("#log .bot").nth(before).wait_for()
    page.locator("#log:not([aria-busy=true])").wait_for()
