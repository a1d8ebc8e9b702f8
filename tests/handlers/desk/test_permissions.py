"""Every command and button of the desk × everybody: nothing is open that should not be, and what is closed looks as if
it did not exist."""

from __future__ import annotations

import dataclasses

import pytest

from handlers import desk as desk_topic
from handlers import menu, show
from handlers.desk.memory import Hiring, Memory, Writing
from handlers.reply import Reply, message
from handlers.visit import Conversation
from records.staff import Staff
from tests.handlers.desk.desk import GROUP, NOON, Desk, text

CITIZEN, OFFICER, COLLEAGUE, STRANGER, EDITOR, ADMIN, REMOVED = "7", "10", "11", "20", "30", "1", "40"

STALE = dataclasses.replace(message(show.STALE, buttons=menu.menu_rows()), notice=show.STALE)

COMMANDS = {
    "desk": {OFFICER, COLLEAGUE, STRANGER, ADMIN},
    "stats": {OFFICER, COLLEAGUE, STRANGER, ADMIN},
    "export": {ADMIN},
    "staff": {ADMIN},
    "audit": {ADMIN},
}

OF_A_CASE = {OFFICER, COLLEAGUE, ADMIN}
"""Who may see a case of the officer's bureau."""

AT_THE_DESK = {OFFICER, COLLEAGUE, STRANGER, ADMIN}

BUTTONS = {
    "dcard": ("dcard:{code}", OF_A_CASE),
    "dtake": ("dtake:{code}", OF_A_CASE),
    "ddrop": ("ddrop:{code}:{stamp}", OF_A_CASE),
    "dgo": ("dgo:{code}:{stamp}:letters", OF_A_CASE),
    "dgive": ("dgive:{code}:{stamp}:b-rural", OF_A_CASE),
    "dspam": ("dspam:{code}:{stamp}:yes", OF_A_CASE),
    "dfree": ("dfree:{code}:{stamp}", {ADMIN}),
    "dwho": ("dwho:{code}", OF_A_CASE),
    "dfiles": ("dfiles:{code}", OF_A_CASE),
    "dlog": ("dlog:{code}", OF_A_CASE),
    "dwrite": ("dwrite:{code}:{stamp}:answer", OF_A_CASE),
    "dcan": ("dcan:{code}:{stamp}:received", OF_A_CASE),
    "dsend": ("dsend:abcd", OF_A_CASE),
    "dquit": ("dquit", AT_THE_DESK),
    "dq": ("dq:0:open:all", AT_THE_DESK),
    "dqb": ("dqb:open", AT_THE_DESK),
    "dxls": ("dxls:all:all", {ADMIN}),
    "dstat": ("dstat", AT_THE_DESK),
    "daud": ("daud:0", {ADMIN}),
    "dsv": ("dsv:{member}", {ADMIN}),
    "dsadd": ("dsadd", {ADMIN}),
    "dsrole": ("dsrole:admin", {ADMIN}),
    "dsbur": ("dsbur:urban", {ADMIN}),
    "dssave": ("dssave", {ADMIN}),
    "dsdel": ("dsdel:{member}:yes", {ADMIN}),
}

HOLDERS_ONLY = {"ddrop", "dgo", "dgive", "dspam", "dwho", "dsend", "dwrite", "dcan"}
"""What a colleague of the same bureau is told about, but cannot do: the case is in another's hand."""

EVERYBODY = (CITIZEN, OFFICER, COLLEAGUE, STRANGER, EDITOR, ADMIN, REMOVED)


async def staffed(desk: Desk) -> None:
    await desk.join(ADMIN, "admin")
    await desk.join("2", "admin")
    await desk.join(OFFICER, "officer", "urban")
    await desk.join(COLLEAGUE, "officer", "urban")
    await desk.join(STRANGER, "officer", "rural", "performance")
    await desk.join(EDITOR, "editor")
    gone = await desk.join(REMOVED, "officer", "urban")
    async with desk.database.transaction() as records:
        assert await Staff(records.connection).remove(gone.id, desk.now)


async def held(desk: Desk) -> tuple[str, str]:
    """A complaint in the officer's hand: its code and the stamp of its card."""
    complaint = await desk.file(named=True)
    await desk.press(OFFICER, f"dtake:{complaint.code}")
    assert (await desk.complaint(complaint.code)).state == "taken"
    return complaint.code, "3-taken"


def dialogue(verb: str, code: str, stamp: str) -> str:
    """The memory in which a button of a dialogue would do something, be it forged."""
    memory = Memory(at=NOON)
    if verb in {"dcan", "dsend"}:
        memory.writing = Writing(kind="answer", code=code, stamp=stamp, text="پاسخ", key="abcd")
    if verb.startswith("ds"):
        memory.hiring = Hiring(target="telegram:55", role="officer", bureaus=("urban",))
    state = Conversation(topic="desk", draft={"desk": memory.model_dump(mode="json")})
    return state.model_dump_json()


