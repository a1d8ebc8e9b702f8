"""Commands whose modules are imported only when they are called, or their help is: `khedmatyar run` must be ready in
three seconds, and the benchmarks alone would take one of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group


class LazyGroup(TyperGroup):
    """A group with commands by name, each `module:attribute` of a function or of another `typer.Typer`; `commands_of`
    holds them by the group's name. Groups loaded this way may have further ones there too."""

    commands_of: ClassVar[dict[str, dict[str, str]]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the order they are shown."""
        eager = super().list_commands(ctx)
        return [*self.commands_of.get(self.name or "", {}), *eager]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, imported now; None when there is none of this name."""
        found = super().get_command(ctx, cmd_name)
        if found is None and (where := self.commands_of.get(self.name or "", {}).get(cmd_name)) is not None:
            found = self.commands[cmd_name] = _loaded(cmd_name, where)
        return found


def _loaded(name: str, where: str) -> Any:
    module, _, attribute = where.partition(":")
    thing = getattr(import_module(module), attribute)
    if isinstance(thing, typer.Typer):
        command: Any = get_group(thing)
        for more, place in LazyGroup.commands_of.get(name, {}).items():
            command.add_command(_loaded(more, place), more)
    else:
        alone = typer.Typer(add_completion=False)
        alone.command(name)(thing)
        command = get_command(alone)
    command.name = name
    return command
