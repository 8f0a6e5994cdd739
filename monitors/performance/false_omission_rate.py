"""False omission rate: of those not flagged, the share that had the outcome."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance._share import share


@metric(
    reads="tally",
    unit="share of rows",
    widest=0.30,
    worse="higher",
    target="reference",
    needs=("decision", "outcome"),
    parts=lambda y, d, s: (y * (1 - d), 1 - d),
    zero="no one who was not flagged had the outcome",
    source="Altman & Bland 1994, BMJ 309:102; Wilson 1927 (the interval)",
)
def false_omission_rate(tally: Tally, level: float = LEVEL) -> Estimate:
    """FN / (TN + FN), 1 minus the negative predictive value: what silence leaves open.

    Asks: when the tool is silent, how often should it not have been?
    Trap: it moves with how common the outcome is.
    Enough: 30 people not flagged; those among them with the outcome usually limit.
    Interval: Wilson's; of a gap, Newcombe's.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when everyone was flagged.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, 1, -1, -1, 30, 0), ("", 1, 0, -1, -1, 10, 0)]
    >>> counted += [("", 0, 1, -1, -1, 20, 0), ("", 0, 0, -1, -1, 40, 0)]
    >>> false_omission_rate(Cube.of("", counted).tally()).value
    0.2
    """
    return share(tally, tally.fn, tally.tn + tally.fn, "everyone in this group was flagged", level)
