"""Unusable share: how much of a number is text that is no number."""

from __future__ import annotations

from monitors.histogram import Histogram
from monitors.interval import LEVEL
from monitors.metric import NUMBERS, Estimate, metric
from monitors.quality._share import share


@metric(
    reads="column",
    unit="share of rows",
    target="reference",
    kinds=NUMBERS,
    zero="every value is a number",
    source="Wilson 1927, J Am Stat Assoc 22:209 (the interval)",
)
def unusable_share(histogram: Histogram, level: float = LEVEL) -> Estimate:
    """Rows whose text is no number (`<5`, `hemolysed`) as a share of rows with any value.

    Asks: does text stand where numbers should?
    Trap: what a model makes of such a value (missing, 0, an error) is decided upstream, and unseen here.

    Args:
        histogram: of the column, in the window or in the reference.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when no row has a value.

    >>> from monitors.histogram import NumericBins
    >>> bins = NumericBins(edges=(0.0, 1.0, 2.0), centers=(0.5, 1.5), scale=0.6)
    >>> unusable_share(Histogram("crea", bins, (5, 3), other=2)).value
    0.2
    """
    return share(histogram.other, histogram.present, "no row has a value", level)
