"""A process that moves or restores into a database and kills itself after so many pages or chunks."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import zipfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from records import backup, holdings, postgres_tools
from records.database import Database

WHAT, SOURCE, TARGET, AFTER = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

holdings.PAGE = 5
postgres_tools.CHUNK = 4096
left = AFTER


def told(_table: str, _rows: int) -> None:
    global left  # noqa: PLW0603 — a script of one purpose
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)


class MortalReader(zipfile.ZipExtFile):
    def read(self, n: int | None = -1) -> bytes:
        if "pgdump" in self.name:
            told("", 0)
        return super().read(n)


zipfile.ZipExtFile = MortalReader  # type: ignore[misc]  # what every archive reads with from here on


async def main() -> None:
    target = Database.open(TARGET)
    work: Any
    if WHAT == "move":
        source = Database.open(SOURCE)
        work = backup.move(source, target, told)
    else:
        work = backup.restore(Path(SOURCE), target, told)
    copied = await work
    sys.stdout.write(",".join(copied.resumed))
    await target.close()
    os._exit(0)


asyncio.run(main())
