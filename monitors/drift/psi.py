"""Population stability index: the distance people know."""

from __future__ import annotations

import numpy as np

from monitors.drift._shares import rows, shares
from monitors.histogram import Counts, Floats
from monitors.metric import EVERY, metric

HALF_A_ROW = 0.5  # the usual prior for a proportion; a smaller floor lets one empty cell decide


@metric(
    reads="distance",
    unit="nats",
    zero="both windows have the same shares in every cell",
    kinds=EVERY,
    source="Kullback & Leibler 1951, Ann Math Stat 22:79, their J; Siddiqi 2006, Credit Risk Scorecards",
)
def psi(reference: Counts, current: Counts) -> Floats:
    """Sum over cells of (q - p) ln(q / p), p and q the shares of reference and current.

    Asks: have the shares of the cells changed? It is shown because people know it.
    Trap: its size depends on the number of cells and, without any drift, on the number of rows, so a
        fixed cut-off means little: at 100 rows .1 is exceeded by chance in most windows.

    A cell that only one side fills gets half a row on the other, so that its logarithm exists;
    a cell that both leave empty counts for nothing.

    Args:
        reference: `Histogram.cells` of the reference, shape (k,).
        current: of the window, shape (..., k); leading axes are windows or draws.

    Returns:
        Nats, 0 or more, shape (...). Under no drift its mean is about
        (filled cells - 1)(1/N + 1/n), N and n the rows of reference and current.

    Raises:
        ValueError: when either side has no rows.

    >>> round(float(psi(np.array([50, 50]), np.array([25, 75]))), 4)
    0.2747
    """
    for side in (reference, current):
        rows(side)  # half a row here and there would hide that there are none
    filled = (reference + current) > 0
    p = shares(np.where(filled & (reference == 0), HALF_A_ROW, reference))
    q = shares(np.where(filled & (current == 0), HALF_A_ROW, current))
    ratio = np.where(filled, q, 1.0) / np.where(filled, p, 1.0)
    return np.asarray(((q - p) * np.log(ratio)).sum(axis=-1))
