"""Published figures in an audit report: ProPublica's and Aequitas' COMPAS tables, Fairlearn's quick-start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dashboards.report import issue
from dashboards.report.model import Report, Table
from monitors.assess import assess
from monitors.assessed import Assessed, Edition
from monitors.ledger import Ledger
from tests.dashboards import committee

HERE = Path(__file__).parent
CELLS = ("tp", "fp", "fn", "tn")
MEASURES = {
    "fpr": "false_positive_rate",
    "fnr": "false_negative_rate",
    "ppv": "positive_predictive_value",
    "npv": "negative_predictive_value",
}
LIKELIHOOD = {"lr+": "Likelihood ratio of a flag", "lr-": "Likelihood ratio of no flag"}


def assessed(folder: Path, counts: dict[str, Any], edition: Edition) -> tuple[Ledger, Assessed]:
    config = committee.declared("published", "race")
    ledger = committee.ledger_of(folder, config, "race", counts)
    return ledger, assess(ledger, config, edition=edition)


def report(folder: Path, counts: dict[str, Any], edition: Edition) -> Report:
    return issue.issue(*assessed(folder, counts, edition), committee.NOW)


def level(made: Report, metric: str, group: str | None) -> float:
    """What a group has itself, or everyone where none is named."""
    if group is None and metric == "false_negative_rate":
        return 1 - level(made, "true_positive_rate", None)
    subject = "model" if group is None else "race"
    fits = (
        f
        for f in made.audit["findings"]
        if (f["metric"], f["subject"], f["group"]) == (metric, subject, group)
    )
    value = next(fits)["value" if group is None else "level"]
    assert isinstance(value, float)
    return value


def row(made: Report, table: str, name: str) -> dict[str, str]:
    blocks = [b for s in (*made.sections, *made.appendices) for b in s.blocks]
    held = next(b for b in blocks if isinstance(b, Table) and b.id == table)
    cells = next(r for r in held.rows if name in r)
    return dict(zip((c.title for c in held.columns), cells, strict=True))


def with_the_rest(table: dict[str, Any], everyone: dict[str, int]) -> dict[str, Any]:
    """The printed groups, and whoever is in none of them."""
    named = {g: held for g, held in table.items() if g != "all"}
    rest = {c: everyone[c] - sum(held[c] for held in named.values()) for c in CELLS}
    return {**named, **({"everyone else": rest} if any(rest.values()) else {})}


@pytest.fixture(scope="module")
def compas(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Report]:
    published = json.loads((HERE / "compas.json").read_text(encoding="utf-8"))
    table = published["tables"]["medium_or_high"]
    counts = with_the_rest(table, table["all"])
    return published, report(tmp_path_factory.mktemp("compas"), counts, "shareable")


def as_printed(made: Report, short: str, group: str | None) -> str:
    if short in LIKELIHOOD:
        return row(made, "right", f"race {group}" if group else "everyone")[LIKELIHOOD[short]]
    return f"{level(made, MEASURES[short], group) * (100 if short in ('fpr', 'fnr') else 1):.2f}"


@pytest.mark.parametrize("group", ["all", "African-American", "Caucasian"])
def test_every_figure_that_made_the_news_stands_in_the_report(
    compas: tuple[dict[str, Any], Report], group: str
) -> None:
    published, made = compas[0]["tables"]["medium_or_high"][group], compas[1]
    figures = {short: said for short, said in published.items() if short not in CELLS}
    assert set(figures) == {*MEASURES, *LIKELIHOOD}
    asked = None if group == "all" else group
    assert {short: as_printed(made, short, asked) for short in figures} == figures
    if asked:
        shown = row(made, "t3a", f"race {group}")
        assert shown["n"] == f"{sum(published[c] for c in CELLS):,}"
        assert shown["Events"] == f"{published['tp'] + published['fn']:,}"
        assert shown["Flagged n"] == f"{published['tp'] + published['fp']:,}"
        assert shown["False alarms: FPR %"].startswith(f"{float(figures['fpr']):.1f}"[:-1])


def test_the_table_of_high_scores_alone_comes_out_too(
    compas: tuple[dict[str, Any], Report], tmp_path: Path
) -> None:
    published = compas[0]["tables"]["high_only"]
    made = report(tmp_path, published, "shareable")
    for group, held in published.items():
        for short in ("fpr", "fnr", "ppv"):
            assert as_printed(made, short, group) == held[short], (group, short)


@pytest.mark.parametrize("group", ["African-American", "Caucasian"])
def test_aequitas_figures_of_the_same_people_follow_from_the_audit(
    compas: tuple[dict[str, Any], Report], group: str
) -> None:
    published, made = compas
    ours = in_their_words(made, group)
    assert {name: round(value, 2) for name, value in ours.items()} == published["aequitas"][group]


def test_aequitas_ratios_follow_from_the_audit(compas: tuple[dict[str, Any], Report]) -> None:
    published, made = compas
    black, white = (in_their_words(made, group) for group in ("African-American", "Caucasian"))
    for name, printed in published["aequitas_caucasian_over_african_american"].items():
        assert round(white[name] / black[name], 6) == printed, name


def in_their_words(made: Report, group: str) -> dict[str, float]:
    """What Aequitas calls what: ppr is the share of all flags that fall on the group."""
    shown, whole = row(made, "t3a", f"race {group}"), row(made, "rates", f"race {group}")
    n, events, flagged = (float(shown[c].replace(",", "")) for c in ("n", "Events", "Flagged n"))
    assert whole["Flagged"] == shown["Flagged n"]
    everyone = next(
        f for f in made.audit["findings"] if (f["metric"], f["group"]) == ("selection_rate", None)
    )
    tpr, fpr, ppv, npv = (
        level(made, f"{m}_{'rate' if m.startswith(('true', 'false')) else 'value'}", group)
        for m in ("true_positive", "false_positive", "positive_predictive", "negative_predictive")
    )
    return {
        "tpr": tpr, "tnr": 1 - fpr, "for": 1 - npv, "fdr": 1 - ppv, "fpr": fpr, "fnr": 1 - tpr, "npv": npv,
        "precision": ppv, "ppr": flagged / everyone["events"], "pprev": flagged / n, "prev": events / n,
    }  # fmt: skip


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
    assert row(made, "t3a", "race Asian")["Caught: TPR %"] == "<11", "seven of fourteen are not shown"


def test_its_accuracy_and_who_is_flagged_stand_there_too(quick_start: tuple[dict[str, Any], Report]) -> None:
    published, made = quick_start
    for group, held in published["counts"].items():
        right, rates = (row(made, table, f"race {group}") for table in ("right", "rates"))
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


def test_its_figures_of_everyone_stand_there_as_they_are_printed(
    quick_start: tuple[dict[str, Any], Report],
) -> None:
    published, made = quick_start
    printed, right = published["printed"]["overall"], row(made, "right", "everyone")
    accuracy = int(right["Right"].replace(",", "")) / int(right["n"].replace(",", ""))
    assert f"{accuracy:.6f}".startswith(printed["accuracy"].rstrip("."))
    assert f"{level(made, 'false_negative_rate', None):.6f}".startswith(printed["fnr"].rstrip("."))


def test_the_figure_that_no_report_shows_is_in_the_audit_before_withholding(tmp_path: Path) -> None:
    """Seven of fourteen Asian patients were missed: counted and judged, and told to no reader."""
    published = json.loads((HERE / "fairlearn_quickstart.json").read_text(encoding="utf-8"))
    _, held = assessed(tmp_path, published["counts"], "restricted")
    for group, figures in published["printed"].items():
        if group == "overall":
            continue
        found = {f.metric: f for f in held.audit.findings if f.group == group}
        assert f"{found['false_negative_rate'].level:.6f}" == figures["fnr"]
