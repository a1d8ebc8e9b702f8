"""A service whose title, bureau, steps and branches are an attack: drawn, shown and printed as the text that it is.

The catalogue is the office's own, but staff edit it in the chat and from spreadsheets: what they paste is harmless.
"""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from bot.flowchart import Draughtsman
from bot.render.bale import bale_markdown
from bot.render.html import telegram_html
from bot.web.html import Drawing, part_html
from handlers.card import service_blocks
from handlers.reply import Button, Flowchart, Heading, Items, Part, say
from knowledge.catalogue import Catalogue, load_catalogue
from knowledge.models import Service
from tests.bot.test_render_bale import read
from tests.bot.test_render_html import bare, shown

HOSTILE = (
    '#panic("typst ran it")',
    '#read("/etc/passwd") #import "/etc/hosts": *',
    '"); #panic("typst ran it") //',
    "]#panic[x] $ sum_(i=0)^n $ \\u{202e} @label <label>",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "</b></code><a href='tg://user?id=1'>x</a>&lt;b&gt;",
    "*bold* _it_ [متن](http://evil.example) `code` ```",
    "=HYPERLINK('http://evil.example')",
    "'; DROP TABLE complaints; --",
    "\u202e\u2066معکوس\u2069 \x00\x1b[31m\r\nLog: forged",
)
DRAWN = [service for service in load_catalogue().services if service.workflow is not None]
SAFE_TAGS = {
    *("h2", "h3", "p", "ul", "ol", "li", "span", "b", "strong", "em", "i", "code", "div", "br", "small"),
    *("button", "a", "img", "figure", "figcaption"),
}


def poisoned(hostile: str) -> Service:
    """A service with a workflow that branches, with the attack in all its texts."""
    service = next(one for one in DRAWN if one.workflow and any(step.branches for step in one.workflow.steps))
    assert service.workflow is not None
    steps = tuple(
        step.model_copy(
            update={
                "text": hostile,
                "branches": tuple(branch.model_copy(update={"label": hostile}) for branch in step.branches or ())
                if step.branches
                else step.branches,
            }
        )
        for step in service.workflow.steps
    )
    return service.model_copy(
        update={"title": hostile, "workflow": service.workflow.model_copy(update={"steps": steps})}
    )


class Page(HTMLParser):
    """Collects the tags and attributes of what would stand in the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_typst_draws_it_and_runs_nothing(hostile: str) -> None:
    drawn = Draughtsman().draw(poisoned(hostile), bureau=hostile)
    assert drawn.png.startswith(b"\x89PNG")
    assert drawn.pdf.startswith(b"%PDF")
    assert drawn.width > 100


@pytest.mark.parametrize("hostile", HOSTILE)
def test_the_web_page_shows_it_as_text(hostile: str) -> None:
    part = Part(
        (Heading(hostile, 1), Items((hostile, hostile), (hostile, "2")), say(hostile)),
        ((Button(hostile, "x:1"),),),
        file=Flowchart("political-01", "png"),
    )
    page = Page()
    page.feed(part_html(part, Drawing("/picture/political-01.png", hostile, 100, 100)))
    page.close()
    assert page.tags <= SAFE_TAGS
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not [value for name, value in page.attributes if name == "href" and "evil" in (value or "")]
    assert bare(hostile) in bare("".join(page.text))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_whole_card_is_text_in_both_messengers(hostile: str, catalogue: Catalogue) -> None:
    service = poisoned(hostile)
    blocks = service_blocks(service, catalogue.bureau_of(service.code).model_copy(update={"name": hostile}))
    # `shown` fails at any element, attribute or reference that is not ours.
    telegram = "".join(shown(html) for html in telegram_html(blocks))
    assert "script" not in hostile or "<script>" in telegram
    for text in bale_markdown(blocks):
        assert "](" not in text
        assert "`" not in text
        assert "http://evil.example" not in [run for _, run in read(text)[1]]
