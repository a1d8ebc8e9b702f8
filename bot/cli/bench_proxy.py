"""A tiny reverse proxy for benches and tests: each request to the next replica in turn, as nginx before the real ones.

It knows as much HTTP/1.1 as the stand-in's posts and our answers need (bodies with a Content-Length). A replica that
does not listen is passed over; one that breaks off while it has the request is answered for with 502, and the messenger
comes again.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

_END = b"\r\n\r\n"
_BROKEN = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"

Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Seen:
    """What went through. `seconds`: of each request answered with 200, from its arrival to its answer, which the
    service gives after the commit; `at`: when it was answered (`time.monotonic`)."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    shares: Counter[int] = field(default_factory=Counter)


class RoundRobin:
    """Spreads requests over the ports of 127.0.0.1 that it is given. An async context manager."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.seen = Seen()
        self.port = 0
        self._ports = tuple(ports)
        self._turn = itertools.count()
        self._idle: dict[int, list[Pipe]] = {port: [] for port in ports}
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._client, "127.0.0.1", 0, limit=1 << 21)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in tuple(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        try:
            while (request := await _message(reader)) is not None:
                begun = time.perf_counter()
                answer = await self._forwarded(request)
                status = int(answer[9:12])
                self.seen.statuses[status] += 1
                if status == 200:
                    self.seen.seconds.append(time.perf_counter() - begun)
                    self.seen.at.append(time.monotonic())
                writer.write(answer)
                await writer.drain()
        except (OSError, EOFError, ValueError, asyncio.CancelledError):
            # The messenger hung up, or the proxy is closing.
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _forwarded(self, request: bytes) -> bytes:
        first = next(self._turn)
        for place in range(len(self._ports)):
            port = self._ports[(first + place) % len(self._ports)]
            with suppress(ConnectionRefusedError):
                return await self._asked(port, request)
        return _BROKEN

    async def _asked(self, port: int, request: bytes) -> bytes:
        """The answer of one replica; 502 when it breaks off, ConnectionRefusedError when nobody listens."""
        while self._idle[port]:
            pipe = self._idle[port].pop()
            # A kept connection may be of a replica that has died since.
            if not pipe[0].at_eof() and not pipe[1].is_closing():
                break
            self._drop(pipe)
        else:
            pipe = await asyncio.open_connection("127.0.0.1", port, limit=1 << 21)
            self._writers.add(pipe[1])
        try:
            pipe[1].write(request)
            answer = await _message(pipe[0])
        except (OSError, EOFError, ValueError):
            answer = None
        except asyncio.CancelledError:
            self._drop(pipe)
            raise
        if answer is None:
            self._drop(pipe)
            return _BROKEN
        self.seen.shares[port] += 1
        self._idle[port].append(pipe)
        return answer

    def _drop(self, pipe: Pipe) -> None:
        self._writers.discard(pipe[1])
        pipe[1].transport.abort()


async def _message(reader: asyncio.StreamReader) -> bytes | None:
    """A whole request or answer; None at the end of the connection."""
    try:
        head = await reader.readuntil(_END)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    return head + await reader.readexactly(_length(head.split(b"\r\n")[1:]))


def _length(headers: Iterable[bytes]) -> int:
    for line in headers:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
