"""Integrated calibration index: how far scores lie from the risk that a smooth curve finds, on average."""

from __future__ import annotations

import numpy as np

from monitors.cube import Tally
from monitors.histogram import Counts, Floats
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance._distance import off_the_curve


@metric(
    reads="tally",
    unit="pure number",
    worse="higher",
    target="reference",
    needs=("score", "outcome"),
    zero="the curve lies on the diagonal: risk is right at every score",
    source="Austin & Steyerberg 2019, Stat Med 38:4051",
)
def integrated_calibration_index(tally: Tally, level: float = LEVEL) -> Estimate:
    """Mean over people of |curve(score) - score|, the curve a logistic spline with three knots.

    Asks: how far from the truth is a score, on average over people?
    Trap: never 0 by chance, and the further from it the fewer people: a small group looks worst.
    Enough: 100 people with the outcome and 100 without, better 200.
    Interval: percentiles of 200 draws of the people, the curve fitted again to each; they lean upwards
        as the value does.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with the percentiles of 200 draws of the people, the curve fitted again to each; they lean
        upwards as the value does. Absent when nobody or everybody had the outcome.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 1, -1, 150, 20_000_000), ("", 0, -1, 1, -1, 350, 80_000_000)]
    >>> counted += [("", 1, -1, 5, -1, 300, 180_000_000), ("", 0, -1, 5, -1, 200, 120_000_000)]
    >>> round(integrated_calibration_index(Cube.of("", counted).tally()).value, 3)
    0.05
    """
    return off_the_curve(tally, level, _mean)


def _mean(distance: Floats, people: Counts) -> Floats:
    return np.asarray((people * distance).sum(-1) / people.sum(-1))
