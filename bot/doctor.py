"""`khedmatyar doctor`: looks at what the service needs, one thing after the other, and says what to do about each.

A check never raises and changes nothing: what it writes to the database is rolled back.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, NoReturn

import httpx
from sqlalchemy import insert

from bot.settings import PREFIX, Settings
from knowledge.persian import persian_digits
from records.database import Database
from records.errors import DatabaseUnavailableError, RecordsError
from records.outbox import server_time
from records.tables import REVISION, updates

State = Literal["ok", "warn", "fail"]

PATIENCE = 15.0
"""Seconds that a messenger may take to answer."""

CLOCK_WARN, CLOCK_FAIL = 30.0, 300.0
"""Seconds that our clock may differ from another's."""

DISK_WARN, DISK_FAIL = 1 << 30, 100 << 20
"""Bytes free."""


@dataclass(frozen=True)
class Check:
    """What was looked at, how it is, what was found and what to do (Persian; empty when nothing is to be done)."""

    name: str
    state: State
    found: str
    todo: str = ""


class _RolledBackError(Exception):
    """Ends a transaction of which nothing is to stay."""


def _roll_back() -> NoReturn:
    raise _RolledBackError


async def examine(settings: Settings) -> list[Check]:
    """All checks, in the order in which one would mend things."""
    checks = list(_settings(settings))
    clocks: dict[str, float] = {}
    checks += await _guarded("database", lambda: _database(settings, clocks))
    for one in _messengers(settings):
        checks += await _guarded(one.name, partial(_messenger, one, settings, clocks))
    checks.append(_clock(clocks))
    checks += await _guarded("fonts", _fonts)
    checks += await _guarded("model", _model)
    checks.append(_disk(settings))
    return checks


async def _guarded(name: str, check: Callable[[], Awaitable[list[Check]]]) -> list[Check]:
    try:
        return await check()
    except Exception as error:  # noqa: BLE001 — the other checks are wanted all the same
        kind = type(error).__name__
        return [Check(name, "fail", f"بررسی نشد ({kind}).", "این خطا را همراه با نسخه‌ی برنامه گزارش کنید.")]


def _settings(settings: Settings) -> list[Check]:
    found = []
    channels = [one.name for one in _messengers(settings)]
    if channels or settings.web_port:
        names = "، ".join(channels + (["web"] if settings.web_port else []))
        found.append(Check("settings", "ok", f"تنظیم‌ها خوانده شد؛ راه‌ها: {names}."))
    else:
        found.append(
            Check("settings", "fail", "هیچ راهی باز نیست.", f"{PREFIX}TELEGRAM_TOKEN یا {PREFIX}BALE_TOKEN را بدهید.")
        )
    if settings.webhook_url and not settings.webhook_url.startswith("https://"):
        found.append(
            Check("webhook", "fail", "نشانی وب‌هوک https نیست.", f"{PREFIX}WEBHOOK_URL را با https:// بنویسید.")
        )
    if settings.data_key is None:
        found.append(
            Check(
                "data_key",
                "warn",
                "کلید رمز داده تنظیم نشده است؛ نام و تلفن شاکیان رمز نمی‌شود.",
                f"{PREFIX}DATA_KEY را بدهید: openssl rand -base64 32",
            )
        )
    if not settings.ops_port:
        found.append(
            Check(
                "ops", "warn", "صفحه‌های پایش (metrics، healthz، readyz) خاموش است.", f"{PREFIX}OPS_PORT=9090 را بدهید."
            )
        )
    return found


@dataclass(frozen=True)
class _Reached:
    """How a messenger is reached."""

    name: str
    token: str
    url: str
    proxy: str | None


def _messengers(settings: Settings) -> list[_Reached]:
    some = (
        ("telegram", settings.telegram_token, settings.telegram_api_url, settings.proxy),
        ("bale", settings.bale_token, settings.bale_api_url, None),
    )
    return [
        _Reached(name, token.get_secret_value(), url, proxy) for name, token, url, proxy in some if token is not None
    ]


