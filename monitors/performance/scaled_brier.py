"""Scaled Brier score: how much nearer to what happened the scores lie than the mean risk does."""

from __future__ import annotations

import math

from monitors.cube import Tally
from monitors.interval import LEVEL, quantile
from monitors.metric import Estimate, metric
from monitors.performance._share import unranked


@metric(
    reads="tally",
    unit="pure number",
    widest=0.30,
    worse="lower",
    target="reference",
    needs=("score", "outcome"),
    zero="no nearer than giving everyone the mean risk; 1 is right about everyone",
    source="Steyerberg et al. 2010, Epidemiology 21:128",
)
def scaled_brier(tally: Tally, level: float = LEVEL) -> Estimate:
    """1 - Brier / (rate (1 - rate)), rate the share with the outcome; each row at its cell's mean score.

    Asks: how much nearer to what happened do scores lie than the mean risk does?
    Trap: under 50 people with the outcome its interval is too narrow.
    Enough: 50 people with the outcome.
    Interval: normal, from the spread of each person's part in it.

    Unlike the Brier score it does not fall as the outcome gets rarer, so groups compare by it.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        At most 1, below 0 where the mean risk does better; `n` rows with score and outcome, `events` of
        which had it; absent when nobody or everybody had the outcome.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 1, -1, 100, 20_000_000), ("", 0, -1, 1, -1, 400, 80_000_000)]
    >>> counted += [("", 1, -1, 5, -1, 300, 180_000_000), ("", 0, -1, 5, -1, 200, 120_000_000)]
    >>> round(scaled_brier(Cube.of("", counted).tally()).value, 4)
    0.1667
    """
    if why := unranked(tally):
        return Estimate.absent(why, tally.labelled)
    n, rate = tally.labelled, tally.events / tally.labelled
    off = ((1 - tally.score) ** 2, tally.score**2)  # of one with the outcome, of one without
    people, whole = (tally.positives, tally.negatives), rate * (1 - rate)
    brier = float(people[0] @ off[0] + people[1] @ off[1]) / n

    squares = 0.0
    for outcome, count, miss in zip((1, 0), people, off, strict=True):
        part = -(miss - brier) / whole + brier * (1 - 2 * rate) * (outcome - rate) / whole**2
        squares += float(count @ part**2)
    value, half = 1 - brier / whole, quantile(level) * math.sqrt(squares) / n
    return Estimate(value, value - half, max(value, min(1.0, value + half)), n, tally.events)
