"""What a citizen writes never becomes markup, whatever it is; what we mark is marked; long texts are cut whole."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from bot.render.html import telegram_html
from bot.render.keyboard import bale_keyboard, telegram_keyboard
from bot.render.lines import MESSAGE_LIMIT, clean, lines, utf16
from handlers.reply import Block, Button, Heading, Items, Paragraph, Span, SpanStyle, say

STYLES: tuple[SpanStyle, ...] = ("plain", "strong", "quiet", "code")
TRICKY = st.sampled_from(
    [
        "<b>",
        "</b>",
        "&amp;",
        "&",
        "<",
        "*",
        "_",
        "`",
        "[a](http://x)",
        "\u202e",
        "\u2067",
        "😀",
        "\n",
        " ",
        "سلام",
        "tel",
    ]
)
TEXTS = st.lists(st.one_of(TRICKY, st.text(max_size=8)), max_size=12).map("".join)
BLOCKS: st.SearchStrategy[Block] = st.one_of(
    st.builds(Paragraph, st.lists(st.builds(Span, TEXTS, st.sampled_from(STYLES)), min_size=1, max_size=4).map(tuple)),
    st.builds(Heading, TEXTS, st.sampled_from((1, 2))),
    st.lists(TEXTS, min_size=1, max_size=4).map(lambda items: Items(tuple(items))),
    st.lists(TEXTS, min_size=1, max_size=4).map(
        lambda items: Items(tuple(items), tuple(str(number) for number in range(len(items))))
    ),
)


class Strict(HTMLParser):
    """Reads the HTML that Telegram takes; any other element, attribute or unclosed tag fails."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("b", "i", "code")
        assert not attrs
        assert not self.open
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        assert "<" not in data
        assert ">" not in data
        assert "&" not in data
        self.text.append(data)

    def handle_entityref(self, name: str) -> None:
        self.text.append({"amp": "&", "lt": "<", "gt": ">"}[name])

    def handle_charref(self, name: str) -> None:
        raise AssertionError(name)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def shown(html: str) -> str:
    """The text a person sees, without the direction marks we add."""
    parser = Strict()
    parser.feed(html)
    parser.close()
    assert not parser.open
    return "".join(parser.text)


def bare(text: str) -> str:
    """The visible characters alone."""
    return "".join(text.replace("\u200f", "").split())


def expected(blocks: list[Block]) -> str:
    return bare("".join(span.text for line in lines(blocks) for span in line))


@given(st.lists(BLOCKS, max_size=6))
def test_any_text_is_shown_as_it_was_written(blocks: list[Block]) -> None:
    sent = telegram_html(blocks)
    assert bare("".join(shown(html) for html in sent)) == expected(blocks)
    assert all(0 < utf16(html) <= MESSAGE_LIMIT and html.strip() for html in sent)


@given(st.lists(BLOCKS, min_size=1, max_size=5), st.integers(60, 200))
def test_any_cut_leaves_each_message_whole(blocks: list[Block], limit: int) -> None:
    sent = telegram_html(blocks, limit)
    assert bare("".join(shown(html) for html in sent)) == expected(blocks)
    assert all(utf16(html) <= limit for html in sent)


@given(TEXTS)
def test_a_clean_text_turns_nothing_round(text: str) -> None:
    cleaned = clean(text)
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\r\t\0")
    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == cleaned


def test_a_card_reads_well() -> None:
    blocks = (
        Heading("صدور مجوز پرواز پهپاد", level=1),
        Paragraph((Span("مسئول: ", "strong"), Span("دفتر فنی"))),
        Paragraph((Span("شناسه: ", "strong"), Span("۱۰۰۵", "code"))),
        Heading("مدارک"),
        Items(("کارت ملی", "فرم <الف> & ب")),
        Items(("مراجعه", "پرداخت"), ("۱", "۲")),
        say("منبع: کتابچه", "quiet"),
    )
    card = (
        "<b>صدور مجوز پرواز پهپاد</b>\n\n<b>مسئول: </b>دفتر فنی\n<b>شناسه: </b><code>۱۰۰۵</code>\n\n<b>مدارک</b>\n"
        "• کارت ملی\n• فرم &lt;الف&gt; &amp; ب\n\n۱. مراجعه\n۲. پرداخت\n\n<i>منبع: کتابچه</i>"
    )
    assert telegram_html(blocks) == [card]


def test_a_line_that_begins_left_to_right_is_set_from_the_right() -> None:
    lines_sent = telegram_html(
        [
            Paragraph(
                (
                    Span("PDF", "strong"),
                    Span(" نمودار\nسامانه‌ی TC\n021-33\n۱. نامه\n😀"),
                )
            )
        ]
    )
    assert lines_sent == ["\u200f<b>PDF</b> نمودار\nسامانه‌ی TC\n\u200f021-33\n۱. نامه\n😀"]


def test_a_text_past_the_limit_is_cut_at_a_line_end() -> None:
    sent = telegram_html([say("الف " * 500), say("ب " * 900), say("پ" * 5000)])
    assert len(sent) == 3
    assert sent[0].startswith("الف")
    assert sent[0].endswith("ب ")
    assert {character for html in sent[1:] for character in html} == {"پ"}


def test_nothing_said_is_no_message() -> None:
    assert telegram_html([]) == []
    assert telegram_html([say(" \n "), say("\u202e")]) == []


def test_the_keyboard_of_each_messenger() -> None:
    rows = (
        (Button("بله", data="rate:1"), Button("سایت", url="https://example.org")),
        (Button("فرستادن", share="x1"), Button("رونوشت", copy="TC-1")),
        (Button("بلند " * 30, data="n"),),
        tuple(Button(str(number), data=str(number)) for number in range(10)),
    )
    telegram = telegram_keyboard(rows)
    assert telegram is not None
    assert telegram["inline_keyboard"][:2] == [
        [{"text": "بله", "callback_data": "rate:1"}, {"text": "سایت", "url": "https://example.org"}],
        [{"text": "فرستادن", "switch_inline_query": "x1"}, {"text": "رونوشت", "copy_text": {"text": "TC-1"}}],
    ]
    assert [len(row) for row in telegram["inline_keyboard"]] == [2, 2, 1, 8, 2]
    long = telegram["inline_keyboard"][2][0]["text"]
    assert len(long) <= 64
    assert long.endswith("…")
    bale = bale_keyboard(rows)
    assert bale is not None
    assert [len(row) for row in bale["inline_keyboard"]] == [2, 1, 8, 2]
    assert bale_keyboard([(Button("فرستادن", share="x1"),)]) is None
    assert telegram_keyboard([(Button("رونوشت", copy="x" * 257),)]) is None


def test_no_more_buttons_than_the_messenger_takes() -> None:
    made = telegram_keyboard([tuple(Button("ا", data="a") for _ in range(7)) for _ in range(20)])
    assert made is not None
    assert sum(len(row) for row in made["inline_keyboard"]) == 100
