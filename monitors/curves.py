"""Curves: what the figures of a risk score are drawn from, its calibration and its spread by outcome.

Counts in which 1 to 10 people would stand alone are joined with their neighbours first, so that a
figure of everyone may be shown as it is. Of groups, show neither where the group's own counts are withheld.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitors.bootstrap import SEED
from monitors.cube import Tally
from monitors.histogram import Counts, Floats
from monitors.interval import LEVEL, wilson
from monitors.performance._share import unranked
from monitors.performance._smooth import basis, curve
from monitors.told import small

BANDS, WIDTH, DRAWS = 10, 0.05, 200


@dataclass(frozen=True, slots=True)
class Point:
    """A band of scores on a calibration plot.

    Attributes:
        score: mean score of its people.
        observed, low, high: their share with the outcome, with Wilson's interval.
        smooth, smooth_low, smooth_high: the smooth curve at that score, with its band (pointwise).
        n, events: people of known outcome in it, and how many had the outcome.
    """

    score: float
    observed: float
    low: float
    high: float
    smooth: float
    smooth_low: float
    smooth_high: float
    n: int
    events: int


@dataclass(frozen=True, slots=True)
class Bar:
    """People scored in [start, end), by outcome."""

    start: float
    end: float
    positives: int
    negatives: int


def calibration_curve(tally: Tally, level: float = LEVEL) -> tuple[Point, ...]:
    """Observed against expected in at most ten bands of as many people each, ascending.

    Austin & Steyerberg 2019, Stat Med 38:4051. At least 100 people with the outcome and 100 without are
    wanted. Nothing where nobody or everybody had the outcome, or too few did to show.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 1, -1, 100, 20_000_000), ("", 0, -1, 1, -1, 400, 80_000_000)]
    >>> counted += [("", 1, -1, 5, -1, 300, 180_000_000), ("", 0, -1, 5, -1, 200, 120_000_000)]
    >>> [(p.score, p.observed, p.n) for p in calibration_curve(Cube.of("", counted).tally())]
    [(0.2, 0.2, 500), (0.6, 0.6, 500)]
    """
    if unranked(tally):
        return ()
    people = tally.positives + tally.negatives
    upto = np.cumsum(people) / people.sum()
    band = np.minimum(((upto - people / people.sum() / 2) * BANDS).astype(int), BANDS - 1)
    smooth, low, high = _smoothed(tally, level)
    points = []
    for cells in _joined(band, tally.positives, tally.negatives):
        n, events = int(people[cells].sum()), int(tally.positives[cells].sum())
        score, middle, least, most = (
            float(np.average(part[cells], weights=people[cells])) for part in (tally.score, smooth, low, high)
        )
        limits = wilson(events, n, level)
        points.append(Point(score, events / n, *limits, middle, least, most, n, events))
    return tuple(points)


def score_distribution(tally: Tally) -> tuple[Bar, ...]:
    """People of known outcome by score, with the outcome and without, in steps of .05 or wider.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 1, -1, 30, 6_000_000), ("", 0, -1, 1, -1, 70, 14_000_000)]
    >>> counted += [("", 1, -1, 5, -1, 4, 2_400_000), ("", 0, -1, 5, -1, 40, 24_000_000)]
    >>> score_distribution(Cube.of("", counted).tally())
    (Bar(start=0.2, end=0.65, positives=34, negatives=110),)
    """
    step = np.floor(tally.score / WIDTH + 1e-9).astype(int)
    bars = []
    for cells in _joined(step, tally.positives, tally.negatives):
        ends = (step[cells].min() * WIDTH, (step[cells].max() + 1) * WIDTH)
        start, end = (round(float(edge), 2) for edge in ends)
        counts = (int(part[cells].sum()) for part in (tally.positives, tally.negatives))
        bars.append(Bar(start, min(end, 1.0), *counts))
    return tuple(bars)


def _smoothed(tally: Tally, level: float) -> tuple[Floats, Floats, Floats]:
    """The smooth curve at each cell, and its pointwise band over the people drawn again."""
    counts, design = np.concatenate([tally.positives, tally.negatives]), basis(tally)
    random = np.random.default_rng(SEED)
    drawn = random.multinomial(int(counts.sum()), counts / counts.sum(), size=DRAWS)

    def fitted(counts: Counts) -> Floats:
        positives = counts[:, : len(tally.score)]
        return curve(design, positives, positives + counts[:, len(tally.score) :])

    value = fitted(counts[None])[0]
    low, high = np.quantile(fitted(drawn), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return value, np.minimum(low, value), np.maximum(high, value)


def _joined(place: Counts, positives: Counts, negatives: Counts) -> list[Counts]:
    """The cells of each place, places joined with the next until no count in one is 1 to 10."""

    def alone(cells: Counts) -> bool:
        return any(small(int(part[cells].sum())) for part in (positives, negatives))

    parts: list[Counts] = []
    held: Counts = np.empty(0, dtype=np.int64)
    for each in np.unique(place):
        held = np.concatenate([held, np.flatnonzero(place == each)])
        if (positives + negatives)[held].sum() and not alone(held):
            parts.append(held)
            held = held[:0]
    while parts and len(held) and alone(held):  # what is left at the end joins the one before
        held = np.concatenate([parts.pop(), held])
    if len(held) and (positives + negatives)[held].sum() and not alone(held):
        parts.append(held)
    return parts
