"""Label coverage: of how many scored people the outcome is known."""

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
    needs=("score", "outcome"),
    recorded=True,
    zero="nobody's outcome is known",
    source="Wilson 1927, J Am Stat Assoc 22:209 (the interval); Manski 2003 (the trap)",
)
def label_coverage(tally: Tally, level: float = LEVEL) -> Estimate:
    """Scored rows whose outcome is known, as a share of scored rows.

    Asks: of how many scored people is the outcome known?
    Trap: a row without a known outcome is no negative: it is left out of every measure that needs
        outcomes, so a group followed up less is measured on fewer, other people.
    Enough: 30 people with a score.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; `n` rows with a score, `events` of which have an outcome,
        either way; absent when no row has a score.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 3, -1, 2, 0), ("", 0, -1, 3, -1, 6, 0), ("", -1, -1, 3, -1, 2, 0)]
    >>> label_coverage(Cube.of("", counted).tally()).value
    0.8
    """
    scored: int = tally.scored.sum().item()
    if scored == 0:
        return Estimate.absent("no row has a score")
    return Estimate(tally.labelled / scored, *wilson(tally.labelled, scored, level), scored, tally.labelled)
