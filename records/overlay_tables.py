"""The tables of the catalogue's upkeep: what staff changed in the data, and what they said of missed questions. Times
are unix seconds (UTC); values are JSON."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Integer, String, Table, Text

from records.tables import Id, metadata

changes = Table(
    "overlay_changes",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("author", String(80), nullable=False),
    Column("name", String(120), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("undoes", Id),
    Column("undone_by", Id),
    Column("told_at", Double),
    sqlite_autoincrement=True,
)
"""One change a row; its id is the version of the overlay that it made. `told_at`: admins heard that it is broken."""

entries = Table(
    "overlay_entries",
    metadata,
    Column("change", ForeignKey("overlay_changes.id"), primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(64), nullable=False, index=True),
    Column("field", String(32), nullable=False),
    Column("before", Text),
    Column("after", Text),
)
"""What a change did to each field: NULL is «as the repository has it»."""

facts = Table(
    "overlay_facts",
    metadata,
    Column("subject", String(64), primary_key=True),
    Column("field", String(32), primary_key=True),
    Column("value", Text, nullable=False),
    Column("change", ForeignKey("overlay_changes.id"), nullable=False),
)
"""The overlay as it stands: what differs from the repository, and the change that said so."""

drafts = Table(
    "overlay_drafts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("author", String(80), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("edits", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Changes shown to their author and not yet confirmed."""

verdicts = Table(
    "miss_verdicts",
    metadata,
    Column("miss", Id, primary_key=True, autoincrement=False),
    Column("verdict", String(16), nullable=False),
    Column("change", Id),
    Column("author", String(80), nullable=False),
    Column("at", Double, nullable=False),
)
"""Missed questions that staff have dealt with: `phrase` (now a phrase, by that change) or `rejected`."""
