"""True positive rate: of those who had the outcome, the share that was flagged."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance._share import share


@metric(
    reads="tally",
    unit="share of rows",
    widest=0.30,
    worse="lower",
    target="reference",
    needs=("decision", "outcome"),
    parts=lambda y, d, s: (y * d, y),
    zero="no one who had the outcome was flagged",
    source="Altman & Bland 1994, BMJ 308:1552; Wilson 1927 (the interval)",
)
def true_positive_rate(tally: Tally, level: float = LEVEL) -> Estimate:
    """TP / (TP + FN), also called sensitivity or recall.

    Asks: of those who had the outcome, what share was flagged?
    Trap: it depends on how risks are spread in the group, not on the model alone: see miscalibration loss.
    Enough: 40 people with the outcome for ±10 points at .90, 90 at .60; for a gap of 10 points 300 in each.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when no one had the outcome.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, 1, -1, -1, 30, 0), ("", 1, 0, -1, -1, 10, 0)]
    >>> counted += [("", 0, 1, -1, -1, 20, 0), ("", 0, 0, -1, -1, 40, 0)]
    >>> true_positive_rate(Cube.of("", counted).tally()).value
    0.75
    """
    return share(tally, tally.tp, tally.tp + tally.fn, "no one in this group had the outcome", level)
