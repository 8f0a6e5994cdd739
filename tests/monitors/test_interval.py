"""Intervals against published tables, against another computation, and by their coverage."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from monitors.interval import (
    delong,
    difference,
    mean,
    observed_expected,
    poisson_rate,
    quantile,
    wilson,
)

SEED = 20260105

# Newcombe 1998, Stat Med 17:857, table I, method 3 (score, no continuity correction).
NEWCOMBE_SINGLE = [
    (81, 263, (0.2553, 0.3662)),
    (15, 148, (0.0624, 0.1605)),
    (0, 20, (0.0, 0.1611)),
    (1, 29, (0.0061, 0.1718)),
]
# Newcombe 1998, Stat Med 17:873, table II, method 10 (square-and-add Wilson).
NEWCOMBE_DIFFERENCE = [
    (56, 70, 48, 80, (0.0524, 0.3339)),
    (9, 10, 3, 10, (0.1705, 0.8090)),
    (6, 7, 2, 7, (0.0582, 0.8062)),
    (5, 56, 0, 29, (-0.0381, 0.1926)),
    (0, 10, 0, 20, (-0.1611, 0.2775)),
    (0, 10, 0, 10, (-0.2775, 0.2775)),
    (10, 10, 0, 20, (0.6791, 1.0)),
    (10, 10, 0, 10, (0.6075, 1.0)),
]
# Garwood 1936, Biometrika 28:437: exact 95 % limits of a Poisson count.
GARWOOD = [
    (0, (0.0, 3.689)),
    (1, (0.0253, 5.572)),
    (5, (1.623, 11.668)),
    (10, (4.795, 18.390)),
    (20, (12.217, 30.888)),
    (50, (37.111, 65.919)),
]


@pytest.mark.parametrize(("events", "n", "limits"), NEWCOMBE_SINGLE)
def test_wilson_is_as_newcombe_printed_it(events: int, n: int, limits: tuple[float, float]) -> None:
    assert wilson(events, n) == pytest.approx(limits, abs=5e-5)


@pytest.mark.parametrize(("a", "m", "b", "n", "limits"), NEWCOMBE_DIFFERENCE)
def test_a_difference_is_as_newcombe_printed_it(
    a: int, m: int, b: int, n: int, limits: tuple[float, float]
) -> None:
    found = difference(a / m, *wilson(a, m), b / n, *wilson(b, n))
    assert found == pytest.approx(limits, abs=5.1e-5)


@pytest.mark.parametrize(("events", "limits"), GARWOOD)
def test_a_poisson_rate_is_as_garwood_printed_it(events: int, limits: tuple[float, float]) -> None:
    assert poisson_rate(events, 1.0) == pytest.approx(limits, abs=6e-4)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize(("events", "n"), [(0, 7), (1, 7), (7, 7), (35, 90), (4000, 10_000)])
def test_wilson_is_where_the_score_test_stops_rejecting(events: int, n: int, level: float) -> None:
    for limit in wilson(events, n, level):
        if 0 < limit < 1:
            z = (events / n - limit) / math.sqrt(limit * (1 - limit) / n)
            assert abs(z) == pytest.approx(quantile(level))


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
@pytest.mark.parametrize("events", [0, 1, 3, 19, 200])
def test_a_poisson_limit_leaves_its_tail_beyond(events: int, level: float) -> None:
    low, high = poisson_rate(events, 2.5, level)
    assert stats.poisson.cdf(events, high * 2.5) == pytest.approx((1 - level) / 2)
    if events:
        assert stats.poisson.sf(events - 1, low * 2.5) == pytest.approx((1 - level) / 2)


def test_whole_shares_reach_the_ends_exactly() -> None:
    assert wilson(0, 9)[0] == 0.0
    assert wilson(9, 9)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)


# Few events make any interval of a discrete count cover unevenly; these are the promised floors.
@pytest.mark.parametrize(("n", "floor"), [(20, 0.92), (50, 0.92), (100, 0.93), (500, 0.93)])
def test_wilson_covers_at_every_point_of_the_grid(n: int, floor: float) -> None:
    limits = [wilson(k, n) for k in range(n + 1)]
    low, high = np.array(limits).T
    covered = []
    for p in np.arange(0.02, 0.981, 0.01):
        weight = stats.binom.pmf(np.arange(n + 1), n, p)
        covered.append(float(weight[(low <= p) & (p <= high)].sum()))
    assert min(covered) >= floor
    assert 0.945 <= np.mean(covered) <= 0.965


@pytest.mark.parametrize(("n", "m"), [(30, 400), (100, 100), (60, 2000)])
@pytest.mark.parametrize("p", [0.05, 0.3, 0.8, 0.95])
def test_a_difference_covers_zero_where_nothing_differs(n: int, m: int, p: float) -> None:
    ones, others = np.arange(n + 1), np.arange(m + 1)
    weight = np.outer(stats.binom.pmf(ones, n, p), stats.binom.pmf(others, m, p))
    covered = 0.0
    rest = {b: (b / m, *wilson(b, m)) for b in others[weight.sum(axis=0) > 1e-7].tolist()}
    for a in ones.tolist():
        own = (a / n, *wilson(a, n))
        for b, other in rest.items():
            low, high = difference(*own, *other)
            covered += weight[a, b] * (low <= 0 <= high)
    assert covered >= 0.93


# --- observed / expected ---


def test_observed_expected_is_the_log_interval_of_riley() -> None:
    low, high = observed_expected(100, 80.0, 1000)
    spread = math.sqrt((1 - 0.1) / (1000 * 0.1))
    assert math.log(high / 1.25) == pytest.approx(1.959964 * spread, rel=1e-6)
    assert math.log(1.25 / low) == pytest.approx(1.959964 * spread, rel=1e-6)


def test_few_events_take_the_exact_form() -> None:
    assert observed_expected(19, 10.0, 500) == poisson_rate(19, 10.0)
    assert observed_expected(0, 10.0, 500)[0] == 0.0


def test_when_everyone_has_the_event_the_interval_still_has_a_width() -> None:
    low, high = observed_expected(40, 20.0, 40)
    assert low < 2.0 < high


@pytest.mark.parametrize(("n", "risk"), [(100, 0.05), (200, 0.1), (500, 0.1), (500, 0.5), (2000, 0.02)])
def test_observed_expected_covers_where_scores_are_right(n: int, risk: float) -> None:
    counts = np.arange(n + 1)
    weight = stats.binom.pmf(counts, n, risk)
    limits = np.array([observed_expected(int(k), n * risk, n) for k in counts])
    covered = weight[(limits[:, 0] <= 1) & (limits[:, 1] >= 1)].sum()
    assert covered >= 0.93


# --- AUROC ---


def pairwise_delong(ones: np.ndarray, zeros: np.ndarray) -> tuple[float, float]:
    """Area and variance from every pair, as in DeLong's own paper: slow, and nothing in common."""
    wins = (ones[:, None] > zeros[None, :]) + 0.5 * (ones[:, None] == zeros[None, :])
    by_one, by_zero = wins.mean(axis=1), wins.mean(axis=0)
    variance = by_one.var(ddof=1) / len(ones) + by_zero.var(ddof=1) / len(zeros)
    return float(wins.mean()), float(variance)


