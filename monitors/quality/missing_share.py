"""Missing share: how much of a column is not there."""

from __future__ import annotations

from monitors.histogram import Histogram
from monitors.interval import LEVEL
from monitors.metric import EVERY, Estimate, metric
from monitors.quality._share import share


@metric(
    reads="column",
    unit="share of rows",
    worse="either",  # an input that begins to arrive is news as well
    target="reference",
    kinds=EVERY,
    zero="every row has a value",
    source="Wilson 1927, J Am Stat Assoc 22:209 (the interval)",
)
def missing_share(histogram: Histogram, level: float = LEVEL) -> Estimate:
    """Rows without a value (NULL, NaN, empty or blank text) as a share of all rows.

    Asks: does an input still arrive?
    Trap: a default filled in upstream (0, 999) is not missing to anybody who counts; look at its bin.

    Args:
        histogram: of the column, in the window or in the reference.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when there are no rows.

    >>> from monitors.histogram import CategoryBins
    >>> missing_share(Histogram("urine", CategoryBins(("a", "b")), (6, 2), missing=2)).value
    0.2
    """
    return share(histogram.missing, histogram.rows, "no rows", level)
