"""Outcomes in the life of a ward: some never come, some come late, and staff act on what is flagged."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from dashboards.app import create_app
from dashboards.terminal import show_audit
from monitors.caution import TREATED
from monitors.release import keep, kept
from tests.dashboards.conftest import served
from tests.flows.rows import Row, found
from tests.stories.ward import Ward

OF_OUTCOMES = {"auroc", "brier", "observed_expected_ratio", "positive_predictive_value", "calibration_slope"}


def seen(row: Row) -> Row:
    """The nurse saw every second patient flagged."""
    acted = int(float(row["risk"]) >= 0.5 and int(row["visit"][1:]) % 2 == 0)
    return row | {"seen": acted}


def test_where_staff_act_the_caution_stands_in_audit_page_and_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ward = Ward(tmp_path, {"action": "seen"})
    ward.rows = [seen(row) for row in ward.rows]
    ward.arrives(1, seen)
    week = ward.run(2)[0]
    assert week.stage == "outcome"
    told = {f["metric"]: f["caution"] for f in json.loads(week.json())["findings"]}
    assert {told[metric] for metric in OF_OUTCOMES} == {TREATED}
    assert {told[metric] for metric in ("rows", "missing_share", "wasserstein", "selection_rate")} == {None}

    shown = keep(ward.ledger, week)
    assert found(shown, "positive_predictive_value", "model").caution == TREATED
    show_audit(shown)
    assert "of people who were treated the outcomes understate the risk" in " ".join(
        capsys.readouterr().out.split()
    )
    app = create_app(
        ward.ledger,
        {"sepsis": ward.config},
        published=lambda audit: kept(ward.ledger, audit),
        now=lambda: ward.clock,
    )
    with served(app) as site:
        page = f"{site}/models/sepsis?window={week.window.start:%Y-%m-%d}"
        assert TREATED in httpx.get(page, trust_env=False).text


def test_where_nothing_is_recorded_of_what_staff_did_no_caution_is_made_up(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    ward.arrives(1)
    assert {f.caution for f in ward.run(2)[0].findings} == {None}


def test_outcomes_that_never_come_leave_bounds_and_take_within_back(tmp_path: Path) -> None:
    """A sixth of the matured week was discharged elsewhere: nobody knows how they fared."""

    def followed(row: Row) -> Row:
        return row if int(row["visit"][1:]) % 6 else row | {"sepsis": None}

    plan = [{"measure": "observed_expected_ratio", "margin": 0.3, "severity": "page"}]
    ward = Ward(tmp_path, plan=plan)
    ward.arrives(1)
    whole = found(ward.run(2)[0], "observed_expected_ratio", "model")
    assert (str(whole.verdict), whole.bound_low, whole.bound_high) == ("within", None, None)

    ward.rows = [row for row in ward.rows if ward.week(row) != 1]
    ward.arrives(1, followed)
    week = ward.run(2)[0]
    part = found(week, "observed_expected_ratio", "model")
    assert str(part.verdict) == "cannot_tell"
    assert part.reason == "outcomes not known could carry it past the margin"
    assert part.bound_low is not None
    assert part.bound_high is not None
    assert part.bound_low < 0.9 < 1.1 < part.bound_high
    # What was recorded of the week, everyone's outcome known, lies between the two.
    assert part.bound_low <= (whole.value or 0) <= part.bound_high
    by_sex = [f for f in week.findings if f.metric == "true_positive_rate" and f.group]
    assert by_sex
    assert all(f.bound_low is not None and f.bound_low < f.value < f.bound_high for f in by_sex if f.value)


def test_an_outcome_that_comes_after_the_audit_restates_the_window_and_says_what_changed(
    tmp_path: Path,
) -> None:
    """The audit stands until somebody counts again; then both stand, the later one in front."""

    def followed(row: Row) -> Row:
        return row if int(row["visit"][1:]) % 6 else row | {"sepsis": None}

    ward = Ward(tmp_path, outcome={"matures_after": "P7D"})
    ward.arrives(1, followed)
    scored = ward.on_monday(1)
    first = ward.run(2)[0]
    ward.rows = [row for row in ward.rows if ward.week(row) != 1]
    ward.arrives(1)  # the last outcomes were coded after all
    second = ward.run(2)[0]
    assert (scored.stage, first.stage, second.stage) == ("scored", "outcome", "outcome")

    kept_all = ward.ledger.entries("audit", model="sepsis", window=str(first.window))
    assert [(e.stage, e.summary["revision"]) for e in kept_all] == [
        ("scored", 1), ("outcome", 1), ("outcome", 2),
    ]  # fmt: skip
    assert "restated" not in kept_all[0].summary
    changed = kept_all[2].summary["restated"]
    ratio = "observed_expected_ratio of model"
    was, now = (found(a, "observed_expected_ratio", "model") for a in (first, second))
    lost = sum(ward.week(row) == 1 and followed(row)["sepsis"] is None for row in ward.rows)
    assert lost > 40
    assert (was.n, now.n) == (280 - lost, 280)
    assert was.value != now.value
    assert changed["figures"] > 5
    assert changed["verdicts"].get(ratio) == (
        None if was.verdict is now.verdict else [str(was.verdict), str(now.verdict)]
    )
    missing = found(second, "missing_share", "outcome")
    assert (found(first, "missing_share", "outcome").events, missing.events) == (lost, 0)
    # What needs no outcome says what it said at every stage.
    drift = [found(a, "wasserstein", "lactate") for a in (scored, first, second)]
    assert drift[0].value == drift[1].value == drift[2].value

    standing = {str(r.audit.window): r for r in ward.ledger.audits("sepsis")}[str(first.window)]
    assert (standing.audit.stage, standing.revision) == ("outcome", 2)
    for audit in (scored, first, second):
        keep(ward.ledger, audit)
    app = create_app(
        ward.ledger,
        {"sepsis": ward.config},
        published=lambda audit: kept(ward.ledger, audit),
        now=lambda: ward.clock,
    )
    with served(app) as site:
        page = f"{site}/models/sepsis/window?window={first.window.start:%Y-%m-%d}"
        text = httpx.get(page, trust_env=False).text
    assert "What this version restates" in text
    assert "The earlier audit stays in the ledger" in text
