"""Was it helpful? One vote an answer, and what follows from it."""

from __future__ import annotations

from handlers import announcements
from handlers.feedback import record_miss, ways_on
from handlers.reply import Reply, message
from handlers.topic import Topic
from handlers.visit import Answered, Visit

THANKS = "سپاس از نظر شما 🌱"
SORRY = "متأسفم. می‌خواهید با واژه‌های دیگری بنویسید، یا از این راه‌ها بروید؟"
ALREADY = "نظرتان را پیش‌تر گرفته‌ام."
NONE_CHOSEN = "باشد. لطفاً کمی بیشتر بنویسید: چه می‌خواهید و برای چه کسی؟ یا از این راه‌ها بروید:"
TOO_OLD = "این پرسش قدیمی شده است. لطفاً دوباره بنویسید."


def _open(visit: Visit, words: tuple[str, ...]) -> tuple[str, Answered] | None:
    key = words[0] if words else ""
    answer = visit.state.answers.get(key)
    return None if answer is None else (key, answer)


def _close(visit: Visit, key: str, answer: Answered) -> None:
    visit.state.answers = {**visit.state.answers, key: answer.model_copy(update={"rated": True})}


async def helpful(visit: Visit, words: tuple[str, ...]) -> Reply:
    """👍: a vote; whom an answer has helped is asked, once, whether to send announcements."""
    opened = _open(visit, words)
    if opened is None or opened[1].rated:
        return Reply(notice=TOO_OLD if opened is None else ALREADY)
    _close(visit, *opened)
    await _vote(visit, opened[1], up=True)

    asked = await announcements.ask_to_subscribe(visit)
    return Reply((asked,) if asked is not None else (), notice=THANKS)


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
