"""Stand-ins for Telegram and Bale, and the service running on each."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.standin import StandIn
from knowledge.finder.finder import Finder
from tests.e2e.running import Running, running


@pytest.fixture
async def api() -> AsyncIterator[StandIn]:
    async with StandIn() as made:
        yield made


@pytest.fixture
async def service(api: StandIn, finder: Finder, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(api, finder, tmp_path) as made:
        yield made


@pytest.fixture
async def bale() -> AsyncIterator[StandIn]:
    async with StandIn(platform="bale") as made:
        yield made


@pytest.fixture
async def bale_service(bale: StandIn, finder: Finder, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(bale, finder, tmp_path) as made:
        yield made


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails a test in which an error was logged."""
    yield
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert not errors
