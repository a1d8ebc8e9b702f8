"""Metrics: closed label sets, and everything that reads them (documents, dashboard, alerts) names real ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.metrics import INTENTS, METRICS, SENDS, Metrics, UndeclaredError
from bot.settings import variables
from knowledge.catalogue import Catalogue
from knowledge.finder.phrases import kind_of, load_phrases, name_of

DOCS = Path(__file__).parents[2] / "docs"
MANUAL = (DOCS / "operations-watching.md").read_text(encoding="utf-8")
NAME = re.compile(r"\b(?:khedmatyar|process)_[a-z0-9_]+")


def test_an_undeclared_label_raises_in_tests_and_counts_as_other_in_service() -> None:
    metrics = Metrics()
    with pytest.raises(UndeclaredError, match="khedmatyar_turns"):
        metrics.turns.inc("telegram", "exploded")
    metrics.lenient()
    metrics.turns.inc("telegram", "exploded")
    metrics.turns.inc("a@b", "answered")
    metrics.turns.inc("only one")
    assert metrics.turns.value("telegram", "other") == 1
    assert metrics.turns.value("other", "answered") == 1
    assert metrics.turns.value("other", "other") == 1
    assert metrics.undeclared.value() == 3
    assert "a@b" not in metrics.generated().decode()


def test_every_series_stands_from_the_start() -> None:
    text = Metrics().generated().decode()
    assert 'khedmatyar_turns_total{channel="bale",outcome="failed"} 0.0' in text
    assert 'khedmatyar_stage_seconds_bucket{le="0.01",stage="finder"} 0.0' in text


def test_every_intent_of_the_finder_is_declared(catalogue: Catalogue) -> None:
    named = {name_of(phrase.label) for phrase in load_phrases(catalogue).phrases if kind_of(phrase.label) == "intent"}
    assert named <= set(INTENTS)


def test_send_outcomes_are_those_of_delivery() -> None:
    from bot.delivery import SendError

    assert {kind.__name__.lower() for kind in SendError.__subclasses__()} <= set(SENDS)


def test_every_metric_is_documented() -> None:
    for name in METRICS.families:
        assert f"`{name}" in MANUAL, name
    documented = set(re.findall(r"`(khedmatyar_[a-z_]+)", MANUAL))
    known = set(METRICS.families) | METRICS.names()
    assert documented <= known, documented - known


def test_every_setting_of_watching_is_documented() -> None:
    for name in variables():
        if name.startswith(("KHEDMATYAR_OPS_", "KHEDMATYAR_LOG_")):
            assert name in MANUAL, name


def _expressions(panel: Any) -> Iterator[str]:
    if isinstance(panel, dict):
        if isinstance(panel.get("expr"), str):
            yield panel["expr"]
        for value in panel.values():
            yield from _expressions(value)
    elif isinstance(panel, list):
        for value in panel:
            yield from _expressions(value)


def _check(expression: str) -> None:
    names = NAME.findall(expression)
    assert names, expression
    for name in names:
        assert name in METRICS.names(), f"{name} in {expression}"
    assert expression.count("(") == expression.count(")")
    assert expression.count("{") == expression.count("}")
    for label, value in re.findall(r'(\w+)="([a-z_]+)"', expression):
        families = [labels for name, labels in METRICS.families.items() if any(one.startswith(name) for one in names)]
        assert any(value in (*labels.get(label, ()), "other") for labels in families), f'{label}="{value}"'
    for label in re.findall(r"by \(([a-z_, ]+)\)", expression):
        for one in label.split(", "):
            declared = set().union(*(labels for labels in METRICS.families.values())) | {"le", "instance"}
            assert one in declared, one


def test_the_dashboard_asks_for_real_metrics() -> None:
    board = json.loads((DOCS / "grafana-dashboard.json").read_text(encoding="utf-8"))
    assert board["title"]
    assert board["schemaVersion"] >= 36
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)) >= 10
    for panel in board["panels"]:
        assert {"type", "title", "gridPos"} <= panel.keys()
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
    found = list(_expressions(board["panels"]))
    assert len(found) >= len(ids)
    for expression in found:
        _check(expression)


def test_the_alerts_have_the_shape_of_prometheus_and_real_metrics() -> None:
    rules = yaml.safe_load((DOCS / "alerts.yml").read_text(encoding="utf-8"))
    assert rules.keys() == {"groups"}
    seen = set()
    for group in rules["groups"]:
        assert {"name", "rules"} <= group.keys() <= {"name", "interval", "rules"}
        for rule in group["rules"]:
            assert {"alert", "expr", "labels", "annotations"} <= rule.keys() <= {
                "alert", "expr", "for", "keep_firing_for", "labels", "annotations",
            }  # fmt: skip
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert rule["annotations"].keys() >= {"summary", "action"}
            assert re.fullmatch(r"[0-9]+[smhd]", rule.get("for", "0s"))
            assert rule["alert"] not in seen
            seen.add(rule["alert"])
            assert rule["alert"] in MANUAL, rule["alert"]
            if "up{" not in rule["expr"]:
                _check(rule["expr"])
    assert len(seen) >= 10
