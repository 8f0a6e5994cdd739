"""Chi-square as an effect size: what the test of homogeneity finds, whatever the rows."""

from __future__ import annotations

import numpy as np

from monitors.drift._shares import shares
from monitors.histogram import Counts, Floats
from monitors.metric import EVERY, metric


@metric(
    reads="distance",
    unit="Cohen's w",
    zero="both windows have the same shares in every cell",
    kinds=EVERY,
    source="Pearson 1900, Philos Mag 50:157; Cohen 1988, Statistical Power Analysis, chapter 7",
)
def chi_square(reference: Counts, current: Counts) -> Floats:
    """Root of chi2 (1/N + 1/n), chi2 the two-sample statistic of homogeneity, N and n the rows.

    Asks: have the shares of the categories changed?
    Trap: a rare category weighs as much as a common one of many times its size.

    Equal to the root of the sum over cells of (q - p)^2 / m, m the pooled share. The plain
    statistic grows with the rows and Cramér's V shrinks as the reference grows; this does
    neither, so one margin serves every window. The statistic is that of
    scipy.stats.chi2_contingency(..., correction=False) on the two rows of counts.

    Args:
        reference: `Histogram.cells` of the reference, shape (k,).
        current: of the window, shape (..., k); leading axes are windows or draws.

    Returns:
        0 or more, shape (...): 0.1 is a small, 0.3 a middling and 0.5 a large change in Cohen's
        words. Under no drift its square is about (filled cells - 1)(1/N + 1/n).

    Raises:
        ValueError: when either side has no rows.

    >>> round(float(chi_square(np.array([50, 50]), np.array([25, 75]))), 4)
    0.5164
    """
    pooled = shares(reference + current)
    squares = (shares(current) - shares(reference)) ** 2
    return np.asarray(np.sqrt((squares / np.where(pooled > 0, pooled, 1.0)).sum(axis=-1)))
