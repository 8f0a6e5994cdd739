"""Score spread: whether scores still differ from one person to the next."""

from __future__ import annotations

import math

import numpy as np

from monitors.cube import Tally
from monitors.interval import LEVEL, quantile
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="risk",
    worse="lower",
    target="reference",
    compare="ratio",
    needs=("score",),
    zero="everybody got the same score",
    source="standard error of a standard deviation: Cramér 1946, Mathematical Methods of Statistics, 27.7",
)
def score_spread(tally: Tally, level: float = LEVEL) -> Estimate:
    """Standard deviation of the scores, from the score cells.

    Asks: does the tool still tell people apart, or has it fallen back to one score for all?
    Trap: scores that stay inside one score cell count as equal; a spread that falls by half may be another
    population. What pages is a spread that is all but gone.
    Interval: normal, with the standard error that the fourth moment gives.

    Args:
        tally: of everyone.
        level: two-sided confidence of the interval.

    Returns:
        0 or more, in risk; absent without a valid score.

    >>> from monitors.cube import Cube
    >>> same = Cube.of("", [("", -1, -1, 3, -1, 500, 75_000_000)]).tally()
    >>> score_spread(same).value
    0.0
    """
    n = int(tally.scored.sum())
    if n == 0:
        return Estimate.absent("no valid score")
    mean = float(np.average(tally.score, weights=tally.scored))
    second, fourth = (float(np.average((tally.score - mean) ** k, weights=tally.scored)) for k in (2, 4))
    if second <= 0:
        return Estimate(0.0, 0.0, 0.0, n)
    spread = math.sqrt(second)
    error = quantile(level) * math.sqrt(max(fourth - second**2, 0.0) / (4 * second * n))
    return Estimate(spread, max(spread - error, 0.0), spread + error, n)
