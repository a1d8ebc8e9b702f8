"""For operators, on a port of its own: `/metrics` for Prometheus, `/healthz` (alive), `/readyz` (turns can be handled).

Alive: the event loop turns; restart the process when it does not. Ready: the service is put together and the database
answers within two seconds; send it no traffic when not. A pause does not make it unready (citizens get the notice,
staff work on), nor does a messenger that is out of reach (it comes back by itself, and a restart would not help).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.metrics import METRICS, LevelCounter
from bot.service import Service
from bot.settings import PREFIX, Settings, SettingsError
from bot.web.serve import BACKLOG, web_server
from knowledge.workdays import TEHRAN
from records.gauges import Gauges, gauges

LOG = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds that the database may take to answer."""

FRESH = 4.0
"""Seconds for which what was counted in the database is told again: several who ask cost one look."""

TEXT = "text/plain; version=0.0.4; charset=utf-8"
PORT_TAKEN = "درگاه {port} روی {host} باز نشد؛ شاید برنامه‌ی دیگری آن را گرفته است. " + f"{PREFIX}OPS_PORT را عوض کنید."


class QuietServer(uvicorn.Server):
    """A server that leaves the signals to the program."""

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override] # a context manager either way
        return nullcontext()


class Ops:
    """What is told of this process. `opened` is given the service when it is put together; `stop` is set when it is to
    end."""

    def __init__(self, stop: asyncio.Event) -> None:
        self.service: Service | None = None
        self._stop = stop
        self._looking = asyncio.Lock()
        self._seen = 0.0
        self._answers = False

    def opened(self, service: Service) -> None:
        """The service is put together: from now on it is ready while its database answers."""
        self.service = service
        METRICS.start_seconds.set(seconds_since_start())

    async def ready(self) -> dict[str, bool]:
        """Whether turns can be handled (`ready`), and why."""
        answers = await self.look()
        opened = self.service is not None
        stopping = self._stop.is_set()
        ready = opened and answers and not stopping
        METRICS.ready.set(float(ready))
        paused = self.service is not None and self.service.pausing.on
        return {"ready": ready, "opened": opened, "database": answers, "stopping": stopping, "paused": paused}

    async def look(self) -> bool:
        """Count what stands in the database, unless that was done just now; whether it answered."""
        service = self.service
        if service is None:
            return False
        async with self._looking:
            if time.monotonic() - self._seen < FRESH:
                return self._answers
            self._answers = False
            try:
                async with asyncio.timeout(PATIENCE), service.database.reading() as records:
                    now = time.time()
                    today = datetime.fromtimestamp(now, UTC).astimezone(TEHRAN).date()
                    _show(await records.connection.run(gauges, now, today), service)
                self._answers = True
            except Exception as error:  # noqa: BLE001 — whatever it was, the operator is told that it does not answer
                LOG.warning("the database could not be looked at: %s", type(error).__name__)
            self._seen = time.monotonic()
            METRICS.database_up.set(float(self._answers))
            return self._answers

    def app(self) -> Starlette:
        """The pages. They say nothing of people, yet are not for citizens."""
        return Starlette(
            routes=[
                Route("/healthz", self._healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", self._metrics),
            ]
        )

    async def _healthz(self, _: Request) -> Response:
        return JSONResponse({"alive": True})

    async def _readyz(self, _: Request) -> Response:
        told = await self.ready()
        return JSONResponse(told, status_code=200 if told["ready"] else 503)

    async def _metrics(self, _: Request) -> Response:
        await self.ready()
        return Response(METRICS.generated(), media_type=TEXT)


@asynccontextmanager
async def watched(ops: Ops, settings: Settings) -> AsyncIterator[None]:
    """The pages on their port (none at port 0) until the block ends.

    Raises:
        SettingsError: the port is taken.
    """
    counter = LevelCounter()
    logging.getLogger().addHandler(counter)
    try:
        if not settings.ops_port:
            yield
            return
        async with _served(ops, settings.ops_host, settings.ops_port):
            yield
    finally:
        logging.getLogger().removeHandler(counter)


@asynccontextmanager
async def _served(ops: Ops, host: str, port: int) -> AsyncIterator[None]:
    try:
        listener = socket.create_server(
            (host, port), backlog=BACKLOG, family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError:
        raise SettingsError(PORT_TAKEN.format(port=port, host=host)) from None
    with listener:
        server = QuietServer(web_server(ops.app(), host, port).config)
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="ops")
        try:
            yield
        finally:
            server.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)


def seconds_since_start() -> float:
    """Seconds since this process was started; 0 where the system does not tell (no /proc)."""
    try:
        ticks = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0


def _show(seen: Gauges, service: Service) -> None:
    METRICS.outbox_rows.show(seen.outbox)
    METRICS.outbox_oldest.set(seen.oldest)
    METRICS.complaints.show(seen.complaints)
    METRICS.complaints_late.show(seen.late)
    METRICS.broadcasts.show(seen.announcements)
    METRICS.recipients.show(seen.recipients)
    METRICS.misses.show(seen.misses)
    METRICS.paused.set(float(seen.paused))
    load = service.database.load()
    METRICS.pool.show({"open": load.open, "in_use": load.in_use})
    METRICS.lock_waits.set(load.waiting if seen.locks is None else seen.locks)
