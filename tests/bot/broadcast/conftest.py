"""A studio on each of the databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.broadcast.studio import Clock, Studio
from tests.records.backends import BACKENDS, fresh_database


@pytest.fixture(params=BACKENDS)
async def studio(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Studio]:
    async with fresh_database(request.param, tmp_path) as database:
        yield Studio(database, Clock())
