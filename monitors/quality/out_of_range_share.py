"""Out-of-range share: how much of a number lies beyond all the reference ever had."""

from __future__ import annotations

from monitors.histogram import Histogram
from monitors.interval import LEVEL
from monitors.metric import NUMBERS, Estimate, metric
from monitors.quality._share import share


@metric(
    reads="column",
    unit="share of rows",
    target=0.0,
    kinds=NUMBERS,
    zero="every number lies within the reference's range",
    source="Wilson 1927, J Am Stat Assoc 22:209 (the interval)",
)
def out_of_range_share(histogram: Histogram, level: float = LEVEL) -> Estimate:
    """Rows below or above the reference's range as a share of rows with any value.

    Asks: are there numbers such as the reference never had?
    Trap: the wider the reference, the less is out of its range; a unit error inside it shows as drift.

    Infinities are beyond it. A unit error (mg/dl for mmol/l) shows here first.

    Args:
        histogram: of the column, in the window or in the reference.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when no row has a value.

    >>> from monitors.histogram import NumericBins
    >>> bins = NumericBins(edges=(0.0, 1.0, 2.0), centers=(0.5, 1.5), scale=0.6)
    >>> out_of_range_share(Histogram("crea", bins, (5, 3), below=1, above=1)).value
    0.2
    """
    if not histogram.bins.labels:
        return Estimate.absent("the reference holds no values to compare with", histogram.rows)
    return share(histogram.below + histogram.above, histogram.present, "no row has a value", level)