@pytest.mark.parametrize("seed", range(6))
def test_delong_on_cells_is_delong_on_pairs(seed: int) -> None:
    random = np.random.default_rng(seed)
    ones = random.integers(2, 12, random.integers(5, 60))
    zeros = random.integers(0, 10, random.integers(5, 60))
    positives, negatives = np.bincount(ones, minlength=14), np.bincount(zeros, minlength=14)
    area, variance = pairwise_delong(ones, zeros)
    half = 1.959964 * math.sqrt(variance) / (area * (1 - area))
    logit = math.log(area / (1 - area))
    expected = area, 1 / (1 + math.exp(half - logit)), 1 / (1 + math.exp(-half - logit))
    assert delong(positives, negatives) == pytest.approx(expected, rel=1e-6)


def test_five_rows_by_hand() -> None:
    # ones at 2 and 3, zeros at 1, 2 and 1: five wins and a tie in six pairs.
    area, low, high = delong(np.array([0, 1, 1]), np.array([2, 1, 0]))
    assert area == pytest.approx(5.5 / 6)
    assert 0 < low < area < high < 1


def test_a_perfect_ranking_of_few_rows_leaves_room_for_chance() -> None:
    area, low, high = delong(np.array([0, 10]), np.array([30, 0]))
    assert (area, high) == (1.0, 1.0)
    assert 0.6 < low < 0.9
    assert delong(np.array([0, 1000]), np.array([1000, 0]))[1] > 0.99
    assert delong(np.array([10, 0]), np.array([0, 30]))[:2] == (0.0, 0.0)


