"""The tables of the desk: who works there, how they were invited, what they did, and the cases they work on.
Times are unix seconds (UTC)."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from records.tables import Id, metadata

staff = Table(
    "staff",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("channel", String(16), nullable=False),
    Column("person", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("role", String(8), nullable=False),
    Column("at", Double, nullable=False),
    Column("removed_at", Double),
    UniqueConstraint("channel", "person"),
    sqlite_autoincrement=True,
)
"""Who works at the desk, by the messenger's id of the person. A removed one stays for the history's sake."""

staff_bureaus = Table(
    "staff_bureaus",
    metadata,
    Column("staff", ForeignKey("staff.id"), primary_key=True, autoincrement=False),
    Column("bureau", String(24), primary_key=True),
    Index(None, "bureau"),
)
"""The bureaus (slugs) of an officer."""

invitations = Table(
    "invitations",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("role", String(8), nullable=False),
    Column("bureaus", String(500), nullable=False),
    Column("invited_by", ForeignKey("staff.id"), nullable=False),
    Column("at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double),
    Column("used_by", ForeignKey("staff.id")),
)
"""One-time invitations. `token`: SHA-256 of it in hex; `bureaus`: slugs between commas."""

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False, index=True),
    Column("who", String(80), nullable=False),
    Column("what", String(24), nullable=False),
    Column("target", String(64), nullable=False),
    Column("detail", String(200), nullable=False),
    sqlite_autoincrement=True,
)
"""Who did or saw what; triggers keep rows from being changed or deleted. It holds no personal data."""

cases = Table(
    "desk_cases",
    metadata,
    Column("complaint", ForeignKey("complaints.id"), primary_key=True, autoincrement=False),
    Column("bureau", String(24), nullable=False),
    Column("holder", ForeignKey("staff.id")),
    Column("version", Integer, nullable=False),
    Column("stage", String(12), nullable=False),
    Column("stage_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("heard", Id, nullable=False),
    Column("spam", Boolean, nullable=False),
    Column("answered_at", Double),
    Index(None, "bureau"),
    Index(None, "holder"),
)
"""What the desk knows of a complaint beside its state. `version` rises with every change of the desk: the compare-and-
set that lets one of two win. `stage` began at `stage_at` and is due at `due_at`; `heard`: the last row of the history
by the citizen that the desk was told of; `answered_at`: the first answer."""

reminders = Table(
    "desk_reminders",
    metadata,
    Column("complaint", ForeignKey("complaints.id"), primary_key=True, autoincrement=False),
    Column("stage_at", Double, primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("at", Double, nullable=False),
)
"""Reminders that were posted: `soon` or `late`, once a stage."""

blocks = Table(
    "desk_blocks",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("complaint", ForeignKey("complaints.id")),
    Column("blocked_by", ForeignKey("staff.id"), nullable=False),
    Column("at", Double, nullable=False),
)
"""Whose complaints are not taken any more, and over which complaint: the desk knows them by that alone. No complaint is
named once the person had themselves forgotten, or the complaint is deleted; then the block ends with its term alone."""
