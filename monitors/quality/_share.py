"""A share with its interval, or the reason there is none."""

from __future__ import annotations

from monitors.interval import LEVEL, wilson
from monitors.metric import Estimate


def share(events: int, n: int, why: str, level: float = LEVEL) -> Estimate:
    """Events of n with Wilson's interval; absent for the reason `why` when n is 0.

    >>> share(5, 10, "no rows").value, share(0, 0, "no rows").why
    (0.5, 'no rows')
    """
    if n <= 0:
        return Estimate.absent(why)
    low, high = wilson(events, n, level)
    return Estimate(events / n, low, high, n, events)
