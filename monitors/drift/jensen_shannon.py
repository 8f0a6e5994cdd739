"""Jensen-Shannon distance: how surely one row tells which window it came from."""

from __future__ import annotations

import numpy as np

from monitors import special
from monitors.drift._shares import shares
from monitors.histogram import Counts, Floats
from monitors.metric import EVERY, metric


@metric(
    reads="distance",
    unit="square root of bits",
    zero="both windows have the same shares in every cell",
    kinds=EVERY,
    source="Lin 1991, IEEE Trans Inf Theory 37:145; Endres & Schindelin 2003, ibid. 49:1858",
)
def jensen_shannon(reference: Counts, current: Counts) -> Floats:
    """Root of the Jensen-Shannon divergence in base 2, p and q the shares of reference and current.

    Asks: have the shares of the cells changed, small ones included?
    Trap: the distance, not the divergence, which is its square and looks much smaller.

    It is what scipy.spatial.distance.jensenshannon and Evidently give, Evidently in base e.

    Args:
        reference: `Histogram.cells` of the reference, shape (k,).
        current: of the window, shape (..., k); leading axes are windows or draws.

    Returns:
        0 to 1, shape (...): 0 for equal shares, 1 when no cell is shared. Under no drift its
        square is about (filled cells - 1)(1/N + 1/n) / (8 ln 2).

    Raises:
        ValueError: when either side has no rows.

    >>> round(float(jensen_shannon(np.array([50, 50]), np.array([25, 75]))), 4)
    0.2209
    """
    p, q = shares(reference), shares(current)
    middle = (p + q) / 2
    nats = (special.rel_entr(p, middle) + special.rel_entr(q, middle)).sum(axis=-1) / 2
    return np.asarray(np.sqrt(np.maximum(nats, 0.0) / np.log(2)))
