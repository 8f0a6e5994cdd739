"""How many of each cell have the outcome, drawn again and again by risks that change from draw to draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitors.histogram import Counts, Floats

_FEW = 64  # people in a cell: up to here all cells at once are quicker than one draw after the other
_AT_ONCE = 16_384  # draws of a cell, which the processor's cache holds
_SURE = 1 - 1e-4  # a risk; up to it the chance that none of so few has the outcome is a number still


def outcomes(n: Counts, risk: Floats, random: np.random.Generator) -> Floats:
    """Binomial draws of n people each, by risks that no two draws share.

    The distribution is that of `random.binomial(n, risk)`, which begins anew for every risk it meets.
    Where cells hold few people all are drawn together by inversion: the chance of 0, of 1, of 2 … is
    taken off a uniform number until nothing of it is left (Devroye 1986, section X.4.3).

    Args:
        n: people in each cell, shape (k,).
        risk: chance of the outcome in each draw and cell, shape (draws, k).
        random: where chance comes from.

    Returns:
        Those with the outcome, whole numbers from 0 to n, shape (draws, k).

    >>> drawn = outcomes(np.array([10, 40]), np.full((1_000, 2), 0.25), np.random.default_rng(1))
    >>> drawn.shape, drawn.mean(axis=0).round(1).tolist(), drawn.max(axis=0).tolist()
    ((1000, 2), [2.5, 10.1], [7.0, 20.0])
    """
    most = int(n.max(initial=0))
    if most > _FEW or risk.max(initial=0.0) > _SURE:
        return random.binomial(n, risk).astype(float)
    drawn = np.empty(risk.shape)
    ratios = [np.maximum(n - already, 0) / (already + 1) for already in range(most)]
    some = max(1, _AT_ONCE // max(len(n), 1))
    for first in range(0, len(risk), some):
        drawn[first : first + some] = _inverted(risk[first : first + some], n, ratios, random)
    return np.minimum(drawn, n)  # chances rounded down may add up to a little less than 1


def _inverted(risk: Floats, n: Counts, ratios: list[Floats], random: np.random.Generator) -> NDArray[np.int8]:
    left = random.random(risk.shape)
    chance = np.exp(n * np.log1p(-risk))
    odds = risk / (1 - risk)
    drawn = np.zeros(risk.shape, dtype=np.int8)
    for ratio in ratios:
        left -= chance
        more = left >= 0
        if not more.any():
            break
        drawn += more
        chance *= odds
        chance *= ratio
    return drawn
