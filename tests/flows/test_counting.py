"""Counting in the engine equals counting the same rows by hand, whatever the rows hold."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import counting
from flows.counting import Frozen, count, untimed
from flows.frame import Frame
from flows.periods import within
from monitors.config import ModelConfig
from monitors.cube import Cube
from monitors.histogram import CategoryBins, Histogram, NumericBins
from monitors.profile import Profile
from monitors.window import Window, moment

NOON = datetime(2026, 1, 6, 12)  # noqa: DTZ001  a local clock
WEEK = Window(moment("2026-01-05"), moment("2026-01-12"))
FROZEN = Frozen(
    {
        "x": NumericBins((0.0, 1.0, 2.5, 10.0), (0.5, 1.7, 5.0), 2.0),
        "s": NumericBins((0.1, 0.5, 0.9), (0.3, 0.7), 0.2),
        "c": CategoryBins(("a", "b"), ("z",)),
    },
    (0.0, 0.25, 0.5, 0.75, 1.0),
)
SCHEMA = pa.schema(
    [("at", pa.timestamp("us")), ("id", pa.string()), ("x", pa.float64()), ("s", pa.float64()),
     ("c", pa.string()), ("y", pa.int64()), ("g", pa.string()), ("age", pa.float64()), ("v", pa.string())]
)  # fmt: skip
BACKEND = ibis.duckdb.connect()


def config(top: dict[str, Any] | None = None, **columns: Any) -> ModelConfig:
    named = {
        "time": "at",
        "score": "s",
        "decision": {"score_at_least": 0.5},
        "outcome": "y",
        "numeric": ["x"],
        "categorical": ["c"],
        "sensitive": ["g", {"age": [18, 65]}, ["g", "age"]],
        "version": "v",
    }
    return ModelConfig.model_validate(
        {
            "model": "m",
            "version": "1",
            "source": {"kind": "files", "path": "x"},
            "columns": {**named, **columns},
            "outcome": {"matures_after": "P1D"},
            "window": "P7D",
            "reference": {"from": "2025-01-06", "to": "2025-06-02"},
            **(top or {}),
        }
    )


SCORES_ALONE: dict[str, Any] = {
    "numeric": [],
    "categorical": [],
    "sensitive": [],
    "outcome": None,
    "version": None,
}


def table(rows: list[dict[str, Any]]) -> ibis.Table:
    return BACKEND.create_table("rows", pa.Table.from_pylist(rows, SCHEMA), temp=True, overwrite=True)


def profile(rows: list[dict[str, Any]], window: Window = WEEK, **columns: Any) -> Profile:
    return count(table(rows), config(**columns), window, FROZEN)


NUMBERS = st.one_of(
    st.sampled_from([None, math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 2.5, 10.0, 1e300, -1e300, 5e-324]),
    st.floats(-3, 13),
)
SCORES = st.one_of(
    st.sampled_from([None, math.nan, math.inf, -math.inf, 0.0, 1.0, 0.25, 0.5, 1.0000001, -1e-9, 1e30]),
    st.floats(0, 1),
)
ROW = st.fixed_dictionaries(
    {
        "at": st.integers(-2 * 86_400, 9 * 86_400).map(
            lambda s: datetime(2026, 1, 5) + timedelta(seconds=s)  # noqa: DTZ001  a local clock
        ),
        "id": st.sampled_from([None, "p1", "p2", "p3", "", " "]),
        "x": NUMBERS,
        "s": SCORES,
        "c": st.sampled_from([None, "", "  ", "a", " a", "b ", "z", "new", "NaN", "a'b"]),
        "y": st.sampled_from([None, 0, 1, 2]),
        "g": st.sampled_from([None, "f", "m", " m", "", "×"]),
        "age": st.sampled_from([None, math.nan, -1.0, 17.99, 18.0, 64.0, 65.0, 120.0]),
        "v": st.sampled_from([None, "1", "1 ", "2"]),
    }
)
ROWS = st.lists(ROW, max_size=40)


def gone(value: Any) -> bool:
    return (
        value is None or value != value or (isinstance(value, str) and value.strip().lower() in ("", "nan"))
    )


def in_week(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [r for r in rows if datetime(2026, 1, 5) <= r["at"] < datetime(2026, 1, 12)]  # noqa: DTZ001


def number_by_hand(values: list[float | None], bins: NumericBins, column: str) -> Histogram:
    edges, places = bins.edges, Counter[Any]()
    for value in values:
        if value is None or value != value:
            places["missing"] += 1
        elif value < edges[0]:
            places["below"] += 1
        elif value > edges[-1]:
            places["above"] += 1
        else:
            inside = [i for i in range(len(edges) - 1) if edges[i] <= value]
            places[inside[-1]] += 1
    counts = tuple(places[i] for i in range(len(edges) - 1))
    named = {name: places[name] for name in ("missing", "below", "above")}
    return Histogram(column, bins, counts, **named)


def category_by_hand(values: list[str | None], bins: CategoryBins, column: str) -> Histogram:
    places = Counter(
        "missing" if gone(v) else v.strip() if v.strip() in bins.categories
        else "other" if v.strip() in bins.rare else "unseen"
        for v in values
    )  # fmt: skip
    counts = tuple(places[name] for name in bins.categories)
    return Histogram(
        column, bins, counts, missing=places["missing"], other=places["other"], unseen=places["unseen"]
    )


def group_by_hand(row: dict[str, Any], attribute: str) -> str:
    if attribute == "":
        return "everyone"
    sex = "Unknown" if gone(row["g"]) else row["g"].strip()
    age = row["age"]
    band = "Unknown" if gone(age) else "under 18" if age < 18 else "18 to 64" if age < 65 else "65 and over"
    return {"g": sex, "age": band, "g × age": f"{sex} × {band}"}[attribute]


def cube_by_hand(rows: list[dict[str, Any]], attribute: str) -> Cube:
    made = []
    for row in rows:
        score = row["s"]
        valid = not gone(score) and 0 <= score <= 1
        edges = FROZEN.score_edges
        cell = -1 if gone(score) else -2 if not valid else max(i for i in range(4) if edges[i] <= score)
        decision = int(score >= 0.5) if valid else -1
        outcome = row["y"] if row["y"] in (0, 1) else -1
        whole = math.floor(score * 1e6 + 0.5) if valid else 0
        made.append((group_by_hand(row, attribute), outcome, decision, cell, -1, 1, whole))
    return Cube.of(attribute, made)


@settings(max_examples=40)
@given(ROWS)
def test_every_count_is_the_one_by_hand(rows: list[dict[str, Any]]) -> None:
    counted, week = profile(rows), in_week(rows)
    assert counted.rows == len(week)
    assert counted.histograms["x"] == number_by_hand([r["x"] for r in week], FROZEN.bins["x"], "x")  # type: ignore[arg-type]
    assert counted.histograms["s"] == number_by_hand([r["s"] for r in week], FROZEN.bins["s"], "s")  # type: ignore[arg-type]
    assert counted.histograms["c"] == category_by_hand([r["c"] for r in week], FROZEN.bins["c"], "c")  # type: ignore[arg-type]
    assert set(counted.cubes) == {"", "g", "age", "g × age"}
    for attribute, cube in counted.cubes.items():
        assert cube == cube_by_hand(week, attribute)
    assert counted.wrong_version == sum(gone(r["v"]) or r["v"].strip() != "1" for r in week)
    assert counted.last == max((r["at"].replace(tzinfo=UTC) for r in week), default=None)
    third = sum(r["y"] == 2 for r in week)
    said = f"{third:,} rows" if third > 10 else "fewer than 11 rows"
    assert counted.unreadable.get("y", "").startswith(said if third else "")
    assert ("y" in counted.unreadable) == (third > 0)


@settings(max_examples=15)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, Any]], order: random.Random) -> None:
    shuffled = order.sample(rows, len(rows))
    assert profile(shuffled, id="id").digest == profile(rows, id="id").digest


@settings(max_examples=15)
@given(ROWS)
def test_the_profiles_of_two_halves_are_the_profile_of_the_whole(rows: list[dict[str, Any]]) -> None:
    noon = datetime(2026, 1, 8, 12, tzinfo=UTC)
    sound = [row | {"y": row["y"] if row["y"] != 2 else None} for row in rows]
    halves = profile(sound, Window(WEEK.start, noon)) + profile(sound, Window(noon, WEEK.end))
    assert halves.payload() == profile(sound).payload()


@settings(max_examples=15)
@given(ROWS)
def test_the_latest_of_an_id_is_the_one_that_counts(rows: list[dict[str, Any]]) -> None:
    counted = profile(rows, id="id", sensitive=[])
    latest: dict[str, dict[str, Any]] = {}
    unnamed = []
    for row in sorted(in_week(rows), key=lambda r: r["at"]):
        if gone(row["id"]):
            unnamed.append(row)
        else:
            latest[row["id"]] = row
    kept = [*latest.values(), *unnamed]
    assert (counted.rows, counted.duplicates) == (len(kept), len(in_week(rows)) - len(kept))
    if len({(r["id"], r["at"]) for r in in_week(rows)}) == len(in_week(rows)):
        assert counted.histograms["x"] == number_by_hand([r["x"] for r in kept], FROZEN.bins["x"], "x")  # type: ignore[arg-type]


def rows_of(n: int) -> list[dict[str, Any]]:
    at = datetime(2026, 1, 5)  # noqa: DTZ001  a local clock
    return [
        {
            "at": at + timedelta(hours=i),
            "id": f"p{i}",
            "x": float(i % 7),
            "s": i % 10 / 10,
            "c": "a",
            "y": i % 2,
            "g": "f",
            "age": 40.0,
            "v": "1",
        }
        for i in range(n)
    ]


def test_outcomes_are_not_read_before_they_may_be() -> None:
    counted = count(table(rows_of(50)), config(), WEEK, FROZEN, outcomes=False)
    assert set(counted.cubes[""].outcome.tolist()) == {-1}
    assert counted.cubes[""].rows == 50


def test_numbers_booleans_and_dates_read_alike_as_categories() -> None:
    held = pa.table(
        {
            "at": [NOON] * 4,
            "s": [0.3] * 4,
            "b": [True, False, None, True],
            "i": [3, 3, 2, None],
            "f": [3.0, 2.5, math.inf, math.nan],
            "d": [date(2026, 1, 5)] * 3 + [None],
        }
    )
    wanted = {
        "b": {"true": 2, "false": 1}, "i": {"3": 2, "2": 1}, "f": {"3": 1, "2.5": 1, "inf": 1},
        "d": {"2026-01-05": 3},
    }  # fmt: skip
    bins = {name: CategoryBins(tuple(values)) for name, values in wanted.items()}
    declared = config(**SCORES_ALONE | {"categorical": list(wanted)})
    counted = count(Frame(held, declared).table(), declared, WEEK, Frozen(bins, (0.0, 1.0)))
    for name, values in wanted.items():
        assert dict(zip(values, counted.histograms[name].counts, strict=True)) == values
        assert counted.histograms[name].missing == 4 - sum(values.values())
        assert counted.histograms[name].unseen == 0


@pytest.mark.parametrize(
    "values",
    [
        ["1", "0", None, " 1 "],
        [True, False, None, True],
        ["true", "FALSE", "", "True"],
        [1.0, 0.0, math.nan, 1.0],
    ],
    ids=str,
)
def test_an_outcome_may_be_written_in_any_of_these_ways(values: list[Any]) -> None:
    held = pa.table({"at": [NOON] * 4, "s": [0.3] * 4, "y": values})
    declared = config(numeric=[], categorical=[], sensitive=[], version=None)
    counted = count(Frame(held, declared).table(), declared, WEEK, Frozen({}, (0.0, 1.0)))
    outcomes = dict(zip(counted.cubes[""].outcome.tolist(), counted.cubes[""].n.tolist(), strict=True))
    assert outcomes == {-1: 1, 0: 1, 1: 2}
    assert counted.unreadable == {}


def test_an_edge_is_met_to_the_last_bit() -> None:
    """Engines read a number with a point as a decimal, and one in thirty comes out a bit off."""
    draw = random.Random(5)
    edges = sorted(draw.random() * 10 ** draw.randrange(-6, 6) for _ in range(300))
    declared = config(**SCORES_ALONE | {"numeric": ["x"]})
    held = pa.table({"at": [NOON] * 300, "s": [0.3] * 300, "x": edges})
    bins = {"x": NumericBins(tuple(edges), tuple(edges[:-1]), 1.0)}
    counted = count(Frame(held, declared).table(), declared, WEEK, Frozen(bins, (0.0, 1.0))).histograms["x"]
    assert (counted.below, counted.above) == (0, 0)
    assert counted.counts == (*[1] * 298, 2)  # each edge opens its bin; the last bin is closed


# ------------------------------------------------------------------------------------------ time zones
BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = [
    *(datetime(2026, 3, 28, 12, tzinfo=UTC) + timedelta(minutes=15 * i) for i in range(4 * 48)),
    *(datetime(2026, 10, 24, 12, tzinfo=UTC) + timedelta(minutes=15 * i) for i in range(4 * 48)),
]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
@pytest.mark.parametrize(
    "written", ["aware", "aware elsewhere", "naive", "date", "text", "text with an offset"]
)
def test_a_day_is_a_local_day_however_times_are_kept(day: str, hours: int, written: str) -> None:
    local = [at.astimezone(BERLIN) for at in MOMENTS]
    values: dict[str, pa.Array] = {
        "aware": pa.array(MOMENTS, pa.timestamp("us", "UTC")),
        "aware elsewhere": pa.array(MOMENTS, pa.timestamp("us", "America/New_York")),
        "naive": pa.array([at.replace(tzinfo=None) for at in local], pa.timestamp("us")),
        "date": pa.array([at.date() for at in local], pa.date32()),
        "text": pa.array([at.replace(tzinfo=None).isoformat(" ") for at in local]),
        "text with an offset": pa.array([at.isoformat() for at in local]),
    }
    declared = config({"timezone": "Europe/Berlin", "window": "P1D"}, **SCORES_ALONE)
    window = declared.grid.window(declared.grid.index(moment(f"{day}T12:00", BERLIN)))
    assert window.duration == timedelta(hours=hours)
    frame = Frame(pa.table({"at": values[written], "s": [0.3] * len(MOMENTS)}), declared)
    counted = count(frame.table(), declared, window, Frozen({}, (0.0, 1.0)))
    mine = [at for at in local if at.date() == date.fromisoformat(day)]
    assert counted.rows == len(mine) == 4 * hours
    known = {"date": datetime.combine(mine[0].date(), datetime.min.time(), BERLIN)}
    # In autumn a clock without an offset shows two to three twice; its last row is after both.
    assert counted.last == known.get(written, max(mine)).astimezone(UTC)
    frame.close()


def test_windows_that_touch_share_no_row_and_lose_none() -> None:
    rows = rows_of(24 * 21)
    declared = config()
    held = table(rows)
    weeks = list(declared.grid.inside(moment("2026-01-05"), moment("2026-01-26")))
    each = [within(held, declared.columns, week, declared).count().to_pyarrow().as_py() for week in weeks]
    assert each == [168, 168, 168]


def test_rows_without_a_time_are_told_apart_from_rows_elsewhere() -> None:
    rows: list[dict[str, Any]] = rows_of(50)
    assert untimed(table(rows), config().columns) == {}
    lost = [row | {"at": None} for row in rows]
    assert untimed(table(rows + lost), config().columns) == {
        "at": "50 rows hold no time and belong to no window; mend those rows"
    }
    few = untimed(table(rows + lost[:10]), config().columns)
    assert few["at"].startswith("fewer than 11 rows hold no time")


# --------------------------------------------------------------------------------------------- at scale
def test_hundreds_of_columns_are_counted_in_statements_the_engine_bears() -> None:
    names = [f"x{i}" for i in range(200)]
    values = {name: [float(i), 0.5, None] for i, name in enumerate(names)}
    held = pa.table({"at": [NOON] * 3, "s": [0.1, 0.6, 0.9], **values})
    declared = config(**SCORES_ALONE | {"numeric": names})
    bins = {name: NumericBins((0.0, 1.0), (0.5,), 1.0) for name in names}
    assert len(bins) > 3 * counting._BRANCHES
    counted = count(Frame(held, declared).table(), declared, WEEK, Frozen(bins, (0.0, 1.0)))
    assert {name: (h.counts, h.above, h.missing) for name, h in counted.histograms.items()} == {
        name: ((2,), 0, 1) if i < 2 else ((1,), 1, 1) for i, name in enumerate(names)
    }


def test_a_profile_is_the_same_after_being_kept() -> None:
    counted = profile(rows_of(100))
    assert Profile.read(counted.payload()) == replace(counted)
    assert Profile.read(counted.payload()).digest == counted.digest


def test_groups_are_counted_by_stratum_where_a_rule_compares_within_it() -> None:
    rule = {"measure": "true_positive_rate", "by": ["g"], "within": "c", "margin": 0.1}
    rows = rows_of(60)
    counted = count(table(rows), config({"plan": [rule]}), WEEK, FROZEN)
    by_hand = Counter(
        f"{(row['g'] or '').strip() or 'Unknown'}\x1f{(row['c'] or '').strip() or 'Unknown'}"
        for row in in_week(rows)
    )
    cube = counted.cubes["g within c"]
    assert {group: cube.tally(group).n for group in cube.groups} == dict(by_hand)
