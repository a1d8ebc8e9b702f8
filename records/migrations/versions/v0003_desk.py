"""The desk: staff, invitations, audit, cases, reminders, blocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
REFUSAL = "the audit is append-only"


def upgrade() -> None:
    """Make the tables of the desk."""
    op.create_table(
        "staff",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("removed_at", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("channel", "person", name="uq_staff_channel_person"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "staff_bureaus",
        sa.Column("staff", ID, nullable=False, autoincrement=False),
        sa.Column("bureau", sa.String(24), nullable=False),
        sa.PrimaryKeyConstraint("staff", "bureau", name="pk_staff_bureaus"),
        sa.ForeignKeyConstraint(["staff"], ["staff.id"], name="fk_staff_bureaus_staff"),
    )
    op.create_index("ix_staff_bureaus_bureau", "staff_bureaus", ["bureau"])
    op.create_table(
        "invitations",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("bureaus", sa.String(500), nullable=False),
        sa.Column("invited_by", ID, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double),
        sa.Column("used_by", ID),
        sa.PrimaryKeyConstraint("token", name="pk_invitations"),
        sa.ForeignKeyConstraint(["invited_by"], ["staff.id"], name="fk_invitations_invited_by"),
        sa.ForeignKeyConstraint(["used_by"], ["staff.id"], name="fk_invitations_used_by"),
    )
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("what", sa.String(24), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    _cases()
    _guard_audit()


def _cases() -> None:
    op.create_table(
        "desk_cases",
        sa.Column("complaint", ID, nullable=False, autoincrement=False),
        sa.Column("bureau", sa.String(24), nullable=False),
        sa.Column("holder", ID),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("stage", sa.String(12), nullable=False),
        sa.Column("stage_at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("heard", ID, nullable=False),
        sa.Column("spam", sa.Boolean, nullable=False),
        sa.Column("answered_at", sa.Double),
        sa.PrimaryKeyConstraint("complaint", name="pk_desk_cases"),
        sa.ForeignKeyConstraint(["complaint"], ["complaints.id"], name="fk_desk_cases_complaint"),
        sa.ForeignKeyConstraint(["holder"], ["staff.id"], name="fk_desk_cases_holder"),
    )
    op.create_index("ix_desk_cases_bureau", "desk_cases", ["bureau"])
    op.create_index("ix_desk_cases_holder", "desk_cases", ["holder"])
    op.create_table(
        "desk_reminders",
        sa.Column("complaint", ID, nullable=False, autoincrement=False),
        sa.Column("stage_at", sa.Double, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("complaint", "stage_at", "kind", name="pk_desk_reminders"),
        sa.ForeignKeyConstraint(["complaint"], ["complaints.id"], name="fk_desk_reminders_complaint"),
    )
    op.create_table(
        "desk_blocks",
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("complaint", ID, nullable=False),
        sa.Column("blocked_by", ID, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("channel", "person", name="pk_desk_blocks"),
        sa.ForeignKeyConstraint(["complaint"], ["complaints.id"], name="fk_desk_blocks_complaint"),
        sa.ForeignKeyConstraint(["blocked_by"], ["staff.id"], name="fk_desk_blocks_blocked_by"),
    )


def _guard_audit() -> None:
    """Rows of the audit are added, never changed or deleted."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_append_only()"
    )


def downgrade() -> None:
    """Drop the tables of the desk."""
    for table in ("desk_blocks", "desk_reminders", "desk_cases", "audit", "invitations", "staff_bureaus", "staff"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_append_only()")
