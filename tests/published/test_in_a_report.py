"""Published figures in an audit report: ProPublica's COMPAS tables and Fairlearn's quick-start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dashboards.report import issue
from dashboards.report.model import Report, Table
from monitors.assess import assess
from monitors.assessed import Edition
from tests.dashboards import committee

HERE = Path(__file__).parent
CELLS = ("tp", "fp", "fn", "tn")
MEASURES = {"fpr": "false_positive_rate", "fnr": "false_negative_rate", "ppv": "positive_predictive_value"}


def report(folder: Path, counts: dict[str, Any], edition: Edition) -> Report:
    config = committee.declared("published", "race")
    ledger = committee.ledger_of(folder, config, "race", counts)
    return issue.issue(ledger, assess(ledger, config, edition=edition), committee.NOW)


def level(made: Report, metric: str, group: str) -> float:
    fits = (f for f in made.audit["findings"] if (f["metric"], f["group"]) == (metric, group))
    value = next(fits)["level"]
    assert isinstance(value, float)
    return value


def row(made: Report, table: str, group: str) -> dict[str, str]:
    blocks = [b for s in (*made.sections, *made.appendices) for b in s.blocks]
    held = next(b for b in blocks if isinstance(b, Table) and b.id == table)
    cells = next(r for r in held.rows if f"race {group}" in r)
    return dict(zip((c.title for c in held.columns), cells, strict=True))


@pytest.fixture(scope="module")
def compas(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Report]:
    published = json.loads((HERE / "compas.json").read_text(encoding="utf-8"))["tables"]["medium_or_high"]
    rest = {c: published["all"][c] - sum(published[g][c] for g in published if g != "all") for c in CELLS}
    counts = {**{g: held for g, held in published.items() if g != "all"}, "everyone else": rest}
    return published, report(tmp_path_factory.mktemp("compas"), counts, "shareable")


@pytest.mark.parametrize("group", ["African-American", "Caucasian"])
def test_the_figures_that_made_the_news_stand_in_the_report(
    compas: tuple[dict[str, Any], Report], group: str
) -> None:
    published, made = compas
    for short, metric in MEASURES.items():
        value = level(made, metric, group)
        assert f"{100 * value if short != 'ppv' else value:.2f}" == published[group][short]
    counts, shown = published[group], row(made, "t3a", group)
    assert shown["n"] == f"{sum(counts[c] for c in CELLS):,}"
    assert shown["Events"] == f"{counts['tp'] + counts['fn']:,}"
    assert shown["Flagged n"] == f"{counts['tp'] + counts['fp']:,}"
    assert shown["False alarms: FPR %"].startswith(f"{float(published[group]['fpr']):.1f}"[:-1])


def test_the_report_says_who_is_flagged_without_need_and_who_is_missed(
    compas: tuple[dict[str, Any], Report],
) -> None:
    """Both published findings: black defendants flagged falsely more often, white ones missed more often."""
    _, made = compas
    alarms, caught = (
        {f["group"]: f for f in made.audit["findings"] if f["metric"] == m and f["group"]}
        for m in ("false_positive_rate", "true_positive_rate")
    )
    assert alarms["African-American"]["verdict"] == "beyond"
    assert alarms["African-American"]["value"] > 0
    assert caught["Caucasian"]["verdict"] == "beyond"
    assert caught["Caucasian"]["value"] < 0
    assert "African-American" in " ".join(made.page.answer) + str(made.page.verdicts.rows)


@pytest.fixture(scope="module")
def quick_start(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Report]:
    published = json.loads((HERE / "fairlearn_quickstart.json").read_text(encoding="utf-8"))
    return published, report(tmp_path_factory.mktemp("quick"), published["counts"], "restricted")


def test_the_quick_start_s_missed_shares_stand_in_the_report(
    quick_start: tuple[dict[str, Any], Report],
) -> None:
    published, made = quick_start
    told = [g for g, held in published["counts"].items() if min(held.values()) > 10]
    assert set(told) == {"AfricanAmerican", "Caucasian", "Hispanic", "Other", "Unknown"}
    for group in told:
        assert f"{level(made, 'false_negative_rate', group):.6f}" == published["printed"][group]["fnr"]
    assert row(made, "t3a", "Asian")["Caught: TPR %"] == "<11", "seven of fourteen are not shown"


def test_its_accuracy_and_who_is_flagged_stand_there_too(quick_start: tuple[dict[str, Any], Report]) -> None:
    published, made = quick_start
    for group, held in published["counts"].items():
        right, rates = row(made, "right", group), row(made, "rates", group)
        n, flagged = sum(held.values()), held["tp"] + held["fp"]
        assert (rates["Scored"], rates["Flagged"]) == (f"{n:,}", f"{flagged:,}")
        assert rates["Selection rate %"] == f"{100 * flagged / n:.1f}"
        if group == "Asian":
            assert right["Right"] == "<11", "with the rate it would give the seven away"
            continue
        assert right["Right"] == f"{held['tp'] + held['tn']:,}"
        printed = float(published["printed"][group]["accuracy"])
        assert right["Accuracy % (95 % interval)"].startswith(f"{100 * printed:.1f} (")
        assert round(int(right["Right"].replace(",", "")) / n, 6) == printed
