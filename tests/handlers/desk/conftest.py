"""The desk on a fresh database; its topic registered with the router whether the program has done so or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from handlers import desk as desk_topic
from handlers import router
from handlers.complaint.rules import RULES
from handlers.desk.rules import DESK
from handlers.visit import Office
from knowledge.catalogue import Catalogue
from knowledge.finder.finder import Finder
from records.database import Database
from tests.handlers.desk.desk import GROUP, CatalogueOnly, Desk
from tests.records.backends import fresh_database


@pytest.fixture
def office(catalogue: Catalogue) -> Office:
    return Office(cast("Finder", CatalogueOnly(catalogue)), {"telegram": "khedmatyar_bot"})


@pytest.fixture
def backend() -> str:
    """Overridden by parametrization where both databases matter."""
    return "sqlite"


@pytest.fixture
async def database(backend: str, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(backend, tmp_path) as prepared:
        yield prepared


@pytest.fixture
def desk(database: Database, office: Office, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(DESK, "chat", ("telegram", GROUP))
    monkeypatch.setattr(RULES, "filed", [])
    monkeypatch.setattr(RULES, "refuses", [])
    for command in desk_topic.TOPIC.commands:
        monkeypatch.setitem(router.COMMANDS, command.name, command)
    for verb, handler in desk_topic.TOPIC.buttons.items():
        monkeypatch.setitem(router.BUTTONS, verb, handler)
    return Desk(database, office)
