"""A small HTTP/1.1 server and poster on bare asyncio: keep-alive, pipelining, the three kinds of form.

Starlette on uvicorn and h11 cost several times more of a call's time, and the stand-in shares its processor with the
bot it measures. Only what Bot API clients send is understood.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote, urlsplit

_MAX_HEAD = 64 * 1024
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)[^\r\n]*\r\n")
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_QUOTED = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Upload:
    """A file of a multipart body."""

    name: str
    filename: str
    mime: str
    data: bytes


@dataclass
class Request:
    """One request, its body whole."""

    verb: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def form(self) -> tuple[dict[str, Any], dict[str, Upload]]:
        """Fields (text, or values of a JSON body) and files, from the query and the body.

        Raises:
            ValueError: the body is not what its content type says.
        """
        fields: dict[str, Any] = dict(_urlencoded(self.query.encode("ascii")))
        files: dict[str, Upload] = {}
        kind = self.headers.get("content-type", "")
        if not self.body:
            return fields, files
        if kind.startswith("application/json"):
            body = json.loads(self.body)
            if not isinstance(body, dict):
                raise ValueError("the body is not a JSON object")
            fields.update(body)
        elif kind.startswith("multipart/form-data"):
            _multipart(self.body, kind, fields, files)
        else:
            fields.update(_urlencoded(self.body))
        return fields, files


def _unescape(run: re.Match[bytes]) -> bytes:
    return bytes.fromhex(run.group().replace(b"%", b"").decode("ascii"))


def _urlencoded(body: bytes) -> Iterator[tuple[str, str]]:
    # urllib's parse_qsl takes several times longer than all the rest of a call when the text is Persian.
    for pair in body.split(b"&"):
        if pair:
            name, _, value = pair.replace(b"+", b" ").partition(b"=")
            yield _ESCAPES.sub(_unescape, name).decode(), _ESCAPES.sub(_unescape, value).decode()


def _multipart(body: bytes, kind: str, fields: dict[str, Any], files: dict[str, Upload]) -> None:
    boundary = kind.partition("boundary=")[2].partition(";")[0].strip('"')
    if not boundary:
        raise ValueError("a multipart body without a boundary")
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode("ascii"))[1:]:
        if part.startswith(b"--"):
            return
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = _headers(head.decode("utf-8"))
        disposition = {key: unquote(value) for key, value in _QUOTED.findall(headers.get("content-disposition", ""))}
        name = disposition["name"]
        if "filename" in disposition:
            mime = headers.get("content-type", "application/octet-stream")
            files[name] = Upload(name, disposition["filename"], mime, data)
        else:
            fields[name] = data.decode("utf-8")


def _headers(head: str) -> dict[str, str]:
    lines = (line.partition(":") for line in head.split("\r\n") if line)
    return {name.strip().lower(): value.strip() for name, _, value in lines}


@dataclass
class Reply:
    """An answer. ``reset`` breaks the connection instead, ``hang`` never answers, ``delay`` (seconds) answers late."""

    status: int = 200
    body: bytes = b""
    kind: bytes = b"application/json"
    delay: float = 0.0
    hang: bool = False
    reset: bool = False
    written: Callable[[], None] | None = None

    def encode(self) -> bytes:
        phrase = HTTPStatus(self.status).phrase.encode() if self.status != 200 else b"OK"
        head = b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
        return head % (self.status, phrase, self.kind, len(self.body)) + self.body


Answering = Reply | asyncio.Future[Reply]
Handler = Callable[[Request], Answering]


@dataclass
class _Head:
    verb: str
    target: str
    headers: dict[str, str]
    length: int | None = field(default=None)


class Connection(asyncio.Protocol):
    """One client's connection; requests on it are answered one after the other."""

    def __init__(self, handle: Handler, open_connections: set[Connection]) -> None:
        self._handle = handle
        self._open = open_connections
        self._buffer = bytearray()
        self._head: _Head | None = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._transport = None
        if self._waiting is not None:
            self._waiting.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def abort(self) -> None:
        """Break the connection without an answer."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._advance()

    def _advance(self) -> None:
        while not self._busy and self._transport is not None and self._buffer:
            try:
                request = self._next_request()
            except (ValueError, IndexError):
                self._send(Reply(400, b'{"ok":false,"error_code":400,"description":"Bad Request: bad HTTP"}'))
                self.abort()
                return
            if request is None:
                return
            self._answer(request)

    def _answer(self, request: Request) -> None:
        answer = self._handle(request)
        if isinstance(answer, Reply):
            self._send(answer)
            return
        self._busy = True
        self._waiting = answer
        answer.add_done_callback(self._answered)

    def _answered(self, answer: asyncio.Future[Reply]) -> None:
        self._waiting = None
        self._busy = False
        if not answer.cancelled():
            self._send(answer.result())
            self._advance()

    def _send(self, reply: Reply) -> None:
        if self._transport is None:
            return
        if reply.reset:
            self._transport.abort()
        elif reply.hang:
            self._busy = True
        elif reply.delay:
            self._busy = True
            self._timer = asyncio.get_running_loop().call_later(reply.delay, self._send_late, reply)
        else:
            self._transport.write(reply.encode())
            if reply.written is not None:
                reply.written()

    def _send_late(self, reply: Reply) -> None:
        self._busy = False
        reply.delay = 0.0
        self._send(reply)
        self._advance()

    def _next_request(self) -> Request | None:
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _MAX_HEAD:
                    raise ValueError("the head of the request is too long")
                return None
            self._head = _read_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
        body = self._body(self._head)
        if body is None:
            return None
        head, self._head = self._head, None
        path, _, query = head.target.partition("?")
        return Request(head.verb, unquote(path), query, head.headers, body)

    def _body(self, head: _Head) -> bytes | None:
        if head.length is None:
            return self._chunked()
        if len(self._buffer) < head.length:
            return None
        body = bytes(self._buffer[: head.length])
        del self._buffer[: head.length]
        return body

    def _chunked(self) -> bytes | None:
        at, pieces = 0, list[bytes]()
        while (size := _CHUNK.match(self._buffer, at)) is not None:
            begin, length = size.end(), int(size.group(1), 16)
            if len(self._buffer) < begin + length + 2:
                return None
            at = begin + length + 2
            if length == 0:
                del self._buffer[:at]
                return b"".join(pieces)
            pieces.append(bytes(self._buffer[begin : begin + length]))
        return None


def _read_head(head: bytes) -> _Head:
    first, _, rest = head.decode("latin-1").partition("\r\n")
    verb, target, _ = first.split(" ", 2)
    headers = _headers(rest)
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _Head(verb, target, headers, None)
    return _Head(verb, target, headers, int(headers.get("content-length", "0")))


class Poster:
    """Posts JSON to one URL on this machine over kept connections; one post at a time on each."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http":
            raise ValueError(f"updates can be posted to http addresses of this machine only, not to {url}")
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"POST {target} HTTP/1.1", f"Host: {self._host}:{self._port}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._start = ("\r\n".join(lines) + "\r\nContent-Length: ").encode()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._all: set[asyncio.StreamWriter] = set()

    async def post(self, body: bytes, written: Callable[[], None]) -> int:
        """The HTTP status of the answer; ``written`` is called when the request is on its way.

        Raises:
            OSError: nobody listens, or the connection broke twice.
        """
        for attempt in range(2):
            fresh = not self._idle
            reader, writer = await self._connect() if fresh else self._idle.pop()
            try:
                status, keep = await self._exchange(reader, writer, body, written)
            except (OSError, EOFError, ValueError, IndexError) as error:
                await self._drop(writer)
                if fresh or attempt:
                    raise OSError(f"{type(error).__name__}: {error}") from error
                continue
            except asyncio.CancelledError:
                writer.transport.abort()
                self._all.discard(writer)
                raise
            if keep:
                self._idle.append((reader, writer))
            else:
                await self._drop(writer)
            return status
        raise OSError("no connection")

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        self._all.add(writer)
        return reader, writer

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes, written: Callable[[], None]
    ) -> tuple[int, bool]:
        writer.write(self._start + b"%d\r\n\r\n" % len(body) + body)
        written()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, _, rest = head.partition("\r\n")
        headers = _headers(rest)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while (size := int(await reader.readline(), 16)) > 0:
                await reader.readexactly(size + 2)
            await reader.readexactly(2)
        else:
            await reader.readexactly(int(headers.get("content-length", "0")))
        return int(first.split(" ")[1]), headers.get("connection", "").lower() != "close"

    async def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._all.discard(writer)
        writer.close()
        try:
            await writer.wait_closed()
        except OSError:
            return

    async def close(self) -> None:
        """Close every connection."""
        for writer in tuple(self._all):
            await self._drop(writer)
        self._idle.clear()
