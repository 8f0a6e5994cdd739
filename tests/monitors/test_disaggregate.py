"""Groups by Fairlearn and scikit-learn on weighted rows, and what they may not be asked."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import monitors
from monitors.cube import Cube
from monitors.disaggregate import MEASURES, by_group
from monitors.discovery import metrics

# group, outcome, decision, score cell, action, people, sum of scores in millionths
ROWS = [
    ("a", 1, 1, 6, -1, 30, 18_000_000),
    ("a", 1, 0, 2, -1, 10, 2_000_000),
    ("a", 0, 1, 6, -1, 20, 12_000_000),
    ("a", 0, 0, 2, -1, 40, 8_000_000),
    ("b", 1, 1, 7, -1, 5, 3_500_000),
    ("b", 1, 0, 1, -1, 5, 500_000),
    ("b", 0, 0, 1, -1, 90, 9_000_000),
    ("Unknown", 0, 1, 6, -1, 3, 1_800_000),
    ("Unknown", 0, 0, 1, -1, 4, 400_000),
]


@pytest.mark.parametrize(
    ("name", "of_a", "of_the_rest"),
    [
        ("selection_rate", 50 / 100, 8 / 107),
        ("true_positive_rate", 30 / 40, 5 / 10),
        ("false_positive_rate", 20 / 60, 3 / 97),
        ("positive_predictive_value", 30 / 50, 5 / 8),
        ("auroc", (30 * 40 + 0.5 * (30 * 20 + 10 * 40)) / 2400, None),
        ("observed_expected_ratio", 40 / 40.0, 10 / 15.2),
    ],
)
def test_a_group_and_everyone_else_by_hand(name: str, of_a: float, of_the_rest: float | None) -> None:
    seen = by_group(Cube.of("race", ROWS))
    assert seen.group[name, "a"] == pytest.approx(of_a)
    if of_the_rest is not None:
        assert seen.rest[name, "a"] == pytest.approx(of_the_rest)


def test_groups_rests_and_everyone_agree_with_the_metric_files() -> None:
    cube = Cube.of("race", ROWS)
    seen = by_group(cube)
    assert seen.attribute == "race"
    assert set(seen.everyone) == set(MEASURES)
    for name in MEASURES:
        compute = metrics()[name].compute
        assert seen.everyone[name] == pytest.approx(compute(cube.tally()).value)
        for group in cube.groups:
            own, rest = compute(cube.tally(group)).value, compute(cube.tally(rest_of=group)).value
            for found, expected in ((seen.group[name, group], own), (seen.rest[name, group], rest)):
                assert (found is None) == (expected is None)
                if expected is not None:
                    assert found == pytest.approx(expected, rel=1e-12)


def test_a_group_where_no_one_had_the_outcome_has_no_rate_of_zero() -> None:
    seen = by_group(Cube.of("race", ROWS))
    for name in ("true_positive_rate", "auroc"):
        assert seen.group[name, "Unknown"] is None
        assert seen.why[name, "Unknown"] == "no one in this group had the outcome"
    assert seen.group["false_positive_rate", "Unknown"] == 3 / 7
    assert seen.group["observed_expected_ratio", "Unknown"] == 0.0


def test_people_of_unknown_group_are_a_group() -> None:
    assert ("selection_rate", "Unknown") in by_group(Cube.of("race", ROWS)).group


def test_with_one_group_there_is_no_one_else() -> None:
    seen = by_group(Cube.of("race", ROWS[:4]))
    for name in MEASURES:
        assert seen.rest[name, "a"] is None
        assert seen.why[name, "rest of a"]
        assert seen.group[name, "a"] == seen.everyone[name]


def test_nobody_at_all_is_nothing_and_no_error() -> None:
    seen = by_group(Cube.of("race", []))
    assert seen.group == {}
    assert set(seen.everyone.values()) == {None}


@pytest.mark.parametrize("outcome", [-1, 0, 1])
@pytest.mark.parametrize("decision", [-1, 0, 1])
def test_a_group_where_all_went_one_way_warns_of_nothing(outcome: int, decision: int) -> None:
    lone = ("c", outcome, decision, 4, -1, 6, 2_700_000)
    seen = by_group(Cube.of("race", [*ROWS, lone]))
    assert seen.group["selection_rate", "c"] == (None if decision < 0 else float(decision))
    known = outcome >= 0 and decision >= 0
    assert (seen.group["true_positive_rate", "c"] is None) == (not known or outcome == 0)
    assert (seen.group["false_positive_rate", "c"] is None) == (not known or outcome == 1)
    assert (seen.group["positive_predictive_value", "c"] is None) == (not known or decision == 0)


def test_only_what_is_asked_for_is_measured() -> None:
    seen = by_group(Cube.of("race", ROWS), ["auroc"])
    assert {name for name, _ in seen.group} == {"auroc"}


def test_a_model_that_only_decides_has_rates_and_no_area() -> None:
    bare = [(g, y, d, -1, -1, n, 0) for g, y, d, _, _, n, _ in ROWS]
    seen = by_group(Cube.of("race", bare))
    assert seen.group["true_positive_rate", "a"] == 0.75
    assert seen.group["auroc", "a"] is None
    assert seen.group["observed_expected_ratio", "a"] is None


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_fairlearn_and_scikit_learn_are_imported_where_they_are_asked() -> None:
    root = Path(monitors.__file__).parent.parent
    sources = [p for name in ("monitors", "flows", "dashboards") for p in (root / name).rglob("*.py")]
    importers = {path.name for path in sources if {"fairlearn", "sklearn"} & imported(path)}
    assert importers == {"disaggregate.py", "domain_classifier.py"}


def test_they_are_loaded_only_when_used() -> None:
    program = (
        "import sys, monitors.disaggregate; from monitors.discovery import metrics; metrics(); "
        "print([m for m in ('fairlearn', 'sklearn', 'pandas') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(monitors.__file__).parent.parent,
    )
    assert run.stdout.strip() == "[]"
