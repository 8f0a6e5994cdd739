"""Quality measures on rows small enough to count by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitors.cube import Cube
from monitors.discovery import metrics
from monitors.histogram import CategoryBins, Histogram, NumericBins
from monitors.interval import poisson_rate, wilson
from monitors.metric import Estimate
from monitors.profile import Profile
from monitors.window import Window

NUMBER = NumericBins(edges=(0.0, 1.0, 2.0), centers=(0.5, 1.5), scale=1.0)
CATEGORY = CategoryBins(("a", "b"), rare=("z",))
START = datetime(2026, 1, 5, tzinfo=UTC)
WEEK = Window(START, START + timedelta(days=7))


def measure(name: str, counted: object) -> Estimate:
    estimate = metrics()[name].compute(counted)
    assert isinstance(estimate, Estimate)
    return estimate


def test_missing_counts_against_every_row() -> None:
    column = Histogram("urine", NUMBER, (3, 2), missing=4, below=1, above=1, other=1)
    assert measure("missing_share", column).value == 4 / 12


def test_a_wholly_missing_column_is_missing_and_nothing_else() -> None:
    column = Histogram("urine", NUMBER, (0, 0), missing=40)
    assert measure("missing_share", column).value == 1.0
    for name in ("out_of_range_share", "unusable_share"):
        assert measure(name, column).why == "no row has a value"
    categories = Histogram("payer", CATEGORY, (0, 0), missing=40)
    assert measure("unseen_share", categories).why == "no row has a value"


def test_missing_values_do_not_water_down_impossible_ones() -> None:
    full = Histogram("crea", NUMBER, (5, 3), below=1, above=1, other=2)
    gappy = Histogram("crea", NUMBER, (5, 3), missing=500, below=1, above=1, other=2)
    for name, expected in (("out_of_range_share", 2 / 12), ("unusable_share", 2 / 12)):
        assert measure(name, full).value == measure(name, gappy).value == expected


def test_rare_categories_of_the_reference_are_not_unseen() -> None:
    column = Histogram("payer", CATEGORY, (10, 5), other=3, unseen=2)
    assert measure("unseen_share", column).value == 2 / 20


def test_shares_carry_wilsons_interval_and_both_counts() -> None:
    found = measure("missing_share", Histogram("x", CATEGORY, (15, 2), missing=3))
    assert (found.low, found.high) == wilson(3, 20)
    assert (found.events, found.n) == (3, 20)


def test_rows_are_per_day_with_the_exact_interval() -> None:
    found = measure("rows", Profile(WEEK, 21, 0, None, None, {}, {}))
    assert found.value == 3.0
    assert (found.low, found.high) == poisson_rate(21, 7.0)


def test_a_day_of_23_hours_counts_as_23_hours() -> None:
    spring = Window(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    assert measure("rows", Profile(spring, 23, 0, None, None, {}, {})).value == pytest.approx(24.0)


def test_no_rows_is_a_rate_of_zero_not_an_unknown_one() -> None:
    found = measure("rows", Profile(WEEK, 0, 0, None, None, {}, {}))
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(3.689 / 7, rel=1e-3)


def test_duplicates_are_a_share_of_all_rows_received() -> None:
    assert measure("duplicate_share", Profile(WEEK, 95, 5, None, None, {}, {})).value == 0.05
    assert measure("duplicate_share", Profile(WEEK, 0, 0, None, None, {}, {})).why == "no rows"


def test_a_version_nobody_records_is_not_a_right_version() -> None:
    assert measure("wrong_version_share", Profile(WEEK, 50, 0, 5, None, {}, {})).value == 0.1
    silent = measure("wrong_version_share", Profile(WEEK, 50, 0, None, None, {}, {}))
    assert (silent.value, silent.why) == (None, "the version is not recorded")


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (START + timedelta(days=7) - timedelta(seconds=1), pytest.approx(1 / 604_800)),
        (START + timedelta(days=3.5), 0.5),
        (START, 1.0),
        (None, 1.0),
        (START - timedelta(days=1), 1.0),  # a clock that is wrong stays within the scale
        (START + timedelta(days=8), 0.0),
    ],
)
def test_freshness_is_the_silent_share_of_the_window(last: datetime | None, expected: float) -> None:
    found = measure("freshness", Profile(WEEK, 10, 0, None, last, {}, {}))
    assert found.value == expected
    assert (found.low, found.high) == (None, None)


def test_silence_is_the_worst_freshness_not_a_missing_number() -> None:
    assert measure("freshness", Profile(WEEK, 0, 0, None, None, {}, {})).value == 1.0


def test_rows_without_a_score_are_not_invalid_ones() -> None:
    everyone = [("", -1, -1, 7, -1, 90, 0), ("", 1, -1, -2, -1, 10, 0), ("", 0, -1, -1, -1, 900, 0)]
    found = measure(
        "invalid_score_share", Profile(WEEK, 1000, 0, None, None, {}, {"": Cube.of("", everyone)})
    )
    assert (found.value, found.n, found.events) == (0.1, 100, 10)


@pytest.mark.parametrize("cubes", [{}, {"": Cube.of("", [("", 1, 1, -1, -1, 9, 0)])}])
def test_a_model_that_only_decides_has_no_invalid_scores(cubes: dict[str, Cube]) -> None:
    found = measure("invalid_score_share", Profile(WEEK, 9, 0, None, None, {}, cubes))
    assert (found.value, found.why) == (None, "no row has a score")