async def _database(settings: Settings, clocks: dict[str, float]) -> list[Check]:
    try:
        database = Database.open(settings.database_url)
    except RecordsError as error:
        return [Check("database", "fail", str(error), f"{PREFIX}DATABASE_URL را درست کنید.")]
    try:
        file = database.file
        if file is not None and not await asyncio.to_thread(file.exists):
            return [_no_file(file)]
        return await _open_database(database, clocks)
    finally:
        await database.close()


def _no_file(file: Path) -> Check:
    folder = next(one for one in (file.absolute().parent, *file.absolute().parents) if one.exists())
    if os.access(folder, os.W_OK):
        return Check("database", "ok", f"فایل {file} هنوز نیست و در نخستین اجرا ساخته می‌شود.")
    return Check("database", "fail", f"پوشه‌ی {folder} نوشتنی نیست.", "دسترسی نوشتن را به کاربر برنامه بدهید.")


async def _open_database(database: Database, clocks: dict[str, float]) -> list[Check]:
    kind = "SQLite" if database.lone else "PostgreSQL"
    try:
        started = time.perf_counter()
        stored = await database.revision()
        took = (time.perf_counter() - started) * 1000
    except DatabaseUnavailableError as error:
        todo = "روشن بودن پایگاه داده، نشانی و گذرواژه را ببینید."
        return [Check("database", "fail", f"{kind} در دسترس نیست ({error.reason}).", todo)]
    found = [Check("database", "ok", f"{kind} در {persian_digits(f'{took:.0f}')} میلی‌ثانیه پاسخ داد.")]
    if stored != REVISION:
        shown = stored or "خالی"
        upgrades = database.lone or stored is None
        found.append(
            Check(
                "schema",
                "warn" if upgrades else "fail",
                f"ساختار پایگاه داده {shown} است و برنامه {REVISION} می‌خواهد.",
                "در اجرای بعدی به‌روز می‌شود." if upgrades else "khedmatyar db upgrade را اجرا کنید.",
            )
        )
        return found
    found.append(Check("schema", "ok", f"ساختار پایگاه داده به‌روز است ({REVISION})."))
    found.append(await _write(database))
    if not database.lone:
        async with database.reading() as records:
            clocks["database"] = await records.connection.run(server_time) - time.time()
    return found


async def _write(database: Database) -> Check:
    row = {"channel": "doctor", "update_id": str(time.time_ns()), "at": time.time()}
    try:
        async with database.transaction() as records:
            await records.connection.execute(insert(updates), row)
            _roll_back()
    except _RolledBackError:
        return Check("write", "ok", "نوشتن در پایگاه داده شدنی است.")
    except Exception as error:  # noqa: BLE001 — whatever it was, nothing can be written
        todo = "دسترسی نوشتن، جای خالی دیسک و سهمیه را ببینید."
        return Check("write", "fail", f"نوشتن در پایگاه داده نشد ({type(error).__name__}).", todo)


async def _messenger(one: _Reached, settings: Settings, clocks: dict[str, float]) -> list[Check]:
    name, base = one.name, f"{one.url}/bot{one.token}"
    variable = f"{PREFIX}{name.upper()}_TOKEN"
    way = " از راه پراکسی" if one.proxy else ""
    async with httpx.AsyncClient(proxy=one.proxy, trust_env=False, timeout=PATIENCE) as client:
        try:
            answer = await client.post(f"{base}/getMe")
            told: Any = answer.json()
            if answer.status_code in (401, 403, 404):
                return [Check(name, "fail", f"{name} توکن را نپذیرفت.", f"مقدار {variable} را بررسی کنید.")]
            username = str(told["result"].get("username", "?"))
            hook = await client.post(f"{base}/getWebhookInfo")
            info: Any = hook.json().get("result") if hook.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError) as error:
            todo = (
                f"اتصال به اینترنت و {PREFIX}PROXY را ببینید." if name == "telegram" else "اتصال به اینترنت را ببینید."
            )
            return [Check(name, "fail", f"{name}{way} پاسخ نداد ({type(error).__name__}).", todo)]
    if (date := answer.headers.get("date")) is not None:
        clocks[name] = parsedate_to_datetime(date).timestamp() - time.time()
    found = [Check(name, "ok", f"{name}{way} پاسخ داد: @{username}.")]
    if isinstance(info, dict):
        found += _hook(name, info, settings)
    return found


