"""The one place where everything is put together: database, office, engine, delivery, and the channels over them."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from bot.broadcast import Broadcaster, Carrier, Meter, Metered, Tempo
from bot.delivery import Delivery, Sender
from bot.engine import Engine
from bot.flowchart import Draughtsman
from bot.flowchart.apart import shared_draughtsman
from bot.haste import Haste
from bot.housekeeping import keep_sweeping, periods
from bot.keys import put_in_use
from bot.pausing import Pausing
from bot.reminders import keep_reminding
from bot.settings import Settings, SettingsError
from bot.upkeep.watching import Watcher
from bot.upkeep.weekly import keep_summarizing
from bot.web.app import SECRET_BYTES
from handlers import announcements, complaint, desk
from handlers.router import handle
from handlers.visit import Office
from knowledge.finder.finder import Finder
from knowledge.workdays import load_deadlines
from records.database import Database
from records.sealing import refuse_unknown_keys
from records.staff import seed_admins

DRAIN_SECONDS = 5.0
"""How long replies that are ready may take to leave when the program stops: with the polling's farewell before it, the
program ends within the ten seconds that a supervisor waits."""


@dataclass(frozen=True)
class Service:
    """What runs behind every channel."""

    settings: Settings
    database: Database
    engine: Engine
    delivery: Delivery
    draughtsman: Draughtsman
    pausing: Pausing

    @property
    def office(self) -> Office:
        """The office in service: another one when staff have changed the catalogue."""
        return self.engine.office


@asynccontextmanager
async def opened(
    settings: Settings,
    finder: Finder,
    senders: Callable[[Callable[[], Office]], Iterable[Sender]] = lambda _: (),
    carriers: Iterable[Carrier] = (),
) -> AsyncIterator[Service]:
    """The service in working order until the block ends: the database up to date, what was unsent on its way.

    `senders` makes the senders of the channels; they are given what tells the office in service. `carriers` carry
    announcements.
    """
    make_folder(settings.database_url)
    database = Database.open(settings.database_url)
    try:
        await database.ready()
        await refuse_unknown_keys(database, put_in_use(settings))
        tempo = Tempo(rate=settings.announce_rate)
        meter = Meter(tempo.rate, tempo.per_chat, time.monotonic)
        delivery = Delivery(database, [Metered(sender, meter) for sender in senders(lambda: engine.office)])
        pausing = Pausing(database)
        await pausing.refresh()
        engine = Engine(
            database, Office(finder), handle, delivery, pausing=pausing, haste=Haste(settings.messages_per_minute)
        )
        watcher = Watcher(database, engine, finder.catalogue, delivery.poke)
        await watcher.begin()
        await delivery.start()
        announcements.RULES.approval, announcements.RULES.rate = settings.announce_approval, settings.announce_rate
        broadcaster = Broadcaster(
            database,
            carriers,
            announcements.Looks(lambda: engine.office.catalogue),
            tempo=tempo,
            meter=meter,
            busy=lambda: delivery.busy,
            poke=delivery.poke,
        )
        broadcaster.start()
        complaint.RULES.deadlines = load_deadlines().changed(settings.deadlines)
        desk.set_up(desk.read_chat(settings.desk_chat) if settings.desk_chat else None)
        await seed_admins(database, settings.admins)
        aside = [
            asyncio.create_task(watcher.run(), name="overlay"),
            asyncio.create_task(keep_summarizing(database, delivery.poke), name="weekly"),
            asyncio.create_task(pausing.run(), name="pause"),
            asyncio.create_task(keep_reminding(database, delivery.poke), name="reminders"),
            asyncio.create_task(keep_sweeping(database, periods(settings)), name="sweep"),
        ]
        try:
            yield Service(settings, database, engine, delivery, shared_draughtsman(), pausing)
        finally:
            for task in aside:
                task.cancel()
            await asyncio.gather(*aside, return_exceptions=True)
            await asyncio.gather(broadcaster.stop(), delivery.drain(DRAIN_SECONDS))
            shared_draughtsman().close()
    finally:
        await database.close()


def sqlite_file(database_url: str) -> Path | None:
    """The file of an SQLite address; None for a server."""
    url = make_url(database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def make_folder(database_url: str) -> None:
    """Make the folder of an SQLite file, for this user alone."""
    file = sqlite_file(database_url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)


def web_secret(settings: Settings) -> bytes:
    """The secret that signs the web chat's sessions: the setting, else one kept beside the SQLite file, else a new
    one (then sessions end with the process)."""
    if settings.web_secret is not None:
        return settings.web_secret.get_secret_value().encode()
    file = sqlite_file(settings.database_url)
    if file is None:
        return secrets.token_bytes(SECRET_BYTES)
    kept = file.parent / "web.secret"
    try:
        return _sound(kept)
    except FileNotFoundError:
        make_folder(settings.database_url)
        made = file.parent / f"web.secret.{os.getpid()}"
        made.touch(mode=0o600)
        made.write_bytes(secrets.token_bytes(SECRET_BYTES))
        # A link appears whole or not at all, and the first of several processes wins.
        with suppress(FileExistsError):
            kept.hardlink_to(made)
        made.unlink()
        return _sound(kept)


def _sound(kept: Path) -> bytes:
    secret = kept.read_bytes()
    if len(secret) < SECRET_BYTES:
        raise SettingsError(f"فایل {kept} خراب است؛ پاکش کنید تا دوباره ساخته شود.")
    return secret
