"""Missed per 1,000: how many who had the outcome go unflagged, in people."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, wilson
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="people per 1,000",
    widest=300.0,
    worse="higher",
    target="reference",
    needs=("decision", "outcome"),
    parts=lambda y, d, s: (1000 * y * (1 - d), 1.0),
    zero="no one who had the outcome was missed",
    source="Wilson 1927, J Am Stat Assoc 22:209 (the interval)",
)
def missed_per_1000(tally: Tally, level: float = LEVEL) -> Estimate:
    """1,000 FN / n, n everyone with a decision and a known outcome.

    Asks: of 1,000 people, how many had the outcome and were not flagged?
    Trap: it grows with how common the outcome is, whatever the model; read it beside the group's own risk.
    Enough: 30 people with a decision and a known outcome; for a verdict an interval of at most 300.
    Interval: Wilson's, times 1,000.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1,000 with Wilson's interval, times 1,000; `n` and `events` are people;
        absent when no row has both a decision and a known outcome.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, 1, -1, -1, 30, 0), ("", 1, 0, -1, -1, 10, 0)]
    >>> counted += [("", 0, 1, -1, -1, 20, 0), ("", 0, 0, -1, -1, 40, 0)]
    >>> missed_per_1000(Cube.of("", counted).tally()).value
    100.0
    """
    n = tally.tp + tally.fp + tally.fn + tally.tn
    if n == 0:
        return Estimate.absent("no row has both a decision and a known outcome")
    low, high = wilson(tally.fn, n, level)
    return Estimate(1000 * tally.fn / n, 1000 * low, 1000 * high, n, tally.fn)
