"""AUROC: how often someone with the outcome scores above someone without it."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, delong
from monitors.metric import Estimate, metric
from monitors.performance._share import unranked


@metric(
    reads="tally",
    unit="pure number",
    widest=0.20,
    worse="lower",
    target="reference",
    needs=("score", "outcome"),
    parted=True,
    zero="everyone with the outcome scores below everyone without it; 0.5 is chance",
    source="Hanley & McNeil 1982, Radiology 143:29; DeLong 1988, Biometrics 44:837 (the interval)",
)
def auroc(tally: Tally, level: float = LEVEL) -> Estimate:
    """P(score of one with the outcome > score of one without), ties counting half.

    Asks: does the score rank people with the outcome above people without it?
    Trap: it says nothing about the level of the scores, and a group of people who are more alike gets a
        lower one from the same model.
    Enough: 20 people with the outcome and 20 without to be shown; about 25 of the rarer for an interval
        .20 wide, about 100 for .10.
    Interval: DeLong's, on the logit scale.

    From score cells: rows in one cell count as ties, which costs less than 0.001 with 200 cells.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with DeLong's interval on the logit scale; `n` rows with score and outcome, `events` of
        which had it; absent when nobody or everybody had the outcome.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 1, -1, 100, 20_000_000), ("", 0, -1, 1, -1, 400, 80_000_000)]
    >>> counted += [("", 1, -1, 5, -1, 300, 180_000_000), ("", 0, -1, 5, -1, 200, 120_000_000)]
    >>> auroc(Cube.of("", counted).tally()).value
    0.7083333333333333
    """
    if why := unranked(tally):
        return Estimate.absent(why, tally.labelled)
    area, low, high = delong(tally.positives, tally.negatives, level)
    return Estimate(area, low, high, tally.labelled, tally.events)
