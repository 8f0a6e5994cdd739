"""Frozen bins: quantiles found by counting alone, which no outlier, tie or tail can blur."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import binning
from flows.binning import BINS, SCORE_CELLS, freeze, numeric_bins
from flows.frame import Frame
from flows.prepare import run
from flows.quantiles import Cells
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid
from monitors.histogram import CategoryBins, Histogram, NumericBins
from monitors.reference import Reference
from monitors.window import Window, moment
from tests.flows import rows as w

ROWS = 4000
PERIOD = Window(moment("2026-01-05"), moment("2026-02-02"))
DRAW = np.random.default_rng(7)

NUMBERS: dict[str, Any] = {
    "even": DRAW.uniform(-3, 8, ROWS),
    "bell": DRAW.normal(140, 5, ROWS),
    "tail": DRAW.pareto(1.0, ROWS),
    "heavier": np.exp(DRAW.normal(0, 4, ROWS)),
    "tiny": DRAW.normal(0, 1e-12, ROWS),
    "huge": DRAW.normal(1e15, 1e12, ROWS),
    "mostly zero": np.where(DRAW.random(ROWS) < 0.7, 0.0, DRAW.gamma(2, 3, ROWS)),
    "age": DRAW.integers(18, 95, ROWS).astype(float),
    "count": DRAW.poisson(2, ROWS).astype(float),
    "far": np.concatenate([DRAW.normal(5, 1, ROWS - 1), [1e30]]),
    "both far": np.concatenate([DRAW.normal(5, 1, ROWS - 2), [-1e200, 1e200]]),
    "infinite": np.concatenate([DRAW.normal(5, 1, ROWS - 2), [-np.inf, np.inf]]),
    "constant": np.full(ROWS, 3.5),
    "two": np.where(DRAW.random(ROWS) < 0.2, 1.0, 0.0),
    "flag": DRAW.random(ROWS) < 0.3,
    "whole": DRAW.integers(0, 10**9, ROWS),
    "nearly nothing": np.where(DRAW.random(ROWS) < 0.5, 0.0, 5e-324),
}
QUANTILES = ["even", "bell", "tail", "heavier", "tiny", "huge", "age", "whole", "far", "both far", "infinite"]


def config(**columns: Any) -> ModelConfig:
    return ModelConfig.model_validate(
        {
            "model": "m",
            "version": "1",
            "source": {"kind": "files", "path": "x"},
            "columns": {"time": "at", "score": "risk", **columns},
            "window": "P7D",
            "reference": {"from": "2026-01-05", "to": "2026-02-02"},
        }
    )


def times(n: int) -> list[datetime]:
    return [datetime(2026, 1, 5) + timedelta(days=28 * i / n) for i in range(n)]  # noqa: DTZ001


def frozen(held: dict[str, Any], **columns: Any) -> Reference:
    n = len(next(iter(held.values())))
    declared = config(**columns)
    frame = Frame(pa.table({"at": times(n), "risk": [0.5] * n, **held}), declared)
    try:
        return freeze(frame.table(), declared, PERIOD)
    finally:
        frame.close()


@cache
def reference() -> Reference:
    return frozen({"risk": DRAW.beta(2, 5, ROWS), **NUMBERS}, numeric=list(NUMBERS))


def histogram(name: str) -> Histogram:
    return reference().profile.histograms[name]


def numeric(name: str) -> NumericBins:
    bins = histogram(name).bins
    assert isinstance(bins, NumericBins)
    return bins


@pytest.mark.parametrize("name", QUANTILES)
def test_edges_are_quantiles_to_within_a_percent_of_rows(name: str) -> None:
    values = NUMBERS[name]
    at = np.array([(values < edge).mean() for edge in numeric(name).edges[1:-1]])
    wanted = np.arange(1, BINS) / BINS
    ties = 1 / 60 if name == "age" else 0  # an edge between whole numbers can be no closer
    assert len(at) == BINS - 1
    assert np.abs(at - wanted).max() <= 0.011 + ties


@pytest.mark.parametrize("name", list(NUMBERS))
def test_every_row_of_the_reference_is_in_a_bin_and_no_bin_is_empty(name: str) -> None:
    held = histogram(name)
    infinite = 1 if name == "infinite" else 0
    assert (held.below, held.above, held.missing, held.unseen) == (infinite, infinite, 0, 0)
    assert sum(held.counts) + 2 * infinite == ROWS
    assert min(held.counts) > 0
    edges = list(numeric(name).edges)
    assert edges == sorted(edges)
    assert all(math.isfinite(edge) for edge in edges)


def test_score_cells_are_quantiles_even_where_scores_crowd() -> None:
    """Of a rare outcome: most scores next to nothing, and those the ranking lives on."""
    for risk in (DRAW.beta(2, 5, ROWS), DRAW.beta(0.15, 8, ROWS), 1 - DRAW.beta(0.5, 50, ROWS)):
        kept = frozen({"risk": risk})
        inner = np.array(kept.score_edges[1:-1])
        at = np.array([(risk < edge).mean() for edge in inner])
        assert len(inner) >= 250
        assert np.abs(at - np.arange(1, len(inner) + 1) / SCORE_CELLS).max() <= 2 / SCORE_CELLS
        assert (kept.score_edges[0], kept.score_edges[-1]) == (0.0, 1.0)


def test_an_outlier_moves_the_last_edge_and_no_other() -> None:
    values = DRAW.normal(5, 1, ROWS)
    sound = frozen({"x": values}, numeric=["x"]).profile.histograms["x"].bins
    values[values.argmax()] = 1e30
    moved = frozen({"x": values}, numeric=["x"]).profile.histograms["x"].bins
    assert isinstance(sound, NumericBins)
    assert isinstance(moved, NumericBins)
    assert moved.edges[-1] == 1e30
    # The grid lies elsewhere, so edges agree to its accuracy: a two-hundredth of the range.
    assert np.allclose(moved.edges[:-1], sound.edges[:-1], atol=8 / 200)


def test_the_order_of_rows_does_not_matter() -> None:
    values = DRAW.lognormal(0, 2, 500)
    at, shuffled = np.array(times(500)), DRAW.permutation(500)
    declared = config(numeric=["x"])
    tables = [
        pa.table({"at": at[order], "x": values[order], "risk": np.round(values[order] % 1, 3)})
        for order in (np.arange(500), shuffled)
    ]
    digests = {freeze(Frame(held, declared).table(), declared, PERIOD).digest for held in tables}
    assert len(digests) == 1


def test_edges_of_whole_numbers_are_whole() -> None:
    for name in ("age", "count", "whole", "two"):
        assert all(float(edge).is_integer() for edge in numeric(name).edges)
    assert numeric("two").edges == (0.0, 1.0, 1.0)  # nobody, somebody


def test_a_frequent_value_has_a_bin_of_its_own() -> None:
    held, edges = histogram("mostly zero"), numeric("mostly zero").edges
    zeros = int((NUMBERS["mostly zero"] == 0.0).sum())
    assert edges[0] == 0.0
    assert zeros <= held.counts[0] <= zeros + 0.06 * ROWS
    assert len(edges) >= 5  # and the rest still has bins


def test_a_constant_is_one_bin() -> None:
    assert numeric("constant").edges == (3.5, 3.5)
    assert histogram("constant").counts == (ROWS,)
    assert numeric("constant").scale == 0.0


def test_true_and_false_are_one_and_zero() -> None:
    assert histogram("flag").present == ROWS
    assert numeric("flag").edges == (0.0, 1.0, 1.0)
    assert histogram("flag").counts == (int((~NUMBERS["flag"]).sum()), int(NUMBERS["flag"].sum()))


@pytest.mark.parametrize("name", ["even", "bell", "age", "mostly zero"])
def test_scale_and_centres_are_the_columns_own(name: str) -> None:
    values = np.asarray(NUMBERS[name], dtype=float)
    bins = numeric(name)
    assert bins.scale == pytest.approx(values.std(), rel=0.01)
    where = np.clip(np.searchsorted(bins.edges, values, side="right") - 1, 0, len(bins.centers) - 1)
    means = [values[where == i].mean() for i in range(len(bins.centers))]
    assert np.allclose(bins.centers, means, atol=0.02 * values.std())


@pytest.mark.parametrize("name", ["far", "both far", "infinite"])
def test_one_absurd_value_does_not_set_the_scale(name: str) -> None:
    """Or a shift of five standard deviations would be one of nothing at all."""
    assert numeric(name).scale == pytest.approx(1.0, abs=0.1)
    assert 2 < numeric(name).centers[0] < numeric(name).centers[-1] < 12


def test_a_column_without_a_number_has_no_bins() -> None:
    held = frozen({"x": [math.nan, None, math.inf, -math.inf] * 10}, numeric=["x"]).profile.histograms["x"]
    assert held.bins == NumericBins((), (), 0.0)
    assert (held.missing, held.unseen, held.rows) == (20, 20, 40)


def test_rare_categories_are_known_and_folded() -> None:
    values = ["icu"] * 600 + ["ed"] * 390 + ["pet therapy"] * 9 + [None] * 100 + [" ed "]
    held = frozen({"c": values}, categorical=["c"]).profile.histograms["c"]
    assert held.bins == CategoryBins(("ed", "icu"), ("pet therapy",))
    assert (held.counts, held.other, held.missing, held.unseen) == ((391, 600), 9, 100, 0)


def test_of_very_many_categories_the_frequent_are_kept_and_no_value_is_news() -> None:
    values = ["usual"] * 1000 + [f"code {i}" for i in range(1500)]
    held = frozen({"c": values}, categorical=["c"]).profile.histograms["c"]
    assert isinstance(held.bins, CategoryBins)
    assert held.bins.categories == ("usual",)
    assert len(held.bins.rare) == 999
    assert (held.counts, held.other, held.unseen) == ((1000,), 1500, 0)


def test_whole_windows_inside_the_reference_are_kept_apart() -> None:
    kept = reference()
    assert [str(block.window)[:10] for block in kept.blocks] == [
        "2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26",
    ]  # fmt: skip
    added = kept.blocks[0]
    for block in kept.blocks[1:]:
        added = added + block
    assert added.payload() == kept.profile.payload()


def test_repeated_ids_weigh_once_in_the_bins() -> None:
    values = [float(i) for i in range(100)]
    twice = {"id": [f"p{i}" for i in range(100)] * 2, "x": values + [1000.0] * 100}
    declared = config(numeric=["x"], id="id")
    held = pa.table({"at": times(200), "risk": [0.5] * 200, **twice})
    kept = freeze(Frame(held, declared).table(), declared, PERIOD)
    assert (kept.profile.rows, kept.profile.duplicates) == (100, 100)
    assert kept.profile.histograms["x"].bins == NumericBins((1000.0, 1000.0), (1000.0,), 0.0)


def test_a_period_without_rows_is_refused() -> None:
    declared = config()
    elsewhere = Window(moment("2020-01-06"), moment("2020-02-03"))
    held = pa.table({"at": times(10), "risk": [0.5] * 10})
    with pytest.raises(SourceInvalid, match="no rows in the reference 2020-01-06"):
        freeze(Frame(held, declared).table(), declared, elsewhere)


@settings(max_examples=25)
@given(
    st.lists(
        st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.integers(-5, 5).map(float), st.none()),
        min_size=1,
        max_size=60,
    )
)
def test_whatever_a_column_holds_every_row_is_counted_somewhere(values: list[float | None]) -> None:
    held = frozen({"x": pa.array(values, pa.float64())}, numeric=["x"]).profile.histograms["x"]
    finite = [v for v in values if v is not None and math.isfinite(v) and abs(v) <= 1e300]
    missing = sum(v is None or v != v for v in values)
    assert held.rows == len(values)
    assert held.missing == missing
    if finite:
        assert isinstance(held.bins, NumericBins)
        assert (held.bins.edges[0], held.bins.edges[-1]) == (min(finite), max(finite))
        assert sum(held.counts) == len(finite)
        assert 0 not in held.counts
        assert len(held.bins.edges) - 1 == len(held.bins.centers) <= BINS
        assert list(held.bins.centers) == sorted(held.bins.centers)


@pytest.mark.parametrize("seed", range(3))
def test_a_rounded_edge_never_leaves_a_bin_without_rows(seed: int) -> None:
    random = np.random.default_rng(seed)
    for _ in range(300):
        values = np.unique(random.random(random.integers(2, 25)))
        ones = np.ones(len(values), dtype=np.int64)
        bins = numeric_bins(Cells(False, values, values, ones), int(random.choice([3, 5, 20])))
        assert np.histogram(values, bins.edges)[0].min() > 0


def test_a_range_of_every_size_is_zoomed_into() -> None:
    """The grid ends up on the part that holds nearly all rows, however far the ends lie."""
    for far in (1e3, 1e9, 1e60, 1e290):
        values = np.concatenate([DRAW.normal(5, 1, 998), [-far, far]])
        bins = frozen({"x": values}, numeric=["x"]).profile.histograms["x"].bins
        assert isinstance(bins, NumericBins)
        assert len(bins.edges) == BINS + 1
        assert 3 < bins.edges[1] < bins.edges[-2] < 7


def test_each_column_is_prepared_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all columns in each statement, the time for all would grow with their number's square."""
    asked: list[tuple[str, str]] = []

    def kept(rows: Any, prepared: Any, branches: Any, schema: Any) -> Any:
        asked.extend(zip(prepared, branches, strict=True))
        return run(rows, prepared, branches, schema)

    monkeypatch.setattr(binning, "run", kept)
    frame = Frame(pa.Table.from_pylist(w.ward(weeks=2)), w.config())
    try:
        binning.freeze(frame.table(), w.config(), Window(moment("2026-01-05"), moment("2026-01-12")))
    finally:
        frame.close()
    columns = ("age", "lactate", "risk", "ward")
    named = [{column for column in columns if f'"{column}"' in prepared} for prepared, _ in asked]
    assert {next(iter(each)) for each in named} == set(columns)
    assert all(len(each) == 1 for each in named)
