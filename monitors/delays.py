"""Delays: times from flag to action, counted in steps that grow by a tenth, and their quantiles."""

from __future__ import annotations

import numpy as np

from monitors.histogram import Counts, Floats
from monitors.interval import wilson
from monitors.metric import Estimate

GROWTH = 1.1
# Seconds at which a step begins: 0, then a minute and on by a tenth, to sixty days and beyond.
STARTS: tuple[int, ...] = (0, *(round(60 * GROWTH**k) for k in range(120)))


def of_delays(delays: Counts, share: float, level: float) -> Estimate:
    """The delay, in minutes, within which this share of actions came.

    Straight inside a step, so off by less than a tenth (or, in the first, a minute). The limits are the
    delays at Wilson's limits of the share: the order statistics that may lie there.

    >>> counts = np.zeros(len(STARTS), dtype=np.int64)
    >>> counts[[10, 20, 30]] = 30, 40, 30  # about 2, 6 and 16 minutes
    >>> found = of_delays(counts, 0.5, 0.95)
    >>> round(found.value, 1), found.n
    (6.4, 100)
    """
    n = int(delays.sum())
    if n == 0:
        return Estimate.absent("of no flag is it recorded when it was acted on")
    low, high = wilson(share * n, n, level)
    value, least, most = _at(delays, np.array([share, low, high])).tolist()
    return Estimate(value, least, most, n)


def _at(delays: Counts, shares: Floats) -> Floats:
    held = np.flatnonzero(delays)
    ends = np.array([*STARTS[1:], round(STARTS[-1] * GROWTH)], dtype=np.float64)
    starts, upto = np.array(STARTS, dtype=np.float64), np.cumsum(delays) / delays.sum()
    # Both ends of each step that has anyone; between two steps nobody is, and the line is steep.
    shares_at = np.ravel([[upto[i] - delays[i] / delays.sum(), upto[i]] for i in held])
    seconds = np.ravel([[starts[i], ends[i]] for i in held])
    return np.asarray(np.interp(shares, shares_at, seconds) / 60)
