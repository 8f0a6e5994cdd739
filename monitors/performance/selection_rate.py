"""Selection rate: the share of people the tool acts on."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, wilson
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="share of rows",
    widest=0.30,
    worse="either",
    target="reference",
    needs=("decision",),
    parts=lambda y, d, s: (d, 1.0),
    zero="no one is flagged",
    source="Wilson 1927, J Am Stat Assoc 22:209 (the interval)",
)
def selection_rate(tally: Tally, level: float = LEVEL) -> Estimate:
    """Flagged / (flagged + not flagged), whether or not the outcome is known yet.

    Asks: on how many people does the tool act?
    Trap: groups whose need differs are rightly flagged at different rates; equal rates are no aim.
    Enough: 30 people with a decision.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when no row has a decision.

    >>> from monitors.cube import Cube
    >>> counted = [("", -1, 1, -1, -1, 20, 0), ("", -1, 0, -1, -1, 80, 0)]
    >>> selection_rate(Cube.of("", counted).tally()).value
    0.2
    """
    n = tally.flagged + tally.unflagged
    if n == 0:
        return Estimate.absent("no row has a decision")
    return Estimate(tally.flagged / n, *wilson(tally.flagged, n, level), n, tally.flagged)
