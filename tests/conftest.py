"""What several floors' tests share: the real catalogue and the real finder, each loaded once."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from knowledge.catalogue import Catalogue, load_catalogue
from knowledge.finder.finder import Finder, load_finder

# How fast a machine makes examples is no matter of a test.
settings.register_profile("khedmatyar", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("khedmatyar")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def finder(catalogue: Catalogue) -> Finder:
    """The real finder; it trains first (about two minutes) when the data has changed since the last training."""
    return load_finder(catalogue)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Captured text with lone surrogates (tests log them on purpose) cannot be sent by a worker."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report
