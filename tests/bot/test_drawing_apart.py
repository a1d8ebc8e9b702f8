"""Drawing in a process of its own: the same pictures, and nothing lost when that process is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.flowchart import Draughtsman, NoWorkflowError
from bot.flowchart.apart import DraughtsmanApart
from knowledge.catalogue import load_catalogue
from knowledge.errors import DrawingError
from knowledge.models import Step, Workflow

ROOT = Path(__file__).parents[2]
DRAWN = [service for service in load_catalogue().services if service.workflow is not None][:3]


@pytest.fixture
def apart() -> Iterator[DraughtsmanApart]:
    draughtsman = DraughtsmanApart()
    yield draughtsman
    draughtsman.close()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until_gone(pid: int) -> None:
    ends = time.monotonic() + 30
    while not gone(pid):
        assert time.monotonic() < ends, "it does not end"
        time.sleep(0.02)


def test_it_draws_what_is_drawn_here(apart: DraughtsmanApart) -> None:
    with ThreadPoolExecutor(3) as pool:
        drawn = list(pool.map(lambda service: apart.draw(service, "دفتر نمونه"), DRAWN))
    assert drawn == [Draughtsman().draw(service, "دفتر نمونه") for service in DRAWN]
    first = apart.pid
    assert first is not None
    assert apart.draw(DRAWN[0], "دفتر نمونه") is drawn[0]


def test_without_a_workflow_no_process_is_started(apart: DraughtsmanApart) -> None:
    bare = next(service for service in load_catalogue().services if service.workflow is None)
    with pytest.raises(NoWorkflowError):
        apart.draw(bare)
    assert apart.pid is None


def test_killed_it_comes_back(apart: DraughtsmanApart) -> None:
    apart.draw(DRAWN[0])
    pid = apart.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid)
    assert apart.draw(DRAWN[1]).png.startswith(b"\x89PNG")
    assert apart.pid not in {None, pid}


def test_stopped_in_the_middle_it_is_started_again(apart: DraughtsmanApart) -> None:
    apart.draw(DRAWN[0])
    pid = apart.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        drawing = pool.submit(apart.draw, DRAWN[1])
        os.kill(pid, signal.SIGKILL)
        assert drawing.result(timeout=60).pdf.startswith(b"%PDF")


def test_nobody_asks_and_it_ends() -> None:
    draughtsman = DraughtsmanApart(idle=0.2)
    draughtsman.draw(DRAWN[0])
    ends = time.monotonic() + 30
    while draughtsman.pid is not None:
        assert time.monotonic() < ends, "it does not end"
        time.sleep(0.02)
    assert draughtsman.draw(DRAWN[1]).png.startswith(b"\x89PNG")
    draughtsman.close()


def test_it_ends_with_the_one_who_asks() -> None:
    program = (
        "import os, signal\n"
        "from bot.flowchart.apart import DraughtsmanApart\n"
        "from knowledge.catalogue import load_catalogue\n"
        "apart = DraughtsmanApart()\n"
        f"apart.draw(load_catalogue().service({DRAWN[0].code!r}))\n"
        "print(apart.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    out = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert out.returncode == -signal.SIGKILL, out.stderr
    wait_until_gone(int(out.stdout))


def test_what_cannot_be_drawn_is_an_error_and_the_next_is_drawn(apart: DraughtsmanApart) -> None:
    broken = Workflow.model_construct(steps=(Step.model_construct(id="a", kind="start", text="", next=()),))
    with pytest.raises(DrawingError):
        apart.draw(DRAWN[0].model_copy(update={"workflow": broken}))
    assert apart.draw(DRAWN[0]).png.startswith(b"\x89PNG")
