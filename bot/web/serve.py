"""Serving the web chat with uvicorn: in the process of the other channels, or beside a test in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext

import uvicorn
from starlette.types import ASGIApp

CONNECTIONS = 500
"""Connections served at once; further ones are told 503."""

BACKLOG = 128

Make = Callable[[], AbstractAsyncContextManager[ASGIApp]]


def web_server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """A server ready for `await server.serve()`; `server.should_exit = True` ends it after the open requests.

    Forwarded headers are left alone: the application reads them by its own setting.
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            access_log=False,
            date_header=True,
            limit_concurrency=CONNECTIONS,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            timeout_keep_alive=30,
            ws="none",
        )
    )


def where(host: str, port: int) -> str:
    """The one line that says where the chat is."""
    shown = f"[{host}]" if ":" in host else host
    return f"گفت‌وگو در مرورگر: http://{shown}:{port}/"


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address of `app` served on a free port of 127.0.0.1 by a thread, until the block ends."""
    with serving_made(lambda: nullcontext(app)) as url:
        yield url


@contextmanager
def serving_made(make: Make) -> Iterator[str]:
    """The same for an application that is made, and ended, within the thread's own event loop (a database belongs to
    one). What `make` raises is raised here."""
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        port = listener.getsockname()[1]
        running = _Running(make, listener, port)
        running.start()
        try:
            running.up.wait()
            if running.error is not None:
                raise running.error
            yield f"http://127.0.0.1:{port}"
        finally:
            running.end()
    if running.error is not None:
        raise running.error


class _Running(threading.Thread):
    def __init__(self, make: Make, listener: socket.socket, port: int) -> None:
        super().__init__(name="web chat", daemon=True)
        self.up = threading.Event()
        self.error: BaseException | None = None
        self._make = make
        self._listener = listener
        self._port = port
        self._server: uvicorn.Server | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 — raised on in the thread that waits
            self.error = error
        finally:
            self.up.set()

    async def _serve(self) -> None:
        async with self._make() as app:
            self._server = web_server(app, "127.0.0.1", self._port)
            # The socket listens already: who connects before the server reads it waits in its queue.
            self.up.set()
            await self._server.serve(sockets=[self._listener])

    def end(self) -> None:
        if self._server is not None:
            self._server.should_exit = True
        self.join()
