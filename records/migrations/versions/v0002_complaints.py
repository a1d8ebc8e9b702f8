"""Complaints, complainants, their files and history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of complaints."""
    op.create_table(
        "complaints",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("draft", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(32)),
        sa.Column("body", sa.String(120), nullable=False),
        sa.Column("story", sa.Text, nullable=False),
        sa.Column("named", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_at", sa.Double, nullable=False),
        sa.Column("whose", sa.Text),
        sa.Column("duplicate_of", ID),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("look_by", sa.Date, nullable=False),
        sa.Column("answer_by", sa.Date, nullable=False),
        sa.Column("reopened", sa.Integer, nullable=False),
        sa.Column("rating", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_complaints"),
        sa.UniqueConstraint("code", name="uq_complaints_code"),
        sa.UniqueConstraint("draft", name="uq_complaints_draft"),
        sa.ForeignKeyConstraint(["duplicate_of"], ["complaints.id"], name="fk_complaints_duplicate_of"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_complaints_state_at", "complaints", ["state", "at"])
    op.create_table(
        "complainants",
        sa.Column("complaint", ID, nullable=False, autoincrement=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("mobile", sa.Text),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("complaint", name="pk_complainants"),
        sa.ForeignKeyConstraint(["complaint"], ["complaints.id"], name="fk_complainants_complaint"),
    )
    op.create_index("ix_complainants_channel_person_at", "complainants", ["channel", "person", "at"])
    op.create_table(
        "complaint_files",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("complaint", ID, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("file_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("latitude", sa.Double),
        sa.Column("longitude", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_complaint_files"),
        sa.ForeignKeyConstraint(["complaint"], ["complaints.id"], name="fk_complaint_files_complaint"),
    )
    op.create_index("ix_complaint_files_complaint", "complaint_files", ["complaint"])
    op.create_table(
        "complaint_history",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("complaint", ID, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("before", sa.String(16)),
        sa.Column("after", sa.String(16)),
        sa.Column("said", sa.Text),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_complaint_history"),
        sa.ForeignKeyConstraint(["complaint"], ["complaints.id"], name="fk_complaint_history_complaint"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_complaint_history_complaint", "complaint_history", ["complaint"])


def downgrade() -> None:
    """Drop the tables of complaints."""
    for table in ("complaint_history", "complaint_files", "complainants", "complaints"):
        op.drop_table(table)
