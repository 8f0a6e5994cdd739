"""Late share: how many rows were written down later than they may be."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, wilson
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="share of rows",
    widest=0.30,
    worse="higher",
    target="reference",
    needs=("recorded",),
    zero="every row was recorded in time",
    source="Getzen et al. 2023, J Biomed Inform 139:104269 (by group); Wilson 1927 (the interval)",
)
def late_share(tally: Tally, level: float = LEVEL) -> Estimate:
    """Rows recorded more than `columns.late_after` after their prediction, as a share of all that say when.

    Asks: does what is known of this group reach the record as soon as of the others?
    Trap: what has not arrived yet is in no row, so the newest window looks more punctual than it is;
        a nightly load makes all of a day late by the same clock.
    Enough: 30 rows.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1; `n` rows that say when they were recorded, `events` of which late; absent when there are none.

    >>> from monitors.cube import Cube
    >>> rows = [("", -1, -1, -1, -1, 40, 0)]
    >>> counted = [("", "late", 1, 0, 10), ("", "late", 0, 0, 30)]
    >>> late_share(Cube.of("", rows, asides=counted).tally()).value
    0.25
    """
    n = tally.in_time + tally.late
    if n == 0:
        return Estimate.absent("no row says when it was recorded")
    return Estimate(tally.late / n, *wilson(tally.late, n, level), n, tally.late)
