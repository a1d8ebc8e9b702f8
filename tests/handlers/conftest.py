"""The chat fixture: the real catalogue and finder, a database of its own in a temporary folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handlers.visit import Office
from knowledge.finder.finder import Finder
from records.database import Database
from tests.handlers.chat import Chat


@pytest.fixture(scope="session")
def office(finder: Finder) -> Office:
    return Office(finder, {"telegram": "khedmatyar_bot", "bale": "khedmatyar_bot"})


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'desk.sqlite'}")
    await opened.prepare()
    yield opened
    await opened.close()


@pytest.fixture
def chat(database: Database, office: Office) -> Chat:
    return Chat(database, office)
