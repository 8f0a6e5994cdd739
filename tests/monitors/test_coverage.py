"""How often 95 % intervals hold what they should: Wilson's exactly, the others on a small grid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from monitors.interval import delong, difference, log_ratio, observed_expected, wilson

SHARES = np.arange(2, 99, 2) / 100


def exact(n: int) -> np.ndarray:
    """The chance that Wilson's interval holds p, by adding up every possible number of events."""
    low, high = np.array([wilson(events, n) for events in range(n + 1)]).T
    chance = stats.binom.pmf(np.arange(n + 1)[:, None], n, SHARES)
    return (chance * ((low[:, None] <= SHARES) & (high[:, None] >= SHARES))).sum(axis=0)


@pytest.mark.parametrize("n", [20, 50, 100, 500])
def test_wilson_holds_its_level_at_every_share(n: int) -> None:
    held = exact(n)
    assert held.min() >= (0.93 if n >= 100 else 0.92)
    assert 0.945 <= held.mean() <= 0.965


def test_wilson_is_at_its_worst_where_it_is_known_to_be() -> None:
    assert exact(50)[0] == pytest.approx(0.922, abs=0.001)


@pytest.mark.parametrize(
    ("n", "m", "p", "q"), [(20, 100, 0.9, 0.8), (50, 50, 0.2, 0.2), (30, 300, 0.95, 0.9)]
)
def test_the_difference_of_two_shares_holds_its_level_exactly(n: int, m: int, p: float, q: float) -> None:
    one = np.array([(x / n, *wilson(x, n)) for x in range(n + 1)])
    two = np.array([(y / m, *wilson(y, m)) for y in range(m + 1)])
    held = 0.0
    for x, chance in enumerate(stats.binom.pmf(np.arange(n + 1), n, p)):
        for y, other in enumerate(stats.binom.pmf(np.arange(m + 1), m, q)):
            if chance * other > 1e-9:
                low, high = difference(*one[x], *two[y])
                held += chance * other * (low <= p - q <= high)
    assert 0.93 <= held <= 0.98


@pytest.mark.parametrize(
    ("n", "m", "p", "q"), [(50, 300, 0.3, 0.5), (100, 100, 0.8, 0.9), (60, 60, 0.5, 0.5)]
)
def test_the_ratio_of_two_shares_holds_its_level_exactly(n: int, m: int, p: float, q: float) -> None:
    """Fewer than five events on a side happen here in one draw of 100,000."""
    held = 0.0
    for x, chance in enumerate(stats.binom.pmf(np.arange(n + 1), n, p)):
        for y, other in enumerate(stats.binom.pmf(np.arange(m + 1), m, q)):
            if chance * other > 1e-9:
                low, high = log_ratio(x / n, *wilson(x, n), y / m, *wilson(y, m))
                held += chance * other * (low <= p / q <= high)
    assert 0.93 <= held <= 0.975


@pytest.mark.parametrize(("n", "risk"), [(100, 0.1), (500, 0.1), (500, 0.3)])
def test_observed_over_expected_holds_its_level_exactly(n: int, risk: float) -> None:
    """Events of n people who all have the risk their scores say."""
    chance = stats.binom.pmf(np.arange(n + 1), n, risk)
    limits = [observed_expected(events, n * risk, n) for events in range(n + 1)]
    held = sum(c for c, (low, high) in zip(chance, limits, strict=True) if low <= 1 <= high)
    assert held >= 0.92


def test_auroc_holds_its_level_on_two_normal_groups() -> None:
    random = np.random.default_rng(11)
    truth = stats.norm.cdf(1 / np.sqrt(2))
    edges = np.linspace(-4, 5, 201)
    held = 0
    for _ in range(400):
        ones = np.histogram(random.normal(1, 1, 40), edges)[0]
        zeros = np.histogram(random.normal(0, 1, 120), edges)[0]
        _, low, high = delong(ones, zeros)
        held += low <= truth <= high
    assert held / 400 >= 0.92
