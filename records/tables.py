"""The tables. Times are unix seconds (UTC); nothing here holds a person's name or phone."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from records.sealed import SealedText

REVISION = "0007"
"""The newest migration: a database that bears it needs no upgrade."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")

updates = Table(
    "updates",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("update_id", String(64), primary_key=True),
    Column("at", Double, nullable=False, index=True),
)
"""Updates already handled: a second delivery finds itself here."""

conversations = Table(
    "conversations",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("chat", String(64), primary_key=True),
    Column("state", SealedText, nullable=False),
    Column("at", Double, nullable=False, index=True),
    Column("version", Integer, nullable=False),
)
"""The memory of each chat; its row is the lock that keeps two turns of one chat apart."""

people = Table(
    "people",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("chat", String(64), nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("blocked_at", Double),
    Index(None, "channel", "chat"),
)
"""Who can be written to: `last_at` is right to the day."""

UNSENT = "state IN ('waiting', 'sending')"

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("channel", String(16), nullable=False),
    Column("chat", String(64), nullable=False),
    Column("update_id", String(64)),
    Column("place", Integer, nullable=False),
    Column("part", SealedText, nullable=False),
    Column("replaces", String(16)),
    Column("target_message", String(64)),
    Column("answers_message", String(64)),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Double, nullable=False),
    Column("owner", String(32)),
    Column("lease_until", Double),
    Column("created_at", Double, nullable=False),
    Column("sent_at", Double),
    Column("sent_message", String(64)),
    Column("reason", String(200)),
    Index("ix_outbox_unsent", "channel", "chat", "id", sqlite_where=text(UNSENT), postgresql_where=text(UNSENT)),
    Index(None, "channel", "chat", "answers_message"),
    Index(None, "created_at"),
    # Ids order the messages of a chat and name them to the web page: one must never come back.
    sqlite_autoincrement=True,
)
"""What is to be said, written in the transaction that decided it.

state: waiting → sending (`owner` has it in hand until `lease_until`) → sent, or dropped with a `reason`.
"""

misses = Table(
    "misses",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False, index=True),
    Column("channel", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("question", Text, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("codes", Text, nullable=False),
    Column("topic", String(64)),
)
"""Questions that were not met, for staff to learn from; they name nobody."""

votes = Table(
    "votes",
    metadata,
    Column("day", Date, primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("up", Integer, nullable=False),
    Column("down", Integer, nullable=False),
)
"""Was it helpful: counts per day (UTC) and service code, or `decline`."""
