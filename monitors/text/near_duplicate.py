"""Near duplicate: whether another text of the same window says nearly the same."""

from __future__ import annotations

import zlib
from functools import lru_cache
from random import Random

import numpy as np

from monitors.text._tokens import tokens
from monitors.textual import text_measure

BANDS, LINES = (
    10,
    13,
)  # texts of which nine in ten triples of words agree meet in 95 % of cases, of half: 0.1 %
TRIPLE = 3
_DRAWN = Random("near duplicate")  # noqa: S311  the same numbers every time, not a secret
_ODD = np.array([[_DRAWN.getrandbits(32) | 1] for _ in range(BANDS * LINES)], dtype=np.uint32)
_JOIN = np.array([_DRAWN.getrandbits(64) | 1 for _ in range(LINES)], dtype=np.uint64)
_PLACE = [np.uint32(_DRAWN.getrandbits(32) | 1) for _ in range(TRIPLE)]
_SHIFT, _MIX = np.uint32(15), np.uint32(0x9E3779B1)


@text_measure(gives="flag", zero="no other text is nearly the same", beside=True, shared=BANDS)
def near_duplicate(text: str) -> tuple[int, ...]:
    """Keys of the text, of which two texts share one where nearly all triples of words agree (MinHash).

    The same note for many patients, or yesterday's copied forward. Whether it is a copy of another is
    asked within one window of the grid, of all its rows.

    Args:
        text: what the tool wrote.

    Returns:
        A whole number of 64 bits for each band; nothing where nothing was written.

    Source:
        Broder (1997), On the resemblance and containment of documents.

    >>> near_duplicate("Plan: rest, fluids.") == near_duplicate("plan rest fluids")
    True
    """
    words = tokens(text)
    if not words:
        return ()
    hashed = np.fromiter(map(_hashed, words), np.uint32, len(words))
    if len(words) >= TRIPLE:
        n = len(words) - TRIPLE + 1
        first, second, third = (hashed[i : i + n] * _PLACE[i] for i in range(TRIPLE))
        hashed = first + second + third
    hashed = (hashed ^ (hashed >> _SHIFT)) * _MIX
    hashed ^= hashed >> _SHIFT
    least = (_ODD * hashed).min(axis=1).reshape(BANDS, LINES)
    keys = (least * _JOIN).sum(axis=1, dtype=np.uint64).view(np.int64)
    return tuple(keys.tolist())


@lru_cache(maxsize=65_536)
def _hashed(word: str) -> int:
    return zlib.crc32(word.encode())
