"""The tables of complaints. Who complained stands apart from the complaint: a desk reads `complaints`, never
`complainants`. `story`, `mobile`, `name` and `said` are sealed by the vault. Times are unix seconds (UTC)."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Double, ForeignKey, Index, Integer, String, Table, Text

from records.tables import Id, metadata

complaints = Table(
    "complaints",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("code", String(20), nullable=False, unique=True),
    Column("draft", String(32), nullable=False, unique=True),
    Column("subject", String(32)),
    Column("body", String(120), nullable=False),
    Column("story", Text, nullable=False),
    Column("named", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("state_at", Double, nullable=False),
    Column("whose", Text),
    Column("duplicate_of", ForeignKey("complaints.id"), index=True),
    Column("at", Double, nullable=False),
    Column("look_by", Date, nullable=False),
    Column("answer_by", Date, nullable=False),
    Column("reopened", Integer, nullable=False),
    Column("rating", Integer),
    Index(None, "state", "at"),
    sqlite_autoincrement=True,
)
"""One row a complaint. `draft`: the draft it was filed from, which is filed once; `subject`: a service code, NULL when
the citizen did not know; `body`: the authority complained of, as named; `whose`: where it belongs when not ours."""

complainants = Table(
    "complainants",
    metadata,
    Column("complaint", ForeignKey("complaints.id"), primary_key=True, autoincrement=False),
    Column("channel", String(16), nullable=False),
    Column("person", String(64), nullable=False),
    Column("chat", String(64), nullable=False),
    Column("name", Text),
    Column("mobile", Text),
    Column("fingerprint", String(64), nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "channel", "person", "at"),
)
"""Who filed a complaint and where they are answered. `fingerprint`: SHA-256 of person and story, to find the same text
sent again."""

complaint_files = Table(
    "complaint_files",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("complaint", ForeignKey("complaints.id"), nullable=False, index=True),
    Column("at", Double, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("file_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
)
"""What was sent with a complaint: the messenger's id of it there, or a place."""

complaint_history = Table(
    "complaint_history",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("complaint", ForeignKey("complaints.id"), nullable=False, index=True),
    Column("at", Double, nullable=False),
    Column("who", String(80), nullable=False),
    Column("what", String(16), nullable=False),
    Column("before", String(16)),
    Column("after", String(16)),
    Column("said", Text),
    Column("public", Boolean, nullable=False),
    sqlite_autoincrement=True,
)
"""Who did what and when; rows are only ever added. `who`: `citizen`, `system` or `staff:<id>`, never the citizen's
identity; `public`: the citizen sees it."""
