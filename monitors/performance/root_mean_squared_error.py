"""Root mean squared error: how far a predicted amount is off, where a large miss weighs more."""

from __future__ import annotations

import math

from monitors.cube import Tally
from monitors.interval import LEVEL, quantile
from monitors.metric import Estimate, metric
from monitors.performance._answers import NO_AMOUNT, NO_POWERS, errors, powers


@metric(
    reads="tally",
    unit="units",
    worse="higher",
    target="reference",
    needs=("amount",),
    zero="every amount was right",
    source="scikit-learn 1.7, root_mean_squared_error",
)
def root_mean_squared_error(tally: Tally, level: float = LEVEL) -> Estimate:
    """Root of (sum (predicted - actual)² / rows whose amount is known).

    Asks: how far off is the amount, when being far off is worse than being often off?
    Trap: a few rows can make it: read the mean absolute error beside it, which they move less.
    Enough: 100 rows whose amount is known; where errors have long tails its interval holds the truth in
        85 to 90 of 100 windows of 300 rows, so let no verdict rest on it.
    Interval: normal on the log scale, from the sum of fourth powers.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        In the amount's own unit, to a hundredth; `n` rows whose amount is known; absent when there are none.

    >>> from monitors.cube import Cube
    >>> from monitors.performance._answers import summed
    >>> told = [("", "amount", *held) for held in summed([(3.0, 2.0), (5.0, 5.0), (1.0, 3.0), (4.0, 4.0)])]
    >>> found = root_mean_squared_error(Cube.of("", [("", -1, -1, -1, -1, 4, 0)], asides=told).tally())
    >>> round(found.value, 4)
    1.118
    """
    held, sums = errors(tally), powers(tally)
    if held is None:
        return Estimate.absent(NO_AMOUNT)
    if sums is None:
        return Estimate.absent(NO_POWERS, held.n)
    value = math.sqrt(held.squared / held.n)
    if not sums.squared:
        return Estimate(value, value, value, held.n)
    varies = max(float(sums.of("e2", "e2") / sums.squared**2) - 1 / held.n, 0.0)
    half = quantile(level) * math.sqrt(varies * held.n / max(held.n - 1, 1)) / 2
    return Estimate(value, value * math.exp(-half), value * math.exp(half), held.n)
