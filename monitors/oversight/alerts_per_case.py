"""Alerts per case: how many flags it takes to find one person with the outcome."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, wilson
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="flags per case",
    widest_ratio=3.0,
    worse="higher",
    target="reference",
    needs=("decision", "outcome"),
    zero="never: one flag for each case is the least there can be",
    source="Romero-Brufau et al. 2015, Crit Care 19:285 (number needed to evaluate); Wilson 1927",
)
def alerts_per_case(tally: Tally, level: float = LEVEL) -> Estimate:
    """(TP + FP) / TP, 1 over the positive predictive value: the number needed to evaluate.

    Asks: how many flags do people look at for each one that was right?
    Trap: it grows as the outcome gets rarer, whatever the model; and cases that acting prevented count
        as false alarms.
    Enough: 30 people flagged, with a known outcome.
    Interval: 1 over Wilson's limits of the positive predictive value.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        1 or more; `n` flags with a known outcome, `events` of which were right; absent when none was.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, 1, -1, -1, 25, 0), ("", 0, 1, -1, -1, 75, 0), ("", 0, 0, -1, -1, 900, 0)]
    >>> alerts_per_case(Cube.of("", counted).tally()).value
    4.0
    """
    flags = tally.tp + tally.fp
    if flags == 0:
        return Estimate.absent("no one flagged has a known outcome")
    if tally.tp == 0:
        return Estimate.absent("no one who was flagged had the outcome", flags)
    low, high = wilson(tally.tp, flags, level)
    return Estimate(flags / tally.tp, 1 / high, 1 / low, flags, tally.tp)
