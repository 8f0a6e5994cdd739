"""Registering a plan's file: it fits the model, counts the reference alone, and is cited by later audits."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.home import Home
from flows.registering import register_file
from flows.run import now, open_ledger, run, span
from monitors.errors import ConfigError
from monitors.governance.registration import approve
from monitors.release import kept
from monitors.window import moment

CONFIGS = Path(__file__).parents[2] / "configs"
MODEL, PLAN = CONFIGS / "models" / "support-survival.yaml", CONFIGS / "plans" / "support-survival.yaml"


def test_the_shipped_plan_is_registered_flagged_approved_and_cited(tmp_path: Path) -> None:
    home = Home.of({}, tmp_path / "rounds")
    made = register_file(MODEL, PLAN, home)
    ledger = open_ledger(home)
    assert ledger.models() == [], "no window was audited to say which margins cannot be resolved"
    flagged = {flag["group"] for flag in made.flags}
    assert {"asian", "hispanic"} <= flagged
    assert "female" not in flagged
    approve(ledger, "support-bias", 1, "Ada", "chair", "agreed")
    chosen = span(moment("1992-01-07"), moment("1992-04-06"))
    (done,) = run(MODEL, home, chosen, now(), copy=False)
    entry = ledger.find("audit", done.digest)
    assert entry is not None
    assert entry.body["plan"] == f"support-bias v1 {made.digest}"
    (recorded,) = ledger.audits("support-survival")
    assert kept(ledger, recorded.audit).plan == entry.body["plan"]


def test_a_plan_that_does_not_fit_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    bad = tmp_path / "plan.yaml"
    bad.write_text(PLAN.read_text().replace("margin: 0.10", "margin: 0.05", 1))
    with pytest.raises(ConfigError, match="make them agree"):
        register_file(MODEL, bad, Home.of({}, tmp_path / "rounds"))
    assert not (tmp_path / "rounds").exists()
