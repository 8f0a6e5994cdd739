"""Calibration slope: whether scores are as spread out as the risks they stand for."""

from __future__ import annotations

from monitors.calibration import limits
from monitors.cube import Tally
from monitors.errors import NotComputable
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="log-odds per log-odds",
    widest=0.60,
    worse="either",
    target=1.0,
    needs=("score", "outcome"),
    zero="scores say nothing about risk; 1 is as spread as they should be",
    source="Cox 1958, Biometrika 45:562; Van Calster et al. 2019, BMC Med 17:230",
)
def calibration_slope(tally: Tally, level: float = LEVEL) -> Estimate:
    """The b in logit P(outcome) = a + b logit(score): below 1 the scores are too extreme.

    Asks: are scores as spread out as the risks they stand for?
    Trap: it can be 1 while every score is too high; read it with the intercept.
    Enough: 50 to 80 people with the outcome for an interval .6 wide, about 500 for .2.
    Interval: profile likelihood, penalised (Firth) under 50 events, or 50 rows without, and where a
        score parts all of one kind from all of the other.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        Any number, with its profile likelihood interval; absent when nobody or everybody had the
        outcome, or all scores are alike.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 1, -1, 100, 20_000_000), ("", 0, -1, 1, -1, 400, 80_000_000)]
    >>> counted += [("", 1, -1, 5, -1, 300, 180_000_000), ("", 0, -1, 5, -1, 200, 120_000_000)]
    >>> round(calibration_slope(Cube.of("", counted).tally()).value, 2)
    1.0
    """
    try:
        value, low, high = limits(tally, slope=True, level=level)
    except NotComputable as error:
        return Estimate.absent(str(error), tally.labelled)
    return Estimate(value, low, high, tally.labelled, tally.events)
