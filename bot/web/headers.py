"""What every response tells the browser to refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN_ONLY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
)
PDF = "application/pdf"


def frame_policy(ancestors: Sequence[str]) -> str:
    """The directive that says whose pages may frame ours; nobody's when there is none."""
    return f"frame-ancestors {' '.join(ancestors) or chr(39) + 'none' + chr(39)}"


def safe_headers(frames: str) -> dict[str, str]:
    """The headers of every response, `frames` being the frame directive."""
    headers = {
        "content-security-policy": "; ".join((*OWN_ONLY, frames)),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if frames.endswith("'none'"):
        headers["x-frame-options"] = "DENY"
    return headers


class SafeHeaders:
    """Middleware that adds the headers. A PDF keeps the frame directive only: browsers show it by a viewer of their
    own, which `default-src 'none'` would leave blank."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = dict(headers)
        policy = self._headers["content-security-policy"]
        self._pdf_headers = self._headers | {"content-security-policy": policy.rsplit("; ", 1)[-1]}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._pdf_headers if headers.get("content-type") == PDF else self._headers)
            await send(message)

        await self._app(scope, receive, send_safe)
