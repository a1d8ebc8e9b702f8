"""Presses of buttons shared out among processes of their own, which begin together."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROCESSES = 2

Press = tuple[str, str, str]


async def pressed_together(presses: Sequence[Press], module: str, *arguments: str) -> list[str]:
    """What each press was answered, in order. `module` is a program that says `ready`, reads a line of JSON (its
    presses) and writes one (their answers)."""
    running = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]
    for process in running:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
    shares = [presses[place::PROCESSES] for place in range(PROCESSES)]
    told = await asyncio.gather(
        *(one.communicate(json.dumps(share).encode() + b"\n") for one, share in zip(running, shares, strict=True))
    )
    assert [one.returncode for one in running] == [0] * PROCESSES
    answers = [""] * len(presses)
    for place, (out, _) in enumerate(told):
        answers[place::PROCESSES] = json.loads(out)
    return answers
