"""Shares of counts, which every distance starts from."""

from __future__ import annotations

import numpy as np

from monitors.histogram import Counts, Floats


def rows(counts: Counts) -> Counts:
    """Totals along the last axis, which stays, of length 1. Raises ValueError where one is 0.

    >>> rows(np.array([1, 3])).tolist()
    [4]
    """
    totals = counts.sum(axis=-1, keepdims=True)
    if not np.all(totals > 0):
        raise ValueError("a distance needs at least one row on each side")
    return np.asarray(totals)


def shares(counts: Counts) -> Floats:
    """Counts as shares of their total, along the last axis.

    Raises ValueError where a total is 0: nothing can be said of a side without rows, so the
    caller asks first.

    >>> shares(np.array([1, 3])).tolist()
    [0.25, 0.75]
    """
    return np.asarray(counts / rows(counts), dtype=np.float64)


def gaps_so_far(reference: Counts, current: Counts) -> Floats:
    """Current minus reference, in shares accumulated along the last axis.

    >>> gaps_so_far(np.array([2, 2]), np.array([1, 3])).tolist()
    [-0.25, 0.0]
    """
    return np.asarray(np.cumsum(shares(current) - shares(reference), axis=-1))
