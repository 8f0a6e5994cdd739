"""Incomplete share: of how many people some input was missing."""

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
    needs=("inputs",),
    zero="of everyone every input was there",
    source="Getzen et al. 2023, J Biomed Inform 139:104269 (missing by group); Wilson 1927 (the interval)",
)
def incomplete_share(tally: Tally, level: float = LEVEL) -> Estimate:
    """Rows with at least one numeric or categorical input missing, as a share of all rows.

    Asks: does the model know as much about this group as about the others?
    Trap: a test not done for good reason is missing as well; one input that is nearly always missing
        hides all others: `missing_share` tells them apart, over everyone.
    Enough: 30 rows.
    Interval: Wilson's; of a gap, Newcombe's.

    It is counted where a plan asks for it.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1; `n` rows, `events` of which lacked an input; absent when there are none.

    >>> from monitors.cube import Cube
    >>> rows = [("", -1, -1, -1, -1, 40, 0)]
    >>> lacking = [("", "incomplete", 1, 0, 10), ("", "incomplete", 0, 0, 30)]
    >>> incomplete_share(Cube.of("", rows, asides=lacking).tally()).value
    0.25
    """
    n = tally.complete + tally.incomplete
    if n == 0:
        return Estimate.absent("no row, or nothing was counted of its inputs")
    return Estimate(tally.incomplete / n, *wilson(tally.incomplete, n, level), n, tally.incomplete)
