"""Rows rebuilt from a histogram, for libraries that take nothing else."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from monitors.histogram import Histogram, NumericBins

if TYPE_CHECKING:
    import pandas as pd

ROWS = 5000  # a side; more change no picture


def scaled(histogram: Histogram) -> Histogram:
    """The same shares on at most 5,000 rows, by largest remainders.

    >>> from monitors.histogram import CategoryBins
    >>> scaled(Histogram("c", CategoryBins(("a", "b")), (9999, 5001))).counts
    (3333, 1667)
    """
    cells = [int(n) for n in histogram.cells]
    total = sum(cells)
    if total <= ROWS:
        return histogram
    whole, rest = zip(*(divmod(n * ROWS, total) for n in cells), strict=True)
    most = sorted(range(len(cells)), key=lambda i: (-rest[i], i))[: ROWS - sum(whole)]
    counts = [n + (i in most) for i, n in enumerate(whole)]
    k = len(histogram.counts)
    below, above, other, unseen, missing = counts[k:]
    return replace(
        histogram,
        counts=tuple(counts[:k]),
        below=below,
        above=above,
        other=other,
        unseen=unseen,
        missing=missing,
    )


def rebuilt(histogram: Histogram, *, missing: str | None) -> pd.Series[Any]:
    """One row for each that was counted; `missing` is what a category's missing rows are called."""
    import pandas as pd

    bins, h = histogram.bins, histogram
    if isinstance(bins, NumericBins):
        edges = bins.edges or (math.nan, math.nan)
        at = np.array([*bins.centers, edges[0], edges[-1], math.nan], dtype=np.float64)
        rows = np.repeat(at, [*h.counts, h.below, h.above, h.other + h.unseen + h.missing])
    else:
        labels = np.array([*bins.categories, "(other)", "(unseen)", missing], dtype=object)
        rows = np.repeat(labels, [*h.counts, h.other, h.unseen, h.missing])
    return pd.Series(rows, name=histogram.column)
