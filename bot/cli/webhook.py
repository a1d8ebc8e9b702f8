"""`khedmatyar webhook`: sets the messengers' webhook, once for all replicas, and shows and deletes it.

`khedmatyar run` never sets it: two processes with different settings would undo each other's for ever.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bot.settings import PREFIX, Settings, SettingsError, load_settings
from bot.terminal import rtl

if TYPE_CHECKING:
    from bot.channels import Messenger
    from bot.messenger.webhook import Hook

app = typer.Typer(
    help="The webhook of the messengers: set it once, whatever the number of replicas.", no_args_is_help=True
)

NEEDED = f"{PREFIX}WEBHOOK_URL و {PREFIX}WEBHOOK_SECRET: برای وب‌هوک هر دو لازم است."
NO_MESSENGER = f"{PREFIX}TELEGRAM_TOKEN یا {PREFIX}BALE_TOKEN: بی توکن، پیام‌رسانی نیست که وب‌هوک داشته باشد."
NOT_HTTPS = f"{PREFIX}WEBHOOK_URL: پیام‌رسان تنها نشانی https می‌پذیرد."
NO_ANSWER = "{name} پاسخ نداد ({kind}). اتصال به اینترنت یا {prefix}PROXY را ببینید و دوباره اجرا کنید."
Act = Callable[["Messenger"], Awaitable[tuple[str, bool]]]
"""Something done with one messenger: the line to print, and whether all is well."""

LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


@app.command("set")
def set_command() -> None:
    """Tell each configured messenger to bring its updates to KHEDMATYAR_WEBHOOK_URL, and read back that it will."""
    settings = load_settings()
    url, secret = _wanted(settings)
    if not url.startswith(("https://", *LOOPBACK)):
        raise SettingsError(NOT_HTTPS)

    async def act(one: Messenger) -> tuple[str, bool]:
        from bot.messenger.webhook import read_webhook, set_webhook, webhook_path  # noqa: PLC0415 — see _connected

        await set_webhook(one.bot, one.dialect, url, secret)
        held = await read_webhook(one.bot)
        if held.url != url + webhook_path(one.dialect, secret):
            return f"{one.dialect.name}: پذیرفت، ولی نشانی دیگری را نگه داشته است.", False
        return f"{one.dialect.name}: وب‌هوک گذاشته شد.", True

    _each(settings, act)


@app.command("info")
def info(json_out: Json = False) -> None:
    """Show what each messenger says of its webhook. Exit code 1 when one is not that of the settings."""
    settings = load_settings()

    async def act(one: Messenger) -> tuple[str, bool]:
        from bot.messenger.webhook import read_webhook, webhook_path  # noqa: PLC0415 — see _connected

        hook = await read_webhook(one.bot)
        wanted = ""
        if settings.webhook_url and settings.webhook_secret:
            wanted = settings.webhook_url + webhook_path(one.dialect, settings.webhook_secret.get_secret_value())
        same = hook.url == wanted
        shown = _masked(hook, settings)
        if json_out:
            told = {"messenger": one.dialect.channel, "as_set": same, **asdict(hook), "url": shown}
            return json.dumps(told, ensure_ascii=False), same
        return _described(one.dialect.name, hook, shown, same=same), same

    _each(settings, act, plain=json_out)


@app.command("delete")
def delete(
    drop_pending: Annotated[
        bool, typer.Option("--drop-pending", help="Also throw away the updates that wait. They are citizens' words.")
    ] = False,
) -> None:
    """Have the messengers bring nothing any more: before going back to polling, or to another machine."""

    async def act(one: Messenger) -> tuple[str, bool]:
        await one.bot.call("deleteWebhook", drop_pending_updates=True if drop_pending else None)
        return f"{one.dialect.name}: وب‌هوک برداشته شد.", True

    _each(load_settings(), act)


def _wanted(settings: Settings) -> tuple[str, str]:
    if not settings.webhook_url or settings.webhook_secret is None:
        raise SettingsError(NEEDED)
    return settings.webhook_url, settings.webhook_secret.get_secret_value()


def _each(settings: Settings, act: Act, *, plain: bool = False) -> None:
    """Do it on every configured messenger and print its line; exit code 1 when one said no."""
    lines = asyncio.run(_acted(settings, act))
    console = Console(highlight=False)
    for line, _ in lines:
        shown = line if plain else "\n".join(rtl(one) for one in line.splitlines())
        console.print(shown, markup=False, soft_wrap=True)
    if not all(well for _, well in lines):
        raise typer.Exit(1)


async def _acted(settings: Settings, act: Act) -> list[tuple[str, bool]]:
    from telegram.error import TelegramError  # noqa: PLC0415 — see _connected

    lines = []
    async with _connected(settings) as some:
        for one in some:
            try:
                lines.append(await act(one))
            except TelegramError as error:
                told = NO_ANSWER.format(name=one.dialect.name, kind=type(error).__name__, prefix=PREFIX)
                raise SettingsError(told) from None
    return lines


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[list[Messenger]]:
    from telegram.error import TelegramError  # noqa: PLC0415 — the other commands start without the messengers

    from bot.channels import messengers  # noqa: PLC0415
    from bot.messenger.api import connect  # noqa: PLC0415

    some = messengers(settings)
    if not some:
        raise SettingsError(NO_MESSENGER)
    try:
        for one in some:
            try:
                await connect(one.bot, one.dialect)
            except TelegramError as error:
                told = NO_ANSWER.format(name=one.dialect.name, kind=type(error).__name__, prefix=PREFIX)
                raise SettingsError(told) from None
        yield some
    finally:
        for one in some:
            await one.bot.shutdown()


def _masked(hook: Hook, settings: Settings) -> str:
    """Its address without the secret: Bale's path is the secret, whatever it was when it was set."""
    if settings.webhook_secret is not None:
        hidden = hook.url.replace(settings.webhook_secret.get_secret_value(), "…")
        if hidden != hook.url:
            return hidden
    head, found, _ = hook.url.partition("/webhook/bale/")
    return f"{head}{found}…" if found else hook.url


def _described(name: str, hook: Hook, shown: str, *, same: bool) -> str:
    from handlers.complaint.dates import moment_text  # noqa: PLC0415 — see _connected
    from knowledge.persian import persian_digits  # noqa: PLC0415

    match bool(hook.url), same:
        case True, True:
            state = "همان است که در تنظیم‌هاست"
        case True, False:
            state = "با تنظیم‌ها یکی نیست؛ «khedmatyar webhook set» را اجرا کنید"
        case False, True:
            state = "ندارد؛ با گرفتن پیاپی (polling) کار می‌کند"
        case _:
            state = "گذاشته نشده است؛ «khedmatyar webhook set» را اجرا کنید"
    lines = [f"{name}: {state}"]
    if hook.url:
        lines.append(f"  نشانی: {shown}")
    lines.append(f"  در صف: {persian_digits(hook.waiting)}")
    if hook.error:
        at = moment_text(datetime.fromtimestamp(hook.error_at, UTC)) if hook.error_at else "؟"
        lines.append(f"  آخرین خطا ({at}): {hook.error}")
    return "\n".join(lines)
