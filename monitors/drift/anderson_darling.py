"""Anderson-Darling distance: gaps between cumulative shares, the tails weighed up."""

from __future__ import annotations

import numpy as np

from monitors.drift._shares import shares
from monitors.histogram import Counts, Floats
from monitors.metric import NUMBERS, metric


@metric(
    reads="distance",
    unit="pure number",
    zero="both windows have the same share of rows below every edge",
    kinds=NUMBERS,
    ordered=True,
    source="Scholz & Stephens 1987, J Am Stat Assoc 82:918, equation 7 (midranks)",
)
def anderson_darling(reference: Counts, current: Counts, positions: Floats) -> Floats:
    """Root of A2 (1/N + 1/n) (N + n) / (N + n - 1), A2 the two-sample midrank statistic.

    Asks: has the column's distribution moved, its tails included?
    Trap: not in the column's own unit, so how far is far has to be learnt from `rounds calibrate`.

    Equal to the root of the sum over cells of h d^2 / (H (1 - H) - h / 4): h the pooled share
    of a cell, H the pooled share up to its middle, d the gap of both windows' shares up to
    its middle. Rows in one cell count as ties. A2 grows with the rows; this does not. A2 is
    what scipy.stats.anderson_ksamp standardises.

    Args:
        reference: `Histogram.ordered` of the reference, shape (k,).
        current: of the window, shape (..., k); leading axes are windows or draws.
        positions: taken so that ordered distances are called alike; only the order matters.

    Returns:
        0 or more, shape (...). Under no drift its square is about 1/N + 1/n; a shift of a normal
        column by d standard deviations gives about 0.7 d while d is small.

    Raises:
        ValueError: when either side has no rows.

    >>> at = np.array([0.0, 0.5, 1.5, 2.0])
    >>> round(float(anderson_darling(np.array([0, 50, 50, 0]), np.array([0, 25, 75, 0]), at)), 4)
    0.5164
    """
    p, q, pooled = shares(reference), shares(current), shares(reference + current)
    before, after = np.cumsum(pooled, axis=-1) - pooled, 1 - np.cumsum(pooled, axis=-1)
    gap = np.cumsum(q - p, axis=-1) - (q - p) / 2
    # H (1 - H) - h / 4 without its cancellation; 0 only where a cell holds no row or every row.
    weight = np.maximum(before * after, 0.0) + pooled * (1 - pooled) / 4
    terms = pooled * gap**2 / np.where(weight > 0, weight, 1.0)
    return np.asarray(np.sqrt(terms.sum(axis=-1)))
