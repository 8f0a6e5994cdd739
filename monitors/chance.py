"""Chance: what a distance reaches without any drift, at this window's rows and this reference's.

A fixed cut-off is wrong at almost every size: PSI above 0.1 happens in half of all undrifted
windows of 200 rows. So the same distance is taken on windows drawn from the reference itself.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from threading import Lock
from typing import Protocol

import numpy as np

from monitors import sway
from monitors.histogram import Counts, Floats
from monitors.sway import Sway
from monitors.version import SOFTWARE

Distance = Callable[[Counts, Counts], Floats]


class Shelf(Protocol):
    """Where draws outlive the process that made them; it may lose any of them at any time."""

    def get(self, key: str) -> Floats | None:
        """The draws kept under a key, exactly as they were put; None where there are none."""

    def put(self, key: str, draws: Floats) -> None:
        """Keep them."""


DRAWS = 4000
# The share of draws that the tail is fitted to; beyond it the fit speaks, not the draws.
_TAIL = 0.06
HALF_A_ROW = 0.5  # what an empty cell of the reference may hold in truth (Jeffreys)
_HEAVIEST = 0.4  # the tail's shape; a rare far value in a small window makes it heavy
_LEAST = 1e-12  # no p is smaller: a fitted tail knows nothing beyond
# From here on windows of nearly the same size share their draws, at most 5 % of n apart.
_EXACT, _STEP = 200, 1.1
_KEPT = 1024  # nulls of 4,000 draws take 32 MB
_HALVINGS = 22  # of the logarithm of p, which leaves it known to a few millionths


@dataclass(frozen=True)
class Null:
    """The distances that chance alone gave, ascending, shape (draws,).

    Small probabilities come from a generalised Pareto tail fitted to the largest draws
    (Knijnenburg et al. 2009, Bioinformatics 25:i161), so that a level kept over many checks
    does not need a million draws. It is fitted to squared distances, whose tail is exponential
    where a distance is nearly normal; heavier is let be, lighter is not: a tail thought too light
    let through 2 to 5 times the level at 1 in 20,000.

    Attributes:
        distances: what sampling alone gave.
        power: 1 where the distance grows with a small change, 2 where with its square.
        sway: what the reference's own windows add; None where it has none.
    """

    distances: Floats
    power: int = 1
    sway: Sway | None = None

    def p(self, value: float) -> float:
        """How often chance alone reaches the value; never 0."""
        if self.sway is None:
            return self._sampled(value)
        low, high = math.log(_LEAST), 0.0
        if self.quantile(_LEAST) <= value:
            return _LEAST
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.quantile(math.exp(middle)) > value else (low, middle)
        return math.exp(high)

    def quantile(self, level: float) -> float:
        """What chance alone exceeds with probability `level`, in (0, 1)."""
        sampled = self._quantile(level)
        if self.sway is None:
            return sampled
        wide = self.sway.widen(sampled ** (2 / self.power), self.squared, level)
        return float(wide ** (self.power / 2))

    def _sampled(self, value: float) -> float:
        above = int((self.distances >= value).sum())
        start, scale, shape = self._tail
        if above >= _TAIL * len(self.distances) or scale <= 0:
            return (above + 1) / (len(self.distances) + 1)
        over = (value ** (2 / self.power) - start) / scale
        beyond = math.exp(-over) if shape == 0.0 else (1 + shape * over) ** (-1 / shape)
        return max(_TAIL * beyond, _LEAST)

    def _quantile(self, level: float) -> float:
        if level >= _TAIL:
            at = (1 - level) * (len(self.distances) - 1)
            low, high = self.distances[math.floor(at)], self.distances[math.ceil(at)]
            return float(low + (high - low) * (at - math.floor(at)))
        start, scale, shape = self._tail
        part = level / _TAIL
        over = -math.log(part) if shape == 0.0 else (part**-shape - 1) / shape
        return float((start + scale * over) ** (self.power / 2))

    @property
    def mean(self) -> float:
        """The distance to expect when nothing moved."""
        return float(self.distances.mean())

    @property
    def between(self) -> float:
        """How far the reference's own windows lie apart beyond sampling, squared.

        Few windows say little about how they sway: as the variance of a Student's t.
        """
        if self.sway is None:
            return 0.0
        return self.sway.beyond(self.squared) * self.sway.freedom / max(self.sway.freedom - 2, 1)

    @cached_property
    def squared(self) -> float:
        """The mean squared distance under sampling, a distance of the second power as it is."""
        return float((self.distances ** (2 / self.power)).mean())

    @cached_property
    def _tail(self) -> tuple[float, float, float]:
        """Start, scale and shape of the tail of the squared distance, by its first two moments."""
        count = max(int(_TAIL * len(self.distances)), 10)
        largest = self.distances[-count - 1 :] ** (2 / self.power)
        start, over = float(largest[0]), largest[1:] - largest[0]
        mean, variance = float(over.mean()), float(over.var())
        if variance <= 0 or mean <= 0:
            return float(largest[-1]), 0.0, 0.0
        shape = min(max(0.5 * (1 - mean * mean / variance), 0.0), _HEAVIEST)
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
    windows = _windows(reference, n, random, draws)
    return [Null(np.sort(distance(reference, windows))) for distance in distances]


def _windows(reference: Counts, n: int, random: np.random.Generator, draws: int) -> Counts:
    weights = np.where(reference == 0, HALF_A_ROW, reference).astype(np.float64)
    rows = int(reference.sum())
    truth = random.multinomial(rows, weights / weights.sum(), size=draws)
    held = np.where(truth == 0, HALF_A_ROW, truth).astype(np.float64)
    # Numerical slack: multinomial refuses shares that sum to a hair above 1.
    shares = held / (held.sum(axis=1, keepdims=True) * (1 + 1e-12))
    return np.asarray(random.multinomial(n, shares))


_held: OrderedDict[Hashable, Null] = OrderedDict()
_lock = Lock()


def kept(
    named: Hashable,
    distance: Distance,
    reference: Counts,
    n: int,
    seed: Sequence[int],
    draws: int = DRAWS,
    shelf: Shelf | None = None,
) -> Null:
    """`null`, drawn once in a process for windows of nearly n rows; once for all where there is a shelf.

    From 200 rows on sizes lie on a grid 10 % apart and distances are carried to n by the root of
    1/n + 1/N (its square where the distance is of the second power), which over less than 5 % of
    n changes a quantile by less than the draws do. So a fleet pays for its draws once, not weekly.

    Args:
        named: what makes the distance this one besides the counts: its name, its positions.
        seed: of the draws; whatever was kept before, the same seed gives the same null.
        shelf: looked at before anything is drawn, and given what was.
    """
    size = n if n <= _EXACT else round(_EXACT * _STEP ** round(math.log(n / _EXACT, _STEP)))
    key = (named, reference.tobytes(), size, tuple(seed), draws)
    with _lock:
        found = _held.get(key)
        if found is not None:
            _held.move_to_end(key)
    if found is None:
        name = _name(named, reference, size, seed, draws)
        distances = shelf.get(name) if shelf else None
        if distances is None:
            distances = null(distance, reference, size, np.random.default_rng([*seed, size]), draws).distances
            if shelf:
                shelf.put(name, distances)
        found = Null(distances, power=_power(distance, reference))
        with _lock:
            _held[key] = found
            while len(_held) > _KEPT:
                _held.popitem(last=False)
    whole = float(reference.sum())
    carried = math.sqrt((1 / n + 1 / whole) / (1 / size + 1 / whole))
    return replace(found, distances=found.distances * carried**found.power)


def _name(named: Hashable, reference: Counts, size: int, seed: Sequence[int], draws: int) -> str:
    """Of everything that decides a draw, the two programs that make it among them."""
    said = repr((named, reference.dtype.str, size, list(seed), draws, SOFTWARE, np.__version__))
    return sha256(said.encode() + b"\0" + reference.tobytes()).hexdigest()


def _power(distance: Distance, reference: Counts) -> int:
    """1 where twice the change gives twice the distance, 2 where it gives four times as much."""
    sway = np.where(np.arange(len(reference)) % 2, 1, -1)
    once, twice = (float(distance(reference, reference * (100 + size * sway))) for size in (5, 10))
    return 2 if twice > 3 * once else 1


def widened(distance: Distance, reference: Counts, blocks: Counts, null: Null, n: int) -> Null:
    """The null with what the reference's own windows differ by (see `monitors.sway`).

    Args:
        reference: counts per cell, shape (k,).
        blocks: of windows inside the reference, shape (b, k); those without rows say nothing.
        null: of the same distance at n rows.
        n: rows of the window.
    """
    rows = blocks.sum(axis=-1)
    blocks, rows = blocks[rows > 0], rows[rows > 0]
    count, whole = len(blocks), float(reference.sum())
    if count < 2 or null.squared <= 0:
        return null
    squares = null.distances ** (2 / null.power)
    # A block is part of the reference, so it lies nearer than a window from outside.
    near = np.maximum(1 / rows - 1 / whole, 0.0) / (1 / n + 1 / whole)
    apart = distance(reference, blocks) ** (2 / null.power)
    seen = Sway(
        ratio=float(apart.mean() / (null.squared * near.mean())),
        freedom=count - 1,
        windows=count,
        spread=float(squares.var() / null.squared**2),
        share=float(near.mean()) * (count + 1) / (count - 1),
    )
    return replace(null, sway=seen)


def moderated(nulls: Sequence[Null]) -> list[Null]:
    """Nulls of one model's checks, each with what the others say of how the reference sways."""
    said = iter(sway.moderated([null.sway for null in nulls if null.sway is not None]))
    return [null if null.sway is None else replace(null, sway=next(said)) for null in nulls]


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
