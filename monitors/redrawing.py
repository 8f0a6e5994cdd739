"""A group's people drawn again with replacement, many times: each by themselves, or a cell at a time."""

from __future__ import annotations

import numpy as np

from monitors.histogram import Counts

A_BINOMIAL = 16  # people drawn by themselves in the time of one binomial draw
AT_ONCE = 16_384  # people, whose places the processor's cache holds
_MOST = 2**16  # people that two bytes tell apart


def redrawn(counts: Counts, n: int, draws: int, random: np.random.Generator) -> Counts:
    """How often each cell comes up when n people are drawn with replacement from those counted.

    The distribution is that of `random.multinomial(n, counts / counts.sum(), draws)`, which takes a
    binomial draw a cell. Where a cell holds few people, drawing each of them is quicker.

    Args:
        counts: people in each cell, shape (k,), not all of them 0.
        n: how many are drawn each time.
        draws: how many times.
        random: where chance comes from.

    Returns:
        Shape (draws, k); each row sums to n, and an empty cell stays empty.

    >>> drawn = redrawn(np.array([300, 100]), 400, 1_000, np.random.default_rng(1))
    >>> drawn.shape, set(drawn.sum(axis=1).tolist()), drawn.mean(axis=0).round().tolist()
    ((1000, 2), {400}, [300.0, 100.0])
    """
    whole, cells = int(counts.sum()), len(counts)
    if n > A_BINOMIAL * np.count_nonzero(counts) or whole >= _MOST:
        return random.multinomial(n, counts / whole, size=draws)
    drawn = np.empty((draws, cells), dtype=np.int64)
    people = np.repeat(np.arange(cells), counts)
    some = max(1, AT_ONCE // max(n, 1))
    row = np.repeat(np.arange(some) * cells, n)
    for first in range(0, draws, some):
        many = min(some, draws - first)
        who = random.integers(0, whole, size=many * n, dtype=np.uint16)
        cell = people[who]
        cell += row[: many * n]
        drawn[first : first + many] = np.bincount(cell, minlength=many * cells).reshape(many, cells)
    return drawn
