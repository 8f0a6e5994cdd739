"""Observed/expected ratio: outcomes that came for each the scores expected."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, observed_expected
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="pure number",
    widest_ratio=1.65,
    worse="either",
    target=1.0,
    needs=("score", "outcome"),
    parts=lambda y, d, s: (y, s),
    zero="none of the expected outcomes came; 1 is as expected",
    source="Riley et al. 2021, Stat Med 40:4230",
)
def observed_expected_ratio(tally: Tally, level: float = LEVEL) -> Estimate:
    """Sum of outcomes / sum of scores, over rows with both.

    Asks: did as many outcomes come as the scores expected?
    Trap: errors that cancel leave it at 1. Below 1 the scores overstate risk, above 1 they understate it.
    Enough: 16 people with the outcome show .6 to 1.6; 60 an interval .5 wide, 350 one of .2.
    Interval: on the log scale, exact Poisson under 20 events.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 or more with an interval on the log scale, exact Poisson under 20 events; `n` rows with
        score and outcome, `events` of which had it; absent when no row has both, or the scores expect none.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 1, -1, 100, 20_000_000), ("", 0, -1, 1, -1, 400, 80_000_000)]
    >>> counted += [("", 1, -1, 5, -1, 300, 180_000_000), ("", 0, -1, 5, -1, 200, 120_000_000)]
    >>> observed_expected_ratio(Cube.of("", counted).tally()).value
    1.0
    """
    if tally.labelled == 0:
        return Estimate.absent("no row has both a score and a known outcome")
    if tally.expected <= 0:
        return Estimate.absent("the scores expect no one to have the outcome", tally.labelled)
    low, high = observed_expected(tally.events, tally.expected, tally.labelled, level)
    return Estimate(tally.events / tally.expected, low, high, tally.labelled, tally.events)
