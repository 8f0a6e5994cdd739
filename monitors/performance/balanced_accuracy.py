"""Balanced accuracy: how often each right answer is given, averaged over the answers."""

from __future__ import annotations

import math

import numpy as np

from monitors.cube import Tally
from monitors.interval import LEVEL, quantile
from monitors.metric import Estimate, metric
from monitors.performance._answers import NO_LABEL, confusion


@metric(
    reads="tally",
    unit="mean share of rows",
    worse="lower",
    target="reference",
    widest=0.3,
    needs=("label",),
    zero="no answer was right",
    source="scikit-learn 1.7, balanced_accuracy_score; Brodersen et al. 2010, ICPR",
)
def balanced_accuracy(tally: Tally, level: float = LEVEL) -> Estimate:
    """Mean over right answers of (given rightly / rows with it).

    Asks: is the answer as often right for the rare ones as for the common ones?
    Trap: one answer with few rows moves it as much as the most common.
    Enough: 30 rows of each right answer.
    Interval: normal, from each answer's own binomial variance with two added to each side.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1, over declared answers that occur; `n` rows whose right answer is known; absent
        when there are none.

    >>> from monitors.cube import Cube
    >>> rows = [("", -1, -1, -1, -1, 100, 0)]
    >>> told = [("", "label", 0, 0, 60), ("", "label", 0, 1, 20), ("", "label", 1, 1, 20)]
    >>> balanced_accuracy(Cube.of("", rows, asides=told).tally()).value
    0.875
    """
    table = confusion(tally)
    n = table.n.sum().item()
    occurring = [place for place in np.unique(table.actual) if place >= 0]
    if not n or not occurring:
        return Estimate.absent(NO_LABEL, n)
    having = np.array([table.n[table.actual == place].sum() for place in occurring], dtype=float)
    right = np.array([table.n[(table.actual == place) & (table.given == place)].sum() for place in occurring])
    value = float((right / having).mean())
    share = (right + 2) / (having + 4)
    half = quantile(level) * math.sqrt(float((share * (1 - share) / (having + 4)).sum())) / len(occurring)
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), n)
