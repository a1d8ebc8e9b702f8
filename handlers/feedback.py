"""Was it helpful? One vote an answer; what missed is kept, masked, so that the catalogue's phrases can grow."""

from __future__ import annotations

from handlers.masking import mask
from handlers.reply import Button, Reply, Row, message
from handlers.topic import Topic
from handlers.visit import Answered, Visit
from knowledge.finder.finder import Found
from records.session import MissKind

KEPT = 10
"""Answers of one chat that can still be rated."""

THANKS = "سپاس از نظر شما 🌱"
SORRY = "متأسفم. می‌خواهید با واژه‌های دیگری بنویسید، یا از این راه‌ها بروید؟"
ALREADY = "نظرتان را پیش‌تر گرفته‌ام."
NONE_CHOSEN = "باشد. لطفاً کمی بیشتر بنویسید: چه می‌خواهید و برای چه کسی؟ یا از این راه‌ها بروید:"
TOO_OLD = "این پرسش قدیمی شده است. لطفاً دوباره بنویسید."


def ways_on() -> tuple[Row, ...]:
    """Where to go from an answer that did not help."""
    return (
        (Button("ثبت شکایت یا درخواست", data="cnew"), Button("گفت‌وگو با انسان", data="human")),
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


def _open(visit: Visit, words: tuple[str, ...]) -> tuple[str, Answered] | None:
    key = words[0] if words else ""
    answer = visit.state.answers.get(key)
    return None if answer is None else (key, answer)


def _close(visit: Visit, key: str, answer: Answered) -> None:
    visit.state.answers = {**visit.state.answers, key: answer.model_copy(update={"rated": True})}


async def helpful(visit: Visit, words: tuple[str, ...]) -> Reply:
    """👍"""
    opened = _open(visit, words)
    if opened is None or opened[1].rated:
        return Reply(notice=TOO_OLD if opened is None else ALREADY)
    _close(visit, *opened)
    await _vote(visit, opened[1], up=True)
    return Reply(notice=THANKS)


async def not_helpful(visit: Visit, words: tuple[str, ...]) -> Reply:
    """👎: a vote, a miss, and the other ways."""
    opened = _open(visit, words)
    if opened is None or opened[1].rated:
        return Reply(notice=TOO_OLD if opened is None else ALREADY)
    _close(visit, *opened)
    await _vote(visit, opened[1], up=False)
    await record_miss(visit, "thumbs_down", opened[0])
    return message(SORRY, buttons=ways_on())


async def none_of_these(visit: Visit, words: tuple[str, ...]) -> Reply:
    """«هیچ‌کدام» under a choice: a miss, once."""
    opened = _open(visit, words)
    if opened is not None and not opened[1].rated:
        _close(visit, *opened)
        await record_miss(visit, "none_chosen", opened[0])
    visit.state.offered = ()
    return message(NONE_CHOSEN, buttons=ways_on())


async def _vote(visit: Visit, answer: Answered, *, up: bool) -> None:
    about = answer.codes[0] if answer.decision == "answer" and answer.codes else answer.decision
    await visit.records.vote(about, helpful=up, at=visit.turn.at)


TOPIC = Topic(buttons={"yes": helpful, "not": not_helpful, "none": none_of_these})
