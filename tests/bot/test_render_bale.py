"""Bale's Markdown, read back by the rules its parser keeps: only what we mark is marked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.render.bale import bale_markdown, neutral
from bot.render.lines import lines, utf16
from handlers.reply import Block, Heading, Items, Paragraph, Span, say
from tests.bot.test_render_html import BLOCKS, TEXTS, bare

EDGES = ("", " ", "\n", "\t")


def read(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The shown text and the marked runs: a sign opens after an edge and closes before one, as in Actor's parser."""
    out, runs, at = [], [], 0
    while at < len(text):
        sign = text[at]
        opens = sign in "*_" and text[at - 1 : at] in EDGES and text[at + 1 : at + 2] != sign
        end = (
            next((k for k in range(at + 1, len(text)) if text[k] == sign and text[k + 1 : k + 2] in EDGES), None)
            if opens
            else None
        )
        if end is not None:
            runs.append((sign, text[at + 1 : end]))
            out.append(text[at + 1 : end])
            at = end + 1
        else:
            out.append(sign)
            at += 1
    return "".join(out), runs


@given(st.lists(BLOCKS, max_size=6))
def test_any_text_is_shown_and_marked_only_where_we_mark(blocks: list[Block]) -> None:
    sent = bale_markdown(blocks)
    marked = {bare(neutral(span.text)).strip("ˍ_") for line in lines(blocks) for span in line if span.style != "plain"}
    for text in sent:
        assert "](" not in text
        assert "`" not in text
        for _, run in read(text)[1]:
            assert "\n" not in run
            assert bare(run).replace("ˍ", "_").strip("_") in {one.replace("ˍ", "_") for one in marked}
    seen = bare("".join(read(text)[0] for text in sent)).replace("ˍ", "_")
    whole = bare("".join(neutral("".join(span.text for span in line)) for line in lines(blocks)))
    assert seen == whole.replace("ˍ", "_")
    assert all(0 < utf16(text) <= 4096 for text in sent)


@given(TEXTS)
def test_a_neutral_text_has_no_marks(text: str) -> None:
    assert read(neutral(text)) == (neutral(text), [])
    assert len(neutral(text)) == len(text)


def test_marks_of_a_card() -> None:
    blocks = (
        Heading("PDF نمودار", level=1),
        Paragraph((Span("مسئول: ", "strong"), Span("دفتر *فنی*"))),
        Paragraph((Span("کد: ", "strong"), Span("۱۲۳", "code"))),
        Items(("https://a.ir/x_y", "_نام_")),
        say("منبع", "quiet"),
    )
    assert bale_markdown(blocks) == [
        "*\u200fPDF نمودار*\n\n*مسئول:* دفتر ∗فنی∗\n*کد:* *۱۲۳*\n\u200f• https://a.ir/x_y\n• ˍنامˍ\n\n_منبع_"
    ]


def test_a_mark_that_bale_would_show_as_written_is_left_out() -> None:
    assert bale_markdown([Paragraph((Span("کد"), Span("۱۲", "strong"), Span("، "), Span("باشد", "quiet")))]) == [
        "کد۱۲، _باشد_"
    ]
