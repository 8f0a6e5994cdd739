"""Silence speaks: series as Rounds writes them while schedules stand still, and the rules that hear it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from dashboards.exposition import Exposition
from dashboards.reading import Reading
from dashboards.terminal_status import show_status
from flows.owing import enrol
from monitors.ledger import Ledger
from tests.dashboards import ward
from tests.dashboards.ward import LAST, config
from tests.prometheus.test_rules import RULES, tool

DAY, HOUR, STEP = timedelta(days=1), timedelta(hours=1), timedelta(minutes=10)
MODELS = {
    "stopped": config("stopped"),  # audited to the last window; then its schedule made no run
    "unborn": config("unborn"),  # on the schedule, and its first run never came
    "unrun": config("unrun"),  # has a schedule in its file that nobody runs
    "paused": config("paused", lifecycle="paused"),
    "by-hand": config("by-hand").model_copy(update={"schedule": None}),
}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    made = Ledger(f"sqlite:///{tmp_path_factory.mktemp('silence')}/ledger.db", lambda: LAST + HOUR)
    for name in ("stopped", "paused", "by-hand"):
        ward.record(made, name, ward.WEEKS - 1, tuple(ward.usual(1)))
    enrol(MODELS["unborn"], made, LAST + HOUR)
    return made


def told(ledger: Ledger, at: datetime) -> dict[str, dict[str, list[float]]]:
    """What was scraped in the hour before a moment, in seconds after that hour began."""
    began, found = at - HOUR, dict[str, dict[str, list[float]]]()
    for step in range(7):
        seen = began + step * STEP
        text = Exposition(Reading(ledger, MODELS, ward.published, lambda: seen)).text()  # noqa: B023
        for family in text_string_to_metric_families(text.decode()):
            if family.name in ("rounds_window_due_timestamp_seconds", "rounds_window_end_timestamp_seconds"):
                for sample in family.samples:
                    values = found.setdefault(sample.labels["model"], {}).setdefault(family.name, [])
                    values.append(sample.value - began.timestamp())
    return found


def case(ledger: Ledger, after: timedelta, alerts: dict[str, set[str]]) -> dict[str, Any]:
    """A test for promtool: at that moment after the last window, these alerts stand for these models."""
    series = [
        {"series": f'{name}{{model="{model}"}}', "values": " ".join(f"{value:.0f}" for value in values)}
        for model, held in told(ledger, LAST + after).items()
        for name, values in held.items()
    ]
    asked = [
        {
            "expr": f'count by (model_id) (ALERTS{{alertname="{alert}", alertstate="firing"}})',
            "eval_time": "60m",
            "exp_samples": [{"labels": f'{{model_id="{name}"}}', "value": 1} for name in sorted(models)],
        }
        for alert, models in alerts.items()
    ]
    return {"name": str(after), "interval": "10m", "input_series": series, "promql_expr_test": asked}


def test_a_schedule_that_makes_no_run_is_told_of(ledger: Ledger, tmp_path: Path) -> None:
    stands = {
        2 * HOUR: ({"unrun"}, set()),
        2 * DAY - HOUR: ({"unrun"}, set()),
        2 * DAY + 2 * HOUR: ({"unrun", "unborn"}, set()),  # Monday's run at six, and its grace
        9 * DAY - HOUR: ({"unrun", "unborn"}, set()),
        9 * DAY + 2 * HOUR: ({"unrun", "unborn", "stopped"}, set()),
        60 * DAY: ({"unrun", "unborn", "stopped"}, {"stopped"}),
    }
    cases = [
        case(ledger, after, {"RoundsAuditOverdue": overdue, "RoundsMonitoringStale": stale})
        for after, (overdue, stale) in stands.items()
    ]
    written = {"rule_files": [str(RULES)], "evaluation_interval": "5m", "tests": cases}
    (tmp_path / "silence.yml").write_text(yaml.safe_dump(written), encoding="utf-8")
    assert "SUCCESS" in tool("promtool", "test", "rules", str(tmp_path / "silence.yml"))


def test_status_names_what_is_silent(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    show_status(ledger, LAST + 23 * DAY, as_json=False, configs=MODELS)
    said = {
        words[0]: " ".join(words) for line in capsys.readouterr().out.splitlines() if (words := line.split())
    }
    assert "silent: 3 windows missed" in said["stopped"]
    assert "never; was due by 4 Mar 2026" in said["unborn"]
    assert "never; was due by" in said["unrun"]
    assert "none expected" in said["paused"]
    assert "run by hand" in said["by-hand"]
    show_status(ledger, LAST + timedelta(days=33 * 365.25), as_json=False, configs={})
    assert "33 years ago" in capsys.readouterr().out
