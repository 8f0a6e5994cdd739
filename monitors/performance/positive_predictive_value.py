"""Positive predictive value: of those flagged, the share that had the outcome."""

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
    parts=lambda y, d, s: (y * d, d),
    zero="no one who was flagged had the outcome",
    source="Altman & Bland 1994, BMJ 309:102; Wilson 1927 (the interval)",
)
def positive_predictive_value(tally: Tally, level: float = LEVEL) -> Estimate:
    """TP / (TP + FP), also called precision.

    Asks: when the tool flags someone, how often is it right?
    Trap: it moves with how common the outcome is.
    Enough: 30 people flagged; 245 for ±5 points at .20.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when no one was flagged.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, 1, -1, -1, 30, 0), ("", 1, 0, -1, -1, 10, 0)]
    >>> counted += [("", 0, 1, -1, -1, 20, 0), ("", 0, 0, -1, -1, 40, 0)]
    >>> positive_predictive_value(Cube.of("", counted).tally()).value
    0.6
    """
    return share(tally, tally.tp, tally.tp + tally.fp, "no one in this group was flagged", level)
