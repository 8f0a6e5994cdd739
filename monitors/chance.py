"""Chance: what a distance reaches without any drift, at this window's rows and this reference's.

A fixed cut-off is wrong at almost every size: PSI above 0.1 happens in half of all undrifted
windows of 200 rows. So the same distance is taken on windows drawn from the reference itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from monitors.histogram import Counts, Floats

Distance = Callable[[Counts, Counts], Floats]

DRAWS = 4000
# The share of draws that the tail is fitted to; beyond it the fit speaks, not the draws.
_TAIL = 0.06
HALF_A_ROW = 0.5  # what an empty cell of the reference may hold in truth (Jeffreys)


@dataclass(frozen=True)
class Null:
    """The distances that chance alone gave, ascending, shape (draws,).

    Small probabilities come from a generalised Pareto tail fitted to the largest draws
    (Knijnenburg et al. 2009, Bioinformatics 25:i161), so that a level kept over many checks
    does not need a million draws.
    """

    distances: Floats

    def p(self, value: float) -> float:
        """How often chance alone reaches the value; never 0."""
        above = int((self.distances >= value).sum())
        if above >= _TAIL * len(self.distances):
            return (above + 1) / (len(self.distances) + 1)
        start, scale, shape = self._tail()
        if scale <= 0:
            return (above + 1) / (len(self.distances) + 1)
        reach = max(0.0, 1 + shape * (value - start) / scale)
        if shape == 0.0:
            beyond = math.exp(-(value - start) / scale)
        else:
            beyond = float(reach ** (-1 / shape)) if reach > 0 else 0.0
        # A negative shape would end the tail; chance has no end.
        return max(_TAIL * beyond, 1e-12)

    def quantile(self, level: float) -> float:
        """What chance alone exceeds with probability `level`, in (0, 1)."""
        if level >= _TAIL:
            return float(np.quantile(self.distances, 1 - level))
        start, scale, shape = self._tail()
        if scale <= 0:
            return float(self.distances[-1])
        part = level / _TAIL
        if shape == 0.0:
            return start - scale * math.log(part)
        return start + scale / shape * float(part**-shape - 1)

    @property
    def mean(self) -> float:
        """The distance to expect when nothing moved."""
        return float(self.distances.mean())

    def _tail(self) -> tuple[float, float, float]:
        """Start, scale and shape of the tail, by its first two moments."""
        count = max(int(_TAIL * len(self.distances)), 10)
        start = float(self.distances[-count - 1])
        over = self.distances[-count:] - start
        mean, variance = float(over.mean()), float(over.var())
        if variance <= 0 or mean <= 0:
            return start, 0.0, 0.0
        shape = 0.5 * (1 - mean * mean / variance)
        # Distances of counts have tails no heavier than the exponential.
        shape = min(0.0, max(shape, -0.5))
        return start, mean * (1 - shape), shape


def null(
    distance: Distance, reference: Counts, n: int, random: np.random.Generator, draws: int = DRAWS
) -> Null:
    """Distances of windows of n rows drawn from the reference, itself drawn anew each time.

    Args:
        distance: takes (reference, windows) with windows of shape (draws, k).
        reference: counts per cell, shape (k,), at least one row.
        n: rows of the window, at least 1.
        random: where the draws come from.
        draws: how many windows are drawn.

    Both the window and the reference are samples, so each draw resamples the reference's shares
    and then a window from those. A cell the reference left empty may hold half a row in truth.
    """
    return nulls([distance], reference, n, random, draws)[0]


def nulls(
    distances: list[Distance],
    reference: Counts,
    n: int,
    random: np.random.Generator,
    draws: int = DRAWS,
) -> list[Null]:
    """`null` for several distances over the same draws."""
    weights = np.where(reference == 0, HALF_A_ROW, reference).astype(np.float64)
    rows = int(reference.sum())
    truth = random.multinomial(rows, weights / weights.sum(), size=draws)
    held = np.where(truth == 0, HALF_A_ROW, truth).astype(np.float64)
    # Numerical slack: multinomial refuses shares that sum to a hair above 1.
    shares = held / (held.sum(axis=1, keepdims=True) * (1 + 1e-12))
    windows = random.multinomial(n, shares)
    return [Null(np.sort(distance(reference, windows))) for distance in distances]


def by_itself(distance: Distance, reference: Counts, blocks: list[Counts], n: int) -> float:
    """The largest distance between the reference and its own windows, at n rows; 0 without any.

    Days of the week and seasons move counts without any drift. What a window of the reference
    does is carried to another size by the part that sampling explains.
    """
    whole = float(reference.sum())
    found = [0.0]
    for block in blocks:
        rows = float(block.sum())
        if rows < 1 or whole < 1:
            continue
        carried = math.sqrt((1 / max(n, 1) + 1 / whole) / (1 / rows + 1 / whole))
        found.append(float(distance(reference, block)) * min(1.0, carried))
    return max(found)


def benjamini_hochberg(ps: list[float], level: float) -> float:
    """The level each of many checks is held to, so that the level holds for all together.

    Returns the largest i * level / k that the i-th smallest p does not exceed, or level / k.

    >>> benjamini_hochberg([0.001, 0.3, 0.004, 0.9], 0.01)
    0.005
    """
    if not ps:
        return level
    ordered = sorted(ps)
    reached = [i for i, p in enumerate(ordered, start=1) if p <= i * level / len(ps)]
    return max(reached, default=1) * level / len(ps)