def test_the_table_is_whole() -> None:
    assert set(COMMANDS) == {command.name for command in desk_topic.TOPIC.commands}
    assert set(BUTTONS) == set(desk_topic.TOPIC.buttons)
    assert all(command.scope == "hidden" for command in desk_topic.TOPIC.commands)


@pytest.mark.parametrize("person", EVERYBODY)
async def test_commands(desk: Desk, person: str) -> None:
    await staffed(desk)
    for name, allowed in COMMANDS.items():
        reply = await desk.say(person, f"/{name}")
        assert (reply != menu.unknown_command()) == (person in allowed), name


@pytest.mark.parametrize("person", EVERYBODY)
async def test_buttons(desk: Desk, person: str) -> None:
    await staffed(desk)
    for verb, (form, allowed) in BUTTONS.items():
        code, stamp = await held(desk)
        before = await everything(desk)
        desk.memories[person] = dialogue(verb, code, stamp)
        member = await desk.join("77", "editor")
        reply = await desk.press(person, form.format(code=code, stamp=stamp, member=member.id))
        assert (reply != STALE) == (person in allowed), verb
        if person not in allowed or (person == COLLEAGUE and verb in HOLDERS_ONLY):
            assert await everything(desk) == before, f"{verb} did something"
            assert "پاسخ" not in await desk.told(CITIZEN)
        if person == COLLEAGUE and verb in HOLDERS_ONLY - {"dsend"}:
            assert f"officer {OFFICER}" in text(reply), verb


async def everything(desk: Desk) -> list[tuple[object, ...]]:
    """The rows that an action would change."""
    tables = ("complaints", "complaint_history", "desk_cases", "invitations", "desk_blocks", "outbox")
    found: list[tuple[object, ...]] = []
    async with desk.database.reading() as records:
        for table in tables:
            rows = await records.connection.run(
                lambda connection, name: connection.exec_driver_sql(f"SELECT * FROM {name}").all(),  # noqa: S608
                table,
            )
            found += [(table, *row) for row in rows]
    return found


@pytest.mark.parametrize("person", [STRANGER])
async def test_an_officer_of_another_bureau_sees_nothing_of_it(desk: Desk, person: str) -> None:
    await staffed(desk)
    code, _ = await held(desk)
    for said in ("/desk", "/desk all", "/desk چراغ", f"/desk {code}", "/stats"):
        assert code not in text(await desk.say(person, said)).replace(f"«{code}»", "")
    for pressed in ("dq:0:all:all", "dq:0:all:urban"):
        assert code not in text(await desk.press(person, pressed))


@pytest.mark.parametrize(
    "data",
    [
        "dtake", "dtake:Q05-AAA-AAA-AAAA", "dtake:x", "dgo:{code}", "dgo:{code}:{stamp}", "dgo:{code}:{stamp}:new",
        "dwrite:{code}:{stamp}:withdrawn", "dgive:{code}:{stamp}:b-nowhere", "dgive:{code}:{stamp}:p-999999",
        "dgive:{code}:{stamp}:x", "dsend:abcd", "dcan:{code}:{stamp}:received", "dq:0", "dq:-1:open:all", "dq:0:x:all",
        "dq:0:open:nowhere", "dxls:x:all", "dxls:all:nowhere", "daud:x", "dsv:x", "dsdel:99999999999999",
        "dsrole:admin", "dsbur:urban", "dssave", "dxxx:1",
    ],
)  # fmt: skip
async def test_forged_buttons_do_nothing_even_for_an_admin(desk: Desk, data: str) -> None:
    await staffed(desk)
    code, stamp = await held(desk)
    before = await everything(desk)
    assert await desk.press(ADMIN, data.format(code=code, stamp=stamp)) in (STALE, Reply())
    after = [row for row in await everything(desk) if row[0] != "outbox"]
    assert after == [row for row in before if row[0] != "outbox"]


async def test_in_the_group_only_taking_and_opening(desk: Desk) -> None:
    await staffed(desk)
    code, stamp = await held(desk)
    for data in (f"dwho:{code}", f"dwrite:{code}:{stamp}:answer", "dq:0:open:all", "dstat"):
        reply = await desk.press(OFFICER, data, chat=GROUP)
        assert not reply.parts
        assert reply.notice is not None
        assert "خصوصی" in reply.notice
    reply = await desk.turn(OFFICER, chat=GROUP, text="/desk")
    assert "خصوصی" in text(reply)
    assert await desk.turn(CITIZEN, chat=GROUP, text="/desk") == menu.unknown_command()


async def test_the_web_has_no_desk(desk: Desk) -> None:
    await desk.join("1", "admin")
    async with desk.database.reading() as records:
        assert await Staff(records.connection).find("web", "1") is None
