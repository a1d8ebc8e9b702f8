"""What can be made to go wrong on purpose, once or several times, with `StandIn.fail`."""

from __future__ import annotations

from dataclasses import dataclass

from bot.standin.errors import ApiError


@dataclass(frozen=True)
class RetryAfter:
    """429: nothing is done; come back after ``seconds``."""

    seconds: int = 1


@dataclass(frozen=True)
class Blocked:
    """403: nothing is done."""

    description: str = "Forbidden: bot was blocked by the user"


@dataclass(frozen=True)
class ServerError:
    """A 5xx answer; ``done`` tells whether the call took effect all the same."""

    code: int = 502
    done: bool = False


@dataclass(frozen=True)
class Reset:
    """The connection breaks without an answer; ``done`` tells whether the call took effect."""

    done: bool = False


@dataclass(frozen=True)
class Late:
    """The call takes effect at once and is answered after ``seconds``."""

    seconds: float = 1.0


@dataclass(frozen=True)
class Silent:
    """The call takes effect and is never answered."""


Failure = RetryAfter | Blocked | ServerError | Reset | Late | Silent


@dataclass
class Planned:
    """A failure for the next ``times`` calls of ``method`` (``*``: of any but getUpdates), perhaps of one chat only."""

    method: str
    times: int
    failure: Failure
    chat_id: int | None = None

    def meets(self, method: str, chat_id: object) -> bool:
        """Whether this call is one of those."""
        named = self.method == method or (self.method == "*" and method != "getUpdates")
        return self.times > 0 and named and self.chat_id in {None, chat_id}


def takes_effect(failure: Failure) -> bool:
    """Whether the call is done before it fails."""
    match failure:
        case Late() | Silent():
            return True
        case ServerError(done=done) | Reset(done=done):
            return done
    return False


def error_of(failure: Failure) -> ApiError | None:
    """The answer with ``ok: false`` that stands for this failure, if it is an answer."""
    match failure:
        case RetryAfter(seconds=seconds):
            return ApiError(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
        case Blocked(description=description):
            return ApiError(403, description)
        case ServerError(code=code):
            return ApiError(code, {500: "Internal Server Error", 502: "Bad Gateway"}.get(code, "Service Unavailable"))
    return None
