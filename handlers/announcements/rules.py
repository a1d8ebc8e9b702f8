"""What the operator sets for announcements, who may do what, and the counties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from handlers.visit import Visit
from records.announcement_values import Announcement, Audience
from records.announcements import Announcements
from records.staff import Member, Role
from records.subscriptions import Subscriptions

Approval = Literal["everyone", "always", "never"]

STAFF: frozenset[Role] = frozenset({"admin", "officer", "editor"})
APPROVERS: frozenset[Role] = frozenset({"admin", "editor"})

MESSENGERS = frozenset({"telegram", "bale"})
"""Where a person can be written to first."""

COUNTIES = {
    "qazvin": "قزوین",
    "alborz": "البرز",
    "takestan": "تاکستان",
    "buinzahra": "بوئین‌زهرا",
    "abyek": "آبیک",
    "avaj": "آوج",
}


@dataclass
class AnnouncementRules:
    """`approval`: which announcements a second person approves; `rate`: messages a second, for foretelling how long one
    takes."""

    approval: Approval = "everyone"
    rate: float = 25.0


RULES = AnnouncementRules()
"""Set once at the start of the program."""


def store(visit: Visit) -> Announcements:
    """The announcements within the visit's transaction."""
    return Announcements(visit.records.connection)


def subscriptions(visit: Visit) -> Subscriptions:
    """Who wants which, within the visit's transaction."""
    return Subscriptions(visit.records.connection)


def needs_approval(announcement: Announcement) -> bool:
    """Whether a second person has to agree."""
    match RULES.approval:
        case "always":
            return True
        case "never":
            return False
        case "everyone":
            return announcement.audience.kind == "everyone"


def may_address(member: Member, audience: Audience) -> bool:
    """Whether a member may write to these: officers only to those who want their bureaus'."""
    if member.role != "officer":
        return True
    return audience.kind == "bureaus" and bool(audience.bureaus) and set(audience.bureaus) <= set(member.bureaus)


def may_steer(member: Member, announcement: Announcement) -> bool:
    """Whether a member may look at it, pause, resume, stop, edit and recall it."""
    return member.role in APPROVERS or announcement.author == member.id


def may_approve(member: Member, announcement: Announcement) -> bool:
    """Whether a member may be the second person."""
    return member.role in APPROVERS and announcement.author != member.id


def may_apply(member: Member, announcement: Announcement) -> bool:
    """Whether a member may have a proposed change of words take effect."""
    if not may_steer(member, announcement):
        return False
    return not needs_approval(announcement) or (member.role in APPROVERS and announcement.pending_by != member.id)
