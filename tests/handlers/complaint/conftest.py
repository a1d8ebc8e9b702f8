"""A database, an office and people who complain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers.visit import Office
from knowledge.finder.finder import Finder
from records.database import Database
from tests.handlers.complaint.talk import Talk

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
"""Half past nine in the evening of the 1st of Azar 1405 in Tehran."""


@pytest.fixture(scope="session")
def office(finder: Finder) -> Office:
    return Office(finder)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'desk.db'}")
    await opened.prepare()
    yield opened
    await opened.close()


@pytest.fixture
def people(database: Database, office: Office) -> Callable[..., Talk]:
    def person(number: str = "7", name: str = "") -> Talk:
        return Talk(database, office, NOW, number, name)

    return person


@pytest.fixture
def talk(people: Callable[..., Talk]) -> Talk:
    return people()
