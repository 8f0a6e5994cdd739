"""Performance against scikit-learn on people, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize
from sklearn import metrics as sk

from monitors.cube import Cube, Tally
from monitors.discovery import metrics
from monitors.interval import wilson
from monitors.metric import Estimate

SEED = 20260105
LEVEL = 0.95
Numbers = NDArray[np.float64]

# Two of five had it; scores, decisions and outcomes by hand.
FIVE = [
    ("", 1, 1, 8, -1, 1, 800_000),
    ("", 1, 0, 2, -1, 1, 200_000),
    ("", 0, 1, 6, -1, 1, 600_000),
    ("", 0, 0, 2, -1, 1, 200_000),
    ("", 0, 0, 1, -1, 1, 100_000),
]


def tally_of(risk: Numbers, outcome: NDArray[np.int64], cut: float = 0.5, cells: int = 200) -> Tally:
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, cells + 1)))
    cell = np.clip(np.searchsorted(edges, risk, side="right") - 1, 0, len(edges) - 2)
    people = zip(outcome, risk >= cut, cell, np.round(risk * 1e6), strict=True)
    return Cube.of("", [("", int(y), int(d), int(c), -1, 1, int(s)) for y, d, c, s in people]).tally()


def measure(name: str, tally: Tally, level: float = LEVEL) -> Estimate:
    estimate = metrics()[name].compute(tally, level)
    assert isinstance(estimate, Estimate)
    return estimate


@pytest.mark.parametrize(
    ("name", "expected", "n"),
    [
        ("true_positive_rate", 1 / 2, 2),
        ("false_negative_rate", 1 / 2, 2),
        ("true_negative_rate", 2 / 3, 3),
        ("false_positive_rate", 1 / 3, 3),
        ("positive_predictive_value", 1 / 2, 2),
        ("negative_predictive_value", 2 / 3, 3),
        ("selection_rate", 2 / 5, 5),
        ("missed_per_1000", 1000 * 1 / 5, 5),
        ("observed_expected_ratio", 2 / 1.9, 5),
        ("auroc", 4.5 / 6, 5),
        ("brier", (0.2**2 + 0.8**2 + 0.6**2 + 0.2**2 + 0.1**2) / 5, 5),
    ],
)
def test_five_rows_by_hand(name: str, expected: float, n: int) -> None:
    found = measure(name, Cube.of("", FIVE).tally())
    assert found.value == pytest.approx(expected)
    assert found.n == n


def test_rates_carry_wilsons_interval_and_missed_is_its_thousandfold() -> None:
    tally = Cube.of("", FIVE).tally()
    found = measure("true_negative_rate", tally)
    assert (found.low, found.high, found.events) == (*wilson(2, 3), 2)
    missed = measure("missed_per_1000", tally)
    assert (missed.low, missed.high) == tuple(1000 * limit for limit in wilson(1, 5))


@pytest.fixture(scope="module")
def people() -> tuple[Numbers, NDArray[np.int64], Tally]:
    random = np.random.default_rng(SEED)
    risk = np.round(random.beta(1.5, 5, 6000), 6)
    outcome = (random.random(6000) < 0.9 * risk**1.2).astype(np.int64)
    return risk, outcome, tally_of(risk, outcome, cut=0.3)


def test_rates_are_scikit_learns_on_people(people: tuple[Numbers, NDArray[np.int64], Tally]) -> None:
    risk, outcome, tally = people
    tn, fp, fn, tp = sk.confusion_matrix(outcome, risk >= 0.3).ravel().tolist()
    assert (tally.tp, tally.fp, tally.fn, tally.tn) == (tp, fp, fn, tn)
    assert fn != fp
    assert measure("missed_per_1000", tally).value == 1000 * fn / len(outcome)
    recall = sk.recall_score(outcome, risk >= 0.3)
    assert measure("true_positive_rate", tally).value == recall
    assert measure("positive_predictive_value", tally).value == sk.precision_score(outcome, risk >= 0.3)
    assert measure("true_negative_rate", tally).value == sk.recall_score(1 - outcome, risk < 0.3)
    assert measure("negative_predictive_value", tally).value == sk.precision_score(1 - outcome, risk < 0.3)


def test_cells_cost_less_than_a_thousandth(people: tuple[Numbers, NDArray[np.int64], Tally]) -> None:
    risk, outcome, tally = people
    assert measure("auroc", tally).value == pytest.approx(sk.roc_auc_score(outcome, risk), abs=1e-3)
    assert measure("brier", tally).value == pytest.approx(sk.brier_score_loss(outcome, risk), abs=1e-3)


def test_observed_expected_is_exact_whatever_the_cells(
    people: tuple[Numbers, NDArray[np.int64], Tally],
) -> None:
    risk, outcome, _ = people
    for cells in (1, 7, 200):
        found = measure("observed_expected_ratio", tally_of(risk, outcome, cells=cells))
        assert found.value == pytest.approx(outcome.sum() / risk.sum(), rel=1e-12)


def fit_on_people(risk: Numbers, outcome: NDArray[np.int64]) -> tuple[Numbers, float, Numbers]:
    """Intercept, slope and their likelihood, by a general optimiser on the people themselves."""
    x = np.log(risk / (1 - risk))

    def loss(at: Numbers) -> float:
        line = at[0] + at[1] * x
        return float(np.logaddexp(0, line).sum() - (outcome * line).sum())

    best = optimize.minimize(loss, np.array([0.0, 1.0]), method="BFGS", options={"gtol": 1e-8})
    return best.x, float(best.fun), x


def test_slope_and_intercept_are_those_of_the_people(
    people: tuple[Numbers, NDArray[np.int64], Tally],
) -> None:
    risk, outcome, tally = people
    (_, slope), _, x = fit_on_people(risk, outcome)
    assert measure("calibration_slope", tally).value == pytest.approx(slope, abs=5e-3)
    root = optimize.brentq(lambda a: (1 / (1 + np.exp(-a - x))).sum() - outcome.sum(), -5, 5)
    assert measure("calibration_intercept", tally).value == pytest.approx(root, abs=5e-3)


def test_unknown_outcomes_count_for_decisions_and_not_for_performance() -> None:
    waiting = [("", -1, 1, 9, -1, 50, 45_000_000), ("", -1, 0, 0, -1, 50, 500_000)]
    with_waiting, without = Cube.of("", [*FIVE, *waiting]).tally(), Cube.of("", FIVE).tally()
    assert measure("selection_rate", with_waiting).value == 52 / 105
    for name in ("true_positive_rate", "auroc", "observed_expected_ratio", "missed_per_1000"):
        assert measure(name, with_waiting) == measure(name, without)


def test_a_score_outside_0_and_1_is_left_out_of_score_measures() -> None:
    invalid = [("", 1, 1, -2, -1, 10, 0), ("", 0, 1, -1, -1, 10, 0)]
    tally = Cube.of("", [*FIVE, *invalid]).tally()
    assert measure("auroc", tally).n == 5
    assert measure("observed_expected_ratio", tally).value == pytest.approx(2 / 1.9)
    assert measure("true_positive_rate", tally).n == 12  # decisions stand, whatever the score


@pytest.mark.parametrize(
    ("rows", "name", "why"),
    [
        ([], "true_positive_rate", "no row has both a decision and a known outcome"),
        ([("", 0, 1, 3, -1, 9, 9)], "true_positive_rate", "no one in this group had the outcome"),
        ([("", 0, 1, 3, -1, 9, 9)], "false_negative_rate", "no one in this group had the outcome"),
        ([("", 1, 1, 3, -1, 9, 9)], "false_positive_rate", "everyone in this group had the outcome"),
        ([("", 1, 0, 3, -1, 9, 9)], "positive_predictive_value", "no one in this group was flagged"),
        ([("", 1, 1, 3, -1, 9, 9)], "negative_predictive_value", "everyone in this group was flagged"),
        ([("", 1, -1, 3, -1, 9, 9)], "selection_rate", "no row has a decision"),
        ([("", -1, 1, 3, -1, 9, 9)], "auroc", "no row has both a score and a known outcome"),
        ([("", 0, 1, 3, -1, 9, 9)], "auroc", "no one in this group had the outcome"),
        ([("", 1, 1, 3, -1, 9, 9)], "auroc", "everyone in this group had the outcome"),
        (
            [("", 1, 1, 0, -1, 9, 0)],
            "observed_expected_ratio",
            "the scores expect no one to have the outcome",
        ),
        (
            [("", 1, 1, 3, -1, 9, 900_000), ("", 0, 1, 3, -1, 9, 900_000)],
            "calibration_slope",
            "all scores are alike, so they have no slope",
        ),
        ([("", 0, 1, 3, -1, 9, 9)], "calibration_intercept", "no one in this group had the outcome"),
    ],
)
def test_an_empty_denominator_is_told_not_guessed(
    rows: list[tuple[str, int, int, int, int, int, int]], name: str, why: str
) -> None:
    found = measure(name, Cube.of("", rows).tally())
    assert (found.value, found.why) == (None, why)


def test_no_outcome_among_many_expected_is_a_ratio_of_zero() -> None:
    found = measure("observed_expected_ratio", Cube.of("", [("", 0, 1, 3, -1, 90, 9_000_000)]).tally())
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high is not None
    assert found.high == pytest.approx(3.689 / 9, rel=1e-3)


@pytest.mark.parametrize("n", [20, 50, 100, 500])
@pytest.mark.parametrize("base", [-3.0, -1.5, 0.0])
def test_the_brier_interval_covers_even_few_rows(n: int, base: float) -> None:
    random = np.random.default_rng(SEED)
    places = np.round(1 / (1 + np.exp(-(base + np.linspace(-2, 2, 40)))), 6)
    true = float((places * (1 - places)).mean())  # of scores that are right
    covered = 0
    for _ in range(400):
        cell = random.integers(0, 40, n)
        outcome = random.random(n) < places[cell]
        rows = zip(outcome, cell, np.round(places[cell] * 1e6), strict=True)
        tally = Cube.of("", [("", int(y), -1, int(c), -1, 1, int(s)) for y, c, s in rows]).tally()
        found = measure("brier", tally)
        covered += found.low <= true <= found.high
    assert covered / 400 >= 0.92


@pytest.mark.parametrize(("n", "base"), [(200, -3.5), (200, -2.2), (1000, -1.0)])
@pytest.mark.parametrize(
    ("name", "slope", "true"), [("calibration_slope", 0.8, 0.8), ("calibration_intercept", 1.0, 0.3)]
)
def test_slope_and_intercept_cover_what_was_put_in(
    name: str, slope: float, true: float, n: int, base: float
) -> None:
    """From about 16 events (penalised) to some 300."""
    random = np.random.default_rng(SEED)
    places = base + np.linspace(-2.5, 2.5, 60)
    scores, risk = (1 / (1 + np.exp(-line)) for line in (places, 0.3 + slope * places))
    covered = 0
    for _ in range(300):
        cell = random.integers(0, 60, n)
        rows = zip(random.random(n) < risk[cell], cell, np.round(scores[cell] * 1e6), strict=True)
        found = measure(
            name, Cube.of("", [("", int(y), -1, int(c), -1, 1, int(s)) for y, c, s in rows]).tally()
        )
        covered += found.low <= true <= found.high
    assert covered / 300 >= 0.92


def test_auroc_says_which_events_it_rests_on() -> None:
    found = measure("auroc", Cube.of("", FIVE).tally())
    assert (found.n, found.events) == (5, 2)
    assert math.isclose(found.value or 0, 0.75)
