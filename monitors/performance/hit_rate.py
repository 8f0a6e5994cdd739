"""Hit rate: how often the right answer is on the list at all."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, wilson
from monitors.metric import Estimate, metric
from monitors.performance._answers import NO_RANK, ranks


@metric(
    reads="tally",
    unit="share of rows",
    worse="lower",
    target="reference",
    widest=0.3,
    needs=("rank",),
    zero="the right answer is never on the list",
    source="scikit-learn 1.7, top_k_accuracy_score",
)
def hit_rate(tally: Tally, level: float = LEVEL) -> Estimate:
    """Rows whose right answer is on the list / rows whose right answer is known.

    Asks: does the list hold the right answer?
    Trap: it grows with the length of the list, so keep that the same, and read the reciprocal rank beside it.
    Enough: 30 rows whose right answer is known.
    Interval: Wilson.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1; `n` rows whose right answer is known, `events` on the list; absent when there are none.

    >>> from monitors.cube import Cube
    >>> rows = [("", -1, -1, -1, -1, 100, 0)]
    >>> told = [("", "rank", 0, 0, 10), ("", "rank", 1, 0, 60), ("", "rank", 2, 0, 30)]
    >>> hit_rate(Cube.of("", rows, asides=told).tally()).value
    0.9
    """
    held = ranks(tally)
    n = held[:, 1].sum().item()
    if not n:
        return Estimate.absent(NO_RANK)
    hits = held[held[:, 0] > 0, 1].sum().item()
    return Estimate(hits / n, *wilson(hits, n, level), n, hits)
