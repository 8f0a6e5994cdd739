"""The watch for slow change: its threshold by two other ways, and what it finds in which window."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from monitors.audit import Audit, Finding, Verdict
from monitors.config_file import parse
from monitors.errors import ConfigError
from monitors.plan import Rule
from monitors.sequential import (
    ALLOWANCE,
    Change,
    changes,
    slow_changes,
    standardised,
    threshold,
    windows_between,
)
from monitors.window import Window


def by_markov_chain(reach: float, states: int = 200) -> float:
    """Brook & Evans 1972: the sum's range cut into cells, absorbed above."""
    width = 2 * reach / (2 * states - 1)
    to = np.arange(states) * width
    moves = np.empty((states, states))
    for i, at in enumerate(to):
        upper = stats.norm.cdf(to + width / 2 - at + ALLOWANCE)
        moves[i] = np.diff(upper, prepend=0.0)
    return float(np.linalg.solve(np.eye(states) - moves, np.ones(states))[0])


@pytest.mark.parametrize("windows", [50, 200, 1000])
def test_the_threshold_is_what_a_markov_chain_gives(windows: int) -> None:
    assert by_markov_chain(threshold(windows)) == pytest.approx(windows, rel=0.03)


@pytest.mark.parametrize("sides", [1, 2])
def test_false_alarms_come_as_often_as_agreed(sides: int) -> None:
    values = np.random.default_rng(1).standard_normal(200_000).tolist()
    found = changes(values, threshold(200, sides), sides)  # type: ignore[arg-type]
    assert len(values) / len(found) == pytest.approx(200, rel=0.08)


def test_thresholds_rise_with_the_windows_between() -> None:
    reached = [threshold(w) for w in (10, 50, 200, 5000)]
    assert reached == sorted(reached)
    assert windows_between(threshold(77)) == pytest.approx(77)
    with pytest.raises(ValueError, match="at least 10 windows"):
        threshold(5)


def test_a_slow_change_is_found_that_no_window_shows() -> None:
    """0.7 standard errors a window: half of the windows it takes are ordinary."""
    random = np.random.default_rng(2)
    waits = []
    for _ in range(200):
        values = np.concatenate([random.standard_normal(30), random.normal(1.0, 1, 60)]).tolist()
        late = [c for c in changes(values, threshold(200), 1) if c.seen >= 30]
        waits.append(late[0].seen - 29)
    assert np.mean(waits) < 10


def test_a_change_point_is_where_the_sum_last_stood_at_zero() -> None:
    assert changes([0.0] * 10 + [2.0] * 5, 4.0) == (Change(10, 12, "up"),)
    assert changes([0.0] * 10 + [-2.0] * 5, 4.0) == (Change(10, 12, "down"),)
    assert changes([0.0] * 10 + [-2.0] * 5, 4.0, sides=1) == ()


def test_a_window_that_cannot_tell_neither_adds_nor_takes() -> None:
    values: list[float | None] = [2.0, None, None, 2.0, None, 2.0]
    assert changes(values, 4.0) == (Change(0, 5, "up"),)


def finding(p: float | None = 0.5, verdict: Verdict = Verdict.CANNOT_TELL) -> Finding:
    return Finding(
        metric="wasserstein", family="drift", subject="lactate", unit="reference SD", verdict=verdict,
        value=0.1, p=p, margin=0.2, severity="ticket", rule="plan.1",
    )  # fmt: skip


def test_a_finding_in_standard_errors() -> None:
    assert standardised(finding(0.025)) == pytest.approx(1.96, abs=0.001)
    assert standardised(finding(1e-12)) == pytest.approx(3.719, abs=0.001)  # one outlier is not slow
    assert standardised(finding(verdict=Verdict.WITHHELD)) is None
    assert standardised(finding(verdict=Verdict.FAILED)) is None
    assert standardised(replace(finding(), p=None)) is None
    assert standardised(replace(finding(), value=None)) is None


def week(index: int, p: float, version: str) -> Audit:
    start = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=7 * index)
    return Audit(
        model="sepsis", version=version, window=Window(start, start + timedelta(days=7)), stage="scored",
        rows=300, config="sha256:c", reference="sha256:r", profile="sha256:p", software="0",
        findings=(finding(p),),
    )  # fmt: skip


def test_change_points_are_told_with_the_versions_in_force() -> None:
    history = [week(i, 0.6, "1") for i in range(8)] + [week(i, 0.05, "2") for i in range(8, 16)]
    rules = {"plan.1": Rule(measure="wasserstein", margin=0.2, slow_change=200)}
    (change,) = slow_changes(history, rules)[:1]
    assert (change.began, change.way) == (history[8].window, "up")
    assert change.seen > change.began
    assert change.versions == ("1", "2")
    assert slow_changes(history, {"plan.1": Rule(measure="wasserstein", margin=0.2)}) == ()
    assert slow_changes(history, {}) == ()


def test_the_key_is_one_of_a_rule_and_refuses_what_is_no_interval() -> None:
    text = """
model: sepsis
version: "1"
source: {kind: files, path: a.csv}
columns: {time: at, score: risk}
window: P7D
reference: {from: 2026-01-05, to: 2026-03-02}
plan: [{measure: wasserstein, margin: 0.2, slow_change: %s}]
"""
    assert parse(text % "200", "sepsis.yaml").plan[0].slow_change == 200
    with pytest.raises(ConfigError, match=r"plan\.1\.slow_change"):
        parse(text % "3", "sepsis.yaml")
