"""Updates, conversations, people, outbox, misses, votes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
UNSENT = sa.text("state IN ('waiting', 'sending')")


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "updates",
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("update_id", sa.String(64), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("channel", "update_id", name="pk_updates"),
    )
    op.create_index("ix_updates_at", "updates", ["at"])
    op.create_table(
        "conversations",
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("channel", "chat", name="pk_conversations"),
    )
    op.create_index("ix_conversations_at", "conversations", ["at"])
    op.create_table(
        "people",
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("first_at", sa.Double, nullable=False),
        sa.Column("last_at", sa.Double, nullable=False),
        sa.Column("blocked_at", sa.Double),
        sa.PrimaryKeyConstraint("channel", "person", name="pk_people"),
    )
    op.create_index("ix_people_channel_chat", "people", ["channel", "chat"])
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("update_id", sa.String(64)),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("replaces", sa.String(16)),
        sa.Column("target_message", sa.String(64)),
        sa.Column("answers_message", sa.String(64)),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.Double, nullable=False),
        sa.Column("owner", sa.String(32)),
        sa.Column("lease_until", sa.Double),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("sent_at", sa.Double),
        sa.Column("sent_message", sa.String(64)),
        sa.Column("reason", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_unsent", "outbox", ["channel", "chat", "id"], sqlite_where=UNSENT, postgresql_where=UNSENT
    )
    op.create_index("ix_outbox_channel_chat_answers_message", "outbox", ["channel", "chat", "answers_message"])
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
    op.create_table(
        "misses",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("codes", sa.Text, nullable=False),
        sa.Column("topic", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_misses"),
    )
    op.create_index("ix_misses_at", "misses", ["at"])
    op.create_table(
        "votes",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("up", sa.Integer, nullable=False),
        sa.Column("down", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("day", "subject", name="pk_votes"),
    )


def downgrade() -> None:
    """Drop everything."""
    for table in ("votes", "misses", "outbox", "people", "conversations", "updates"):
        op.drop_table(table)
