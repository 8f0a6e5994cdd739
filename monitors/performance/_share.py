"""A share of a confusion table's rows, its denominator guarded first."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import wilson
from monitors.metric import Estimate


def share(tally: Tally, events: int, n: int, why: str, level: float) -> Estimate:
    """Events of n with Wilson's interval; absent, with the reason, when n is 0."""
    if n > 0:
        return Estimate(events / n, *wilson(events, n, level), n, events)
    if tally.tp + tally.fp + tally.fn + tally.tn == 0:
        return Estimate.absent("no row has both a decision and a known outcome")
    return Estimate.absent(why)


def unranked(tally: Tally) -> str | None:
    """Why scores cannot be set against outcomes in this tally; None when they can."""
    if tally.labelled == 0:
        return "no row has both a score and a known outcome"
    if tally.events == 0:
        return "no one in this group had the outcome"
    if tally.events == tally.labelled:
        return "everyone in this group had the outcome"
    return None
