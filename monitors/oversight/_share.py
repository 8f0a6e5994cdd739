"""A share of flags of which it is known what staff did."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import wilson
from monitors.metric import Estimate


def of_flags(tally: Tally, events: int, level: float) -> Estimate:
    """Events as a share of flags acted on or not, with Wilson's interval; absent when there are none."""
    flags = tally.acted + tally.overridden
    if flags:
        return Estimate(events / flags, *wilson(events, flags, level), flags, events)
    if tally.flagged:
        return Estimate.absent("of no flag is it recorded whether it was acted on")
    if tally.unflagged:
        return Estimate.absent("no one in this group was flagged")
    return Estimate.absent("no row has a decision")
