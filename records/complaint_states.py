"""The states of a complaint and which may follow which: the one place that says so."""

from __future__ import annotations

from typing import Literal, get_args

from records.complaint_errors import TransitionError

State = Literal["new", "taken", "in_progress", "answered", "closed", "reopened", "not_ours", "duplicate", "withdrawn"]
STATES: tuple[State, ...] = get_args(State)

TRANSITIONS: dict[State, frozenset[State]] = {
    "new": frozenset({"taken", "not_ours", "duplicate", "withdrawn"}),
    "taken": frozenset({"new", "in_progress", "answered", "not_ours", "duplicate", "withdrawn"}),
    "in_progress": frozenset({"taken", "answered", "not_ours", "duplicate", "withdrawn"}),
    "answered": frozenset({"in_progress", "closed", "reopened"}),
    "closed": frozenset({"reopened"}),
    "reopened": frozenset({"taken", "in_progress", "answered", "not_ours", "duplicate", "withdrawn"}),
    "not_ours": frozenset(),
    "duplicate": frozenset(),
    "withdrawn": frozenset(),
}

OPEN: frozenset[State] = frozenset({"new", "taken", "in_progress", "reopened"})
"""States in which the office still owes something."""

SETTLED: frozenset[State] = frozenset({"answered", "closed"})
"""States in which the citizen is asked whether it is solved."""

REOPENINGS = 1
"""How often a citizen may reopen one complaint."""


def allowed(before: State, after: State) -> bool:
    """Whether a complaint may go from one state to the other."""
    return after in TRANSITIONS[before]


def check(before: State, after: State) -> None:
    """TransitionError unless a complaint may go from one state to the other."""
    if not allowed(before, after):
        raise TransitionError(before, after)
