"""How far a number's mean moved from the reference, with its sign: a histogram's plainest summary."""

from __future__ import annotations

import math

from monitors.histogram import Histogram


def mean_shift(
    was: Histogram, now: Histogram, between: float = 0.0, design: float = 1.0
) -> tuple[float, float]:
    """The mean now less the mean then, in reference SD, and the standard error of the window's own.

    Args:
        was, now: of the reference and the window, on the same bins, each with values.
        between: how far the reference's own windows lie apart beyond sampling, squared.
        design: how many rows say as much as one would, where patients repeat.

    A mean moves with a drift itself and a distance with its square, so where drift is slow the mean
    tells of it first. What lies outside the reference's range counts as lying at its end.

    >>> from monitors.histogram import NumericBins
    >>> bins = NumericBins(edges=(0.0, 1.0, 2.0), centers=(0.5, 1.5), scale=0.5)
    >>> mean_shift(Histogram("x", bins, (50, 50)), Histogram("x", bins, (40, 60)))
    (0.2, 0.1)
    """
    at, before, after = was.positions, was.ordered, now.ordered
    middle = float(before @ at / before.sum())
    variance = float(before @ (at - middle) ** 2 / before.sum())
    moved = round(float(after @ at / after.sum()) - middle, 12)
    return moved, math.sqrt(variance * design / int(after.sum()) + between)
