"""Action rate: of those flagged, the share staff acted on."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.oversight._share import of_flags


@metric(
    reads="tally",
    unit="share of rows",
    widest=0.30,
    worse="lower",
    target="reference",
    needs=("decision", "action"),
    zero="no flag was acted on",
    source="Sittig & Singh 2010, Qual Saf Health Care 19:i68; Wilson 1927 (the interval)",
)
def action_rate(tally: Tally, level: float = LEVEL) -> Estimate:
    """Flagged and acted on / flagged, of flags of which it is recorded.

    Asks: when the tool flags someone, do people act on it, and as often in every group?
    Trap: a gap here is made by staff, beds or hours, not by the model; and what was done may not have
        been written down. Acting well can prevent the outcome that would have proved the flag right.
    Enough: 30 flags; for a gap of 10 points about 300 in each.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1; `n` flags with a recorded action, `events` of which were acted on; absent when there are none.

    >>> from monitors.cube import Cube
    >>> counted = [("", -1, 1, -1, 1, 30, 0), ("", -1, 1, -1, 0, 10, 0), ("", -1, 0, -1, 0, 60, 0)]
    >>> action_rate(Cube.of("", counted).tally()).value
    0.75
    """
    return of_flags(tally, tally.acted, level)
