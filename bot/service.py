"""The one place where everything is put together: database, office, engine, delivery, and the channels over them."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from bot.delivery import Delivery, Sender
from bot.engine import Engine
from bot.flowchart import Draughtsman
from bot.settings import Settings, SettingsError
from bot.web.app import SECRET_BYTES
from handlers.router import handle
from handlers.visit import Office
from knowledge.finder.finder import Finder
from records.database import Database

DRAIN_SECONDS = 5.0
"""How long replies that are ready may take to leave when the program stops: with the polling's farewell before it, the
program ends within the ten seconds that a supervisor waits."""


@dataclass(frozen=True)
class Service:
    """What runs behind every channel."""

    settings: Settings
    database: Database
    office: Office
    engine: Engine
    delivery: Delivery
    draughtsman: Draughtsman


@asynccontextmanager
async def opened(
    settings: Settings, finder: Finder, senders: Callable[[Office], Iterable[Sender]] = lambda _: ()
) -> AsyncIterator[Service]:
    """The service in working order until the block ends: the database up to date, what was unsent on its way.

    `senders` makes the senders of the channels; the office they are given is the one in service.
    """
    make_folder(settings.database_url)
    database = Database.open(settings.database_url)
    try:
        await database.prepare()
        office = Office(finder)
        delivery = Delivery(database, senders(office))
        engine = Engine(database, office, handle, delivery)
        await delivery.start()
        try:
            yield Service(settings, database, office, engine, delivery, Draughtsman())
        finally:
            await delivery.drain(DRAIN_SECONDS)
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