def test_one_row_on_a_side_says_nothing() -> None:
    assert delong(np.array([0, 1]), np.array([30, 0])) == (1.0, 0.0, 1.0)


@pytest.mark.parametrize(("ones", "zeros", "shift"), [(25, 100, 1.0), (60, 60, 0.5), (30, 300, 2.0)])
def test_delong_covers_the_true_area(ones: int, zeros: int, shift: float) -> None:
    random = np.random.default_rng(SEED)
    true = stats.norm.cdf(shift / math.sqrt(2))
    edges = np.linspace(-4, 6, 401)
    covered = 0
    for _ in range(1500):
        positives = np.histogram(random.normal(shift, 1, ones), edges)[0]
        negatives = np.histogram(random.normal(0, 1, zeros), edges)[0]
        _, low, high = delong(positives, negatives)
        covered += low <= true <= high
    assert covered / 1500 >= 0.92


# --- the rest ---


def test_a_mean_is_the_normal_interval() -> None:
    values = np.array([1.0, 4.0, 2.0, 2.0, 6.0])
    low, high = mean(values.sum(), (values**2).sum(), 5)
    spread = values.std(ddof=1) / math.sqrt(5)
    assert (low, high) == pytest.approx((3 - 1.959964 * spread, 3 + 1.959964 * spread), rel=1e-6)


def test_every_interval_widens_with_its_level() -> None:
    levels = (0.5, 0.8, 0.95, 0.999)
    for limits in (
        [wilson(7, 40, level) for level in levels],
        [poisson_rate(7, 2.0, level) for level in levels],
        [observed_expected(30, 25.0, 200, level) for level in levels],
        [delong(np.array([2, 9]), np.array([8, 3]), level)[1:] for level in levels],
        [mean(10.0, 40.0, 9, level) for level in levels],
    ):
        assert all(a[0] > b[0] and a[1] < b[1] for a, b in pairwise(limits))


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_o_over_e_is_exact_below_twenty_events_and_on_the_log_scale_from_there(level: float) -> None:
    z = stats.norm.ppf(0.5 + level / 2)
    spread = math.sqrt((1 - 0.1) / 20)
    on_the_log_scale = (math.exp(-z * spread), math.exp(z * spread))
    assert observed_expected(20, 20.0, 200, level) == pytest.approx(on_the_log_scale)
    assert observed_expected(19, 20.0, 200, level) == poisson_rate(19, 20.0, level)
    assert observed_expected(40, 20.0, 40, level) == poisson_rate(40, 20.0, level)


def test_a_mean_of_equal_values_has_no_width_and_of_two_the_spread_of_two() -> None:
    assert mean(12.0, 36.0, 4) == (3.0, 3.0)
    assert mean(3.0, 9.0, 1) == (3.0, 3.0)
    low, high = mean(4.0, 10.0, 2)  # 1 and 3
    assert (low, high) == pytest.approx((2 - 1.959964, 2 + 1.959964), rel=1e-6)


def test_one_row_leaves_room_and_everyone_reaches_one_exactly() -> None:
    assert wilson(0, 1) == pytest.approx((0.0, 0.7934507), abs=1e-6)
    assert [n for n in range(1, 3000) if wilson(n, n)[1] != 1.0 or wilson(0, n)[0] != 0.0] == []


def test_scores_that_are_all_alike_leave_room_for_chance() -> None:
    area, low, high = delong(np.array([12]), np.array([30]))
    assert area == 0.5
    assert low < 0.5 < high
