"""Scored share: how many of the people on record got a score at all."""

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
    needs=("score",),
    recorded=True,
    zero="nobody got a valid score",
    source="Obermeyer et al. 2021, Algorithmic Bias Playbook; Wilson 1927 (the interval)",
)
def scored_share(tally: Tally, level: float = LEVEL) -> Estimate:
    """Rows with a score in [0, 1] as a share of all rows.

    Asks: who on record got a score at all? Not being scored is the first way to be left out.
    Trap: whoever never reached the source is not counted: it takes a list of everyone eligible to see them.
    Enough: 30 people.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when there are no rows.

    >>> from monitors.cube import Cube
    >>> scored_share(Cube.of("", [("", -1, -1, 3, -1, 9, 900_000), ("", -1, -1, -1, -1, 1, 0)]).tally()).value
    0.9
    """
    if tally.n == 0:
        return Estimate.absent("no rows")
    scored: int = tally.scored.sum().item()
    return Estimate(scored / tally.n, *wilson(scored, tally.n, level), tally.n, scored)
