"""Parts of a reply as HTML. Every text is escaped; no text can become an element or an attribute."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from handlers.reply import Album, Block, Button, Flowchart, Heading, Items, Made, Paragraph, Part, Received, Span

LINK_SCHEMES = frozenset({"http", "https", "tel", "mailto"})
NO_PICTURE = "نمودار این خدمت آماده نشد؛ متن مراحل در کارت آن هست."
ELSEWHERE = "این پیام یک پیوست دارد که در گفت‌وگوی وب نشان داده نمی‌شود."
OPEN_PDF = "دریافت نمودار برای چاپ (PDF)"
ENLARGE = "برای دیدن بزرگ‌تر، روی نمودار بزنید."
NEW_TAB = "در برگه‌ی تازه"


@dataclass(frozen=True)
class Drawing:
    """Where a drawn workflow is served, and its size in pixels (0 for a PDF)."""

    url: str
    title: str
    width: int = 0
    height: int = 0


def part_html(part: Part, drawing: Drawing | None = None) -> str:
    """The inside of one bubble. `drawing`: of the part's flowchart, None when it could not be drawn."""
    pieces = [block_html(block) for block in part.blocks]
    match part.file:
        case Flowchart(_, form):
            pieces.append(_picture(drawing, form) if drawing else f'<p class="quiet">{NO_PICTURE}</p>')
        case Received() | Album() | Made():
            pieces.append(f'<p class="quiet">{ELSEWHERE}</p>')
        case None:
            pass
    rows = [row for row in (_row(buttons) for buttons in part.buttons) if row]
    if rows:
        pieces.append(f'<div class="rows">{"".join(rows)}</div>')
    return "".join(pieces)


def block_html(block: Block) -> str:
    """One block. The page's own title is h1, so a reply's is h2."""
    match block:
        case Heading(text, level):
            return f"<h{level + 1}>{escape(text)}</h{level + 1}>"
        case Paragraph(spans):
            return f"<p>{''.join(_span(span) for span in spans)}</p>"
        case Items(items, marks):
            if not marks:
                return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
            lines = "".join(
                f'<li><span class="mark">{escape(mark)}.</span> <span>{escape(item)}</span></li>'
                for mark, item in zip(marks, items, strict=True)
            )
            # Without list-style some screen readers no longer call it a list; the role says it again.
            return f'<ol class="marked" role="list">{lines}</ol>'


def _span(span: Span) -> str:
    text = escape(span.text)
    match span.style:
        case "plain":
            return text
        case "strong":
            return f"<strong>{text}</strong>"
        case "quiet":
            return f'<em class="quiet">{text}</em>'
        case "code":
            return f"<code>{text}</code>"


def _row(buttons: tuple[Button, ...]) -> str:
    shown = "".join(_button(button) for button in buttons)
    return f'<div class="row">{shown}</div>' if shown else ""


def _button(button: Button) -> str:
    label = escape(button.label)
    if button.url is not None:
        return _link_button(button.url, label)
    for kind, value in (("press", button.data), ("copy", button.copy), ("share", button.share)):
        if value is not None:
            return f'<button type="button" data-{kind}="{escape(value)}">{label}</button>'
    return ""


def _link_button(url: str, label: str) -> str:
    try:
        scheme = urlsplit(url).scheme.lower()
    except ValueError:
        return ""
    if scheme not in LINK_SCHEMES:
        return ""
    if scheme in ("tel", "mailto"):
        return f'<a class="button" href="{escape(url)}">{label}</a>'
    return (
        f'<a class="button out" href="{escape(url)}" target="_blank" rel="noopener noreferrer">{label}'
        f'<span class="unseen"> ({NEW_TAB})</span></a>'
    )


def _picture(drawing: Drawing, form: str) -> str:
    url = escape(drawing.url)
    if form == "pdf":
        return f'<p><a class="button out" href="{url}" target="_blank" rel="noopener">{OPEN_PDF}</a></p>'
    return (
        f'<figure><a href="{url}" target="_blank" rel="noopener">'
        f'<img src="{url}" alt="{escape(drawing.title)}" width="{drawing.width}" height="{drawing.height}"'
        f' loading="lazy" decoding="async"></a><figcaption class="quiet">{ENLARGE}</figcaption></figure>'
    )
