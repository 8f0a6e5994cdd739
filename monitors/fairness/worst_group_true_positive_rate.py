"""Worst group's true positive rate: of the group missed most, drawn towards all by its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping

from monitors.cube import Cube
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.pooling import pooled


@metric(
    reads="cube",
    unit="share of rows",
    worse="lower",
    target="reference",
    needs=("decision", "outcome"),
    zero="some group had the outcome and nobody in it was flagged",
    source="Morris 1983, J Am Stat Assoc 78:47 (shrinkage); Diana et al. 2021, AIES (minimax group error)",
)
def worst_group_true_positive_rate(cube: Cube, level: float = LEVEL) -> Mapping[str | None, Estimate]:
    """The lowest, over groups, of TP / (TP + FN) drawn towards all groups' on the log-odds scale.

    Asks: how well off are those who are missed most?
    Trap: the lowest of several raw rates is too low by chance alone (the winner's curse), the more so
        the smaller the groups; drawn towards all it is less so. Which group it is may be chance: no
        verdict rests on it.
    Enough: 100 people with the outcome in all groups together, two groups.
    Interval: the lowest of the groups' lower and of their upper limits, held for all groups (Šidák).

    Args:
        cube: by the attribute whose groups are assessed.
        level: two-sided confidence of the limits.

    Returns:
        Under None, of the attribute as a whole; `n` people with the outcome in all groups, `events` of
        whom were flagged; absent when fewer than two groups have anyone with the outcome.

    >>> counted = [(g, 1, d, -1, -1, k, 0) for g, ks in (("a", (30, 170)), ("b", (70, 130)),
    ...     ("c", (3, 2))) for d, k in enumerate(ks)]
    >>> round(worst_group_true_positive_rate(Cube.of("race", counted))[None].value, 2)
    0.58
    """
    tallies = [cube.tally(group) for group in cube.groups]
    events = [t.tp for t in tallies if t.tp + t.fn]
    n = [t.tp + t.fn for t in tallies if t.tp + t.fn]
    if len(n) < 2:
        return {None: Estimate.absent("fewer than two groups have anyone with the outcome", sum(n))}
    rates = pooled(events, n, level ** (1 / len(n)))
    value, low, high = (float(part.min()) for part in (rates.value, rates.low, rates.high))
    note = "exploratory; each group drawn towards all by its uncertainty"
    return {None: Estimate(value, low, high, sum(n), sum(events), note=note)}
