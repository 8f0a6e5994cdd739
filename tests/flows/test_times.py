"""Times written as text, read by rule: one form for all rows, and never a guess between two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.times import FORMS, readable_times, ways_round
from monitors.errors import SourceInvalid

BACKEND = ibis.duckdb.connect()
BACKEND.raw_sql("SET TimeZone = 'UTC'")


def read(values: list[Any], form: str | None = None) -> list[datetime | None]:
    held = pa.table({"at": pa.array(values, pa.string())})
    table = BACKEND.create_table("written", held, temp=True, overwrite=True)
    return readable_times(table, "at", form, "ward.csv").at.to_pyarrow().to_pylist()


def clock(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[misc,arg-type]  # noqa: DTZ001


FIFTH = clock(2026, 1, 5)


@settings(max_examples=30)
@given(
    st.sampled_from(FORMS),
    st.lists(st.datetimes(clock(1990, 1, 1), clock(2060, 1, 1)), min_size=1, max_size=20),
)
def test_what_was_written_is_read_or_the_choice_is_named(form: str, times: list[datetime]) -> None:
    texts = [time.strftime(form) for time in times]
    wanted = [datetime.strptime(text, form) for text in texts]  # noqa: DTZ007  a local clock
    assert read(texts, form) == wanted
    one_way = form.startswith("%Y") or "." in form or "%b" in form or "%p" in form
    if one_way or any(time.day > 12 for time in times):
        assert read(texts) == wanted
    else:
        with pytest.raises(SourceInvalid, match="day and month could be either way round"):
            read(texts)


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (
            ["2026-01-05", None, "  ", "2026-01-06 07:08"],
            [clock(2026, 1, 5), None, None, clock(2026, 1, 6, 7, 8)],
        ),
        (["2026-01-05T07:08:09.5"], [clock(2026, 1, 5, 7, 8, 9, 500_000)]),
        (["13.02.2026", "01.03.2026"], [clock(2026, 2, 13), clock(2026, 3, 1)]),
        (["02/13/2026", "03/01/2026"], [clock(2026, 2, 13), clock(2026, 3, 1)]),
        (["13/02/2026 07:08", "01/03/2026 09:10"], [clock(2026, 2, 13, 7, 8), clock(2026, 3, 1, 9, 10)]),
        (["5-Jan-2026"], [FIFTH]),
        ([None, ""], [None, None]),
    ],
)
def test_one_form_is_found_that_fits_every_row(texts: list[str], wanted: list[datetime]) -> None:
    assert read(texts) == wanted


def test_with_an_offset_it_is_a_moment_and_without_what_the_clock_showed() -> None:
    assert read(["2026-01-05T07:08:09+02:00", "2026-01-05T07:08:09Z"]) == [
        datetime(2026, 1, 5, 5, 8, 9, tzinfo=UTC),
        datetime(2026, 1, 5, 7, 8, 9, tzinfo=UTC),
    ]
    assert read(["2026-01-05T07:08:09"]) == [clock(2026, 1, 5, 7, 8, 9)]


def test_with_dots_the_day_comes_first_everywhere() -> None:
    assert read(["05.01.2026"]) == [FIFTH]


@pytest.mark.parametrize("texts", [["05/01/2026", "06/02/2026"], ["05-01-2026 10:00:00"]])
def test_day_and_month_are_never_guessed_where_both_are_common(texts: list[str]) -> None:
    with pytest.raises(SourceInvalid, match="day and month could be either way round"):
        read(texts)


@pytest.mark.parametrize(
    "texts", [["2026-01-05", "soon"], ["31.02.2026"], ["1770000000"], ["05/13/2026", "13/05/2026"]]
)
def test_what_fits_no_form_is_counted_and_not_quoted(texts: list[str]) -> None:
    with pytest.raises(SourceInvalid, match=rf"of {len(texts)} times are in no form that fits") as refused:
        read(texts)
    assert not [text for text in texts if text in str(refused.value)]


def test_only_two_orders_of_the_same_parts_are_a_choice() -> None:
    assert ways_round(["%d/%m/%Y", "%m/%d/%Y"]) == ["%d/%m/%Y", "%m/%d/%Y"]
    assert ways_round(["%d/%m/%Y"]) == ways_round(["%Y-%m-%d"]) == ways_round([]) == []
