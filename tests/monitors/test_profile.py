"""A profile: a window in counts that keeps its digest and adds where it may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitors.cube import Cube
from monitors.histogram import CategoryBins, Histogram
from monitors.profile import Profile
from monitors.window import Window

START = datetime(2026, 1, 5, tzinfo=UTC)


def day(index: int, **changes: object) -> Profile:
    window = Window(START + timedelta(days=index), START + timedelta(days=index + 1))
    counted = Profile(
        window,
        10,
        2,
        1,
        window.start + timedelta(hours=9),
        {"unit": Histogram("unit", CategoryBins(("ward",)), (8,), missing=2)},
        {"": Cube.of("", [("", 1, 1, 3, -1, 10, 6_000_000)])},
        score_edges=(0.0, 0.5, 1.0),
    )
    return replace(counted, **changes)


def test_two_days_are_one_stretch_of_both() -> None:
    both = day(0) + day(1)
    assert both.window == Window(START, START + timedelta(days=2))
    assert (both.rows, both.duplicates, both.wrong_version) == (20, 4, 2)
    assert both.last == day(1).last
    assert both.histograms["unit"].counts == (16,)
    assert both.cubes[""].rows == 20
    assert both.score_edges == (0.0, 0.5, 1.0)


def test_two_sites_of_one_day_are_that_day() -> None:
    both = day(0) + day(0)
    assert both.window == day(0).window
    assert both.rows == 20


def test_a_version_one_side_does_not_record_is_not_recorded() -> None:
    assert (day(0) + day(1, wrong_version=None)).wrong_version is None


def test_an_empty_day_adds_nothing_and_hides_nothing() -> None:
    silent = day(1, rows=0, duplicates=0, wrong_version=0, last=None)
    assert (day(0) + silent).last == day(0).last


def test_reasons_a_column_could_not_be_counted_are_kept() -> None:
    both = day(0, unreadable={"crea": "no such column"}) + day(1, unreadable={"sex": "is a list"})
    assert both.unreadable == {"crea": "no such column", "sex": "is a list"}


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (day(1, histograms={}), "the same columns and attributes"),
        (day(1, cubes={}), "the same columns and attributes"),
        (day(1, score_edges=(0.0, 0.6, 1.0)), "the same score cells"),
        (day(2), "touch or are the same .got 2026-01-05T00:00:00Z/2026-01-06"),
        (day(0, window=Window(START, START + timedelta(days=2))), "touch or are the same"),
    ],
)
def test_profiles_of_other_shapes_do_not_add(other: Profile, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        _ = day(0) + other


def test_the_digest_is_of_the_counts_alone() -> None:
    assert day(0).digest == day(0).digest
    assert Profile.read(day(0).payload()).digest == day(0).digest
    changes = {
        "rows": 11,
        "duplicates": 3,
        "wrong_version": None,
        "last": None,
        "unreadable": {"a": "b"},
        "score_edges": (0.0, 1.0),
        "cubes": {},
        "histograms": {},
    }
    digests = {day(0, **{name: value}).digest for name, value in changes.items()}
    assert len(digests | {day(0).digest, day(1).digest}) == len(changes) + 2


def test_columns_in_another_order_are_the_same_profile() -> None:
    pair = {name: Histogram(name, CategoryBins(("x",)), (3,)) for name in ("a", "b")}
    turned = dict(reversed(pair.items()))
    assert day(0, histograms=pair).digest == day(0, histograms=turned).digest
