"""Answers other than yes or no, as a tally holds them: a table, sums of errors, places in a list."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from monitors.cube import HUNDREDTHS, MOST, POWERS, SPLIT, SUMS, Tally
from monitors.histogram import Counts

NO_LABEL = "of no row the right answer is known"
NO_AMOUNT = "of no row it is known what the amount came to"
NO_POWERS = "of some rows no fourth powers were summed: they were counted by an earlier release"
NO_RANK = "of no row it is known where the right answer stood"


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by right answer and answer given, each of shape (k,); below 0 where not among those declared."""

    actual: Counts
    given: Counts
    n: Counts


@dataclass(frozen=True, slots=True)
class Errors:
    """Sums over rows of predicted less actual, in the amount's unit and the square of it."""

    n: int
    error: float
    absolute: float
    squared: float


def confusion(tally: Tally) -> Confusion:
    """The table of answers; without a row where none is known."""
    held = tally.pairs.get("label", np.zeros((0, 3), dtype=np.int64))
    return Confusion(held[:, 0], held[:, 1], held[:, 2])


def errors(tally: Tally) -> Errors | None:
    """The sums of errors; None where no amount is known."""
    held = tally.pairs.get("amount", np.zeros((0, 3), dtype=np.int64))
    held = held[held[:, 1] == 0]
    sums: list[Any] = [held[held[:, 0] == place, 2].sum().item() for place in range(len(SUMS))]
    rows, error, absolute, squared = sums
    if not rows:
        return None
    return Errors(rows, error / HUNDREDTHS, absolute / HUNDREDTHS, squared / HUNDREDTHS**2)


@dataclass(frozen=True, slots=True)
class Powers:
    """Sums over rows of products of errors and actual amounts, in hundredths of the amount's unit."""

    rows: Fraction
    squared: Fraction
    sums: Mapping[tuple[str, ...], Fraction]

    def of(self, *factors: str) -> Fraction:
        """The sum of a product of "y", the actual amount, "y2", its square, and "e2", the squared error.

        Squares were multiplied in two halves, so that no sum outgrows 64 bits.
        """
        halves = [(f"{f} high", f"{f} low") if f.endswith("2") else (f,) for f in factors]
        total = Fraction(0)
        for parts in product(*halves):
            scale = SPLIT ** sum(part.endswith("high") for part in parts)
            total += scale * self.sums[tuple(sorted(parts))]
        return total


def powers(tally: Tally) -> Powers | None:
    """The sums of products; None where they were not counted of every row whose amount is known."""
    held = tally.pairs.get("amount", np.zeros((0, 3), dtype=np.int64))
    rows, squared = (_sums(held, 0, len(SUMS))[place] for place in (0, 3))
    sums = dict(zip(POWERS, _sums(held, 1, len(POWERS)), strict=True))
    return Powers(rows, squared, sums) if rows and sums[()] == rows else None


def _sums(held: Counts, other: int, places: int) -> list[Fraction]:
    mine = held[held[:, 1] == other]
    return [Fraction(mine[mine[:, 0] == place, 2].sum().item()) for place in range(places)]


def summed(rows: Iterable[tuple[float, float]]) -> list[tuple[int, int, int]]:
    """(place, other, n) of rows of (predicted, actual), as an engine counts them.

    >>> summed([(3.5, 2.0)])[:4]
    [(0, 0, 1), (1, 0, 150), (2, 0, 150), (3, 0, 22500)]
    """
    totals = [0] * (len(SUMS) + len(POWERS))
    for predicted, actual in rows:
        error = max(-MOST, min(MOST, math.floor((predicted - actual) * HUNDREDTHS + 0.5)))
        y = max(-MOST, min(MOST, math.floor(actual * HUNDREDTHS + 0.5)))
        parts = {"y": y}
        for name, square in (("e2", error * error), ("y2", y * y)):
            parts[f"{name} high"], parts[f"{name} low"] = divmod(square, SPLIT)
        terms = [1, error, abs(error), error * error]
        terms += [math.prod(parts[factor] for factor in factors) for factors in POWERS]
        totals = [total + term for total, term in zip(totals, terms, strict=True)]
    places = [*((i, 0) for i in range(len(SUMS))), *((i, 1) for i in range(len(POWERS)))]
    return [(*place, total) for place, total in zip(places, totals, strict=True)]


def ranks(tally: Tally) -> Counts:
    """(place, rows), shape (k, 2); place 0 is not on the list."""
    return tally.pairs.get("rank", np.zeros((0, 3), dtype=np.int64))[:, [0, 2]]
