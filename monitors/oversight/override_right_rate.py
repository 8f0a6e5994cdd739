"""Override-right rate: of the flags staff did not act on, the share that were false alarms."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, wilson
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="share of rows",
    widest=0.30,
    worse="lower",
    target="reference",
    needs=("decision", "outcome", "action"),
    zero="everyone whose flag was overridden had the outcome",
    source="Lyell & Coiera 2017, J Am Med Inform Assoc 24:423 (automation bias); Wilson 1927 (the interval)",
)
def override_right_rate(tally: Tally, level: float = LEVEL) -> Estimate:
    """Overridden flags without the outcome / overridden flags with a known outcome.

    Asks: when people overrule the tool, are they right?
    Trap: compare it with 1 minus the positive predictive value: people add something only where it is
        higher. Among flags acted on the outcome may have been prevented, so those are not looked at.
    Enough: 30 overridden flags with a known outcome.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1; `n` overridden flags with a known outcome, `events` of which were without it; absent
        when there are none.

    >>> from monitors.cube import Cube
    >>> counted = [("", 0, 1, -1, 0, 36, 0), ("", 1, 1, -1, 0, 4, 0), ("", 1, 1, -1, 1, 60, 0)]
    >>> override_right_rate(Cube.of("", counted).tally()).value
    0.9
    """
    right = tally.overridden_right
    n = right + tally.overridden_wrong
    if n == 0:
        return Estimate.absent("no overridden flag has a known outcome")
    return Estimate(right / n, *wilson(right, n, level), n, right)
