"""HTML as Telegram reads it: what is shown, with which entities, and what is refused in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.standin.entities import HtmlError, parse_html, utf16


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("سلام", "سلام", []),
        ("<b>سلام</b> مریم", "سلام مریم", [("bold", 0, 4)]),
        ("🙂<strong>ب</strong>", "🙂ب", [("bold", 2, 1)]),
        ("<i>a</i><em>b</em>", "ab", [("italic", 0, 1), ("italic", 1, 1)]),
        ("<u>a</u><ins>b</ins>", "ab", [("underline", 0, 1), ("underline", 1, 1)]),
        ("<s>a</s><strike>b</strike><del>c</del>", "abc", [("strikethrough", n, 1) for n in range(3)]),
        ("<span class='tg-spoiler'>a</span><tg-spoiler>b</tg-spoiler>", "ab", [("spoiler", 0, 1), ("spoiler", 1, 1)]),
        ('<a href="https://example.com/?a=1&amp;b=2">x</a>', "x", [("text_link", 0, 1)]),
        ("<code>x</code><pre>y</pre>", "xy", [("code", 0, 1), ("pre", 1, 1)]),
        ('<pre><code class="language-python">y</code></pre>', "y", [("pre", 0, 1)]),
        ("<blockquote>x</blockquote>", "x", [("blockquote", 0, 1)]),
        ("<blockquote expandable>x</blockquote>", "x", [("expandable_blockquote", 0, 1)]),
        ('<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>', "👍", [("custom_emoji", 0, 2)]),
        ("<b><i>x</i>y</b>", "xy", [("bold", 0, 2), ("italic", 0, 1)]),
        ("<B>x</b >", "x", [("bold", 0, 1)]),
        ("<b>x</>", "x", [("bold", 0, 1)]),
        ("<b></b>x", "x", []),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2 &quot;&#1587;&#x633;", '1 < 2 && 3 > 2 "سس', []),
        ("a & b &nbsp; &unknown; &", "a & b &nbsp; &unknown; &", []),
        ("2 > 1", "2 > 1", []),
    ],
)
def test_what_is_shown(source: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    parsed = parse_html(source)
    assert parsed.text == text
    assert [(one["type"], one["offset"], one["length"]) for one in parsed.entities] == entities


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b><i>x</b></i>", 'expected "</i>", found "</b>"'),
        ("س<div>x</div>", 'Unsupported start tag "div" at byte offset 2'),
        ("a<br/>b", 'Unsupported start tag "br/"'),
        ("<p>x</p>", 'Unsupported start tag "p"'),
        ("1 < 2", 'Unsupported start tag ""|Unclosed start tag'),
        ("a <b", "Unclosed start tag at byte offset 2"),
        ('<a href="x', "Unclosed start tag"),
        ("<b>x</b", "Unclosed end tag"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler"'),
        ("<span class='red'>x</span>", 'must have class "tg-spoiler"'),
        ("<a href=https://x>x</a>", "Unexpected end of name token"),
        ("<a href>x</a>", "Expected equal sign"),
        ("<tg-emoji>x</tg-emoji>", "emoji-id"),
        ("<!-- x -->", "Unsupported start tag"),
    ],
)
def test_what_is_refused(source: str, words: str) -> None:
    with pytest.raises(HtmlError, match=words):
        parse_html(source)


def test_links_and_languages_are_kept() -> None:
    (link,) = parse_html('<a href="https://example.com/?a=1&amp;b=2">x</a>').entities
    assert link["url"] == "https://example.com/?a=1&b=2"
    (code,) = parse_html('<pre><code class="language-sql">y</code></pre>').entities
    assert code["language"] == "sql"


def test_white_space_at_the_ends_is_dropped_and_entities_move() -> None:
    parsed = parse_html("  \n<b> سلام </b> ").trimmed()
    assert parsed.text == "سلام"
    assert parsed.entities == [{"type": "bold", "offset": 0, "length": 4}]


@given(st.text())
def test_any_text_is_shown_or_refused_and_entities_stay_inside(source: str) -> None:
    try:
        parsed = parse_html(source)
    except HtmlError:
        return
    length = utf16(parsed.text)
    assert all(0 <= one["offset"] < one["offset"] + one["length"] <= length for one in parsed.entities)


@given(st.text())
def test_escaped_text_is_shown_as_it_was(source: str) -> None:
    escaped = source.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert parse_html(escaped).text == source
