"""The bench of announcements beside live answers: its sums, and one small run of the real program."""

from __future__ import annotations

import os

import pytest

from bot.cli.bench_live import measured_live, most_in, most_to_one

RECIPIENTS = int(os.environ.get("KHEDMATYAR_TEST_LIVE", "0"))


def test_the_most_in_any_second_is_over_a_window_that_slides() -> None:
    assert most_in([]) == 0
    assert most_in([0.0, 1.0, 2.0]) == 1
    assert most_in([0.9, 0.95, 1.2, 1.8, 2.5]) == 4
    assert most_to_one([(0.0, 1), (0.2, 2), (0.9, 1), (1.5, 2), (5.0, 1)]) == 2


@pytest.mark.skipif(RECIPIENTS == 0, reason="KHEDMATYAR_TEST_LIVE says to how many: half a minute and more")
def test_one_small_run() -> None:
    found = measured_live(RECIPIENTS, 5.0, 5.0)
    assert (found.twice, found.missing, found.left) == (0, 0, 0)
    assert found.sent + found.unknown == RECIPIENTS
    assert found.unknown <= 12
    assert found.most_announced_in_a_second <= 30
    assert found.most_to_one_recipient == 1
    assert found.takeover_seconds < 30
