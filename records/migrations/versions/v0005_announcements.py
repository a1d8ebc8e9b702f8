"""Announcements: subscribers, what is announced, the ledger of recipients."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
OPEN = sa.text("state IN ('waiting', 'sending')")


def upgrade() -> None:
    """Make the tables of announcements."""
    _subscribers()
    op.create_table(
        "announcements",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("author", ID, nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("kind", sa.String(6), nullable=False),
        sa.Column("audience", sa.String(8), nullable=False),
        sa.Column("bureaus", sa.String(500), nullable=False),
        sa.Column("county", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double),
        sa.Column("approved_by", ID),
        sa.Column("approved_at", sa.Double),
        sa.Column("started_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        sa.Column("planned", sa.Boolean, nullable=False),
        sa.Column("plan_channel", sa.String(16), nullable=False),
        sa.Column("plan_person", sa.String(64), nullable=False),
        sa.Column("amend", sa.String(6)),
        sa.Column("amend_channel", sa.String(16), nullable=False),
        sa.Column("amend_person", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("pending", sa.Text),
        sa.Column("pending_by", ID),
        sa.PrimaryKeyConstraint("id", name="pk_announcements"),
        sa.ForeignKeyConstraint(["pending_by"], ["staff.id"], name="fk_announcements_pending_by"),
        sa.ForeignKeyConstraint(["author"], ["staff.id"], name="fk_announcements_author"),
        sa.ForeignKeyConstraint(["approved_by"], ["staff.id"], name="fk_announcements_approved_by"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_announcements_state", "announcements", ["state"])
    op.create_table(
        "announcement_ledger",
        *_recipient("announcement_ledger"),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("quiet", sa.SmallInteger, nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False),
        sa.Column("not_before", sa.Double, nullable=False),
        sa.Column("owner", sa.String(16)),
        sa.Column("at", sa.Double),
        sa.Column("message", sa.String(120)),
        sa.Column("reason", sa.String(100)),
    )
    op.create_index(
        "ix_announcement_ledger_open",
        "announcement_ledger",
        ["announcement", "state", "channel", "quiet"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    counts = ("total", "sent", "unknown", "blocked", "failed", "withdrawn", "amended")
    op.create_table(
        "announcement_tallies",
        sa.Column("announcement", ID, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in counts),
        sa.PrimaryKeyConstraint("announcement", name="pk_announcement_tallies"),
    )
    _around()


def _subscribers() -> None:
    op.create_table(
        "subscribers",
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("wants", sa.String(4), nullable=False),
        sa.Column("urgent_only", sa.Boolean, nullable=False),
        sa.Column("quiet", sa.SmallInteger, nullable=False),
        sa.Column("county", sa.String(16), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("channel", "person", name="pk_subscribers"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("bureau", sa.String(24), nullable=False),
        sa.PrimaryKeyConstraint("channel", "person", "bureau", name="pk_subscriptions"),
    )


def _recipient(table: str) -> tuple[sa.Column[object] | sa.PrimaryKeyConstraint, ...]:
    return (
        sa.Column("announcement", ID, nullable=False, autoincrement=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("announcement", "channel", "person", name=f"pk_{table}"),
    )


def _around() -> None:
    op.create_table(
        "announcement_seat",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("owner", sa.String(16), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_announcement_seat"),
    )
    op.create_table(
        "announcement_watchers",
        sa.Column("announcement", ID, nullable=False, autoincrement=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("message", sa.String(64), nullable=False),
        sa.Column("posted", ID),
        sa.Column("shown", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("announcement", "channel", "chat", name="pk_announcement_watchers"),
    )
    op.create_table(
        "announcement_choices",
        *_recipient("announcement_choices"),
        sa.Column("choice", sa.SmallInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables of announcements."""
    for table in (
        "announcement_choices",
        "announcement_watchers",
        "announcement_seat",
        "announcement_tallies",
        "announcement_ledger",
        "announcements",
        "subscriptions",
        "subscribers",
    ):
        op.drop_table(table)
