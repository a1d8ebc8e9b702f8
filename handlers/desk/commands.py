"""The staff's commands, role by role: no messenger shows them in its menu, so the desk tells its members itself.

They are not published for each member's chat: a menu outlives the role it was made for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.desk.guard import ADMIN, DESK_ROLES, member_of
from handlers.reply import Block, Heading, Items, Paragraph, Span
from handlers.visit import Visit
from records.staff import Role

EVERYBODY: frozenset[Role] = frozenset({"admin", "officer", "editor"})
EDITORS: frozenset[Role] = frozenset({"admin", "editor"})
MORE = "همه‌ی فرمان‌ها: /help"
FIND = "جست‌وجو: /desk و پس از آن کد یا چند واژه؛ دیرشده‌ها: /desk late"
CHANGE = "افزودن یا تغییر: /staff و پس از آن شناسه؛ سابقه‌ی کارها: /audit"


@dataclass(frozen=True)
class StaffCommand:
    """One command: `name` without the slash, what may stand after it, what it does, and whose it is."""

    name: str
    after: str
    does: str
    roles: frozenset[Role]

    @property
    def line(self) -> str:
        """As a member reads it."""
        return f"/{self.name}{f' {self.after}' if self.after else ''} — {self.does}"


STAFF_COMMANDS = (
    StaffCommand("desk", "", "صف شکایت‌ها", DESK_ROLES),
    StaffCommand("desk", "late", "شکایت‌هایی که مهلتشان گذشته است", DESK_ROLES),
    StaffCommand("desk", "[کد یا چند واژه]", "جست‌وجو", DESK_ROLES),
    StaffCommand("stats", "", "آمار، با تصویر", DESK_ROLES),
    StaffCommand("export", "", "خروجی اکسل همه‌ی شکایت‌ها", ADMIN),
    StaffCommand("staff", "", "کارمندان میز و لینک دعوت", ADMIN),
    StaffCommand("audit", "", "چه کسی چه کرد و چه دید؛ با کد، تنها همان شکایت", ADMIN),
    StaffCommand("announce", "", "فرستادن اطلاعیه", EVERYBODY),
    StaffCommand("announce", "list", "اطلاعیه‌های در کار", EVERYBODY),
    StaffCommand("edit", "", "تغییر یک خدمت", EDITORS),
    StaffCommand("catalogue", "", "فهرست خدمات در اکسل", EDITORS),
    StaffCommand("changes", "", "تغییرهای پیشین و بازگرداندنشان", EDITORS),
    StaffCommand("misses", "", "پرسش‌های بی‌پاسخ", EDITORS),
    StaffCommand("gaps", "", "کمبودهای فهرست خدمات", EDITORS),
)


def command_lines(role: Role) -> tuple[str, ...]:
    """The commands of a role."""
    return tuple(one.line for one in STAFF_COMMANDS if role in one.roles)


async def staff_help(visit: Visit) -> tuple[Block, ...]:
    """What `/help` adds for a member, in their own chat; nothing for everybody else."""
    member = await member_of(visit) if visit.turn.private else None
    return () if member is None else (Heading("فرمان‌های کارمند"), Items(command_lines(member.role)))


def hint(*lines: str) -> Iterator[Block]:
    """Quiet lines under a screen of the desk."""
    for line in lines:
        yield Paragraph((Span(line, "quiet"),))
