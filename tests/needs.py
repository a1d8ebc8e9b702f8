"""What some tests need of the machine: without it they skip with a reason, and in CI they fail."""

from __future__ import annotations

import importlib.util
import os
import socket
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
POSTGRES = ("127.0.0.1", 5432)


def needs_chromium() -> Path:
    """Chromium's path; skips the test where it or playwright is absent."""
    if importlib.util.find_spec("playwright") is None:
        _lacking("playwright is not installed")
    if not CHROMIUM.exists():
        _lacking(f"{CHROMIUM} is not there (apt-get install chromium)")
    return CHROMIUM


def needs_postgres() -> None:
    """Skips the test where no PostgreSQL listens on 127.0.0.1:5432."""
    try:
        socket.create_connection(POSTGRES, timeout=2).close()
    except OSError:
        _lacking("no PostgreSQL listens on 127.0.0.1:5432")


def _lacking(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason)
