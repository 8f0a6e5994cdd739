"""False positive rate: of those without the outcome, the share that was flagged."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance._share import share


@metric(
    reads="tally",
    unit="share of rows",
    widest=0.30,
    worse="higher",
    target="reference",
    needs=("decision", "outcome"),
    parts=lambda y, d, s: ((1 - y) * d, 1 - y),
    zero="no one without the outcome was flagged",
    source="Altman & Bland 1994, BMJ 308:1552; Wilson 1927 (the interval)",
)
def false_positive_rate(tally: Tally, level: float = LEVEL) -> Estimate:
    """FP / (TN + FP), 1 minus the true negative rate.

    Asks: of those without the outcome, what share is flagged all the same?
    Trap: it depends on how risks are spread in the group, not on the model alone: see miscalibration loss.
    Enough: 30 people without the outcome; for a gap 100 in each.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when everyone had the outcome.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, 1, -1, -1, 30, 0), ("", 1, 0, -1, -1, 10, 0)]
    >>> counted += [("", 0, 1, -1, -1, 20, 0), ("", 0, 0, -1, -1, 40, 0)]
    >>> false_positive_rate(Cube.of("", counted).tally()).value
    0.3333333333333333
    """
    return share(tally, tally.fp, tally.tn + tally.fp, "everyone in this group had the outcome", level)
