"""Who is talking: sessions in a signed cookie, the client's address behind proxies, and whose page sent a request."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from hashlib import sha256

from starlette.requests import HTTPConnection, Request

ID_BYTES = 24
SIGNATURE_LENGTH = 32
MAX_AGE = 7 * 24 * 3600
"""Seconds a session lives in the browser: long enough to see news of a complaint, short on shared computers."""

MARK_HEADER = "x-khedmatyar"
"""A header that no form and no other site's script can send without the browser asking us first."""


class Sessions:
    """Makes session cookies and reads them back. A cookie that this secret did not sign is no session."""

    def __init__(self, secret: bytes, *, framed: bool) -> None:
        self._secret = secret
        self._framed = framed

    def issue(self, *, https: bool) -> str:
        """The Set-Cookie value of a new session."""
        token = secrets.token_urlsafe(ID_BYTES)
        # A page inside another site's frame gets its cookie only so; browsers accept it over https alone.
        scope = "SameSite=None; Partitioned" if self._framed and https else "SameSite=Lax"
        return (
            f"{_name(https=https)}={token}.{self._sign(token)}; Path=/; Max-Age={MAX_AGE}; HttpOnly; {scope}"
            f"{'; Secure' if https else ''}"
        )

    def chat(self, connection: HTTPConnection, *, https: bool) -> str | None:
        """The chat id of the connection's session (a hash: the id itself stays in the browser), or None."""
        token, _, signature = connection.cookies.get(_name(https=https), "").partition(".")
        if not token or not hmac.compare_digest(signature.encode(), self._sign(token).encode()):
            return None
        return sha256(token.encode()).hexdigest()[:32]

    def _sign(self, token: str) -> str:
        return hmac.new(self._secret, token.encode(), sha256).hexdigest()[:SIGNATURE_LENGTH]


def _name(*, https: bool) -> str:
    return "__Host-khedmatyar" if https else "khedmatyar"


def client_address(connection: HTTPConnection, proxies: int) -> str:
    """The client's address (of an IPv6 one the /64 network). `proxies`: how many of our own stand before us, each of
    which appended to X-Forwarded-For; 0 leaves that header unread, as anybody can send it."""
    address = connection.client.host if connection.client else ""
    if proxies:
        hops = [hop.strip() for line in connection.headers.getlist("x-forwarded-for") for hop in line.split(",")]
        if len(hops) >= proxies:
            address = hops[-proxies]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def is_https(connection: HTTPConnection, proxies: int) -> bool:
    """Whether the browser spoke https, by the word of our own proxy when there is one."""
    if proxies and (said := connection.headers.get("x-forwarded-proto")):
        return said.rsplit(",", 1)[-1].strip() == "https"
    return connection.url.scheme == "https"


def from_our_page(request: Request) -> bool:
    """Whether our own page sent the request, not another site's."""
    return MARK_HEADER in request.headers and request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
