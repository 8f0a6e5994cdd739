"""Brier score: the mean squared distance of scores from what happened."""

from __future__ import annotations

import math

from monitors.cube import Tally
from monitors.interval import LEVEL, quantile
from monitors.metric import Estimate, metric


@metric(
    reads="tally",
    unit="pure number",
    worse="higher",
    target="reference",
    needs=("score", "outcome"),
    parts=lambda y, d, s: ((y - s) ** 2, 1.0),
    zero="every score was 0 or 1 and right",
    source="Brier 1950, Mon Weather Rev 78:1; Agresti & Coull 1998, Am Stat 52:119 (the interval's idea)",
)
def brier(tally: Tally, level: float = LEVEL) -> Estimate:
    """Mean of (score - outcome)^2, each row at the mean score of its cell.

    Asks: how far do scores lie from what happened?
    Trap: it falls as the outcome gets rarer, so groups with different rates do not compare by it: scale it.
    Enough: 50 people with the outcome.
    Interval: normal, with z^2 / 2 made-up rows with the outcome and as many without, spread over the
        cells as the real ones are: with no outcome among a few rows it still has a width.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1, with an interval; `n` rows with score and outcome, `events` of
        which had it; absent when no row has both a score and a known outcome.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 1, -1, 100, 20_000_000), ("", 0, -1, 1, -1, 400, 80_000_000)]
    >>> counted += [("", 1, -1, 5, -1, 300, 180_000_000), ("", 0, -1, 5, -1, 200, 120_000_000)]
    >>> round(brier(Cube.of("", counted).tally()).value, 4)
    0.2
    """
    labelled = tally.positives + tally.negatives
    n = tally.labelled
    if n == 0:
        return Estimate.absent("no row has both a score and a known outcome")
    missed, overdone = (1 - tally.score) ** 2, tally.score**2
    value = float(tally.positives @ missed + tally.negatives @ overdone) / n

    added = quantile(level) ** 2 / 2 * labelled / n
    ones, zeros = tally.positives + added, tally.negatives + added
    rows = float(ones.sum() + zeros.sum())
    centre = float(ones @ missed + zeros @ overdone) / rows
    squares = float(ones @ missed**2 + zeros @ overdone**2) / rows
    half = quantile(level) * math.sqrt(max(squares - centre * centre, 0.0) / rows)
    low, high = min(value, max(0.0, centre - half)), max(value, min(1.0, centre + half))
    return Estimate(value, low, high, n, tally.events)
