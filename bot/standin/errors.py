"""How a call to the stand-in can go wrong.

ApiError             an answer with ``ok: false``; carries the HTTP status and Telegram's description
├── MistakeError     something a correct bot never sends; becomes a `Violation`
└── RefusalError     an answer a correct bot must expect (blocked, retry later, not modified); becomes a `Refused`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)


class ApiError(Exception):
    """An answer with ``ok: false``. ``code`` is both the HTTP status and the error code."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def answer(self) -> Json:
        """The JSON body Telegram would send."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters is not None:
            body["parameters"] = self.parameters
        return body


class MistakeError(ApiError):
    """A call no correct bot makes: ``field`` is where (a path such as ``reply_markup.inline_keyboard[0][1].text``)."""

    def __init__(self, field: str | None, reason: str, description: str | None = None, code: int = 400) -> None:
        super().__init__(code, description or f"Bad Request: {reason}")
        self.field = field
        self.reason = reason


class RefusalError(ApiError):
    """An answer that any correct bot must be ready for."""


@dataclass(frozen=True)
class Violation:
    """One thing a correct bot never does, with the call's own parameters."""

    method: str
    field: str | None
    reason: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Refused:
    """One legitimate refusal: what was called and what Telegram answered."""

    method: str
    code: int
    description: str
    parameters: Mapping[str, Any]

    @property
    def not_modified(self) -> bool:
        """Whether an edit changed nothing."""
        return self.description == NOT_MODIFIED


@dataclass
class Call:
    """One call as it was received. ``at`` is in seconds of `time.perf_counter`.

    ``outcome`` is one of ``ok``, ``violation``, ``refused`` and ``failed`` (a failure asked for with `StandIn.fail`).
    """

    method: str
    parameters: Mapping[str, Any]
    at: float
    outcome: str = "ok"
    result: Any = None
