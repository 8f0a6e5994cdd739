"""Near duplicate: whether another text of the same window says nearly the same."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache
from random import Random

import numpy as np

from monitors.characters import Texts
from monitors.text._tokens import all_tokens, tokens
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


def _many(texts: Texts) -> Sequence[tuple[int, ...]]:
    found = all_tokens(texts)
    words = found.counts()
    hashed = found.told(_hashed, np.uint32)
    # Of a text with three words or more triples are hashed, which must not run on into the next.
    triples = words - TRIPLE + 1
    mixed = sum(np.roll(hashed, -i) * place for i, place in enumerate(_PLACE))
    within = np.arange(len(hashed)) - np.repeat(found.ends - words, words)
    long = np.repeat(words >= TRIPLE, words)
    hashed = np.where(long, mixed, hashed)[~long | (within < np.repeat(triples, words))]
    hashed = (hashed ^ (hashed >> _SHIFT)) * _MIX
    hashed ^= hashed >> _SHIFT
    some = np.flatnonzero(words)
    held = np.where(words >= TRIPLE, triples, words)[some]
    begins = np.cumsum(held) - held
    keys: list[tuple[int, ...]] = [()] * len(texts)
    if not len(some):
        return keys
    least = np.empty((len(some), BANDS * LINES), dtype=np.uint32)
    for i, odd in enumerate(_ODD[:, 0]):
        least[:, i] = np.minimum.reduceat(hashed * odd, begins)
    banded = (least.reshape(-1, BANDS, LINES) * _JOIN).sum(axis=2, dtype=np.uint64).view(np.int64)
    for row, one in zip(some.tolist(), banded.tolist(), strict=True):
        keys[row] = tuple(one)
    return keys


@text_measure(gives="flag", zero="no other text is nearly the same", beside=True, many=_many, shared=BANDS)
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


@lru_cache(maxsize=16_384)  # of a million texts the words met most, in 4 MB
def _hashed(word: str) -> int:
    return zlib.crc32(word.encode())
