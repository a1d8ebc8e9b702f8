"""The catalogue's upkeep: changes of staff, drafts of changes, verdicts on missed questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of the overlay."""
    op.create_table(
        "overlay_changes",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("undoes", ID),
        sa.Column("undone_by", ID),
        sa.Column("told_at", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_overlay_changes"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "overlay_entries",
        sa.Column("change", ID, nullable=False, autoincrement=False),
        sa.Column("place", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("field", sa.String(32), nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.PrimaryKeyConstraint("change", "place", name="pk_overlay_entries"),
        sa.ForeignKeyConstraint(["change"], ["overlay_changes.id"], name="fk_overlay_entries_change"),
    )
    op.create_index("ix_overlay_entries_subject", "overlay_entries", ["subject"])
    op.create_table(
        "overlay_facts",
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("field", sa.String(32), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("change", ID, nullable=False),
        sa.PrimaryKeyConstraint("subject", "field", name="pk_overlay_facts"),
        sa.ForeignKeyConstraint(["change"], ["overlay_changes.id"], name="fk_overlay_facts_change"),
    )
    op.create_table(
        "overlay_drafts",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("edits", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_overlay_drafts"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "miss_verdicts",
        sa.Column("miss", ID, nullable=False, autoincrement=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("change", ID),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("miss", name="pk_miss_verdicts"),
    )


def downgrade() -> None:
    """Drop the tables of the overlay."""
    for table in ("miss_verdicts", "overlay_drafts", "overlay_facts", "overlay_entries", "overlay_changes"):
        op.drop_table(table)
