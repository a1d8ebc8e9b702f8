"""The tables of announcements: who wants them, what is announced, and one row per recipient of what became of it.
Times are unix seconds (UTC)."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, SmallInteger, String, Table, Text, text

from records import complaint_tables as _complaint_tables  # noqa: F401 — the tables of the desk refer to it
from records.staff_tables import staff
from records.tables import Id, metadata

subscribers = Table(
    "subscribers",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("wants", String(4), nullable=False),
    Column("urgent_only", Boolean, nullable=False),
    Column("quiet", SmallInteger, nullable=False),
    Column("county", String(16), nullable=False),
    Column("at", Double, nullable=False),
)
"""Who was asked, and what they want: `wants` none, some (rows in `subscriptions`) or all. `quiet`: the hours without
announcements, 2208 for 22 to 8, 0 for none; `county`: a slug or empty."""

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("bureau", String(24), primary_key=True),
)
"""The bureaus whose announcements a subscriber wants."""

announcements = Table(
    "announcements",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("author", ForeignKey(staff.c.id), nullable=False),
    Column("state", String(9), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("kind", String(6), nullable=False),
    Column("audience", String(8), nullable=False),
    Column("bureaus", String(500), nullable=False),
    Column("county", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double),
    Column("approved_by", ForeignKey(staff.c.id)),
    Column("approved_at", Double),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("planned", Boolean, nullable=False),
    Column("plan_channel", String(16), nullable=False),
    Column("plan_person", String(64), nullable=False),
    Column("amend", String(6)),
    Column("amend_channel", String(16), nullable=False),
    Column("amend_person", String(64), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("pending", Text),
    Column("pending_by", ForeignKey(staff.c.id)),
    Index(None, "state"),
    sqlite_autoincrement=True,
)
"""What is announced. `version` rises with every change of the content; `bureaus`: slugs between commas. `planned`: the
ledger is written whole, else it is up to the recipient `plan_…`. `amend`: what went out is being edited or recalled, up
to the recipient `amend_…`. `pending`: the body that a member would have instead, which another has yet to approve."""

OPEN = "state IN ('waiting', 'sending')"

ledger = Table(
    "announcement_ledger",
    metadata,
    Column("announcement", Id, primary_key=True, autoincrement=False),
    Column("channel", String(16), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("state", String(9), nullable=False),
    Column("quiet", SmallInteger, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("not_before", Double, nullable=False),
    Column("owner", String(16)),
    Column("at", Double),
    Column("message", String(120)),
    Column("reason", String(100)),
    Index(
        "ix_announcement_ledger_open",
        *("announcement", "state", "channel", "quiet"),
        sqlite_where=text(OPEN),
        postgresql_where=text(OPEN),
    ),
)
"""One row per recipient. No foreign key: checking a million rows against the one announcement says nothing.

state: waiting → sending (by `owner`, just before the call) → sent, blocked or failed; unknown when it may have been
sent or not; withdrawn when the person did not want it any more. `message`: the messenger's ids of the messages."""

tallies = Table(
    "announcement_tallies",
    metadata,
    Column("announcement", Id, primary_key=True, autoincrement=False),
    Column("total", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("blocked", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("withdrawn", Integer, nullable=False),
    Column("amended", Integer, nullable=False),
)
"""How many rows of the ledger are in each state, kept in the transactions that change them: counting a million rows for
every look at the progress would cost more than sending."""

seat = Table(
    "announcement_seat",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("owner", String(16), nullable=False),
    Column("at", Double, nullable=False),
)
"""The process that sends. One that lost the seat finds another name here before it can begin another message."""

watchers = Table(
    "announcement_watchers",
    metadata,
    Column("announcement", Id, primary_key=True, autoincrement=False),
    Column("channel", String(16), primary_key=True),
    Column("chat", String(64), primary_key=True),
    Column("message", String(64), nullable=False),
    Column("posted", Id),
    Column("shown", String(64), nullable=False),
)
"""Messages that show the progress. `posted`: the last row of the outbox that edits it; `shown`: what it said."""

choices = Table(
    "announcement_choices",
    metadata,
    Column("announcement", Id, primary_key=True, autoincrement=False),
    Column("channel", String(16), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("choice", SmallInteger, nullable=False),
)
"""What people chose in an announcement's poll."""
