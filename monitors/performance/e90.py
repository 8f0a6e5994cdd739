"""E90: how far scores lie from the risk that a smooth curve finds, for nine in ten people."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance._distance import off_the_curve, over_people


@metric(
    reads="tally",
    unit="pure number",
    worse="higher",
    target="reference",
    needs=("score", "outcome"),
    zero="at least nine in ten of the people's scores lie on the curve",
    source="Austin & Steyerberg 2019, Stat Med 38:4051; Harrell 2015, Regression Modeling Strategies",
)
def e90(tally: Tally, level: float = LEVEL) -> Estimate:
    """90th percentile over people of |curve(score) - score|, the curve a logistic spline with three knots.

    Asks: how far from the truth are the worst scores, the farthest tenth set aside?
    Trap: never 0 by chance, and the further from it the fewer people: a small group looks worst.
        The curve is least sure where few people are, and that is where the worst scores lie.
    Enough: 100 people with the outcome and 100 without, better 200.
    Interval: percentiles of 200 draws of the people, the curve fitted again to each; they lean upwards
        as the value does.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1; `n` rows with score and outcome, `events` of which had it; absent when nobody or
        everybody had the outcome.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 1, -1, 150, 20_000_000), ("", 0, -1, 1, -1, 350, 80_000_000)]
    >>> counted += [("", 1, -1, 5, -1, 300, 180_000_000), ("", 0, -1, 5, -1, 200, 120_000_000)]
    >>> round(e90(Cube.of("", counted).tally()).value, 3)
    0.1
    """
    return off_the_curve(tally, level, over_people(0.9))
