"""Net benefit over default: better off without it? The tool against flagging nobody, or everybody."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance._benefit import (
    SOURCE,
    decided,
    fewest,
    gained,
    gained_over_everybody,
    worth,
    worth_of,
)


@metric(
    reads="tally",
    unit="true positives per person",
    worse="lower",
    target=0.0,
    needs=("decision", "outcome"),
    threshold=True,
    parts=(gained, gained_over_everybody),
    zero="the tool is worth no more than flagging nobody, or everybody, whichever is better",
    source=SOURCE,
)
def net_benefit_over_default(tally: Tally, level: float = LEVEL, *, threshold: float) -> Estimate:
    """Net benefit less that of flagging nobody (0) or everybody, whichever is more.

    Asks: would these people be better off without the tool?
    Trap: 0 means no worse than a rule without any model, not good. By group, judge it
        `against: target`: the question is not who gains more.
    Enough: about 60 people with the outcome.
    Interval: the smaller of the two gains' limits, each from Wilson's limits of its shares.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of each of the two comparisons.
        threshold: the risk from which people are flagged.

    Returns:
        The smaller of two gains, its limits the smaller of theirs; `n` people with decision and outcome,
        `events` the smallest of the four cells that has anyone; absent when there are none.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, 1, -1, -1, 30, 0), ("", 1, 0, -1, -1, 10, 0)]
    >>> counted += [("", 0, 1, -1, -1, 20, 0), ("", 0, 0, -1, -1, 40, 0)]
    >>> net_benefit_over_default(Cube.of("", counted).tally(), threshold=0.2).value
    0.0
    """
    n = decided(tally)
    if n == 0:
        return Estimate.absent("no row has both a decision and a known outcome")
    weight = worth(threshold)
    nobody = worth_of(tally.tp, tally.fp, n, 1.0, weight, level)
    everybody = worth_of(tally.tn, tally.fn, n, weight, 1.0, level)  # well ones spared, cases missed
    value, low, high = (
        min(getattr(nobody, part), getattr(everybody, part)) for part in ("value", "low", "high")
    )
    return Estimate(value, low, high, n, fewest(tally.tp, tally.fp, tally.fn, tally.tn))
