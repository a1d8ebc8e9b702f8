"""Answers that can be rated, and questions that missed: kept masked, so that the catalogue's phrases can grow."""

from __future__ import annotations

from handlers.masking import mask
from handlers.reply import Button, Row
from handlers.visit import Answered, Visit
from knowledge.finder.finder import Found
from records.session import MissKind

KEPT = 10
"""Answers of one chat that can still be rated."""


def ways_on() -> tuple[Row, ...]:
    """Where to go from an answer that did not help."""
    return (
        (Button("ثبت شکایت یا درخواست", data="cnew"), Button("گفت‌وگو با انسان", data="ways")),
        (Button("فهرست خدمات", data="bd"),),
    )


def remember(visit: Visit, found: Found) -> str:
    """Keep an answer for rating; returns its id within the chat."""
    state = visit.state
    state.made += 1
    key = str(state.made)
    codes = tuple(scored.code for scored in found.services or found.candidates[:3])
    kept = dict(list(state.answers.items())[-(KEPT - 1) :])
    kept[key] = Answered(question=mask(found.question)[:1000], decision=found.decision, codes=codes)
    state.answers = kept
    return key


def rating_row(key: str) -> Row:
    """The two buttons under an answer."""
    return (Button("👍 به کارم آمد", data=f"yes:{key}"), Button("👎 نه", data=f"not:{key}"))


async def record_miss(visit: Visit, kind: MissKind, key: str, topic: str | None = None) -> None:
    """Keep a question that was not answered, without anything that names the person."""
    answer = visit.state.answers[key]
    await visit.records.miss(
        channel=visit.turn.channel,
        kind=kind,
        question=answer.question,
        decision=answer.decision,
        codes=answer.codes,
        topic=topic,
        at=visit.turn.at,
    )
