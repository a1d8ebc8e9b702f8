"""Drawing in a process of its own: the typesetter wants a hundred megabytes while it draws, and gives them back only
when its process ends. `python -m bot.flowchart.apart` is that process.

Each request is a line of JSON on its standard input, each answer a line of JSON and then the picture and the document.
It ends by itself when nothing was asked for `IDLE` seconds, and when the process that asks is gone.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock, Timer
from typing import IO

from bot.flowchart.drawing import Draughtsman, Drawn
from knowledge.errors import DrawingError
from knowledge.models import Workflow

ROOT = Path(__file__).parents[2]
IDLE = 60.0
"""Seconds after which a process that nobody asks ends."""
PATIENCE = 60.0
"""Seconds that one drawing may take; the largest takes 0.2."""


class DraughtsmanApart(Draughtsman):
    """A draughtsman whose work is done by another process, one drawing at a time. May be used from several threads."""

    def __init__(self, keep: int = 64, idle: float = IDLE) -> None:
        super().__init__(keep)
        self._idle = idle
        self._working = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the one that draws; None while there is none."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def close(self) -> None:
        """End the other process; the next drawing starts a new one."""
        with self._working:
            self._end()

    def _made(self, title: str, bureau: str | None, workflow: Workflow) -> Drawn:
        asked = json.dumps([title, bureau, workflow.model_dump(mode="json", exclude_unset=True)], ensure_ascii=False)
        with self._working:
            # The one of before may have ended just now, for nobody asked it.
            for last in (False, True):
                try:
                    return self._asked(asked.encode() + b"\n")
                except (OSError, EOFError) as error:
                    self._end()
                    if last:
                        raise DrawingError from error
        raise AssertionError  # the loop returns or raises

    def _asked(self, line: bytes) -> Drawn:
        process = self._process
        if process is None or process.poll() is not None:
            self._end()
            process = self._process = self._started()
        if process.stdin is None or process.stdout is None:
            raise EOFError
        watchdog = Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            told = json.loads(_line(process.stdout))
            if "failed" in told:
                raise DrawingError(told["failed"])
            png, pdf = (_exactly(process.stdout, told[form]) for form in ("png", "pdf"))
        finally:
            watchdog.cancel()
        return Drawn(png, pdf, told["width"], told["height"])

    def _started(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        # A session of its own: Ctrl-C is for us alone, and the end of its input tells it.
        return subprocess.Popen(  # noqa: S603 — our own module
            [sys.executable, "-m", "bot.flowchart.apart", str(self._idle)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": path},
            start_new_session=True,
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


@lru_cache(maxsize=1)
def shared_draughtsman() -> DraughtsmanApart:
    """The one of this process, for all its channels."""
    return DraughtsmanApart()


def _line(stream: IO[bytes]) -> bytes:
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line


def _exactly(stream: IO[bytes], size: int) -> bytes:
    body = stream.read(size)
    if len(body) != size:
        raise EOFError
    return body


def work(idle: float) -> None:
    """Draw what is asked on standard input until it ends, or nothing was asked for `idle` seconds."""
    draughtsman = Draughtsman(keep=0)
    # One request waits for its answer, so nothing stays behind in the buffer that `select` does not see.
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    while select.select([asked], [], [], idle)[0]:
        line = asked.readline()
        if not line:
            return
        try:
            title, bureau, workflow = json.loads(line)
            drawn = draughtsman._made(title, bureau, Workflow.model_validate(workflow))  # noqa: SLF001 — same package
        except Exception as error:  # noqa: BLE001 — told to the one who asked
            answers.write(json.dumps({"failed": type(error).__name__}).encode() + b"\n")
        else:
            told = {"width": drawn.width, "height": drawn.height, "png": len(drawn.png), "pdf": len(drawn.pdf)}
            answers.write(json.dumps(told).encode() + b"\n" + drawn.png + drawn.pdf)
        answers.flush()


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt):
        work(float(sys.argv[1]))
