"""Hellinger distance: the straight line between the roots of two sets of shares."""

from __future__ import annotations

import numpy as np

from monitors.drift._shares import shares
from monitors.histogram import Counts, Floats
from monitors.metric import EVERY, metric


@metric(
    reads="distance",
    unit="pure number",
    zero="both windows have the same shares in every cell",
    kinds=EVERY,
    source="Hellinger 1909, J reine angew Math 136:210; Gibbs & Su 2002, Int Stat Rev 70:419",
)
def hellinger(reference: Counts, current: Counts) -> Floats:
    """Root of half the sum over cells of (sqrt(q) - sqrt(p))^2, p and q the shares of both.

    Asks: have the shares of the cells changed?
    Trap: more cells make it larger without any drift; small cells weigh more than in total variation.

    Args:
        reference: `Histogram.cells` of the reference, shape (k,).
        current: of the window, shape (..., k); leading axes are windows or draws.

    Returns:
        0 to 1, shape (...): 1 when no cell is shared. Under no drift its square is about
        (filled cells - 1)(1/N + 1/n) / 8.

    Raises:
        ValueError: when either side has no rows.

    >>> round(float(hellinger(np.array([50, 50]), np.array([25, 75]))), 4)
    0.1846
    """
    roots = np.sqrt(shares(current)) - np.sqrt(shares(reference))
    return np.asarray(np.sqrt((roots**2).sum(axis=-1) / 2))
