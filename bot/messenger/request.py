"""HTTP for python-telegram-bot over aiohttp: less than half the CPU time of its own HTTPXRequest (decision 0010)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import cache
from ssl import SSLContext
from typing import cast
from urllib.parse import urlencode

import aiohttp
import httpx
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, HTTPXRequest, RequestData

KEPT_OPEN = 30.0
"""Seconds an idle connection is kept; less than the servers keep theirs, so that none is written to as it closes."""

PIECE = 64 * 1024
"""Bytes of a file that are read at once."""

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": BaseRequest.USER_AGENT}
_AGENT = {"User-Agent": BaseRequest.USER_AGENT}


Enough = Callable[[bytes | bytearray], bool]
"""Whether no more of a file need be read, asked of its beginning and again as it grows."""


class NotSent(NetworkError):  # noqa: N818 — an outcome
    """No connection was made, so the messenger has not seen the request."""


@cache
def trusted() -> SSLContext:
    """The certificates that python-telegram-bot trusts too: certifi's, or those of SSL_CERT_FILE."""
    return httpx.create_ssl_context()


class AiohttpRequest(BaseRequest):
    """Up to `connections` requests at once over kept connections; a further one waits for at most `pool_timeout`.

    All times are in seconds. Proxies are not supported here: use HTTPXRequest for those.
    """

    def __init__(
        self,
        connections: int = 32,
        *,
        read_timeout: float = 15.0,
        write_timeout: float = 15.0,
        media_write_timeout: float = 60.0,
        connect_timeout: float = 10.0,
        pool_timeout: float = 10.0,
    ) -> None:
        self._connections = connections
        self._read = read_timeout
        self._write = write_timeout
        self._media_write = media_write_timeout
        self._connect = connect_timeout
        self._pool = pool_timeout
        self._session: aiohttp.ClientSession | None = None
        self._ended = False

    @property
    def read_timeout(self) -> float | None:
        """The default read timeout in seconds."""
        return self._read

    async def initialize(self) -> None:
        """Open the pool; no connection is made yet."""
        self._ended = False
        self._opened()

    async def shutdown(self) -> None:
        """Close all connections."""
        self._ended = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(  # noqa: PLR0917 — the base class names them
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One request; the status and the whole body.

        Raises:
            NotSent: no connection could be made, or none of the pool came free.
            TimedOut: it was sent, wholly or in part, and no answer came in time.
            NetworkError: the connection broke.
        """
        session = self._opened()
        body, files = _body(request_data)
        connect = _seconds(connect_timeout, self._connect)
        read = _seconds(read_timeout, self._read)
        write = _seconds(write_timeout, self._media_write if files else self._write)
        pool = _seconds(pool_timeout, self._pool)
        try:
            async with session.request(
                method,
                url,
                data=body,
                headers=_AGENT if files else _FORM,
                timeout=aiohttp.ClientTimeout(
                    total=pool + connect + write + read,
                    connect=pool + connect,
                    sock_connect=connect,
                    sock_read=read + write if files else read,
                ),
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(f"no connection: {type(error).__name__}") from error
        except TimeoutError as error:
            raise TimedOut from error
        except aiohttp.ClientError as error:
            # The text of some of these errors holds the URL, and with it the token.
            raise NetworkError(f"aiohttp.{type(error).__name__}") from None

    async def beginning(self, url: str, most: int, enough: Enough, read_timeout: float) -> bytes | None:
        """A file from its beginning until it is `enough`, at most `most` bytes; None when it is longer than that. What
        is not wanted is not fetched: the connection is given up.

        Raises:
            TimedOut: nothing came for `read_timeout` seconds.
            NetworkError: the connection broke, or the answer was not 200.
        """
        session = self._opened()
        limits = aiohttp.ClientTimeout(
            total=None, connect=self._pool, sock_connect=self._connect, sock_read=read_timeout
        )
        try:
            async with session.get(url, headers=_AGENT, timeout=limits) as response:
                if response.status != httpx.codes.OK:
                    raise NetworkError(f"the file was not given: {response.status}")
                content = await _until(response.content.iter_chunked(PIECE), most, enough)
                if not response.content.at_eof():
                    response.close()
                return content
        except TimeoutError as error:
            raise TimedOut from error
        except aiohttp.ClientError as error:
            raise NetworkError(f"aiohttp.{type(error).__name__}") from None

    def _opened(self) -> aiohttp.ClientSession:
        """The pool. What was left unsent is sent at once at a start, before anybody has introduced us."""
        if self._ended:
            raise RuntimeError("AiohttpRequest has been shut down")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEPT_OPEN, ssl=trusted()),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


class ProxiedRequest(HTTPXRequest):
    """python-telegram-bot's own HTTP, for what goes through a proxy, with the beginnings of files."""

    async def beginning(self, url: str, most: int, enough: Enough, read_timeout: float) -> bytes | None:
        """As `AiohttpRequest.beginning`."""
        limits = httpx.Timeout(self.read_timeout, read=read_timeout)
        try:
            async with self._client.stream("GET", url, headers=_AGENT, timeout=limits) as response:
                if response.status_code != httpx.codes.OK:
                    raise NetworkError(f"the file was not given: {response.status_code}")
                return await _until(response.aiter_bytes(PIECE), most, enough)
        except httpx.TimeoutException as error:
            raise TimedOut from error
        except httpx.HTTPError as error:
            raise NetworkError(f"httpx.{type(error).__name__}") from None


async def _until(pieces: AsyncIterator[bytes], most: int, enough: Enough) -> bytes | None:
    """Pieces joined until they are enough; None when they are more than `most` bytes."""
    content = bytearray()
    async for piece in pieces:
        content += piece
        if len(content) > most:
            return None
        if enough(content):
            break
    return bytes(content)


def _seconds(value: object, default: float) -> float:
    return default if value is BaseRequest.DEFAULT_NONE or value is None else cast("float", value)


def _body(data: RequestData | None) -> tuple[bytes | aiohttp.FormData | None, bool]:
    if data is None:
        return None, False
    if not data.contains_files:
        return urlencode(data.json_parameters).encode(), False
    form = aiohttp.FormData(quote_fields=False)
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return form, True
