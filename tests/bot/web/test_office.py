"""The desk in service: a real engine and a real database behind the routes, one scripted handler before them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from bot.engine import Engine
from bot.flowchart import Draughtsman
from bot.web.app import web_app
from bot.web.office import OfficeDesk
from handlers.reply import PART, Button, Flowchart, Part, Reply, say
from handlers.visit import Office, Visit
from knowledge.catalogue import Catalogue
from knowledge.finder.finder import Finder
from records.database import Database
from records.outbox import Draft
from records.tables import outbox

MARK = {"x-khedmatyar": "1"}


async def handle(visit: Visit) -> Reply:
    """Pages that edit one another, a picture by its code, else the text again."""
    turn = visit.turn
    if turn.button is None:
        return Reply((Part((say(f"شما: {turn.text}"),), ((Button("بعدی", data="next"),),)),), notice="دیده شد")
    if turn.button.startswith("pic:"):
        return Reply((Part(file=Flowchart(turn.button[4:])),))
    return Reply((Part((say("صفحه‌ی بعد"),), replaces="pressed"),))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path}/web.sqlite")
    await database.prepare()
    yield database
    await database.close()


@pytest.fixture
async def client(database: Database, finder: Finder, catalogue: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    engine = Engine(database, Office(finder), handle)
    desk = OfficeDesk(engine, database, lambda: catalogue, Draughtsman())
    transport = httpx.ASGITransport(web_app(desk))
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.example") as client:
        await client.get("/")
        yield client


async def post(client: httpx.AsyncClient, **said: object) -> dict[str, Any]:
    answer = await client.post("/chat/turn", json={"id": str(uuid4()), **said}, headers=MARK)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def states(database: Database) -> list[tuple[str, str | None]]:
    async with database.reading() as records:
        rows = await records.connection.run(
            lambda connection: connection.execute(
                select(outbox.c.state, outbox.c.sent_message).order_by(outbox.c.id)
            ).all()
        )
    return [(row.state, row.sent_message) for row in rows]


async def test_what_the_page_fetched_is_marked_as_sent(client: httpx.AsyncClient, database: Database) -> None:
    told = await post(client, text="/سلام")
    number = told["messages"][0]["id"]
    assert told["notice"] == "دیده شد"
    assert await states(database) == [("sent", str(number))]
    assert len((await client.get("/chat/news")).json()["messages"]) == 1


async def test_a_repeat_gets_the_same_messages(client: httpx.AsyncClient, database: Database) -> None:
    same = {"id": str(uuid4()), "text": "/سلام"}
    told = [(await client.post("/chat/turn", json=same, headers=MARK)).json()["messages"] for _ in range(2)]
    assert told[0] == told[1] != []
    assert len(await states(database)) == 1


async def test_a_pressed_button_edits_its_message_now_and_at_a_reload(client: httpx.AsyncClient) -> None:
    first = (await post(client, text="/سلام"))["messages"][0]
    second = (await post(client, button="next", message=first["id"], after=first["id"]))["messages"][0]
    assert second["edits"] == first["id"]
    assert (await client.get("/chat/news")).json()["messages"] == [first, second]


async def test_news_of_others_reach_the_page_before_it_asks_anything(
    client: httpx.AsyncClient, database: Database
) -> None:
    await post(client, text="/سلام")
    async with database.reading() as records:
        chats = await records.connection.run(lambda connection: connection.scalars(select(outbox.c.chat)).all())
    async with database.transaction() as records:
        part = PART.dump_json(Part((say("شکایت شما بررسی شد."),))).decode()
        await records.post("web", chats[0], Draft(part), at=datetime.now(UTC))
    news = (await client.get("/chat/news?after=1")).json()["messages"]
    assert "شکایت شما بررسی شد." in news[0]["html"]


async def test_a_service_is_drawn_and_one_without_steps_is_not(client: httpx.AsyncClient, catalogue: Catalogue) -> None:
    drawn = next(service for service in catalogue.services if service.workflow is not None)
    bare = next(service for service in catalogue.services if service.workflow is None)
    html = (await post(client, button=f"pic:{drawn.code}", message=1))["messages"][0]["html"]
    source = re.search(r'src="([^"]+)"', html)
    assert source
    picture = await client.get(f"/{source[1]}")
    assert picture.content.startswith(b"\x89PNG")
    assert "immutable" in picture.headers["cache-control"]
    assert f"نمودار مراحل «{drawn.title}»" in html
    assert (await client.get(f"/picture/{drawn.code}.pdf")).content.startswith(b"%PDF")
    assert (await client.get(f"/picture/{bare.code}.png")).status_code == 404
    assert (await client.get("/picture/nobody-99.png")).status_code == 404


async def test_the_terminals_messages_are_not_the_pages(
    client: httpx.AsyncClient, database: Database, finder: Finder, catalogue: Catalogue
) -> None:
    engine = Engine(database, Office(finder), handle)
    terminal = OfficeDesk(engine, database, lambda: catalogue, Draughtsman(), channel="terminal")
    await post(client, text="/سلام")
    async with database.reading() as records:
        chats = await records.connection.run(lambda connection: connection.scalars(select(outbox.c.chat)).all())
    assert await terminal.shown(chats[0], 0) == []


async def test_health(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"ready": True}
