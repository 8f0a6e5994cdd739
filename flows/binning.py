"""Freezing a reference: bins at its quantiles, found by counting alone, then counted on.

Quantiles come from zooming: a column is counted on a fine even grid over its range, and again
over the part that holds nearly all rows, until that part fills the grid. One outlier therefore
cannot blur the bins, and every engine finds the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import ibis
import numpy as np

from flows import expressions as ex
from flows.counting import Frozen, count, once, within
from flows.engine import plainly
from flows.prepare import Prepared, checked, run
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid
from monitors.histogram import Bins, CategoryBins, Counts, Floats, NumericBins
from monitors.reference import Reference
from monitors.window import Window

BINS = 20
SCORE_CELLS = 256
RARE = 0.01  # a category below this share of the reference folds into `other`
BLOCKS = 26  # windows inside the reference that are kept apart, at most
_GRID = 4096
_TAIL = 0.001  # share on each side that may lie outside the zoomed part
_FILLED = _GRID // 8  # cells the central part must span before the grid is fine enough
_ROUNDS = 100  # an outlier of 1e300 takes so many; without one, one or two do
_FLAT = 1e-290  # a range so small has no even grid in doubles


@dataclass(frozen=True)
class _Fine:
    """Counts on an even grid over [low, high] of a column whose whole range is [least, most]."""

    least: float
    most: float
    whole: bool
    low: float
    high: float
    counts: Counts

    @property
    def boundaries(self) -> Floats:
        return np.linspace(self.low, self.high, _GRID + 1)

    @property
    def step(self) -> float:
        return (self.high - self.low) / _GRID

    @property
    def flat(self) -> bool:
        return self.most - self.least < _FLAT

    def narrowed(self) -> _Fine | None:
        """The part that holds nearly all rows, where the grid is too coarse for it; else None."""
        share = np.cumsum(self.counts) / self.counts.sum()
        first = int(np.searchsorted(share, _TAIL, side="right"))
        last = int(np.searchsorted(share, 1 - _TAIL, side="left"))
        # The two end cells also hold what lies outside [low, high].
        low = max(self.low, self.low + (first - 1) * self.step)
        high = min(self.high, self.low + (last + 2) * self.step)
        settled = last - first >= _FILLED or (self.whole and self.step < 0.5)
        if settled or (low, high) == (self.low, self.high):
            return None
        return replace(self, low=low, high=high)


def freeze(
    table: ibis.Table,
    config: ModelConfig,
    window: Window,
    *,
    where: str = "the source",
    told: Callable[[str], None] = lambda message: None,
) -> Reference:
    """Count a reference period once: its bins, its profile, and its blocks.

    Raises:
        SourceInvalid: when the period holds no rows.
    """
    columns = config.columns
    with plainly(where, table.columns):
        rows = within(checked(table, columns, where), columns, window, config, where)
        if not rows.count().to_pyarrow().as_py():
            raise SourceInvalid(f"{where}: {_nobody(table, window)}")
        if columns.id:
            rows = once(rows, columns)
        told("reference: finding bins")
        prepared = Prepared(config, rows.schema())
        grids = _zoomed(rows, prepared)
        bins: dict[str, Bins] = {n: numeric_bins(grids[n], BINS) for n in columns.numeric}
        bins |= _category_bins(rows, prepared)
    score_edges: tuple[float, ...] = (0.0, 1.0)
    if columns.score:
        fine = grids[columns.score]
        bins[columns.score] = numeric_bins(fine, BINS, neat=False)
        inner = numeric_bins(fine, SCORE_CELLS, neat=False).edges[1:-1]
        score_edges = (0.0, *sorted({edge for edge in inner if 0 < edge < 1}), 1.0)
    frozen = Frozen(bins, score_edges)
    told("reference: counting")
    profile = count(table, config, window, frozen, where=where)
    inside = list(config.grid.inside(window.start, window.end))
    blocks = tuple(count(table, config, block, frozen, where=where) for block in inside[-BLOCKS:])
    return Reference(profile, blocks)


def _nobody(table: ibis.Table, window: Window) -> str:
    if not table.count().to_pyarrow().as_py():
        return "there are columns and no rows; was it still being written?"
    return f"no rows in the reference {window}; check `reference` and `columns.time`"


def numeric_bins(fine: _Fine | None, wanted: int, *, neat: bool = True) -> NumericBins:
    """At most `wanted` bins of about equal counts; ties collapse; outer edges are the extremes.

    A column with no number at all gets no bins: whatever turns up later is unseen.
    """
    if fine is None:
        return NumericBins((), (), 0.0)
    if fine.flat:
        return NumericBins((fine.least, fine.most), (fine.least,), 0.0)
    at = np.cumsum(fine.counts) / fine.counts.sum()
    places = np.searchsorted(at, np.arange(1, wanted) / wanted, side="left") + 1
    inner = {float(edge) for edge in fine.boundaries[np.minimum(places, _GRID)]}
    if neat:
        inner = {_neat(edge, fine) for edge in inner}
    edges = _filled(fine, [fine.least, *sorted(inner), fine.most])
    middles = (fine.boundaries[:-1] + fine.boundaries[1:]) / 2
    if fine.whole:
        middles = np.floor(middles + 0.5)
    bin_of = np.clip(np.searchsorted(edges, middles, side="right") - 1, 0, len(edges) - 2)
    weights = np.bincount(bin_of, weights=fine.counts, minlength=len(edges) - 1)
    sums = np.bincount(bin_of, weights=fine.counts * middles, minlength=len(edges) - 1)
    halfway = (np.array(edges[:-1]) + np.array(edges[1:])) / 2
    centers = np.where(weights > 0, sums / np.maximum(weights, 1), halfway)
    mean = np.average(middles, weights=fine.counts)
    scale = math.sqrt(float(np.average((middles - mean) ** 2, weights=fine.counts)))
    return NumericBins(edges, tuple(float(f"{c:.9g}") for c in centers), float(f"{scale:.9g}"))


def _filled(fine: _Fine, edges: list[float]) -> tuple[float, ...]:
    """The edges without those that would make an empty bin."""
    at = np.searchsorted(fine.boundaries[1:], edges[1:-1], side="left")
    below = np.concatenate([[0], np.cumsum(fine.counts)])[at]
    kept = [edges[0]]
    last, total = 0, int(fine.counts.sum())
    for edge, rows in zip(edges[1:-1], below, strict=True):
        if edges[0] < edge < edges[-1] and last < rows < total:
            kept.append(edge)
            last = int(rows)
    return (*kept, edges[-1])


def _neat(edge: float, fine: _Fine) -> float:
    """The edge at a number a person would have chosen, well within the bins' own width."""
    if fine.whole:
        return float(math.ceil(edge))
    step = 10.0 ** math.floor(math.log10((fine.high - fine.low) / 200))
    return float(f"{round(edge / step) * step:.12g}")


