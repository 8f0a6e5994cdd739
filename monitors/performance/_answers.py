"""Answers other than yes or no, as a tally holds them: a table, sums of errors, places in a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from monitors.cube import HUNDREDTHS, SUMS, Tally
from monitors.histogram import Counts

NO_LABEL = "of no row the right answer is known"
NO_AMOUNT = "of no row it is known what the amount came to"
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
    sums: list[Any] = [held[held[:, 0] == place, 2].sum().item() for place in range(len(SUMS))]
    rows, error, absolute, squared = sums
    if not rows:
        return None
    return Errors(rows, error / HUNDREDTHS, absolute / HUNDREDTHS, squared / HUNDREDTHS**2)


def ranks(tally: Tally) -> Counts:
    """(place, rows), shape (k, 2); place 0 is not on the list."""
    return tally.pairs.get("rank", np.zeros((0, 3), dtype=np.int64))[:, [0, 2]]
