"""What a calibration promises, held against drawn windows and the real judge, and its command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from flows.calibrate import Calibration, calibrate
from flows.frame import Frame
from flows.monitor import reference_for, step
from monitors.audit import Verdict
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.errors import ConfigError
from monitors.interval import difference, wilson
from monitors.ledger import Ledger

START = datetime(2026, 1, 5, tzinfo=UTC)
WEEKS, ROWS = 8, 300
CONFIG = """\
model: sepsis-alert
version: "2"
source: {kind: files, path: scores.parquet}
columns: {time: scored_at, score: risk, decision: {score_at_least: 0.3}, outcome: sepsis,
          numeric: [lactate, heart_rate], categorical: [unit]}
outcome: {matures_after: P14D}
window: P7D
reference: {from: 2026-01-05, to: 2026-03-02}
evidently: {report: never}
"""


def hospital(shift: float = 0.0, weeks: int = WEEKS, seed: int = 1, first: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    n = weeks * ROWS
    week = np.repeat(np.arange(weeks), ROWS) + first
    risk = random.beta(2, 6, n)
    at = [START + timedelta(days=7 * int(w), seconds=int(s)) for w, s in
          zip(week, random.integers(0, 7 * 86_400, n), strict=True)]  # fmt: skip
    return pa.table({
        "scored_at": at, "risk": risk, "sepsis": (random.random(n) < risk).astype("int8"),
        "lactate": random.lognormal(0.5, 0.4, n), "heart_rate": random.normal(85 + 15 * shift, 15, n),
        "unit": np.array(["icu", "ward", "ed"])[random.integers(0, 3, n)],
    })  # fmt: skip


@pytest.fixture(scope="module")
def config() -> ModelConfig:
    return parse(CONFIG, "sepsis-alert.yaml")


@pytest.fixture(scope="module")
def made(config: ModelConfig) -> Calibration:
    source = Frame(hospital(), config)
    try:
        window = config.grid.ending_by(START + timedelta(days=7 * (WEEKS + 1)))
        return calibrate(config, reference_for(config, window, source, None))
    finally:
        source.close()


def test_every_judged_check_of_the_three_families_is_reckoned(made: Calibration) -> None:
    named = {(p.metric, p.subject) for p in made.proposals}
    assert {("wasserstein", "lactate"), ("missing_share", "unit"), ("auroc", "model")} <= named
    assert not any(p.family == "fairness" or p.metric == "psi" for p in made.proposals)
    for p in made.proposals:
        assert (p.why is None) == (p.proposed is not None), p


def test_proposed_margins_keep_the_budget(made: Calibration) -> None:
    for severity in ("page", "ticket"):
        assert made.expected(severity, proposed=True) <= made.budget[severity] * 1.001
    by_check = [p.proposed_false_alerts for p in made.proposals if p.proposed_false_alerts is not None]
    assert all(0 <= expected <= 1 for expected in by_check)


def test_a_wider_margin_costs_less_and_finds_less(made: Calibration) -> None:
    for p in made.proposals:
        if p.why or p.margin is None or p.proposed is None or p.finds is None or p.proposed_finds is None:
            continue
        if p.proposed > p.margin * 1.2:
            assert p.proposed_false_alerts <= p.false_alerts  # type: ignore[operator]
            assert p.proposed_finds >= p.finds * 0.95


def test_the_shift_it_says_it_finds_is_found_in_four_of_five_windows(
    config: ModelConfig, made: Calibration, tmp_path: Path
) -> None:
    (said,) = (p for p in made.proposals if (p.metric, p.subject) == ("wasserstein", "heart_rate"))
    assert said.finds is not None
    found = []
    windows = [config.grid.ending_by(START + timedelta(days=7 * (w + 1))) for w in range(9, 34)]
    rows = hospital(said.finds, weeks=26, seed=3, first=8)
    source = Frame(pa.concat_tables([hospital(), rows]), config)
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: START)  # keeps the reference's count
    try:
        for window in windows:
            audit = step(config, window, source, stage="scored", ledger=ledger)
            (told,) = (f for f in audit.findings if (f.metric, f.subject) == ("wasserstein", "heart_rate"))
            found.append(told.verdict is Verdict.BEYOND)
    finally:
        source.close()
    assert 0.6 <= np.mean(found) <= 0.97


def test_a_smaller_budget_asks_for_wider_margins_and_is_kept(config: ModelConfig, made: Calibration) -> None:
    strict = parse(CONFIG + "budget: {page: 0.0001, ticket: 0.0001}\n", "sepsis-alert.yaml")
    source = Frame(hospital(), strict)
    try:
        window = strict.grid.ending_by(START + timedelta(days=7 * (WEEKS + 1)))
        asked = calibrate(strict, reference_for(strict, window, source, None))
    finally:
        source.close()
    assert asked.budget == {"page": 0.0001, "ticket": 0.0001, "committee": 1.0}
    for severity in ("page", "ticket"):
        assert asked.expected(severity, proposed=True) <= asked.budget[severity] * 1.001
    wider = [(a.proposed, b.proposed) for a, b in zip(asked.proposals, made.proposals, strict=True)
             if a.proposed is not None and b.proposed is not None]  # fmt: skip
    assert all(a >= b for a, b in wider)
    assert any(a > b for a, b in wider)


def test_what_is_watched_for_slow_change_costs_what_its_rule_says(config: ModelConfig) -> None:
    plan = "plan: [{measure: wasserstein, columns: numeric, margin: 0.2, slow_change: 130}]\n"
    watching = parse(CONFIG + plan, "sepsis-alert.yaml")
    source = Frame(hospital(), watching)
    try:
        window = watching.grid.ending_by(START + timedelta(days=7 * (WEEKS + 1)))
        told = calibrate(watching, reference_for(watching, window, source, None))
    finally:
        source.close()
    slow = [p for p in told.proposals if p.metric == "slow:wasserstein"]
    assert {p.subject for p in slow} == {"lactate", "heart_rate"}
    assert {p.severity for p in slow} == {"ticket"}
    assert all(p.false_alerts == pytest.approx(0.1, abs=0.001) for p in slow)  # 13 windows of 130
    assert all(p.finds == pytest.approx(0.1) for p in slow)


def test_the_plan_it_prints_is_one_a_file_may_hold(made: Calibration) -> None:
    plan = yaml.safe_load(made.plan)["plan"]
    assert {"measure", "margin", "severity"} <= set(plan[0])
    again = parse(CONFIG + made.plan, "sepsis-alert.yaml")
    assert len(again.plan) == len(plan)
    kept = next(rule for rule in again.plan if rule.measure == "wasserstein" and rule.columns == "score")
    assert (kept.severity, kept.runbook) == ("page", "score-drift")


def test_a_reference_of_one_window_cannot_be_reckoned_from() -> None:
    short = parse(CONFIG.replace("to: 2026-03-02", "to: 2026-01-12"), "sepsis-alert.yaml")
    source = Frame(hospital(weeks=1), short)
    try:
        window = short.grid.ending_by(START + timedelta(days=28))
        with pytest.raises(ConfigError, match="spans 1 windows of P7D"):
            calibrate(short, reference_for(short, window, source, None))
    finally:
        source.close()


def test_a_share_it_says_it_finds_is_beyond_in_four_of_five_windows(made: Calibration) -> None:
    """Missing values, none in the reference: drawn and judged by the interval itself."""
    (said,) = (p for p in made.proposals if (p.metric, p.subject) == ("missing_share", "lactate"))
    assert said.finds is not None
    assert said.margin is not None
    events = np.random.default_rng(5).binomial(ROWS, said.finds, 4000)
    reference = wilson(0, WEEKS * ROWS)
    lows = [difference(e / ROWS, *wilson(e, ROWS), 0.0, *reference)[0] for e in events.tolist()]
    assert np.mean(np.array(lows) > said.margin) == pytest.approx(0.8, abs=0.05)
