"""Freezing a reference: bins at its quantiles, found by counting alone, then counted on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import ibis
import numpy as np
from ibis.expr import operations as ops

from flows import expressions as ex
from flows.counting import Frozen, count, once
from flows.dialects import compiled
from flows.engine import plainly
from flows.measuring import measured
from flows.patients import one_each
from flows.periods import within, without
from flows.prepare import Prepared, checked, run
from flows.quantiles import FLAT, Cells, cells
from monitors import shared_bins
from monitors.calendar import outside
from monitors.config import FixedReference, ModelConfig
from monitors.errors import ConfigError, SourceInvalid
from monitors.histogram import Bins, CategoryBins, NumericBins
from monitors.reference import Reference
from monitors.window import Window

BINS = 20
SCORE_CELLS = 256
RARE = 0.01  # a category below this share of the reference folds into `other`
BLOCKS = 26  # windows inside the reference that are kept apart, at most


def freeze(
    table: ibis.Table,
    config: ModelConfig,
    window: Window,
    *,
    where: str = "the source",
    told: Callable[[str], None] = lambda message: None,
    left_out: Sequence[Window] = (),
) -> Reference:
    """Count a reference period once: its bins, its profile, and its blocks.

    What the change calendar leaves out is in none of them, and a block that it touches is not kept.

    Raises:
        SourceInvalid: when the period holds no rows.
    """
    columns = config.columns
    with plainly(where, table.columns):
        table = without(table, columns, left_out, config, where) if left_out else table
        rows = within(checked(table, columns, where), columns, window, config, where)
        if not rows.count().to_pyarrow().as_py():
            raise SourceInvalid(f"{where}: {_nobody(table, window)}")
    if not columns.measured:
        return _frozen(rows, table, config, window, where, told, left_out)
    with plainly(where, table.columns), measured(rows, config, window, where) as held:
        # Texts are measured once, for the bins, the whole and each block.
        return _frozen(held, held, config, window, where, told, left_out)


def _frozen(
    rows: ibis.Table,
    table: ibis.Table,
    config: ModelConfig,
    window: Window,
    where: str,
    told: Callable[[str], None],
    left_out: Sequence[Window],
) -> Reference:
    """Bins of the rows of a window, and what is counted on them of the table."""
    columns = config.columns
    with plainly(where, table.columns):
        if columns.id:
            rows = once(rows, columns)
        if config.window.one_per:
            rows = one_each(rows, config, window)
        frozen = _shared(config) or _found(rows, config, told)
    told("reference: counting")
    profile = count(table, config, window, frozen, where=where)
    gone = sum(part.duration.total_seconds() for part in left_out)
    profile = replace(profile, left_out=gone) if gone else profile
    inside = [w for w in config.grid.inside(window.start, window.end) if outside(w, left_out)]
    blocks = tuple(count(table, config, block, frozen, where=where) for block in inside[-BLOCKS:])
    return Reference(profile, blocks)


def _found(rows: ibis.Table, config: ModelConfig, told: Callable[[str], None]) -> Frozen:
    """Bins at the quantiles of the rows, and the edges of score cells."""
    columns = config.columns
    told("reference: finding bins")
    prepared = Prepared(config, rows.schema())
    wanted = {name: SCORE_CELLS if name == columns.score else BINS for name in prepared.numbers}
    held = cells(prepared, wanted, lambda branches: run_branches(rows, prepared, branches))
    bins: dict[str, Bins] = {n: numeric_bins(held[n], BINS) for n in columns.numeric}
    bins |= category_bins(rows, prepared)
    score_edges: tuple[float, ...] = (0.0, 1.0)
    if columns.score:
        scores = held[columns.score]
        bins[columns.score] = numeric_bins(scores, BINS, neat=False)
        inner = numeric_bins(scores, SCORE_CELLS, neat=False).edges[1:-1]
        score_edges = (0.0, *sorted({edge for edge in inner if 0 < edge < 1}), 1.0)
    return Frozen(bins, score_edges)


def _shared(config: ModelConfig) -> Frozen | None:
    """The bins that sites share, where the config names them.

    Raises ConfigError where they lack a column of this config.
    """
    named = config.reference.bins if isinstance(config.reference, FixedReference) else None
    if named is None:
        return None
    if isinstance(named, str):
        raise ConfigError([f"reference.bins: {named}: read the config from its file, which it lies beside"])
    bins, score_edges = shared_bins.read(named)
    columns = config.columns
    wanted = (*columns.numeric, *columns.categorical, *([columns.score] if columns.score else ()))
    if absent := [column for column in wanted if column not in bins]:
        raise ConfigError([f"reference.bins: lacks {absent}; make them anew from a file with these columns"])
    return Frozen({column: bins[column] for column in wanted}, score_edges)


def _nobody(table: ibis.Table, window: Window) -> str:
    if not table.count().to_pyarrow().as_py():
        return "there are columns and no rows; was it still being written?"
    return f"no rows in the reference {window}; check `reference` and `columns.time`"


def numeric_bins(held: Cells | None, wanted: int, *, neat: bool = True) -> NumericBins:
    """At most `wanted` bins of about equal counts; ties collapse; outer edges are the extremes.

    A column with no number at all gets no bins: whatever turns up later is unseen.
    """
    if held is None:
        return NumericBins((), (), 0.0)
    if held.most - held.least <= FLAT:
        return NumericBins((held.least, held.most), (held.least,), 0.0)
    edges = _filled(held, _inner_edges(held, wanted, neat=neat))
    middles, counts = held.middles, held.counts
    unit = max(1.0, float(np.abs(middles).max()) / 1e100)  # squares of more than this overflow
    middles = middles / unit
    bin_of = np.clip(np.searchsorted(edges, held.middles, side="right") - 1, 0, len(edges) - 2)
    weights = np.bincount(bin_of, weights=counts, minlength=len(edges) - 1)
    sums = np.bincount(bin_of, weights=counts * middles, minlength=len(edges) - 1)
    halfway = (np.array(edges[:-1]) / 2 + np.array(edges[1:]) / 2) / unit
    centers = np.where(weights > 0, sums / np.maximum(weights, 1), halfway) * unit
    mean = np.average(middles, weights=counts)
    scale = math.sqrt(float(np.average((middles - mean) ** 2, weights=counts))) * unit
    return NumericBins(edges, tuple(float(f"{c:.9g}") for c in centers), float(f"{scale:.9g}"))


def _inner_edges(held: Cells, wanted: int, *, neat: bool) -> list[float]:
    """The quantiles, each at the roundest number that parts the rows there."""
    places = np.searchsorted(held.share, np.arange(1, wanted) / wanted - 1e-12, side="left")
    parted = [int(place) for place in np.unique(places) if place < len(held.counts) - 1]
    edges = [_roundest(float(held.last[i]), float(held.first[i + 1])) for i in parted]
    return [_neat(edges, i, held) for i in range(len(edges))] if neat else edges


def _roundest(above: float, upto: float) -> float:
    """The number with the fewest digits in (above, upto].

    >>> _roundest(1.4871, 1.5234), _roundest(44.0, 45.0), _roundest(0.0712, 0.0713)
    (1.5, 45.0, 0.0713)
    """
    for digits in range(1, 18):
        step = 10.0 ** (math.floor(math.log10(upto - above)) + 2 - digits)
        if step == 0.0:
            break
        candidate = float(f"{math.floor(upto / step) * step:.15g}") + 0.0
        if above < candidate <= upto:
            return candidate
    return upto


def _neat(edges: list[float], i: int, held: Cells) -> float:
    """The edge at a number a person would have chosen, well within the width of the bins beside it."""
    gaps = [b - a for a, b in itertools.pairwise(edges[max(i - 1, 0) : i + 2])]
    width = min(gaps, default=(held.most - held.least) / BINS)
    step = 10.0 ** math.floor(math.log10(width / 10)) if width > FLAT else 0.0
    return float(f"{round(edges[i] / step) * step:.12g}") + 0.0 if step else edges[i]


def _filled(held: Cells, inner: list[float]) -> tuple[float, ...]:
    """The edges without those that would make an empty bin."""
    values = np.sort(np.concatenate([held.first, held.last]))
    kept, below = [held.least], 0
    for edge in inner:
        under = int(np.searchsorted(values, edge, side="left"))
        if held.least < edge <= held.most and below < under < len(values):
            kept.append(edge)
            below = under
    return (*kept, held.most)


def category_bins(rows: ibis.Table, prepared: Prepared) -> dict[str, Bins]:
    """The categories of a reference: frequent ones by name, the rare remembered to tell from new.

    At most MOST_CATEGORIES values are kept by name; the rarest of more count as `other` in both
    periods, so they never look like news.
    """
    branches = []
    for name in prepared.columns.categorical:
        alone = prepared.alone(prepared.text(name))
        held = alone.select(value=alone[prepared.text(name)])
        counted = held.filter(held.value.notnull()).group_by("value").aggregate(
            n=lambda t: t.count()
        )  # fmt: skip
        ranked = counted.order_by(counted.n.desc(), counted.value).limit(ex.MOST_CATEGORIES)
        branches.append(ranked.select(tag=ibis.literal(name), value=ranked.value, n=ranked.n))
    found: dict[str, dict[str, int]] = {name: {} for name in prepared.columns.categorical}
    for row in run_branches(rows, prepared, branches):
        found[row["tag"]][row["value"]] = row["n"]
    bins: dict[str, Bins] = {}
    for name, counts in found.items():
        least = RARE * sum(counts.values())
        frequent = tuple(sorted(value for value, n in counts.items() if n >= least))
        bins[name] = CategoryBins(frequent, tuple(sorted(counts.keys() - set(frequent))))
    return bins


def run_branches(
    rows: ibis.Table, prepared: Prepared, branches: Sequence[ibis.Table]
) -> list[dict[str, Any]]:
    """Run branches, each of one column of the prepared rows; nothing to run gives nothing.

    Where each is a statement of its own (DuckDB), only its column is prepared there: with all of
    them the time for all columns would grow with their number's square.
    """
    if not branches:
        return []
    backend = rows.get_backend()
    statements = [
        f"SELECT * FROM ({compiled(backend, branch)}) AS counted"  # noqa: S608  compiled, not pasted
        for branch in branches
    ]
    schema = branches[0].schema()
    if backend.name != "duckdb":
        return run(rows, compiled(backend, prepared.rows), statements, schema)
    shorts = [table.schema.names[0] for branch in branches for table in branch.op().find(ops.UnboundTable)]
    made = {short: compiled(backend, prepared.made_alone(short)) for short in dict.fromkeys(shorts)}
    return run(rows, [made[short] for short in shorts], statements, schema)
