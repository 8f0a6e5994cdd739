"""Wasserstein distance: how far rows moved on average, in reference standard deviations."""

from __future__ import annotations

import numpy as np

from monitors.drift._shares import gaps_so_far
from monitors.histogram import Counts, Floats
from monitors.metric import NUMBERS, metric


@metric(
    reads="distance",
    unit="reference SD",
    zero="no row has to move",
    kinds=NUMBERS,
    ordered=True,
    source="Kantorovich 1942, Dokl Akad Nauk SSSR 37:227; Vallender 1974, Theory Probab Appl 18:784",
)
def wasserstein(reference: Counts, current: Counts, positions: Floats) -> Floats:
    """Sum of |G - F| times the step to the next position, F and G the shares up to each cell.

    Asks: how far did the column move, in its own reference's standard deviations?
    Trap: rows far outside the reference count as far as its edge only: `out_of_range_share` says how
        many there are. Two moves that cancel in the mean are half seen.

    A shift of every row by d standard deviations gives d.

    Args:
        reference: `Histogram.ordered` of the reference, shape (k,).
        current: of the window, shape (..., k); leading axes are windows or draws.
        positions: `Histogram.positions`, shape (k,), ascending, in reference standard deviations.

    Returns:
        Reference standard deviations, 0 or more, shape (...). Under no drift its
        mean is about 1.2 sqrt(1/N + 1/n) for a normal column.

    Raises:
        ValueError: when either side has no rows.

    >>> at = np.array([0.0, 0.5, 1.5, 2.0])
    >>> float(wasserstein(np.array([0, 50, 50, 0]), np.array([0, 25, 75, 0]), at))
    0.25
    """
    moved = np.abs(gaps_so_far(reference, current)[..., :-1])
    return np.asarray((moved * np.diff(positions)).sum(axis=-1))
