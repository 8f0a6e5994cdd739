"""Mean absolute error: how far a predicted amount is off, on average."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, mean
from monitors.metric import Estimate, metric
from monitors.performance._answers import NO_AMOUNT, errors


@metric(
    reads="tally",
    unit="units",
    worse="higher",
    target="reference",
    needs=("amount",),
    zero="every amount was right",
    source="scikit-learn 1.7, mean_absolute_error",
)
def mean_absolute_error(tally: Tally, level: float = LEVEL) -> Estimate:
    """Sum |predicted - actual| / rows whose amount is known.

    Asks: how far off is the amount, whichever way?
    Trap: too high and too low count alike: read the mean error beside it. A few far off move it.
    Enough: 30 rows whose amount is known.
    Interval: normal, from the sum of squares.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        In the amount's own unit, to a hundredth; `n` rows whose amount is known; absent when there are none.

    >>> from monitors.cube import Cube
    >>> rows = [("", -1, -1, -1, -1, 40, 0)]
    >>> sums = {0: 40, 1: 2_000, 2: 6_000, 3: 1_600_000}  # by place in `SUMS`, in hundredths
    >>> told = [("", "amount", place, 0, n) for place, n in sums.items()]
    >>> mean_absolute_error(Cube.of("", rows, asides=told).tally()).value
    1.5
    """
    held = errors(tally)
    if held is None:
        return Estimate.absent(NO_AMOUNT)
    low, high = mean(held.absolute, held.squared, held.n, level)
    return Estimate(held.absolute / held.n, max(low, 0.0), high, held.n)
