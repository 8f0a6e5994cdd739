"""Net benefit: cases found for each person, less what the false alarms cost."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance._benefit import SOURCE, decided, gained, worth, worth_of


@metric(
    reads="tally",
    unit="true positives per person",
    worse="lower",
    target="reference",
    needs=("decision", "outcome"),
    threshold=True,
    parts=gained,
    zero="flagging is worth as much as flagging nobody",
    source=SOURCE,
)
def net_benefit(tally: Tally, level: float = LEVEL, *, threshold: float) -> Estimate:
    """TP/n - FP/n * t/(1 - t), t the risk from which people are flagged.

    Asks: what is flagging worth, false alarms paid for?
    Trap: it rises with how common the outcome is, so that a gap between groups is not by itself the
        tool's doing: see `net_benefit_over_default`.
    Enough: about 60 people with the outcome.
    Interval: from Wilson's limits of both shares, brought together as for a difference.

    The threshold says what a case found is worth: at .2, four false alarms.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.
        threshold: t.

    Returns:
        At most the share with the outcome, below 0 where flagging does more harm than good, with an
        interval from Wilson's limits of both shares; `events` are the cases found or the false alarms,
        whichever are fewer but there; absent when no row has both a decision and a known outcome.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, 1, -1, -1, 30, 0), ("", 1, 0, -1, -1, 10, 0)]
    >>> counted += [("", 0, 1, -1, -1, 20, 0), ("", 0, 0, -1, -1, 40, 0)]
    >>> net_benefit(Cube.of("", counted).tally(), threshold=0.2).value
    0.25
    """
    n = decided(tally)
    if n == 0:
        return Estimate.absent("no row has both a decision and a known outcome")
    return worth_of(tally.tp, tally.fp, n, 1.0, worth(threshold), level)
