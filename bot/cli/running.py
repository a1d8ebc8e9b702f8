"""`khedmatyar run` and `chat`: the service with its channels, or a chat in the terminal over the same handlers."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from contextlib import AsyncExitStack

from rich.console import Console

from bot.cli.finder import ready_finder
from bot.logs import configure
from bot.settings import Settings, load_settings, secrets_of
from bot.terminal import rtl


def chat() -> None:
    """Talk to it in the terminal; buttons are pressed by their numbers. Ends with Ctrl-D or خروج."""
    from bot.service import opened  # noqa: PLC0415 — the other commands start without the database
    from bot.terminal import Terminal, converse  # noqa: PLC0415
    from bot.web.office import OfficeDesk  # noqa: PLC0415

    settings = load_settings()
    finder = ready_finder()
    console = Console(highlight=False)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        service = runner.run(stack.enter_async_context(opened(settings, finder)))
        try:
            desk = OfficeDesk(
                service.engine,
                service.database,
                lambda: service.office.catalogue,
                service.draughtsman,
                channel="terminal",
            )
            converse(runner, Terminal(desk, console=console), console)
        finally:
            runner.run(stack.aclose())


def log_to_standard_error(settings: Settings) -> None:
    """Set up the log as the settings say, without the secrets among them."""
    key = settings.data_key.get_secret_value().encode() if settings.data_key is not None else None
    configure(settings.log_level, settings.log_format, hidden=secrets_of(settings), key=key)


def settle() -> None:
    """Have the garbage collector pass over what is loaded and stays: looking through it again and again stops every
    chat for up to a fifth of a second."""
    gc.collect()
    gc.freeze()


def event_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the event loop of the service: uvloop's, where there is one for the platform (decision 0016)."""
    try:
        import uvloop  # noqa: PLC0415 — not for Windows, and only for the service
    except ImportError:
        return None
    return uvloop.new_event_loop


def run() -> None:
    """Start every channel that is configured (docs/settings.md); without a token, the web chat. Ends with Ctrl-C."""
    from bot.channels import serve, told  # noqa: PLC0415 — the other commands start without the channels
    from bot.metrics import METRICS  # noqa: PLC0415

    settings = load_settings()
    log_to_standard_error(settings)
    METRICS.lenient()
    finder = ready_finder()
    if (line := told(settings)) is not None:
        Console(stderr=True, highlight=False).print(rtl(line), soft_wrap=True)
    settle()
    with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
        runner.run(serve(settings, finder))
