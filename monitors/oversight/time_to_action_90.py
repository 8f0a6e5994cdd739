"""Time to action, the slow tenth: how long it takes until nine in ten of the flags acted on have been."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.delays import of_delays
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="minutes",
    widest_ratio=3.0,
    worse="higher",
    target="reference",
    needs=("decision", "action", "action_time"),
    zero="acted on at once",
    source="Conover 1999, Practical Nonparametric Statistics, 3.2 (limits of a quantile)",
)
def time_to_action_90(tally: Tally, level: float = LEVEL) -> Estimate:
    """90th percentile, over flags acted on, of the time from flag to action.

    Asks: how long do those wait who wait longest?
    Trap: flags never acted on are left out, so it can look better while more are ignored: read it with
        the action rate. An action before the flag is left out too. The newest flags may still be acted on.
    Enough: 30 flags acted on; about 100 for limits of its own.
    Interval: order statistics at Wilson's limits of the nine tenths; of a gap, both arms' together.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        Minutes, to within a tenth; `n` flags acted on at a known time; absent when there are none.

    >>> from monitors.cube import Cube
    >>> rows = [("", -1, 1, -1, 1, 100, 0)]
    >>> acted = [("", "delay", 10, 0, 30), ("", "delay", 20, 0, 40), ("", "delay", 30, 0, 30)]
    >>> round(time_to_action_90(Cube.of("", rows, asides=acted).tally()).value, 1)
    16.9
    """
    return of_delays(tally.delays, 0.9, level)
