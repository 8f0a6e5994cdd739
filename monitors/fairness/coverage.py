"""Coverage: how many of those who ought to be scored were."""

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
    needs=("score", "eligible"),
    recorded=True,
    zero="nobody who ought to be scored was",
    source="Obermeyer et al. 2021, Algorithmic Bias Playbook; Wilson 1927 (the interval)",
)
def coverage(tally: Tally, level: float = LEVEL) -> Estimate:
    """People with a score in [0, 1] as a share of people eligible, whom `eligible` lists.

    Asks: who is not scored at all, though the tool is meant for them?
    Trap: both lists are counted, not matched person by person: someone scored who was not
        eligible hides someone eligible who was not.
    Enough: 30 people eligible.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: whose `n` are people eligible: everyone, a group, or everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when nobody is eligible, or when more were scored
        than were eligible, which the two sources cannot both mean.

    >>> from monitors.cube import Cube
    >>> coverage(Cube.of("", [("", -1, -1, 3, -1, 9, 900_000), ("", -1, -1, -1, -1, 3, 0)]).tally()).value
    0.75
    """
    scored = int(tally.scored.sum())
    if tally.n <= 0 and scored == 0:
        return Estimate.absent("nobody was eligible")
    if scored > tally.n:
        return Estimate.absent(
            "more were scored than were eligible: the two sources do not mean the same people"
        )
    return Estimate(scored / tally.n, *wilson(scored, tally.n, level), tally.n, scored)
