"""What is counted and measured: Prometheus metrics whose labels take values of closed sets only.

A label value that is not declared raises (`UndeclaredError`), so that a test shows it; in service, after `lenient()`,
it is counted as `other`. All series stand from the start, at zero. Counting costs a few microseconds.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics import MetricWrapperBase

from records.announcement_values import STATES as ANNOUNCEMENT_STATES
from records.complaint_states import STATES as COMPLAINT_STATES
from records.session import MissKind

# Half of all series would be the times at which they were made.
disable_created_metrics()  # type: ignore[no-untyped-call] # it has no types

Outcome = Literal["answered", "silent", "repeated", "failed", "paused", "hasty", "unavailable"]
"""What became of a turn: a reply was posted; none was called for; it had been handled before; a handler failed and the
citizen has an apology; the service is paused; the person writes too fast; the database was out of reach and the
messenger comes again."""

Stage = Literal["turn", "finder", "database", "handler", "delivery"]
"""Stages of a turn: received to committed; the finder's thinking; the first and the last step of the transaction with
the wait for it; the handler between the two; committed to sent."""

OTHER = "other"
CHANNELS = ("telegram", "bale", "web", "terminal")
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
STAGES: tuple[Stage, ...] = get_args(Stage)
DECISIONS = ("answer", "choose", "decline")
INTENTS = (
    *(
        "find_service",
        "out_of_scope",
        "empty",
        "ordinal",
        "about",
        "address",
        "announcements",
        "bureau",
        "cancel",
        "complain",
    ),
    *(
        "cost",
        "documents",
        "forget_me",
        "form",
        "goodbye",
        "greeting",
        "help",
        "human",
        "law",
        "more",
        "next_step",
        "no",
    ),
    *("picture", "praise", "repeat", "rude", "service_id", "steps", "thanks", "time", "track", "yes"),
)
SENDS = ("sent", "blocked", "refused", "later", "unreachable", "uncertain", "fault")
UPDATES = ("turn", "membership", "inline", "chosen", "ignored", "unreadable")
HOOKS = ("taken", "forbidden", "full", "too_large", "malformed", "failed")
LEVELS = ("warning", "error", "critical")
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds; from a cached answer to a messenger that was away for minutes."""


class UndeclaredError(ValueError):
    """A label was given a value that is not of its closed set."""


