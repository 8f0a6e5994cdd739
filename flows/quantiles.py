"""Quantiles found by counting alone: a cell that holds too many rows is split until none does.

A column starts as one cell over its whole range. Each round counts an even grid over every cell
that is too full, and notes the least and the greatest value of each of its parts; a part without
rows is forgotten, and one that holds a single value is left alone. So neither an outlier nor a
heavy tail can blur where most rows lie, and every engine finds the same cells: only
comparisons, a subtraction and a product decide where a row falls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np

from flows import expressions as ex
from flows.prepare import Prepared
from monitors.histogram import Counts, Floats

FLAT = 1e-290  # a range so small has no even grid in doubles
_GRID = 4096
_FINE = 5  # cells that a bin is made of, at least
_FEW = 8  # rows that are not worth another round
_TAIL = 0.001  # share on each side that says nothing about where most rows lie
_RUNS = 8  # stretches of too full cells that are counted at once
_ROUNDS = 100  # two or three are usual

Ran = Callable[[Sequence[ibis.Table]], Iterable[Mapping[str, Any]]]


@dataclass(frozen=True)
class Cells:
    """The finite values of a column in ascending cells, none of them empty; arrays of shape (k,).

    `first` and `last` are the least and the greatest value in each cell, `whole` says that all
    values of the column are whole numbers.
    """

    whole: bool
    first: Floats
    last: Floats
    counts: Counts

    @property
    def least(self) -> float:
        """The least value of all."""
        return float(self.first[0])

    @property
    def most(self) -> float:
        """The greatest value of all."""
        return float(self.last[-1])

    @property
    def share(self) -> Floats:
        """Of all rows, how many lie in each cell or below it."""
        return np.asarray(np.cumsum(self.counts) / self.counts.sum())

    @property
    def middles(self) -> Floats:
        """Where the rows of each cell lie; an absurd value counts as a far one, no farther.

        Otherwise one mistyped value would set the scale for all.
        """
        low = float(self.first[np.searchsorted(self.share, _TAIL, side="right")])
        high = float(self.last[np.searchsorted(self.share, 1 - _TAIL, side="left")])
        middles = self.first / 2 + self.last / 2
        reach = high - low
        return np.clip(middles, low - reach, high + reach) if reach > 0 else middles

    def too_full(self, bins: int) -> list[tuple[int, int]]:
        """Stretches [i, j) of neighbouring cells to split, before `bins` quantiles can be placed."""
        many = self.counts > max(self.counts.sum() / (_FINE * bins), _FEW)
        at = np.flatnonzero(many & (self.last - self.first > FLAT))
        if not at.size:
            return []
        # What lies close together is split together, the widest gaps stay.
        gaps = np.where(np.diff(at) > 1, self.first[at[1:]] - self.last[at[:-1]], -1.0)
        widest = np.sort(np.argsort(gaps, kind="stable")[-(_RUNS - 1) :])
        breaks = [int(i) for i in widest if gaps[i] >= 0]
        starts, ends = [0, *(i + 1 for i in breaks)], [*breaks, len(at) - 1]
        return [(int(at[i]), int(at[j]) + 1) for i, j in zip(starts, ends, strict=True)]

    def split(self, stretches: Mapping[tuple[int, int], Cells]) -> Cells:
        """The cells with each stretch replaced by what it was split into."""
        parts, done = [], 0
        for (i, j), finer in sorted(stretches.items()):
            parts += [self._part(done, i), finer]
            done = j
        parts.append(self._part(done, len(self.counts)))
        arrays = (np.concatenate([getattr(p, name) for p in parts]) for name in ("first", "last", "counts"))
        return Cells(self.whole, *arrays)

    def _part(self, i: int, j: int) -> Cells:
        return Cells(self.whole, self.first[i:j], self.last[i:j], self.counts[i:j])


def cells(prepared: Prepared, bins: Mapping[str, int], run: Ran) -> dict[str, Cells | None]:
    """The cells of each number, fine enough for that many bins; None where it has no finite value."""
    found: dict[str, Cells | None] = dict.fromkeys(bins)
    found |= _whole_ranges(prepared, bins, run)
    for _ in range(_ROUNDS):
        wanted = {name: held.too_full(bins[name]) for name, held in found.items() if held}
        branches = [
            _grid(prepared, name, number, held, stretch, _GRID // len(stretches))
            for name, stretches in wanted.items()
            if (held := found[name]) is not None
            for number, stretch in enumerate(stretches)
        ]
        if not branches:
            break
        counted: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
        for row in run(branches):
            counted.setdefault((row["tag"], row["stretch"]), []).append(row)
        for name, stretches in wanted.items():
            held = found[name]
            if held is not None and stretches:
                finer = {s: _cells(held.whole, counted[name, i]) for i, s in enumerate(stretches)}
                found[name] = held.split(finer)
    return found


def _whole_ranges(prepared: Prepared, names: Iterable[str], run: Ran) -> dict[str, Cells]:
    """Each number as one cell."""
    branches = []
    for name in names:
        held = prepared.alone(prepared.value(name))
        sums = held.select(value=ex.finite(held[prepared.value(name)])).aggregate(
            first=lambda t: t.value.min(),
            last=lambda t: t.value.max(),
            n=lambda t: t.value.count(),
            parts=lambda t: (~ex.whole(t.value)).sum(),
        )
        branches.append(sums.select(tag=ibis.literal(name), first=sums.first, last=sums.last, n=sums.n,
                                    parts=sums.parts.cast("int64")))  # fmt: skip
    return {row["tag"]: _cells(not row["parts"], [row]) for row in run(branches) if row["n"]}


def _grid(
    prepared: Prepared, name: str, number: int, held: Cells, stretch: tuple[int, int], parts: int
) -> ibis.Table:
    low, high = float(held.first[stretch[0]]), float(held.last[stretch[1] - 1])
    alone = prepared.alone(prepared.value(name))
    value: Any = alone[prepared.value(name)]
    scaled = (value - ex.exact(low)) * ex.exact(parts / (high - low))
    cell = ibis.least(scaled, float(parts - 1)).floor().cast("int64")
    inside = alone.filter(value >= ex.exact(low), value <= ex.exact(high)).select(cell=cell, value=value)
    counted = inside.group_by("cell").aggregate(
        n=lambda t: t.count(), first=lambda t: t.value.min(), last=lambda t: t.value.max()
    )
    return counted.select(tag=ibis.literal(name), stretch=ibis.literal(number, "int64"), cell=counted.cell,
                          n=counted.n, first=counted.first, last=counted.last)  # fmt: skip


def _cells(whole: bool, counted: Iterable[Mapping[str, Any]]) -> Cells:
    rows = sorted(counted, key=lambda row: float(row["first"]))
    first, last = (np.array([row[key] for row in rows], dtype=np.float64) + 0.0 for key in ("first", "last"))
    return Cells(whole, first, last, np.array([row["n"] for row in rows], dtype=np.int64))
