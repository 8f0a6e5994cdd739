"""Accuracy: the share of answers, out of several, that were the right one."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, wilson
from monitors.metric import Estimate, metric
from monitors.performance._answers import NO_LABEL, confusion


@metric(
    reads="tally",
    unit="share of rows",
    worse="lower",
    target="reference",
    widest=0.3,
    needs=("label",),
    zero="no answer was right",
    source="scikit-learn 1.7, accuracy_score",
)
def accuracy(tally: Tally, level: float = LEVEL) -> Estimate:
    """Right answers / rows whose right answer is known.

    Asks: how often is the answer right?
    Trap: where one answer is much the most common, always giving it looks good: read the
        balanced accuracy beside it.
    Enough: 30 rows whose right answer is known.
    Interval: Wilson.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1; `n` rows whose right answer is known, `events` right; absent when there are none.

    >>> from monitors.cube import Cube
    >>> rows = [("", -1, -1, -1, -1, 100, 0)]
    >>> told = [("", "label", 0, 0, 60), ("", "label", 0, 1, 20), ("", "label", 1, 1, 20)]
    >>> accuracy(Cube.of("", rows, asides=told).tally()).value
    0.8
    """
    table = confusion(tally)
    n = table.n.sum().item()
    if not n:
        return Estimate.absent(NO_LABEL)
    right = table.n[table.actual == table.given].sum().item()
    return Estimate(right / n, *wilson(right, n, level), n, right)
