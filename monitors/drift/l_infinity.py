"""L-infinity: the largest change in the share of any one cell."""

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
    source="Breck et al. 2019, Data Validation for Machine Learning, SysML",
)
def l_infinity(reference: Counts, current: Counts) -> Floats:
    """Largest |q - p| over cells, p and q the shares of reference and current.

    Asks: has any one category grown or shrunk?
    Trap: many small changes that all go one way are not seen; many rare categories add nothing to it.

    Args:
        reference: `Histogram.cells` of the reference, shape (k,).
        current: of the window, shape (..., k); leading axes are windows or draws.

    Returns:
        0 to 1, shape (...). Under no drift its mean is about twice sqrt(p (1 - p) (1/N + 1/n)), p the
        share of the fullest cell.

    Raises:
        ValueError: when either side has no rows.

    >>> float(l_infinity(np.array([50, 50]), np.array([25, 75])))
    0.25
    """
    return np.asarray(np.abs(shares(current) - shares(reference)).max(axis=-1))
