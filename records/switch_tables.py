"""The switches that an operator sets for all processes at once. Times are unix seconds (UTC)."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, String, Table

from records.tables import metadata

switches = Table(
    "switches",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("on", Boolean, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("who", String(80), nullable=False),
    Column("at", Double, nullable=False),
)
"""One row a switch that was ever set. `reason` and `who` are for operators; citizens see neither."""