def _hook(name: str, info: dict[str, Any], settings: Settings) -> list[Check]:
    url, pending = str(info.get("url") or ""), int(info.get("pending_update_count") or 0)
    label = f"{name}_webhook"
    if url and not settings.webhook_url:
        return [Check(label, "warn", "برای این توکن وب‌هوک گذاشته شده است.", "با اجرای برنامه برداشته می‌شود.")]
    if settings.webhook_url and not url.startswith(settings.webhook_url):
        return [Check(label, "fail", "وب‌هوک این نشانی را ندارد.", "khedmatyar webhook set را اجرا کنید.")]
    if pending > 100:
        shown = persian_digits(str(pending))
        return [Check(label, "warn", f"{shown} پیام در پیام‌رسان مانده است.", "روشن بودن برنامه را ببینید.")]
    return []


def _clock(clocks: dict[str, float]) -> Check:
    if not clocks:
        return Check("clock", "ok", f"ساعتی برای سنجش در دسترس نبود؛ ساعت ما {datetime.now(UTC):%H:%M:%S} UTC است.")
    name, worst = max(clocks.items(), key=lambda one: abs(one[1]))
    shown = persian_digits(f"{abs(worst):.0f}")
    state: State = "fail" if abs(worst) > CLOCK_FAIL else "warn" if abs(worst) > CLOCK_WARN else "ok"
    todo = "" if state == "ok" else "ساعت دستگاه را هماهنگ کنید: timedatectl set-ntp true"
    return Check("clock", state, f"ساعت ما با ساعت {name} {shown} ثانیه فرق دارد.", todo)


async def _fonts() -> list[Check]:
    def drawn() -> tuple[int, float]:
        from bot.flowchart import Draughtsman  # noqa: PLC0415 — typst takes its time
        from knowledge.catalogue import load_catalogue  # noqa: PLC0415 — as above

        service = next(one for one in load_catalogue().services if one.workflow is not None)
        started = time.perf_counter()
        return len(Draughtsman().draw(service).png), (time.perf_counter() - started) * 1000

    size, took = await asyncio.to_thread(drawn)
    if size < 1000:
        return [Check("fonts", "fail", "نمودار تهی درآمد.", "بسته‌ی fontpkg-noto-sans-arabic را دوباره نصب کنید.")]
    return [Check("fonts", "ok", f"نمودار با قلم فارسی در {persian_digits(f'{took:.0f}')} میلی‌ثانیه کشیده شد.")]


async def _model() -> list[Check]:
    def state() -> Check:
        from knowledge.errors import ModelError  # noqa: PLC0415 — with the finder
        from knowledge.finder.finder import model_path  # noqa: PLC0415 — it loads numpy
        from knowledge.finder.key import data_key  # noqa: PLC0415 — as above
        from knowledge.finder.model import load_artefact  # noqa: PLC0415 — as above

        path = model_path()
        try:
            fresh = load_artefact(path).key == data_key()
        except (ModelError, OSError):
            fresh = False
        if fresh:
            return Check("model", "ok", f"مدل جست‌وجو آماده است ({path}).")
        todo = "khedmatyar train را اجرا کنید؛ وگرنه اجرای نخست حدود دو دقیقه طول می‌کشد."
        return Check("model", "warn", "مدل جست‌وجو ساخته نشده یا کهنه است.", todo)

    return [await asyncio.to_thread(state)]


def _disk(settings: Settings) -> Check:
    database = Database.open(settings.database_url) if settings.database_url.startswith("sqlite") else None
    file = database.file if database is not None else None
    start = file.absolute() if file is not None else Path.cwd()
    folder = next(one for one in (start, *start.parents) if one.is_dir())
    free = shutil.disk_usage(folder).free
    shown = persian_digits(f"{free / (1 << 30):.1f}")
    state: State = "fail" if free < DISK_FAIL else "warn" if free < DISK_WARN else "ok"
    todo = "" if state == "ok" else "جا باز کنید: پشتیبان‌ها و گزارش‌های کهنه را جابه‌جا کنید."
    return Check("disk", state, f"{shown} گیگابایت در {folder} آزاد است.", todo)
