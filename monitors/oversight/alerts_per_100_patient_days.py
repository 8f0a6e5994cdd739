"""Alerts per 100 patient-days: how many flags the ward has to look at."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, poisson_rate
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="flags per 100 patient-days",
    widest_ratio=3.0,
    worse="higher",
    target="reference",
    needs=("decision", "action", "patient"),
    zero="nobody was flagged",
    source="Drew et al. 2014, PLoS One 9:e110274; Garwood 1936, Biometrika 28:437 (the interval)",
)
def alerts_per_100_patient_days(tally: Tally, level: float = LEVEL) -> Estimate:
    """100 x flags / patient-days, a patient-day being a day on which a patient was scored.

    Asks: how many alerts does this tool add to a ward of 100?
    Trap: flags for one patient come in runs, so that real numbers vary more than the interval says; and
        a model scored once a stay has about as many patient-days as patients.
    Enough: 30 patient-days, 20 flags.
    Interval: exact Poisson (Garwood).

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 or more; `n` patient-days, `events` flags; absent when no patient-day was counted.

    >>> from monitors.cube import Cube
    >>> counted = [("", -1, 1, -1, 1, 30, 0), ("", -1, 0, -1, 0, 870, 0)]
    >>> days = [("", "day", 0, 0, 600)]
    >>> alerts_per_100_patient_days(Cube.of("", counted, asides=days).tally()).value
    5.0
    """
    if not tally.flagged + tally.unflagged:
        return Estimate.absent("no row has a decision")
    if not tally.days:
        return Estimate.absent("no patient-day was counted")
    low, high = poisson_rate(tally.flagged, tally.days / 100, level)
    return Estimate(100 * tally.flagged / tally.days, low, high, tally.days, tally.flagged)
