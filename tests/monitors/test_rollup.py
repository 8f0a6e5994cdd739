"""Hours add to their day as if it had been counted at once, and a day that lacks an hour has no sum."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.cube import Cube
from monitors.histogram import Bins, Histogram, NumericBins
from monitors.profile import Profile
from monitors.rollup import rolled_up
from monitors.window import MONDAY, Grid, Length, Window, moment

BERLIN = ZoneInfo("Europe/Berlin")
DAYS, HOURS = Grid(Length.parse("P1D"), MONDAY, BERLIN), Grid(Length.parse("PT1H"), MONDAY, BERLIN)
BINS = NumericBins((0.0, 1.0, 2.0), (0.5, 1.5), 0.5)
FOREVER = moment("2100-01-01")

Row = tuple[int, str, int, int, float | None]
"""(minute of the day, group, outcome, decision, lactate)"""
ROWS = st.lists(
    st.tuples(
        st.integers(0, 23 * 60 - 1),
        st.sampled_from(["f", "m", "Unknown"]),
        st.integers(-1, 1),
        st.integers(-1, 1),
        st.one_of(st.none(), st.sampled_from([-1.0, 0.5, 1.5, 2.0, 9.0])),
    ),
    max_size=60,
)


@cache
def _day(text: str) -> Window:
    return DAYS.window(DAYS.index(moment(text, BERLIN)))


def counted(rows: list[Row], day: Window, window: Window, bins: Bins = BINS) -> Profile:
    """The rows of a day that lie in a window, as a profile."""
    placed = [(day.start + timedelta(minutes=row[0]), row) for row in rows]
    here = [(at, row) for at, row in placed if window.start <= at < window.end]
    values = [row[4] for _, row in here]
    present = [value for value in values if value is not None]
    histogram = Histogram(
        "lactate",
        bins,
        (sum(0 <= v < 1 for v in present), sum(1 <= v <= 2 for v in present)),
        missing=values.count(None),
        below=sum(v < 0 for v in present),
        above=sum(v > 2 for v in present),
    )
    cubes = {
        name: Cube.of(
            name, [(row[1] if name else "", row[2], row[3], 1, -1, 1, 600_000) for _, row in here],
            asides=[("f", "day", -1, -1, 1) for _, row in here if row[1] == "f"],
        )
        for name in ("", "sex")
    }  # fmt: skip
    ought = {"sex": {group: 2 * sum(row[1] == group for _, row in here) for group in ("f", "m", "Unknown")}}
    last = max((at for at, _ in here), default=None)
    return Profile(
        window, len(here), 0, 0, last, {"lactate": histogram}, cubes, {}, (0.0, 0.5, 1.0), ought, 0.0
    )


@settings(max_examples=25, deadline=None)
@given(rows=ROWS, day=st.sampled_from(["2026-01-05", "2026-03-29", "2026-10-25"]))
def test_hours_add_to_the_day_counted_at_once(rows: list[Row], day: str) -> None:
    """Also where a day has 23 hours, or 25."""
    whole = _day(day)
    hours = list(HOURS.inside(whole.start, whole.end))
    assert len(hours) == whole.duration / timedelta(hours=1)
    (found,) = rolled_up((counted(rows, whole, hour) for hour in hours), DAYS, FOREVER)
    assert found.profile is not None
    assert found.window == found.profile.window == whole
    assert found.profile.digest == counted(rows, whole, whole).digest
    assert found.parts == tuple(counted(rows, whole, hour).digest for hour in hours)


def _hours(first: str, last: str) -> list[Profile]:
    start, end = _day(first), _day(last)
    return [counted([(61, "f", 1, 1, 0.5)], start, hour) for hour in HOURS.inside(start.start, end.end)]


def test_what_ended_since_stays_by_the_hour() -> None:
    """Nor is a day begun whose last hour is still to come."""
    found = list(rolled_up(_hours("2026-01-05", "2026-01-07"), DAYS, _day("2026-01-07").start))
    assert [day.window for day in found] == [_day("2026-01-05"), _day("2026-01-06")]


@pytest.mark.parametrize("gone", [0, 7, 23])
def test_a_day_that_lacks_an_hour_has_no_sum(gone: int) -> None:
    hours = _hours("2026-01-05", "2026-01-06")
    lacking = hours.pop(gone).window
    first, second = rolled_up(hours, DAYS, FOREVER)
    assert (first.profile, len(first.parts)) == (None, 23)
    assert first.why == f"nothing was counted from {lacking}; audit it, and it rolls up"
    assert second.profile is not None


def test_an_hour_is_not_counted_twice() -> None:
    hours = _hours("2026-01-05", "2026-01-05")
    (found,) = rolled_up([*hours[:5], hours[4], *hours[5:]], DAYS, FOREVER)
    assert found.profile is None
    assert "share the time from 03:00 UTC" in found.why


def test_a_day_counted_on_two_references_has_no_sum() -> None:
    hours = _hours("2026-01-05", "2026-01-05")
    other = replace(hours[-1].histograms["lactate"], bins=NumericBins((0.0, 1.0, 3.0), (0.5, 2.0), 0.5))
    (found,) = rolled_up([*hours[:-1], replace(hours[-1], histograms={"lactate": other})], DAYS, FOREVER)
    assert (found.profile, found.why) == (None, "histograms of 'lactate' add only on the same bins")


def test_windows_that_do_not_divide_a_day_stay_as_they_are() -> None:
    fives = Grid(Length.parse("PT5H"), MONDAY, ZoneInfo("UTC"))
    start = datetime(1970, 1, 5, tzinfo=UTC)
    parts = [counted([], w, w) for w in fives.inside(start, start + timedelta(days=1, hours=1))]
    (found,) = rolled_up(parts, Grid(Length.parse("P1D"), MONDAY, ZoneInfo("UTC")), FOREVER)
    assert found.profile is None
    assert "only where their length divides it" in found.why