class Metrics:
    """The metrics of one process. `generated()` is the text that Prometheus reads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.families: dict[str, Mapping[str, tuple[str, ...]]] = {}
        """Declared label values, by the metric's name without `_total`."""
        self.strict = True
        self.turns = self._counter(
            "khedmatyar_turns", "Turns handled, by what became of them.", channel=CHANNELS, outcome=OUTCOMES
        )
        self.decisions = self._counter(
            "khedmatyar_decisions", "What the finder decided on questions.", decision=DECISIONS, intent=INTENTS
        )
        self.stages = self._histogram("khedmatyar_stage_seconds", "Seconds of each stage of a turn.", stage=STAGES)
        self.sends = self._counter(
            "khedmatyar_sends", "Attempts to send a message, by what came of them.", channel=CHANNELS, outcome=SENDS
        )
        self.updates = self._counter(
            "khedmatyar_updates", "Updates that came in from messengers.", channel=CHANNELS, kind=UPDATES
        )
        self.hooks = self._counter(
            "khedmatyar_webhook_requests", "Webhook requests, by their answer.", channel=CHANNELS, outcome=HOOKS
        )
        self.messenger_up = self._gauge(
            "khedmatyar_messenger_up", "Whether the messenger answers (polling only).", channel=CHANNELS
        )
        self.log_records = self._counter("khedmatyar_log_records", "Warnings and errors logged.", level=LEVELS)
        self.undeclared = self._counter("khedmatyar_undeclared_labels", "Label values counted as other.")
        self.outbox_rows = self._gauge(
            "khedmatyar_outbox_rows", "Messages of the outbox that are not sent yet.", state=("waiting", "sending")
        )
        self.outbox_oldest = self._gauge(
            "khedmatyar_outbox_oldest_seconds", "Age of the oldest message that is due and not sent; 0 when none."
        )
        self.complaints = self._gauge(
            "khedmatyar_complaints",
            "Complaints by state.",
            state=COMPLAINT_STATES,
        )
        self.complaints_late = self._gauge(
            "khedmatyar_complaints_late",
            "Open complaints past their term: not looked at in time, or not answered in time.",
            term=("look", "answer"),
        )
        self.broadcasts = self._gauge(
            "khedmatyar_broadcasts",
            "Announcements by state.",
            state=ANNOUNCEMENT_STATES,
        )
        self.recipients = self._gauge(
            "khedmatyar_broadcast_recipients",
            "Recipients of the announcements now on their way.",
            state=("total", "sent", "unknown", "blocked", "failed", "withdrawn"),
        )
        self.misses = self._gauge(
            "khedmatyar_misses",
            "Questions of the last 24 hours that were not met.",
            kind=get_args(MissKind),
        )
        self.pool = self._gauge(
            "khedmatyar_database_connections", "Connections of the database pool.", state=("open", "in_use")
        )
        self.lock_waits = self._gauge("khedmatyar_database_lock_waits", "Transactions that wait for a lock just now.")
        self.database_up = self._gauge("khedmatyar_database_up", "Whether the database answered the last question.")
        self.paused = self._gauge("khedmatyar_paused", "Whether the service is paused.")
        self.ready = self._gauge("khedmatyar_ready", "Whether turns can be handled.")
        self.start_seconds = self._gauge("khedmatyar_start_seconds", "Seconds from process start to ready.")
        ProcessCollector(registry=self.registry)

    def generated(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def names(self) -> frozenset[str]:
        """Every name under which a sample can be asked for (with `_total`, `_bucket`, `_sum`, `_count`)."""
        found: set[str] = set()
        for family in self.registry.collect():
            found.update(sample.name for sample in family.samples)
        return frozenset(found)

    def lenient(self) -> None:
        """From now on count an undeclared value as `other` instead of raising."""
        self.strict = False

    def refused(self, name: str, values: tuple[str, ...]) -> None:
        """An undeclared value came: raise, or count it and go on."""
        if self.strict:
            raise UndeclaredError(f"{name}: undeclared label among {values}")
        self.undeclared.inc()

    def _counter(self, name: str, text: str, **labels: tuple[str, ...]) -> Counted:
        return Counted(self, name, Counter(name, text, tuple(labels), registry=self.registry), labels)

    def _gauge(self, name: str, text: str, **labels: tuple[str, ...]) -> Gauged:
        return Gauged(self, name, Gauge(name, text, tuple(labels), registry=self.registry), labels)

    def _histogram(self, name: str, text: str, **labels: tuple[str, ...]) -> Timed:
        made = Histogram(name, text, tuple(labels), registry=self.registry, buckets=BUCKETS)
        return Timed(self, name, made, labels)


class _Family:
    """A metric with its series, one for each combination of label values."""

    def __init__(
        self, owner: Metrics, name: str, made: MetricWrapperBase, labels: Mapping[str, tuple[str, ...]]
    ) -> None:
        owner.families[name] = labels
        self.name = name
        self.labels = labels
        self._owner = owner

    def _known(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """The values with `other` in place of each undeclared one."""
        self._owner.refused(self.name, values)
        if len(values) != len(self.labels):
            return (OTHER,) * len(self.labels)
        declared = self.labels.values()
        return tuple(value if value in some else OTHER for value, some in zip(values, declared, strict=True))

    def _combinations(self) -> Iterable[tuple[str, ...]]:
        return product(*((*some, OTHER) for some in self.labels.values()))


class Counted(_Family):
    """A counter."""

    def __init__(self, owner: Metrics, name: str, made: Counter, labels: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(owner, name, made, labels)
        self._series = {one: made.labels(*one) if one else made for one in self._combinations()}

    def inc(self, *values: str) -> None:
        """Count one."""
        series = self._series.get(values)
        (series if series is not None else self._series[self._known(values)]).inc()

    def value(self, *values: str) -> float:
        """What has been counted."""
        return sum(
            sample.value
            for metric in self._series[values].collect()
            for sample in metric.samples
            if sample.name.endswith("_total")
        )


class Gauged(_Family):
    """A gauge."""

    def __init__(self, owner: Metrics, name: str, made: Gauge, labels: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(owner, name, made, labels)
        self._series = {one: made.labels(*one) if one else made for one in self._combinations()}

    def set(self, value: float, *values: str) -> None:
        """What it is now."""
        series = self._series.get(values)
        (series if series is not None else self._series[self._known(values)]).set(value)

    def show(self, rows: Mapping[str, float]) -> None:
        """All series of a metric with one label at once; those not named are 0."""
        for (one,), series in self._series.items():
            series.set(rows.get(one, 0.0))
        for name in rows.keys() - {one for (one,) in self._series}:
            self.set(rows[name], name)

    def value(self, *values: str) -> float:
        """What was last set."""
        return next(sample.value for metric in self._series[values].collect() for sample in metric.samples)


class Timed(_Family):
    """A histogram of seconds."""

    def __init__(self, owner: Metrics, name: str, made: Histogram, labels: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(owner, name, made, labels)
        self._series = {one: made.labels(*one) if one else made for one in self._combinations()}

    def observe(self, seconds: float, *values: str) -> None:
        """One more measurement."""
        series = self._series.get(values)
        (series if series is not None else self._series[self._known(values)]).observe(seconds)


METRICS = Metrics()
"""Those of this process."""


class LevelCounter(logging.Handler):
    """Counts warnings and errors of the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        METRICS.log_records.inc(record.levelname.lower() if record.levelname.lower() in LEVELS else "error")


class Stopwatch:
    """The stages of one turn, in seconds; `mark` ends a stage that began at the last mark (or at the start)."""

    __slots__ = ("_last", "begun", "spent")

    def __init__(self) -> None:
        self.begun = self._last = time.perf_counter()
        self.spent: dict[Stage, float] = {}

    def mark(self, stage: Stage | None) -> None:
        """Add the time since the last mark to a stage; None: it belongs to none."""
        now = time.perf_counter()
        if stage is not None:
            self.spent[stage] = self.spent.get(stage, 0.0) + now - self._last
        self._last = now

    def total(self) -> float:
        """Seconds since it was made."""
        return time.perf_counter() - self.begun
