"""What a look into the files of a turn has shown (bot.checking), and the words for what is refused by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["fine", "program", "macros", "active", "archive", "locked", "unknown"]
"""`program`: it runs, or holds what runs; `macros`: an office document with a program in it; `active`: a PDF that
starts something; `locked`: it cannot be looked into; `unknown`: none of the kinds that are taken."""

LOOKED_INTO = frozenset({"document", "audio", "video"})
"""Kinds that the messenger hands on as they were sent. Photos and voice messages it has encoded anew."""


@dataclass(frozen=True)
class Checked:
    """Verdicts by channel and file id. What is missing could not be looked into in time."""

    verdicts: Mapping[tuple[str, str], Verdict] = field(default_factory=dict)

    def of(self, channel: str, file_id: str) -> Verdict | None:
        """The verdict of one file; None when there is none."""
        return self.verdicts.get((channel, file_id))


NOTHING = Checked()

REFUSED: dict[Verdict, str] = {
    "program": "در این فایل برنامه هست و برای امنیت همه نمی‌گیرمش. اگر مدرکی در آن است، عکس یا پی‌دی‌افش را بفرستید.",
    "macros": "در این سند ماکرو هست و برای امنیت همه نمی‌گیرمش. عکس یا پی‌دی‌افش را بفرستید.",
    "active": "در این پی‌دی‌اف چیزی هست که خودش اجرا می‌شود؛ برای امنیت همه نمی‌گیرمش. لطفاً عکسش را بفرستید.",
    "archive": "فایل فشرده را نمی‌گیرم. آنچه درونش هست را جدا بفرستید: عکس، پی‌دی‌اف، فیلم یا صدا.",
    "locked": "این فایل رمز دارد و باز نمی‌شود. بدون رمز بفرستید، یا عکسش را.",
    "unknown": "این نوع فایل را نمی‌شناسم و نمی‌گیرم. اگر مدرک است، عکس یا پی‌دی‌افش را بفرستید.",
}
"""What the citizen is told."""

WITHHELD: dict[Verdict, str] = {
    "program": "نشان داده نمی‌شود: در آن برنامه هست.",
    "macros": "نشان داده نمی‌شود: ماکرو دارد.",
    "active": "نشان داده نمی‌شود: پی‌دی‌افی است که چیزی اجرا می‌کند.",
    "archive": "نشان داده نمی‌شود: فایل فشرده است.",
    "locked": "نشان داده نمی‌شود: رمز دارد و بررسی‌شدنی نیست.",
    "unknown": "نشان داده نمی‌شود: نوعش شناخته نیست.",
}
"""What the desk is told in place of the file."""

NOT_CHECKED = "بررسی نشده: فایل از پیام‌رسان گرفته نشد. کمی بعد دوباره «فایل‌ها» را بزنید."


def checked(brought: object) -> Checked:
    """What a turn brought, when it is that."""
    return brought if isinstance(brought, Checked) else NOTHING
