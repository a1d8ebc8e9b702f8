"""Staff are told their commands, and told rightly: what stands in the list of a role is theirs, and nothing else is."""

from __future__ import annotations

import re

import pytest

from handlers import menu
from handlers.desk.commands import STAFF_COMMANDS, command_lines
from handlers.router import COMMANDS
from knowledge.persian import text_problems
from records.staff import ROLES, Role
from tests.handlers.desk.desk import Desk, text


def named(shown: str) -> set[str]:
    return set(re.findall(r"(?<!\S)/([a-z]+)", shown))


def test_every_hidden_command_is_told_to_somebody() -> None:
    assert {one.name for one in STAFF_COMMANDS} == {one.name for one in COMMANDS.values() if one.scope == "hidden"}
    assert [text_problems(one.does) for one in STAFF_COMMANDS if text_problems(one.does)] == []


@pytest.mark.parametrize("role", ROLES)
async def test_a_roles_list_is_what_it_may_do(desk: Desk, role: Role) -> None:
    await desk.join("1", role, "urban")
    told = named("\n".join(command_lines(role)))
    for command in COMMANDS.values():
        if command.scope == "hidden":
            refused = await desk.say("1", f"/{command.name}") == menu.unknown_command()
            assert refused != (command.name in told), command.name


@pytest.mark.parametrize("role", ROLES)
async def test_help_adds_them_in_private_alone(desk: Desk, role: Role) -> None:
    await desk.join("1", role, "urban")
    assert set(command_lines(role)) <= {
        line.removeprefix("• ") for line in text(await desk.say("1", "/help")).split("\n")
    }
    group = await desk.turn("1", chat="-100500", text="/help")
    assert not named(text(group)) & {one.name for one in STAFF_COMMANDS}


async def test_nobody_else_hears_of_them(desk: Desk) -> None:
    gone = await desk.join("1", "admin")
    await desk.join("2", "admin")
    await desk.press("2", f"dsdel:{gone.id}:yes")
    assert "دیگر عضو میز کار نیستید" in await desk.heard("1")
    for person in ("7", "1"):
        assert not named(text(await desk.say(person, "/help")))


async def test_the_desk_and_the_staff_list_lead_to_them(desk: Desk) -> None:
    await desk.join("1", "admin")
    for said in ("/desk", "/staff"):
        assert "/help" in text(await desk.say("1", said))
