"""A histogram: every row in one place, equal bins or no sum."""

from __future__ import annotations

import numpy as np
import pytest

from monitors.histogram import CategoryBins, Histogram, NumericBins

NUMBER = NumericBins(edges=(1.0, 2.0, 5.0), centers=(1.4, 3.0), scale=0.8)
CATEGORY = CategoryBins(("ward", "icu"), rare=("hospice",))


def test_cells_hold_everything_and_ordered_only_what_has_an_order() -> None:
    column = Histogram("crea", NUMBER, (3, 4), missing=5, below=1, above=2, other=6)
    assert column.cells.tolist() == [3, 4, 1, 2, 6, 0, 5]
    assert column.ordered.tolist() == [1, 3, 4, 2]
    assert (column.rows, column.present) == (21, 16)


def test_positions_lie_at_means_and_edges_in_reference_standard_deviations() -> None:
    at = Histogram("crea", NUMBER, (3, 4)).positions
    assert at == pytest.approx(np.array([0.0, 0.4, 2.0, 4.0]) / 0.8)
    assert (np.diff(at) >= 0).all()


def test_a_constant_reference_measures_in_the_columns_own_unit() -> None:
    constant = NumericBins(edges=(7.0, 9.0), centers=(7.0,), scale=0.0)
    assert Histogram("flag", constant, (9,)).positions.tolist() == [0.0, 0.0, 2.0]


def test_a_reference_without_values_has_no_positions() -> None:
    nothing = Histogram("urine", NumericBins((), (), 0.0), (), missing=9, unseen=4)
    assert (nothing.rows, nothing.cells.tolist()) == (13, [0, 0, 0, 4, 9])
    with pytest.raises(ValueError, match="reference of 'urine' holds no values"):
        _ = nothing.positions


def test_a_category_has_no_positions() -> None:
    with pytest.raises(ValueError, match="'unit' is a category and has no positions"):
        _ = Histogram("unit", CATEGORY, (3, 4)).positions


def test_bins_have_names_for_people() -> None:
    assert NUMBER.labels == ("1 to 2", "2 to 5")
    assert CATEGORY.labels == ("ward", "icu")


@pytest.mark.parametrize(
    "other",
    [
        Histogram("sodium", NUMBER, (1, 1)),
        Histogram("crea", NumericBins((1.0, 2.0, 5.1), (1.4, 3.0), 0.8), (1, 1)),
        Histogram("crea", NumericBins((1.0, 2.0, 5.0), (1.4, 3.0), 0.9), (1, 1)),
        Histogram("crea", CATEGORY, (1, 1)),
    ],
)
def test_histograms_on_other_bins_do_not_add(other: Histogram) -> None:
    with pytest.raises(ValueError, match="add only on the same bins"):
        _ = Histogram("crea", NUMBER, (1, 1)) + other


@pytest.mark.parametrize("bins", [NUMBER, CATEGORY])
def test_a_histogram_comes_back_from_plain_values(bins: NumericBins | CategoryBins) -> None:
    column = Histogram("x", bins, (3, 4), 1, 2, 3, 4, 5)
    assert Histogram.read(column.payload()) == column
