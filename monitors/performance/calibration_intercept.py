"""Calibration intercept: how far scores lie from the risks they stand for, on log-odds."""

from __future__ import annotations

from monitors.calibration import limits
from monitors.cube import Tally
from monitors.errors import NotComputable
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="log-odds",
    worse="either",
    target=0.0,
    needs=("score", "outcome"),
    zero="risk is right on the whole; above 0 the scores understate it",
    source="Cox 1958, Biometrika 45:562; Van Calster et al. 2019, BMC Med 17:230",
)
def calibration_intercept(tally: Tally, level: float = LEVEL) -> Estimate:
    """The a in logit P(outcome) = a + logit(score): calibration in the large.

    Asks: is risk over- or understated on the whole?
    Trap: errors that cancel leave it at 0. The observed/expected ratio says the same in people.
    Enough: about 60 people with the outcome; 16 show only a gross error.
    Interval: profile likelihood.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        Any number, with its profile likelihood interval; absent when nobody or everybody had the outcome.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 1, -1, 100, 20_000_000), ("", 0, -1, 1, -1, 400, 80_000_000)]
    >>> counted += [("", 1, -1, 5, -1, 300, 180_000_000), ("", 0, -1, 5, -1, 200, 120_000_000)]
    >>> abs(calibration_intercept(Cube.of("", counted).tally()).value) < 0.01
    True
    """
    try:
        value, low, high = limits(tally, slope=False, level=level)
    except NotComputable as error:
        return Estimate.absent(str(error), tally.labelled)
    return Estimate(value, low, high, tally.labelled, tally.events)
