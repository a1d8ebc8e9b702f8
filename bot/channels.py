"""The channels of one process, started together and stopped together: Telegram, Bale, the web chat and webhooks."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from bot.checking.looking import Looking
from bot.checking.preparing import CheckingFiles
from bot.delivery import Sender
from bot.messenger.albums import Importers
from bot.messenger.api import MessengerBot, make_bot
from bot.messenger.commands import publish_commands
from bot.messenger.courier import Courier
from bot.messenger.dialect import BALE, TELEGRAM, Dialect
from bot.messenger.hooked import Hooked
from bot.messenger.intake import Intake
from bot.messenger.pictures import CataloguePictures
from bot.messenger.polling import Polling
from bot.messenger.sender import MessengerSender
from bot.messenger.updates import Membership
from bot.messenger.webhook import webhook_routes
from bot.ops import Ops, QuietServer, watched
from bot.service import Service, opened
from bot.settings import PREFIX, Settings, SettingsError
from bot.upkeep.preparing import Preparing
from bot.web.office import office_chat
from bot.web.serve import web_server, where
from handlers.inline import InlineCard, inline_cards
from handlers.router import COMMANDS
from handlers.show import LINKS
from handlers.turn import Turn
from handlers.visit import Office
from knowledge.finder.finder import Finder
from records import outbox

LOG = logging.getLogger(__name__)

NOTHING_TO_RUN = f"هیچ راهی باز نیست: {PREFIX}TELEGRAM_TOKEN یا {PREFIX}BALE_TOKEN یا {PREFIX}WEB_PORT را بدهید."
WEBHOOK_NEEDS_PORT = f"{PREFIX}WEB_PORT: وب‌هوک به یک درگاه نیاز دارد؛ صفر نباشد."
PORT_TAKEN = "درگاه {port} روی {host} باز نشد؛ شاید برنامه‌ی دیگری آن را گرفته است. " + f"{PREFIX}WEB_PORT را عوض کنید."


@dataclass(frozen=True)
class Messenger:
    """A messenger that has a token."""

    dialect: Dialect
    bot: MessengerBot


def messengers(settings: Settings) -> list[Messenger]:
    """The messengers that are configured."""
    made = []
    if settings.telegram_token is not None:
        token = settings.telegram_token.get_secret_value()
        made.append(Messenger(TELEGRAM, make_bot(TELEGRAM, token, settings.telegram_api_url, settings.proxy)))
    if settings.bale_token is not None:
        made.append(Messenger(BALE, make_bot(BALE, settings.bale_token.get_secret_value(), settings.bale_api_url)))
    return made


def senders_of(some: list[Messenger]) -> tuple[Callable[[Callable[[], Office]], Iterable[Sender]], list[Courier]]:
    """Who sends replies (made when the office is there), and who carries announcements, of these messengers."""
    importer = Importers({one.dialect.channel: one.bot for one in some})
    # Senders of their own: what one of them has begun and has to go on with, it knows by numbers of the ledger.
    couriers = [Courier(one.bot, one.dialect, MessengerSender(one.bot, one.dialect, importer=importer)) for one in some]

    def senders(office: Callable[[], Office]) -> Iterable[Sender]:
        pictures = CataloguePictures(lambda: office().catalogue)
        return [MessengerSender(one.bot, one.dialect, pictures, importer=importer) for one in some]

    return senders, couriers


async def serve(settings: Settings, finder: Finder, stop: asyncio.Event | None = None) -> None:
    """Run every configured channel until `stop` is set, or SIGINT or SIGTERM comes.

    Raises:
        SettingsError: nothing is configured, or the port is taken.
        WrongToken: a messenger does not know its token.
    """
    some = messengers(settings)
    if not some and not settings.web_port:
        raise SettingsError(NOTHING_TO_RUN)
    if settings.webhook_url and some and not settings.web_port:
        raise SettingsError(WEBHOOK_NEEDS_PORT)
    stop = stop or _stop_on_signals()

    senders, couriers = senders_of(some)
    ops = Ops(stop)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(watched(ops, settings))
        for one in some:
            stack.push_async_callback(one.bot.shutdown)
        service = await stack.enter_async_context(opened(settings, finder, senders, couriers))
        ops.opened(service)
        await _run(service, some, stop)


async def _run(service: Service, some: list[Messenger], stop: asyncio.Event) -> None:
    """The channels side by side; when one of them fails for good, all end and the failure is raised."""
    looking = Looking({one.dialect.channel: one.bot for one in some})
    intakes = {one.dialect.channel: intake_of(service, one, looking) for one in some}
    tasks: list[asyncio.Task[None]] = []
    routes: list[BaseRoute] = []
    settings = service.settings
    if settings.webhook_url and settings.webhook_secret:
        url, secret = settings.webhook_url, settings.webhook_secret.get_secret_value()
        for one in some:
            intake = intakes[one.dialect.channel]
            routes += webhook_routes(intake, secret)
            hooked = Hooked(one.bot, intake, url, secret, on_connected=partial(_met, service, one))
            tasks.append(asyncio.create_task(hooked.run(stop), name=f"webhook {one.dialect.channel}"))
    else:
        for one in some:
            polling = Polling(one.bot, intakes[one.dialect.channel], on_connected=partial(_met, service, one))
            tasks.append(asyncio.create_task(polling.run(stop), name=f"polling {one.dialect.channel}"))
    if settings.web_port:
        app = Starlette(routes=[*routes, Mount("/", app=office_chat(service))]) if routes else office_chat(service)
        server = QuietServer(web_server(app, settings.web_host, settings.web_port).config)
        tasks.append(asyncio.create_task(_web(server, settings, stop), name="web"))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        stopping.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, Exception):
            raise outcome


def intake_of(service: Service, one: Messenger, looking: Looking | None = None) -> Intake:
    """The intake of one messenger, over the service. `looking` into files, also those that came by another one."""

    def cards(query: str) -> tuple[InlineCard, ...]:
        handle = service.office.handles.get(one.dialect.channel)
        link = LINKS[one.dialect.channel].replace("{handle}", handle) if handle else None
        return inline_cards(service.office, query, link)

    async def on_membership(membership: Membership) -> None:
        if membership.private and not membership.present:
            async with service.database.transaction() as records:
                await records.connection.run(
                    outbox.block, membership.channel, membership.chat, "blocked", membership.at.timestamp()
                )
            # Else a citizen who comes back the same day would stay marked.
            service.database.unmeet()

    for_editors = Preparing(one.bot, service.database, lambda: service.office)
    with_files = CheckingFiles(looking or Looking({one.dialect.channel: one.bot}), service.database)

    async def prepare(turn: Turn) -> Turn:
        return await with_files(await for_editors(turn))

    return Intake(
        one.bot,
        one.dialect,
        service.engine,
        cards=cards if one.dialect is TELEGRAM else None,
        on_membership=on_membership,
        prepare=prepare,
    )


async def _met(service: Service, one: Messenger) -> None:
    """The messenger has told who we are: links can be made, commands shown."""
    service.office.handles[one.dialect.channel] = one.bot.username
    if one.dialect is TELEGRAM:
        public = [(command.name, command.description) for command in COMMANDS.values() if command.scope == "public"]
        await publish_commands(one.bot, public)
    LOG.info("%s: @%s", one.dialect.channel, one.bot.username)


async def _web(server: uvicorn.Server, settings: Settings, stop: asyncio.Event) -> None:
    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    ending = asyncio.create_task(end())
    try:
        await server.serve()
    except SystemExit:
        # uvicorn's way to say that it could not listen.
        raise SettingsError(PORT_TAKEN.format(port=settings.web_port, host=settings.web_host)) from None
    finally:
        ending.cancel()
    if not stop.is_set():
        raise SettingsError(PORT_TAKEN.format(port=settings.web_port, host=settings.web_host))


def told(settings: Settings) -> str | None:
    """The one line that says where the web chat is; None without one."""
    return where(settings.web_host, settings.web_port) if settings.web_port else None


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(one, stop.set)
    return stop
