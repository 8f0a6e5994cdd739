"""R²: the share of how much amounts differ between people that the predictions account for."""

from __future__ import annotations

import math

from monitors.cube import Tally
from monitors.interval import LEVEL, quantile
from monitors.metric import Estimate, metric
from monitors.performance._answers import NO_AMOUNT, NO_POWERS, errors, powers

ALIKE = "all amounts came to the same, so there is nothing to account for"
_NOTHING = 1e-9  # of the squared amounts: less is rounding


@metric(
    reads="tally",
    unit="share of variance",
    worse="lower",
    target="reference",
    widest=0.3,
    needs=("amount",),
    zero="no better than saying the average of everyone",
    source="scikit-learn 1.7, r2_score; Archer et al. 2021, Stat Med 40:133",
)
def r_squared(tally: Tally, level: float = LEVEL) -> Estimate:
    """1 - sum (predicted - actual)² / sum (actual - mean actual)².

    Asks: how much of the difference between people do the predictions account for?
    Trap: a group whose amounts are alike has a low one with the same errors: read the root mean
        squared error beside it. It may be below 0, worse than saying the average.
    Enough: 100 rows whose amount is known; 300 where amounts have long tails.
    Interval: normal for the log of the ratio of the two sums, from sums of fourth powers.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        At most 1; `n` rows whose amount is known; absent when there are none, or when all came to the same.

    >>> from monitors.cube import Cube
    >>> from monitors.performance._answers import summed
    >>> told = [("", "amount", *held) for held in summed([(3.0, 2.0), (5.0, 5.0), (1.0, 3.0), (4.0, 4.0)])]
    >>> r_squared(Cube.of("", [("", -1, -1, -1, -1, 4, 0)], asides=told).tally()).value
    0.0
    """
    held, sums = errors(tally), powers(tally)
    if held is None:
        return Estimate.absent(NO_AMOUNT)
    if sums is None:
        return Estimate.absent(NO_POWERS, held.n)
    n, missed, squares = sums.rows, sums.squared, sums.of("y", "y")
    mean = sums.of("y") / n
    spread = squares - n * mean**2
    if spread <= _NOTHING * squares:
        return Estimate.absent(ALIKE, held.n)
    ratio = float(missed / spread)
    if not missed:
        return Estimate(1.0, 1.0, 1.0, held.n)
    # About the mean, from sums about 0; (a - b)² of the two terms, each as a share of its sum.
    fourth = sums.of("y2", "y2") - 4 * mean * sums.of("y", "y2") + 6 * mean**2 * squares - 3 * n * mean**4
    both = sums.of("e2", "y2") - 2 * mean * sums.of("e2", "y") + mean**2 * missed
    varies = sums.of("e2", "e2") / missed**2 - 2 * both / (missed * spread) + fourth / spread**2
    half = quantile(level) * math.sqrt(max(float(varies), 0.0))
    return Estimate(1 - ratio, 1 - ratio * math.exp(half), 1 - ratio * math.exp(-half), held.n)
