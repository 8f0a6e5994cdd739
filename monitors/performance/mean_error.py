"""Mean error: by how much predicted amounts are too high, on average, or too low."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, mean
from monitors.metric import Estimate, metric
from monitors.performance._answers import NO_AMOUNT, errors


@metric(
    reads="tally",
    unit="units",
    worse="either",
    target=0.0,
    needs=("amount",),
    zero="too high as much as too low",
    source="Fairlearn 0.14, mean_prediction; Steyerberg 2019, Clinical Prediction Models, 15.2",
)
def mean_error(tally: Tally, level: float = LEVEL) -> Estimate:
    """Sum (predicted - actual) / rows whose amount is known.

    Asks: is the amount too high for some people, or too low?
    Trap: large errors either way may add to nothing: read the mean absolute error beside it.
    Enough: 30 rows whose amount is known.
    Interval: normal, from the sum of squares.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        In the amount's own unit, to a hundredth, above 0 where too high; `n` rows whose amount is
        known; absent when there are none.

    >>> from monitors.cube import Cube
    >>> rows = [("", -1, -1, -1, -1, 40, 0)]
    >>> sums = {0: 40, 1: 2_000, 2: 6_000, 3: 1_600_000}  # by place in `SUMS`, in hundredths
    >>> told = [("", "amount", place, 0, n) for place, n in sums.items()]
    >>> mean_error(Cube.of("", rows, asides=told).tally()).value
    0.5
    """
    held = errors(tally)
    if held is None:
        return Estimate.absent(NO_AMOUNT)
    return Estimate(held.error / held.n, *mean(held.error, held.squared, held.n, level), held.n)
