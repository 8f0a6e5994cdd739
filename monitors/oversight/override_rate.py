"""Override rate: of those flagged, the share staff did not act on."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.oversight._share import of_flags


@metric(
    reads="tally",
    unit="share of rows",
    widest=0.30,
    worse="either",  # hardly any override may be trust, or a habit of clicking yes
    target="reference",
    needs=("decision", "action"),
    zero="every flag was acted on",
    source="van der Sijs et al. 2006, J Am Med Inform Assoc 13:138; Wilson 1927 (the interval)",
)
def override_rate(tally: Tally, level: float = LEVEL) -> Estimate:
    """Flagged and not acted on / flagged, 1 minus the action rate.

    Asks: how often do people overrule the tool?
    Trap: neither high nor low is good by itself: read it with how often the overriding was right. A flag
        nobody saw counts as overridden.
    Enough: 30 flags.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1; `n` flags with a recorded action, `events` of which were overridden; absent when there
        are none.

    >>> from monitors.cube import Cube
    >>> counted = [("", -1, 1, -1, 1, 30, 0), ("", -1, 1, -1, 0, 10, 0), ("", -1, 0, -1, 0, 60, 0)]
    >>> override_rate(Cube.of("", counted).tally()).value
    0.25
    """
    return of_flags(tally, tally.overridden, level)
