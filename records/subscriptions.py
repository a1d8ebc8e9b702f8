"""Who wants which announcements. Nobody is subscribed but by their own press of a button."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from records.announcement_tables import announcements, choices, ledger, subscribers, subscriptions, tallies
from records.announcement_values import Subscriber
from records.link import Link, fetch


class Subscriptions:
    """The store within one transaction."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def of(self, channel: str, person: str) -> Subscriber:
        """What a person wants; `asked` is False for somebody who was never asked."""
        return await self._link.run(_of, channel, person)

    async def put(self, channel: str, person: str, wanted: Subscriber, at: datetime) -> None:
        """Write down what a person wants."""
        await self._link.run(_put, channel, person, wanted, at.timestamp())

    async def stop(self, channel: str, person: str, at: datetime) -> Subscriber:
        """No more announcements; the rest of what they chose is kept for their return. What is now kept."""
        stopped = replace(await self.of(channel, person), wants="none")
        await self.put(channel, person, stopped, at)
        return stopped

    async def choose(self, announcement: int, channel: str, person: str, choice: int) -> bool:
        """Take a choice in a poll, or another instead of the one before; False when it is the same as before."""
        return await self._link.run(_choose, announcement, channel, person, choice)

    async def counts(self, announcement: int) -> dict[int, int]:
        """How many chose each option of a poll."""
        rows = await self._link.execute(
            select(choices.c.choice, func.count().label("number"))
            .where(choices.c.announcement == announcement)
            .group_by(choices.c.choice)
        )
        return {row.choice: row.number for row in rows}


def _whose(table: Any, channel: str, person: str) -> Any:
    return and_(table.c.channel == channel, table.c.person == person)


def _of(connection: Connection, channel: str, person: str) -> Subscriber:
    row = connection.execute(select(subscribers).where(_whose(subscribers, channel, person))).first()
    if row is None:
        return Subscriber()
    chosen = select(subscriptions.c.bureau).where(_whose(subscriptions, channel, person))
    bureaus = tuple(one.bureau for one in fetch(connection, chosen.order_by(subscriptions.c.bureau)))
    return Subscriber(row.wants, bureaus, row.urgent_only, row.quiet, row.county, asked=True)


def _put(connection: Connection, channel: str, person: str, wanted: Subscriber, at: float) -> None:
    values = {
        "wants": wanted.wants,
        "urgent_only": wanted.urgent_only,
        "quiet": wanted.quiet,
        "county": wanted.county,
        "at": at,
    }
    # A chat's turns follow one another, so nobody else writes this row between the two statements.
    done = connection.execute(update(subscribers).where(_whose(subscribers, channel, person)).values(values))
    if not done.rowcount:
        connection.execute(insert(subscribers).values(channel=channel, person=person, **values))
    _put_bureaus(connection, channel, person, wanted.bureaus)


def _put_bureaus(connection: Connection, channel: str, person: str, bureaus: Collection[str]) -> None:
    connection.execute(delete(subscriptions).where(_whose(subscriptions, channel, person)))
    rows = [{"channel": channel, "person": person, "bureau": bureau} for bureau in sorted(set(bureaus))]
    if rows:
        connection.execute(insert(subscriptions), rows)


def _choose(connection: Connection, announcement: int, channel: str, person: str, choice: int) -> bool:
    mine = and_(choices.c.announcement == announcement, _whose(choices, channel, person))
    before = connection.scalar(select(choices.c.choice).where(mine))
    if before == choice:
        return False
    if before is None:
        row = {"announcement": announcement, "channel": channel, "person": person, "choice": choice}
        connection.execute(insert(choices).values(row))
    else:
        connection.execute(update(choices).where(mine).values(choice=choice))
    return True


def forget(connection: Connection, channel: str, person: str) -> None:
    """Delete what a person wanted. Rows of ledgers stay, for the sums' sake, but say no more whose they were."""
    connection.execute(delete(subscriptions).where(_whose(subscriptions, channel, person)))
    connection.execute(delete(subscribers).where(_whose(subscribers, channel, person)))
    # By announcement, so that the key's index is used: nobody's turn waits for a look through a million rows.
    known = cast("list[int]", [row.id for row in fetch(connection, select(announcements.c.id))])
    for start in range(0, len(known), 500):
        some = known[start : start + 500]
        nobody = f"-{secrets.token_hex(8)}"
        for table in (choices, ledger):
            theirs = and_(table.c.announcement.in_(some), _whose(table, channel, person))
            if table is ledger:
                _withdraw(connection, theirs)
            connection.execute(update(table).where(theirs).values(person=nobody))


def _withdraw(connection: Connection, theirs: Any) -> None:
    gone = connection.execute(
        update(ledger)
        .where(theirs, ledger.c.state == "waiting")
        .values(state="withdrawn", reason="forgotten")
        .returning(ledger.c.announcement)
    ).all()
    for row in gone:
        connection.execute(
            update(tallies).where(tallies.c.announcement == row.announcement).values(withdrawn=tallies.c.withdrawn + 1)
        )