def _extremes(rows: ibis.Table, prepared: Prepared) -> dict[str, tuple[float, float, bool]]:
    """Least and most finite value of each number, and whether all are whole numbers."""
    held = prepared.table
    branches = []
    for name in prepared.numbers:
        value: Any = ex.finite(held[prepared.value(name)])
        sums = held.select(value=value).aggregate(
            least=lambda t: t.value.min(),
            most=lambda t: t.value.max(),
            parts=lambda t: (~ex.whole(t.value)).sum(),
        )
        branches.append(sums.select(tag=ibis.literal(name), least=sums.least, most=sums.most,
                                    parts=sums.parts.cast("int64")))  # fmt: skip
    return {
        row["tag"]: (row["least"] + 0.0, row["most"] + 0.0, not row["parts"])
        for row in _run(rows, prepared, branches)
        if row["least"] is not None
    }


def _zoomed(rows: ibis.Table, prepared: Prepared) -> dict[str, _Fine | None]:
    """The fine grid of each number, None where it has no finite value."""
    nothing = np.array([1])
    fine: dict[str, _Fine | None] = dict.fromkeys(prepared.numbers)
    for name, (least, most, whole) in _extremes(rows, prepared).items():
        fine[name] = _Fine(least, most, whole, least, most, nothing)
    pending = {name: grid for name, grid in fine.items() if grid and not grid.flat}
    for _ in range(_ROUNDS):
        counts: dict[str, Counts] = {name: np.zeros(_GRID, dtype=np.int64) for name in pending}
        branches = [_grid(prepared, name, grid) for name, grid in pending.items()]
        for row in _run(rows, prepared, branches):
            counts[row["tag"]][row["cell"]] = row["n"]
        settled = {name: replace(grid, counts=counts[name]) for name, grid in pending.items()}
        fine |= settled
        narrowed = {name: grid.narrowed() for name, grid in settled.items()}
        pending = {name: grid for name, grid in narrowed.items() if grid}
        if not pending:
            break
    return fine


def _grid(prepared: Prepared, name: str, grid: _Fine) -> ibis.Table:
    value: Any = prepared.table[prepared.value(name)]
    scaled = (value - grid.low) * (_GRID / (grid.high - grid.low))
    cell = ibis.least(ibis.greatest(scaled, 0.0), float(_GRID - 1)).floor().cast("int64")
    held = prepared.table.filter(value.notnull()).select(cell=cell)
    counted = held.group_by("cell").aggregate(n=lambda t: t.count())
    return counted.select(tag=ibis.literal(name), cell=counted.cell, n=counted.n)


def _category_bins(rows: ibis.Table, prepared: Prepared) -> dict[str, Bins]:
    """The categories of a reference: frequent ones by name, the rare remembered to tell from new.

    At most MOST_CATEGORIES values are kept by name; the rarest of more count as `other` in both
    periods, so they never look like news.
    """
    branches = []
    for name in prepared.columns.categorical:
        held = prepared.table.select(value=prepared.table[prepared.text(name)])
        counted = held.filter(held.value.notnull()).group_by("value").aggregate(
            n=lambda t: t.count()
        )  # fmt: skip
        ranked = counted.order_by(counted.n.desc(), counted.value).limit(ex.MOST_CATEGORIES)
        branches.append(ranked.select(tag=ibis.literal(name), value=ranked.value, n=ranked.n))
    found: dict[str, dict[str, int]] = {name: {} for name in prepared.columns.categorical}
    for row in _run(rows, prepared, branches):
        found[row["tag"]][row["value"]] = row["n"]
    bins: dict[str, Bins] = {}
    for name, counts in found.items():
        least = RARE * sum(counts.values())
        frequent = tuple(sorted(value for value, n in counts.items() if n >= least))
        bins[name] = CategoryBins(frequent, tuple(sorted(counts.keys() - set(frequent))))
    return bins


def _run(rows: ibis.Table, prepared: Prepared, branches: list[ibis.Table]) -> list[dict[str, Any]]:
    if not branches:
        return []
    backend = rows.get_backend()
    compiled = [
        f"SELECT * FROM ({backend.compile(branch)}) AS counted"  # noqa: S608  compiled, not pasted
        for branch in branches
    ]
    return run(rows, backend.compile(prepared.rows), compiled, branches[0].schema())
