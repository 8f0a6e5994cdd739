"""Recalibration against closed forms and against a general optimiser that knows no cells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, special

from monitors.calibration import Recalibration, limits, logit, recalibrate
from monitors.cube import Cube, Tally
from monitors.errors import NotComputable

Numbers = NDArray[np.float64]
Cells = list[tuple[float, int, int]]  # score, rows with the outcome, rows without


def tally(cells: Cells) -> Tally:
    rows = []
    for i, (score, ones, zeros) in enumerate(cells):
        for outcome, n in ((1, ones), (0, zeros)):
            if n:
                rows.append(("", outcome, -1, i, -1, n, round(score * 1e6) * n))
    return Cube.of("", rows).tally()


MANY: Cells = [(0.05, 12, 180), (0.1, 22, 150), (0.2, 40, 160), (0.35, 45, 75), (0.6, 50, 30), (0.9, 19, 4)]
FEW: Cells = [(0.05, 1, 30), (0.1, 2, 25), (0.2, 5, 30), (0.35, 4, 12), (0.6, 6, 5), (0.9, 3, 1)]


def expanded(cells: Cells) -> tuple[Numbers, Numbers]:
    score = np.concatenate([np.repeat(s, ones + zeros) for s, ones, zeros in cells])
    outcome = np.concatenate([np.repeat([1.0, 0.0], [ones, zeros]) for _, ones, zeros in cells])
    return np.log(score / (1 - score)), outcome


def height(cells: Cells, at: Numbers, *, penalised: bool) -> float:
    """The (penalised) log-likelihood, row by row."""
    x, outcome = expanded(cells)
    line = at[0] + at[1] * x
    value = float((outcome * line - np.logaddexp(0, line)).sum())
    if penalised:
        risk = special.expit(line)
        design = np.column_stack([np.ones_like(x), x])
        value += 0.5 * math.log(np.linalg.det(design.T @ (design * (risk * (1 - risk))[:, None])))
    return value


@pytest.mark.parametrize(("cells", "penalised"), [(MANY, False), (FEW, True)])
def test_the_fit_is_where_a_general_optimiser_ends(cells: Cells, penalised: bool) -> None:
    best = optimize.minimize(
        lambda at: -height(cells, at, penalised=penalised),
        np.array([0.0, 1.0]),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000},
    )
    found = recalibrate(tally(cells))
    assert (found.intercept, found.slope) == pytest.approx(tuple(best.x), abs=1e-5)


@pytest.mark.parametrize(("cells", "penalised"), [(MANY, False), (FEW, True)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_at_its_limits_the_profile_has_fallen_by_what_the_level_allows(
    cells: Cells, penalised: bool, level: float
) -> None:
    value, low, high = limits(tally(cells), level=level)
    found = recalibrate(tally(cells))
    peak = height(cells, np.array([found.intercept, found.slope]), penalised=penalised)
    allowed = special.ndtri(0.5 + level / 2) ** 2 / 2
    assert low < value < high
    for slope in (low, high):
        profile = optimize.minimize_scalar(
            lambda a, slope=slope: -height(cells, np.array([a, slope]), penalised=penalised),
            bounds=(-10, 10),
            method="bounded",
            options={"xatol": 1e-10},
        )
        assert peak + profile.fun == pytest.approx(allowed, abs=1e-5)


def test_penalised_with_two_scores_is_half_a_row_in_each_of_four_places() -> None:
    # A saturated table: Firth's estimate is the log odds ratio with 1/2 added to each count.
    odds = (9.5 / 4.5) / (3.5 / 20.5)
    found = recalibrate(tally([(0.2, 3, 20), (0.6, 9, 4)]))
    between = logit(np.array([0.6])) - logit(np.array([0.2]))
    assert found.slope == pytest.approx(math.log(odds) / between[0], rel=1e-8)


def test_plain_with_two_scores_is_the_log_odds_ratio() -> None:
    found = recalibrate(tally([(0.2, 60, 240), (0.6, 90, 70)]))
    between = logit(np.array([0.6])) - logit(np.array([0.2]))
    assert found.slope == pytest.approx(math.log((90 / 70) / (60 / 240)) / between[0], rel=1e-8)


def test_an_intercept_with_one_score_is_a_difference_of_log_odds() -> None:
    value, low, high = limits(tally([(0.1, 24, 96)]), slope=False)
    assert value == pytest.approx(math.log((24 / 96) / (0.1 / 0.9)))
    for limit in (low, high):  # where the likelihood ratio of a proportion stops rejecting
        risk = special.expit(limit + math.log(0.1 / 0.9))
        fall = 24 * math.log(0.2 / risk) + 96 * math.log(0.8 / (1 - risk))
        assert 2 * fall == pytest.approx(3.841459, rel=1e-6)


def test_a_recalibrated_score_expects_what_was_observed() -> None:
    counted = tally(MANY)
    for slope in (True, False):
        risk = recalibrate(counted, slope=slope).risk(counted.score)
        expected = risk @ (counted.positives + counted.negatives)
        assert expected == pytest.approx(counted.events)


def test_without_a_slope_the_slope_stays_1() -> None:
    assert recalibrate(tally(MANY), slope=False).slope == 1.0


def test_scores_that_are_right_get_slope_1_and_intercept_0() -> None:
    right: Cells = [(0.1, 100, 900), (0.3, 300, 700), (0.5, 500, 500), (0.8, 800, 200)]
    found = recalibrate(tally(right))
    assert (found.intercept, found.slope) == pytest.approx((0.0, 1.0), abs=1e-9)
    assert limits(tally(right), slope=False)[0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    "cells",
    [
        [(0.2, 0, 300), (0.6, 200, 0)],
        [(0.1, 0, 9), (0.4, 0, 5), (0.5, 6, 0), (0.9, 8, 0)],
        [(0.1, 0, 100), (0.4, 70, 80), (0.9, 90, 0)],  # parted but for one shared score
    ],
)
def test_full_separation_gives_a_finite_slope(cells: Cells) -> None:
    value, low, high = limits(tally(cells))
    assert 0 < low < value < high < math.inf
    turned = [(1 - score, ones, zeros) for score, ones, zeros in cells]
    assert limits(tally(turned)) == pytest.approx((-value, -high, -low), rel=1e-6)


def test_scores_of_0_and_1_are_read_a_millionth_away() -> None:
    assert logit(np.array([0.0, 1.0])) == pytest.approx([-13.815510, 13.815510], rel=1e-6)
    found = limits(tally([(0.0, 10, 90), (0.3, 30, 60), (1.0, 70, 30)]))
    assert all(math.isfinite(v) for v in found)


@pytest.mark.parametrize("slope", [True, False])
@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([], "no row has both a score and a known outcome"),
        ([(0.2, 0, 30), (0.6, 0, 4)], "no one in this group had the outcome"),
        ([(0.2, 3, 0), (0.6, 40, 0)], "everyone in this group had the outcome"),
    ],
)
def test_what_cannot_be_fitted_says_why(cells: Cells, why: str, slope: bool) -> None:
    with pytest.raises(NotComputable, match=why):
        recalibrate(tally(cells), slope=slope)


def test_one_score_has_an_intercept_and_no_slope() -> None:
    alike = tally([(0.3, 40, 60), (0.300001, 50, 50)])
    with pytest.raises(NotComputable, match="all scores are alike"):
        recalibrate(alike)
    assert recalibrate(alike, slope=False).intercept > 0


def test_the_line_through_0_with_slope_1_leaves_scores_as_they_are() -> None:
    scores = np.array([0.0, 1e-4, 0.3, 0.999, 1.0])
    assert Recalibration(0.0, 1.0).risk(scores) == pytest.approx(scores, abs=1.01e-6)
