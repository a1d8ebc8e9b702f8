"""What a module of conversation registers with the router: its commands and the buttons it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from handlers.reply import Reply
from handlers.visit import Visit

Handler = Callable[[Visit, tuple[str, ...]], Awaitable[Reply]]
"""Answers one turn. The second value: the words after a command, or the parts of a button's data after its verb."""

Scope = Literal["public", "hidden"]


@dataclass(frozen=True)
class Command:
    """One command; `description` is the Persian line that messengers show. `hidden` ones are not published."""

    name: str
    description: str
    handler: Handler
    scope: Scope = "public"


@dataclass(frozen=True)
class Topic:
    """A module's registration. `buttons`: handler by verb; a button's data is `verb:part:part`."""

    commands: tuple[Command, ...] = ()
    buttons: Mapping[str, Handler] = field(default_factory=dict)
