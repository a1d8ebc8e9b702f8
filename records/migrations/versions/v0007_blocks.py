"""A block need not name a complaint any more; duplicates are found by what they are duplicates of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Let a block stand alone; index the duplicates."""
    with op.batch_alter_table("desk_blocks") as table:
        table.alter_column("complaint", existing_type=ID, nullable=True)
    op.create_index("ix_complaints_duplicate_of", "complaints", ["duplicate_of"])


def downgrade() -> None:
    """The other way: blocks that stand alone are lifted."""
    op.drop_index("ix_complaints_duplicate_of", "complaints")
    op.execute("DELETE FROM desk_blocks WHERE complaint IS NULL")
    with op.batch_alter_table("desk_blocks") as table:
        table.alter_column("complaint", existing_type=ID, nullable=False)
