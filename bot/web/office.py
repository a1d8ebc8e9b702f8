"""The desk in service: turns go through the engine, messages come from the outbox, pictures from the draughtsman."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from starlette.applications import Starlette

from bot.flowchart import Draughtsman, NoWorkflowError
from bot.service import Service, web_secret
from bot.web.app import WebSettings, web_app
from bot.web.desk import PictureForm, Shown
from handlers.reply import PART
from handlers.turn import Turn
from knowledge.catalogue import Catalogue
from knowledge.errors import DrawingError, UnknownServiceError
from records.database import Database
from records.errors import DatabaseUnavailableError
from records.outbox import Posted

LOG = logging.getLogger(__name__)

CHANNEL = "web"


class Taken(Protocol):
    """What the engine tells of a turn, as far as the page wants to know."""

    @property
    def notice(self) -> str | None:
        """A passing line for the pressed button."""
        ...


class Engine(Protocol):
    """Handles a turn once, in one transaction."""

    async def take(self, turn: Turn) -> Taken:
        """What became of the turn."""
        ...


class OfficeDesk:
    """A desk (see `bot.web.desk.Desk`) over the engine and the database. `catalogue` is asked each time: it may have
    been swapped. `channel`: whose messages are read here, the web chat's or the terminal's."""

    def __init__(
        self,
        engine: Engine,
        database: Database,
        catalogue: Callable[[], Catalogue],
        draughtsman: Draughtsman,
        *,
        channel: str = CHANNEL,
    ) -> None:
        self._engine = engine
        self._database = database
        self._catalogue = catalogue
        self._draughtsman = draughtsman
        self._channel = channel

    async def take(self, turn: Turn) -> str | None:
        """See `Desk.take`."""
        return (await self._engine.take(turn)).notice

    async def shown(self, chat: str, after: int) -> Sequence[Shown]:
        """See `Desk.shown`. Messages fetched for the first time are marked as sent."""
        async with self._database.reading() as records:
            posted = await records.unread(self._channel, chat, after)
        fresh = {one.id: str(one.id) for one in posted if not one.attempts}
        if fresh:
            async with self._database.transaction() as records:
                await records.mark_sent(fresh, datetime.now(UTC))
        return [_shown(one) for one in posted]

    def picture(self, code: str, form: PictureForm) -> bytes | None:
        """See `Desk.picture`."""
        catalogue = self._catalogue()
        try:
            drawn = self._draughtsman.draw(catalogue.service(code), catalogue.bureau_of(code).name)
        except (UnknownServiceError, NoWorkflowError):
            return None
        except DrawingError as error:
            LOG.error("the workflow of %s could not be drawn: %s", code, error.cause or error.__cause__)  # noqa: TRY400
            return None
        return drawn.png if form == "png" else drawn.pdf

    def picture_title(self, code: str) -> str:
        """See `Desk.picture_title`."""
        try:
            return f"نمودار مراحل «{self._catalogue().service(code).title}»"
        except UnknownServiceError:
            return ""

    async def ready(self) -> bool:
        """See `Desk.ready`."""
        try:
            async with self._database.reading() as records:
                await records.unread(self._channel, "", 0)
        except DatabaseUnavailableError:
            return False
        return True


def office_chat(service: Service) -> Starlette:
    """The web chat over the service, by its settings."""
    settings = service.settings
    return web_app(
        OfficeDesk(service.engine, service.database, lambda: service.engine.office.catalogue, service.draughtsman),
        WebSettings(
            secret=web_secret(settings), frame_ancestors=settings.web_frame_ancestors, proxies=settings.web_proxies
        ),
    )


def _shown(posted: Posted) -> Shown:
    target = posted.target_message if posted.replaces else None
    edits = int(target) if target is not None and target.isascii() and target.isdecimal() else None
    return Shown(posted.id, PART.validate_json(posted.part), edits)
