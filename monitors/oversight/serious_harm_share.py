"""Serious harm share: of outputs, those of which, people say, moderate or severe harm could come."""

from __future__ import annotations

from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.raters.reviews import Reviews


@metric(
    reads="review",
    unit="share of outputs",
    widest=0.30,
    worse="higher",
    target=0.0,
    zero="no output that was read",
    source="Zou & Donner 2008, Stat Methods Med Res 17:617; Wilson 1927 (the intervals)",
)
def serious_harm_share(reviews: Reviews, level: float = LEVEL) -> Estimate:
    """Outputs to which at least half of their readers said yes / outputs, each stratum weighted by its size.

    Asks: could what the tool writes hurt somebody badly?
    Trap: the rarer, the more outputs have to be read: of 100 without any, the share may still be 3 in 100.
    Enough: 30 outputs read.
    Interval: Wilson's; of several strata put together as for a weighted sum; of a gap, Newcombe's.

    Args:
        reviews: what people said of a window's outputs, or of a group's.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1; `n` outputs read, `events` of which were found where all were drawn alike; absent where
        nobody has read any of a stratum, or readers surely do not agree.

    >>> from monitors.raters.counts import ASKED, Cell, Review
    >>> read = Review("", "", "", "harm", 100, (Cell("everyone", -1, 900, 80, (20,) * 4),), ((),) * 4)
    >>> serious_harm_share(Reviews((read,))).value
    0.25
    """
    return reviews.share("serious_harm", level)
