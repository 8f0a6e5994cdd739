"""Unseen share: how much of a category carries values the reference never had."""

from __future__ import annotations

from monitors.histogram import Histogram
from monitors.interval import LEVEL
from monitors.metric import CATEGORIES, Estimate, metric
from monitors.quality._share import share


@metric(
    reads="column",
    unit="share of rows",
    target=0.0,
    kinds=CATEGORIES,
    zero="every value was known in the reference",
    source="Wilson 1927, J Am Stat Assoc 22:209 (the interval)",
)
def unseen_share(histogram: Histogram, level: float = LEVEL) -> Estimate:
    """Rows with a category the reference never had, as a share of rows with any value.

    Asks: has a category turned up that the model never met?
    Trap: a renamed code is new too; nothing about the patients need have changed.

    Args:
        histogram: of the column, in the window or in the reference.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when no row has a value.

    >>> from monitors.histogram import CategoryBins
    >>> unseen_share(Histogram("payer", CategoryBins(("a", "b")), (6, 2), missing=5, unseen=2)).value
    0.2
    """
    return share(histogram.unseen, histogram.present, "no row has a value", level)
