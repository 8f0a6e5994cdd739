"""True negative rate: of those without the outcome, the share left in peace."""

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
    parts=lambda y, d, s: ((1 - y) * (1 - d), 1 - y),
    zero="everyone without the outcome was flagged",
    source="Altman & Bland 1994, BMJ 308:1552; Wilson 1927 (the interval)",
)
def true_negative_rate(tally: Tally, level: float = LEVEL) -> Estimate:
    """TN / (TN + FP), also called specificity.

    Asks: of those without the outcome, what share is left in peace?
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
    >>> true_negative_rate(Cube.of("", counted).tally()).value
    0.6666666666666666
    """
    return share(tally, tally.tn, tally.tn + tally.fp, "everyone in this group had the outcome", level)
