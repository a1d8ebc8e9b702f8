"""Parts as HTML: what is marked up, and that no text can become markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.html import Drawing, block_html, part_html
from bot.web.pictures import png_size
from handlers.reply import Block, Button, Flowchart, Heading, Items, Paragraph, Part, Received, Span, plain_text, say
from tests.bot.web.scripted import png

NASTY = st.text(max_size=60) | st.sampled_from(
    [
        "<img src=x onerror=alert(1)>",
        '"><script>alert(1)</script>',
        "' onclick='alert(1)",
        "</p></div><style>*{}</style>",
        "&lt;b&gt; &amp; &#x3c;",
        "<!-- --><![CDATA[",
        "javascript:alert(1)",
    ]
)
SPANS = st.builds(Span, NASTY, st.sampled_from(["plain", "strong", "quiet", "code"]))
BLOCKS: st.SearchStrategy[Block] = st.one_of(
    st.builds(Heading, NASTY, st.sampled_from([1, 2])),
    st.builds(lambda spans: Paragraph(tuple(spans)), st.lists(SPANS, max_size=4)),
    st.builds(lambda items: Items(tuple(items)), st.lists(NASTY, max_size=4)),
    st.builds(
        lambda pairs: Items(tuple(item for item, _ in pairs), tuple(mark for _, mark in pairs)),
        st.lists(st.tuples(NASTY, NASTY), min_size=1, max_size=4),
    ),
)
LABELS = NASTY.filter(bool)
DATA = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=64)
BUTTONS = st.one_of(
    st.builds(lambda label, data: Button(label, data=data), LABELS, DATA),
    st.builds(lambda label, text: Button(label, copy=text), LABELS, NASTY),
    st.builds(lambda label, text: Button(label, share=text), LABELS, NASTY),
    st.builds(lambda label, text: Button(label, url="https://site.example/" + text), LABELS, NASTY),
)
ELEMENTS = frozenset({"h2", "h3", "p", "ul", "ol", "li", "strong", "em", "code", "span", "div", "button", "a"})
ATTRIBUTES = frozenset({"class", "role", "type", "data-press", "data-copy", "data-share", "href", "target", "rel"})


class Parsed(HTMLParser):
    """Elements with attributes in order, text in order, and that all that opened was closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.odd: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.odd += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "img":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.odd.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    def handle_decl(self, decl: str) -> None:
        self.odd.append(decl)

    def handle_pi(self, data: str) -> None:
        self.odd.append(data)

    def unknown_decl(self, data: str) -> None:
        self.odd.append(data)


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(BLOCKS)
def test_no_text_of_a_block_becomes_markup(block: Block) -> None:
    parsed = Parsed(block_html(block))
    assert parsed.odd == []
    assert {tag for tag, _ in parsed.elements} <= ELEMENTS
    assert {name for _, attributes in parsed.elements for name in attributes} <= {"class", "role"}
    bullets = "•" if isinstance(block, Items) and not block.marks else ""
    said = plain_text((block,))
    if bullets:
        said = "".join(block.items) if isinstance(block, Items) else said
    assert squeezed(parsed.text) == squeezed(said)


@given(BUTTONS)
def test_no_label_or_value_of_a_button_becomes_markup(button: Button) -> None:
    parsed = Parsed(part_html(Part((), ((button,),))))
    assert parsed.odd == []
    assert {name for _, attributes in parsed.elements for name in attributes} <= ATTRIBUTES
    inner = [one for one in parsed.elements if one[0] in ("button", "a")]
    assert len(inner) == 1
    tag, attributes = inner[0]
    assert parsed.text.startswith(button.label)
    if tag == "button":
        value = attributes.get("data-press", attributes.get("data-copy", attributes.get("data-share")))
        assert value == (button.data or button.copy or button.share or "")
        assert attributes["type"] == "button"
    else:
        assert attributes["href"] == button.url
        assert attributes["rel"] == "noopener noreferrer"
        assert attributes["target"] == "_blank"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", " javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "//x.example", "http://["],
)
def test_a_link_of_another_kind_is_left_out(url: str) -> None:
    assert part_html(Part((), ((Button("x", url=url),),))) == ""


def test_a_phone_link_opens_no_tab() -> None:
    assert Parsed(part_html(Part((), ((Button("۱۱۱", url="tel:111"),),)))).elements[-1] == (
        "a",
        {"class": "button", "href": "tel:111"},
    )


def test_blocks_are_headings_lists_and_emphasis() -> None:
    blocks = (
        Heading("عنوان", 1),
        Heading("بخش"),
        Paragraph((Span("مهم", "strong"), Span(" ساده "), Span("آرام", "quiet"), Span("۱۲", "code"))),
        Items(("یک", "دو")),
        Items(("نخست", "دوم"), ("۱", "۲")),
    )
    assert part_html(Part(blocks)) == (
        "<h2>عنوان</h2><h3>بخش</h3>"
        '<p><strong>مهم</strong> ساده <em class="quiet">آرام</em><code>۱۲</code></p>'
        "<ul><li>یک</li><li>دو</li></ul>"
        '<ol class="marked" role="list"><li><span class="mark">۱.</span> <span>نخست</span></li>'
        '<li><span class="mark">۲.</span> <span>دوم</span></li></ol>'
    )


def test_buttons_keep_their_rows() -> None:
    rows = (
        (Button("الف", data="a"), Button("ب", data="b")),
        (Button("پ", url="javascript:x"),),
        (Button("ت", data="t"),),
    )
    html = part_html(Part((say("متن"),), rows))
    assert html.count('<div class="row">') == 2
    assert html.index('data-press="a"') < html.index('data-press="b"') < html.index('data-press="t"')


def test_a_flowchart_is_a_described_picture_that_opens() -> None:
    part = Part((), file=Flowchart("drone"))
    drawing = Drawing("picture/drone.png?v=1&x=<", 'نمودار "مراحل"', width=600, height=900)
    figure = dict(Parsed(part_html(part, drawing)).elements)
    assert figure["img"] == {
        "src": drawing.url,
        "alt": drawing.title,
        "width": "600",
        "height": "900",
        "loading": "lazy",
        "decoding": "async",
    }
    assert figure["a"]["href"] == drawing.url


def test_a_pdf_is_a_link_and_what_cannot_be_shown_is_said() -> None:
    linked = Parsed(part_html(Part((), file=Flowchart("drone", "pdf")), Drawing("picture/drone.pdf", "نمودار")))
    assert dict(linked.elements)["a"]["href"] == "picture/drone.pdf"
    assert "آماده نشد" in part_html(Part((), file=Flowchart("drone")), None)
    assert "پیوست" in part_html(Part((), file=Received("telegram", "photo", "id")))


def test_size_of_a_png() -> None:
    assert png_size(png(31, 17)) == (31, 17)
    with pytest.raises(ValueError, match="not a PNG"):
        png_size(b"GIF89a" + bytes(40))
