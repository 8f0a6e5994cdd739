"""Mean reciprocal rank: how near the top of the list the right answer stands."""

from __future__ import annotations

import numpy as np

from monitors.cube import Tally
from monitors.interval import LEVEL, mean
from monitors.metric import Estimate, metric
from monitors.performance._answers import NO_RANK, ranks


@metric(
    reads="tally",
    unit="reciprocal rank",
    worse="lower",
    target="reference",
    widest=0.3,
    needs=("rank",),
    zero="the right answer is never on the list",
    source="scikit-learn 1.7, label_ranking_average_precision_score; Voorhees 1999, TREC-8",
)
def mean_reciprocal_rank(tally: Tally, level: float = LEVEL) -> Estimate:
    """Mean of 1 / place of the right answer, 0 where it is not on the list.

    Asks: how far down does one have to read to find the right answer?
    Trap: first or second place is half of it; below the third it hardly moves.
    Enough: 30 rows whose right answer is known.
    Interval: normal, from the sum of squares.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1; `n` rows whose right answer is known; absent when there are none.

    >>> from monitors.cube import Cube
    >>> rows = [("", -1, -1, -1, -1, 100, 0)]
    >>> told = [("", "rank", 0, 0, 10), ("", "rank", 1, 0, 60), ("", "rank", 2, 0, 30)]
    >>> mean_reciprocal_rank(Cube.of("", rows, asides=told).tally()).value
    0.75
    """
    held = ranks(tally)
    n = held[:, 1].sum().item()
    if not n:
        return Estimate.absent(NO_RANK)
    near = np.where(held[:, 0] > 0, 1 / np.maximum(held[:, 0], 1), 0.0)
    low, high = mean(float(near @ held[:, 1]), float(near**2 @ held[:, 1]), n, level)
    return Estimate(float(near @ held[:, 1]) / n, max(low, 0.0), min(high, 1.0), n)
