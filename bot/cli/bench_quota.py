"""A share of a core for each process of a bench, by the kernel's control groups: as if each had a small machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.cli.bench_conversation import BenchError

GROUPS = Path("/sys/fs/cgroup")
PERIOD = 20_000
"""Microseconds in which a group uses up its share: a process that has is stopped for the rest of them."""


@dataclass(frozen=True)
class Quota:
    """A control group with so much processor time."""

    folder: Path

    def add(self, pid: int) -> None:
        """Put a process, and those it starts from now on, into the group."""
        (self.folder / "cgroup.procs").write_text(str(pid))


@contextmanager
def quota(name: str, share: float) -> Iterator[Quota]:
    """A group that may use `share` of one core (version 1 or 2 of control groups), gone at the end of the block.

    Raises:
        BenchError: the kernel has no such groups, or they are not ours to make.
    """
    old = GROUPS / "cpu"
    folder = (old if old.is_dir() else GROUPS) / f"khedmatyar-{os.getpid()}-{name}"
    allowed = int(share * PERIOD)
    try:
        folder.mkdir()
        if old.is_dir():
            (folder / "cpu.cfs_period_us").write_text(str(PERIOD))
            (folder / "cpu.cfs_quota_us").write_text(str(allowed))
        else:
            (folder / "cpu.max").write_text(f"{allowed} {PERIOD}")
    except OSError as error:
        with suppress(OSError):
            folder.rmdir()
        raise BenchError(f"no control group can be made: {error.strerror}") from error
    try:
        yield Quota(folder)
    finally:
        # Its processes have ended; else the kernel keeps the group, empty of meaning.
        with suppress(OSError):
            folder.rmdir()
