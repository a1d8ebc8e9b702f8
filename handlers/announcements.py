"""What the office announces. Until staff publish something, it says so and guesses nothing."""

from __future__ import annotations

import re

from handlers.reply import Reply, message
from handlers.topic import Command, Topic
from handlers.visit import Visit

SUBJECT = "announcements"
NONE = "الان اطلاعیه یا آگهی تازه‌ای ندارم. اگر چیزی منتشر شود، همین‌جا می‌آید."
NONE_ABOUT = "اطلاعیه‌ای در این‌باره هم ندارم."
CUE = re.compile(r"اطلاعیه|اگهی|اعلامیه")
AMONG = re.compile(r"بینش|بین ان|راجع|درباره|در باره|در مورد|چیزی هست")


async def latest(visit: Visit, _words: tuple[str, ...]) -> Reply:
    """`/announcements`."""
    visit.state.subject = SUBJECT
    return message(NONE)


def about(visit: Visit, form: str) -> Reply | None:
    """«راجع به اتباع چیزی هست بینشون؟» right after the announcements; None when it is no such question."""
    return message(NONE_ABOUT) if visit.state.subject == SUBJECT and AMONG.search(form) else None


TOPIC = Topic(
    commands=(Command("announcements", "اطلاعیه‌ها", latest),),
    buttons={"news": latest},
)
