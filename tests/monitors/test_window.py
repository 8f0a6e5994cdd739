"""Windows and their grids: the same window whoever asks, whenever, across clock changes."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.window import FIRST, MONDAY, Grid, Length, Window, moment, utc

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its clocks move by half an hour
ZONES = [BERLIN, NEW_YORK, LORD_HOWE, *map(ZoneInfo, ("UTC", "Asia/Kolkata", "America/Sao_Paulo"))]


def grid(length: str, zone: ZoneInfo = BERLIN, anchor: date = MONDAY) -> Grid:
    return Grid(Length.parse(length), anchor, zone)


def hours(window: Window) -> float:
    return window.duration / timedelta(hours=1)


# --- lengths ---


@pytest.mark.parametrize(
    ("text", "length", "shown"),
    [
        ("P1D", Length(days=1), "P1D"),
        ("P1W", Length(days=7), "P7D"),
        ("P2W3D", Length(days=17), "P17D"),
        ("P1M", Length(months=1), "P1M"),
        ("P1Y6M", Length(months=18), "P18M"),
        ("PT6H", Length(seconds=21_600), "PT6H"),
        ("PT90M", Length(seconds=5400), "PT90M"),
        ("PT1H30S", Length(seconds=3630), "PT3630S"),
    ],
)
def test_a_length_is_read_and_shown(text: str, length: Length, shown: str) -> None:
    assert Length.parse(text) == length
    assert str(length) == shown
    assert Length.parse(shown) == length


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "1D", "P0D", "P-1D", "P1.5D", "P1M1D", "P1DT1H", "7 days", "p7d"]
)
def test_what_is_no_length_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match="must be an ISO 8601 duration in one unit") as caught:
        Length.parse(text)
    assert f"(got {text!r})" in str(caught.value)


# --- moments ---


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("1992-01-07", None, "1992-01-07T00:00:00Z"),
        ("2026-07-01", BERLIN, "2026-06-30T22:00:00Z"),
        ("2026-01-05T06:00Z", BERLIN, "2026-01-05T06:00:00Z"),
        ("2026-01-05T06:00+05:30", None, "2026-01-05T00:30:00Z"),
        ("2026-01-05T06:00:01.9", None, "2026-01-05T06:00:01Z"),
    ],
)
def test_a_moment_without_an_offset_is_meant_in_the_zone(
    text: str, zone: ZoneInfo | None, expected: str
) -> None:
    assert utc(moment(text, zone)) == expected


def test_what_is_no_moment_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"must be a date or a date and time .* \(got 'yesterday'\)"):
        moment("yesterday")


# --- windows ---


def test_a_window_is_half_open() -> None:
    first, second = grid("P1D").window(0), grid("P1D").window(1)
    assert first.end == second.start
    assert not first.overlaps(second)
    assert first.overlaps(first)


def test_a_window_comes_back_from_its_text() -> None:
    window = grid("P1D").window(12)
    assert Window.parse(str(window)) == window


@pytest.mark.parametrize("end", [datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 4, tzinfo=UTC)])
def test_a_window_that_does_not_end_after_it_starts_is_refused(end: datetime) -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        Window(datetime(2026, 1, 5, tzinfo=UTC), end)


def test_a_window_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="need a time zone"):
        Window(datetime(2026, 1, 5), datetime(2026, 1, 6, tzinfo=UTC))  # noqa: DTZ001


# --- clock changes ---


@pytest.mark.parametrize(
    ("zone", "noon_after", "expected"),
    [
        (BERLIN, "2026-03-30T12:00", 23),
        (BERLIN, "2026-10-26T12:00", 25),
        (NEW_YORK, "2026-03-09T12:00", 23),
        (NEW_YORK, "2026-11-02T12:00", 25),
        (LORD_HOWE, "2026-10-05T12:00", 23.5),
        (LORD_HOWE, "2026-04-06T12:00", 24.5),
        (BERLIN, "2026-06-10T12:00", 24),
    ],
)
def test_a_local_day_is_as_long_as_it_was(zone: ZoneInfo, noon_after: str, expected: float) -> None:
    window = grid("P1D", zone).ending_by(moment(noon_after, zone))
    assert hours(window) == expected
    assert window.end.astimezone(zone).hour == 0
    assert window.start.astimezone(zone).hour == 0


def test_a_week_over_a_clock_change_starts_and_ends_at_local_midnight() -> None:
    window = grid("P7D").ending_by(moment("2026-04-01T00:00", BERLIN))
    assert hours(window) == 7 * 24 - 1
    assert (window.end.astimezone(BERLIN).weekday(), window.end.astimezone(BERLIN).hour) == (0, 0)


def test_windows_of_hours_follow_the_absolute_clock() -> None:
    found = [hours(w) for w in grid("PT6H").inside(moment("2026-03-28"), moment("2026-03-31"))]
    assert set(found) == {6.0}


def test_a_day_whose_midnight_does_not_exist_starts_when_it_did() -> None:
    # In Brazil clocks went forward at midnight: 4 November 2018 began at one o'clock.
    brazil = ZoneInfo("America/Sao_Paulo")
    before, day = grid("P1D", brazil).inside(moment("2018-11-03", brazil), moment("2018-11-05", brazil))
    assert before.end == day.start
    assert (hours(before), hours(day)) == (24, 23)
    assert day.start.astimezone(brazil).hour == 1


# --- grids ---


def test_months_start_on_the_first() -> None:
    months = list(
        grid("P1M", anchor=FIRST).inside(moment("2026-01-01", BERLIN), moment("2026-07-01", BERLIN))
    )
    assert [w.start.astimezone(BERLIN).date() for w in months] == [date(2026, m, 1) for m in range(1, 7)]
    assert months[-1].end == moment("2026-07-01", BERLIN)


def test_quarters_and_years_stay_on_their_grid() -> None:
    quarter = grid("P3M", anchor=FIRST).ending_by(moment("2026-05-20"))
    assert str(quarter) == "2025-12-31T23:00:00Z/2026-03-31T22:00:00Z"
    year = Grid(Length.parse("P1Y"), FIRST, ZoneInfo("UTC")).ending_by(moment("2026-05-20"))
    assert str(year) == "2025-01-01T00:00:00Z/2026-01-01T00:00:00Z"


def test_the_default_week_starts_on_monday() -> None:
    assert grid("P7D").ending_by(moment("2026-01-20")).start.astimezone(BERLIN).weekday() == 0


def test_an_anchor_moves_the_grid() -> None:
    anchored = Grid(Length.parse("P90D"), date(1992, 1, 7), ZoneInfo("UTC"))
    assert str(anchored.window(0)) == "1992-01-07T00:00:00Z/1992-04-06T00:00:00Z"
    assert anchored.index(moment("1992-01-06T23:59:59Z")) == -1


def test_a_window_is_complete_at_the_moment_it_ends_and_not_before() -> None:
    daily = grid("P1D", ZoneInfo("UTC"))
    assert daily.ending_by(moment("2026-01-06T00:00:00Z")).end == moment("2026-01-06")
    assert daily.ending_by(moment("2026-01-05T23:59:59Z")).end == moment("2026-01-05")


def test_inside_gives_whole_windows_only_oldest_first() -> None:
    found = list(grid("P7D", ZoneInfo("UTC")).inside(moment("2026-01-06"), moment("2026-02-01")))
    assert [utc(window.start)[:10] for window in found] == ["2026-01-12", "2026-01-19"]
    edge = list(grid("P7D", ZoneInfo("UTC")).inside(moment("2026-01-05"), moment("2026-01-19")))
    assert [utc(window.start)[:10] for window in edge] == ["2026-01-05", "2026-01-12"]
    assert list(grid("P7D", ZoneInfo("UTC")).inside(moment("2026-01-06"), moment("2026-01-18"))) == []


MOMENTS = st.datetimes(datetime(1989, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LENGTHS = st.sampled_from(["P1D", "P7D", "P14D", "P90D", "P1M", "P3M", "P1Y", "PT1H", "PT6H", "PT45M"])


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    length = Length.parse(draw(LENGTHS))
    return Grid(length, FIRST if length.months else MONDAY, draw(st.sampled_from(ZONES)))


GRIDS = grids()


@given(GRIDS, MOMENTS)
def test_every_moment_lies_in_exactly_one_window(chosen: Grid, at: datetime) -> None:
    index = chosen.index(at)
    window = chosen.window(index)
    assert window.start <= at < window.end
    assert chosen.window(index + 1).start == window.end


@given(GRIDS, MOMENTS, st.integers(0, 6 * 24 * 3600))
def test_a_late_run_finds_the_same_window(chosen: Grid, at: datetime, late: int) -> None:
    window = chosen.ending_by(at)
    later = chosen.ending_by(at + timedelta(seconds=late))
    assert window.end <= at
    assert later.end >= window.end
    if chosen.window(chosen.index(at)).end > at + timedelta(seconds=late):
        assert later == window


@given(GRIDS, MOMENTS, st.integers(1, 40))
def test_windows_tile_time_without_gap_or_overlap(chosen: Grid, at: datetime, count: int) -> None:
    first = chosen.index(at)
    start, end = chosen.start(first), chosen.start(first + count)
    found = list(chosen.inside(start, end))
    assert len(found) == count
    assert (found[0].start, found[-1].end) == (start, end)
    assert all(a.end == b.start for a, b in itertools.pairwise(found))


@given(GRIDS, MOMENTS)
def test_a_length_after_a_grid_point_is_the_next_one(chosen: Grid, at: datetime) -> None:
    start = chosen.start(chosen.index(at))
    local = start.astimezone(chosen.zone)
    if local.hour == 0 or chosen.length.seconds:  # where midnight does not exist the day starts later
        assert chosen.length.after(start, chosen.zone) == chosen.start(chosen.index(at) + 1)
