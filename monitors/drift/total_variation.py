"""Total variation: the share of rows that would have to change cell."""

from __future__ import annotations

import numpy as np

from monitors.drift._shares import shares
from monitors.histogram import Counts, Floats
from monitors.metric import EVERY, metric


@metric(
    reads="distance",
    unit="share of rows",
    zero="both windows have the same shares in every cell",
    kinds=EVERY,
    source="Gibbs & Su 2002, Int Stat Rev 70:419",
)
def total_variation(reference: Counts, current: Counts) -> Floats:
    """Half the sum over cells of |q - p|, p and q the shares of reference and current.

    Asks: what share of rows would have to change cell?
    Trap: a move to the next bin counts as much as one to the last: for numbers ask Wasserstein.

    Args:
        reference: `Histogram.cells` of the reference, shape (k,).
        current: of the window, shape (..., k); leading axes are windows or draws.

    Returns:
        0 to 1, shape (...): the share of rows that lie where the other window has none for them.
        Under no drift its mean is about the sum of sqrt(p (1 - p) (1/N + 1/n) / (2 pi)).

    Raises:
        ValueError: when either side has no rows.

    >>> float(total_variation(np.array([50, 50]), np.array([25, 75])))
    0.25
    """
    return np.asarray(np.abs(shares(current) - shares(reference)).sum(axis=-1) / 2)
