"""Parts as data: JSON and back, pages that lose nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reply import PART, Block, Button, Flowchart, Heading, Items, Paragraph, Part, Span, pages, plain_text

words = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=400)
spans = st.builds(Span, words, st.sampled_from(["plain", "strong", "quiet", "code"]))
items = st.lists(words, min_size=1, max_size=12).map(tuple)
blocks: st.SearchStrategy[list[Block]] = st.lists(
    st.one_of(
        st.builds(Heading, words, st.sampled_from([1, 2])),
        st.lists(spans, min_size=1, max_size=3).map(lambda some: Paragraph(tuple(some))),
        st.builds(Items, items),
    ),
    max_size=12,
)


@given(blocks)
def test_a_part_survives_json(some: list[Block]) -> None:
    part = Part(
        tuple(some), ((Button("الف", data="s:x-01"), Button("ب", url="https://example.ir")),), Flowchart("x-01")
    )
    assert PART.validate_json(PART.dump_json(part)) == part


@given(blocks)
def test_pages_hold_all_the_text_in_order(some: list[Block]) -> None:
    cut = pages(some, 1000)
    squeezed = "".join(plain_text(block for page in cut for block in page).replace("•", "").split())
    assert squeezed == "".join(plain_text(some).replace("•", "").split())


@given(st.lists(st.one_of(words.map(Heading), items.map(Items)), min_size=1, max_size=20))
def test_no_page_is_over_its_limit_or_ends_with_a_heading(some: list[Block]) -> None:
    cut = pages(some, 1000)
    for page in cut:
        assert len(plain_text(page)) <= 1000
    for page in cut[:-1]:
        assert not isinstance(page[-1], Heading) or all(isinstance(block, Heading) for block in page)


@pytest.mark.parametrize(
    "wrong",
    [{"label": "x"}, {"label": "x", "data": "a", "url": "https://a.ir"}, {"label": "", "data": "a"},
     {"label": "x", "data": "a" * 65}, {"label": "x", "data": ""}, {"label": "x", "data": "خ"}],
)  # fmt: skip
def test_a_button_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="button"):
        Button(**wrong)
