"""Which complaints are followed under another: marked as its duplicates, or as duplicates of those."""

from __future__ import annotations

from sqlalchemy import Connection, select

from records.complaint_tables import complaints
from records.link import Link


async def duplicates_of(link: Link, complaint: int) -> tuple[str, ...]:
    """The codes of a complaint's duplicates and of theirs, the oldest first within each step."""
    return await link.run(_duplicates_of, complaint)


def _duplicates_of(connection: Connection, complaint: int) -> tuple[str, ...]:
    codes: dict[int, str] = {}
    over: list[int] = [complaint]
    while over:
        chosen = (
            select(complaints.c.id, complaints.c.code)
            .where(complaints.c.duplicate_of.in_(over), complaints.c.state == "duplicate")
            .order_by(complaints.c.id)
        )
        found = {row.id: row.code for row in connection.execute(chosen) if row.id not in codes and row.id != complaint}
        codes |= found
        over = list(found)
    return tuple(codes.values())
