"""Curves: bands are the people in them, and no handful of them is ever shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve as of_scikit_learn

from monitors.cube import Cube, Tally
from monitors.curves import calibration_curve, score_distribution
from monitors.interval import wilson
from monitors.suppression import small


def counted(seed: int, n: int, power: float = 1.0) -> tuple[Tally, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    score = np.round(random.beta(2, 3, n), 6)
    outcome = (random.random(n) < score**power).astype(int)
    rows = [
        ("", int(y), -1, int(s * 1e6), -1, 1, round(s * 1e6)) for y, s in zip(outcome, score, strict=True)
    ]
    return Cube.of("", rows).tally(), outcome, score


def test_a_calibration_curve_is_scikit_learns_by_quantile() -> None:
    tally, outcome, score = counted(1, 5000)
    share, mean = of_scikit_learn(outcome, score, n_bins=10, strategy="quantile")
    points = calibration_curve(tally)
    assert [p.observed for p in points] == pytest.approx(list(share), abs=0.005)
    assert [p.score for p in points] == pytest.approx(list(mean), abs=0.002)
    for point in points:
        assert point.observed == point.events / point.n
        assert (point.low, point.high) == wilson(point.events, point.n)
        assert point.smooth_low <= point.smooth <= point.smooth_high


def test_the_smooth_curve_finds_scores_that_are_too_high() -> None:
    right, wrong = (calibration_curve(counted(2, 20_000, power)[0]) for power in (1.0, 2.0))
    assert all(abs(p.smooth - p.score) < 0.03 for p in right)
    assert all(p.smooth_low <= p.score <= p.smooth_high for p in right[2:8])
    assert all(p.smooth_high < p.score - 0.05 for p in wrong[2:8])


@given(st.integers(0, 10_000), st.integers(0, 400), st.sampled_from([0.3, 1.0, 4.0]))
@settings(max_examples=60, deadline=None)
def test_no_point_and_no_bar_stands_for_one_to_ten_people(seed: int, n: int, power: float) -> None:
    tally, outcome, score = counted(seed, n, power)
    for point in calibration_curve(tally):
        assert point.n
        assert not small(point.events)
        assert not small(point.n - point.events)
    bars = score_distribution(tally)
    for bar in bars:
        assert not small(bar.positives)
        assert not small(bar.negatives)
        inside = (score >= bar.start) & ((score < bar.end) | (bar.end == 1))
        assert (outcome[inside] == 1).sum() == bar.positives
        assert (outcome[inside] == 0).sum() == bar.negatives
    if bars:  # nobody is lost, so that no remainder is left to work out
        assert sum(bar.positives + bar.negatives for bar in bars) == n


def test_nothing_is_drawn_of_nobody_nor_of_a_handful() -> None:
    for rows in ([], [("", 1, -1, 3, -1, 4, 800_000), ("", 0, -1, 5, -1, 90, 40_000_000)]):
        tally = Cube.of("", rows).tally()
        assert calibration_curve(tally) == ()
        assert score_distribution(tally) == ()
