"""What is counted beside the cube equals the same counted by hand: days, delays, need, missing inputs."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import near
from flows.counting import Frozen, count
from flows.times import timed
from monitors.config import ModelConfig
from monitors.cube import Cube
from monitors.delays import STARTS
from monitors.errors import SourceInvalid
from monitors.histogram import NumericBins
from monitors.profile import Profile
from monitors.window import Window, moment

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = Window(moment("2026-01-05", BERLIN), moment("2026-01-12", BERLIN))
FROZEN = Frozen(
    {"x": NumericBins((0.0, 1.0, 2.5, 10.0), (0.5, 1.7, 5.0), 2.0),
     "s": NumericBins((0.0, 0.5, 1.0), (0.3, 0.7), 0.2)},
    (0.0, 0.25, 0.5, 0.75, 1.0),
)  # fmt: skip
BACKEND = ibis.duckdb.connect()
START = datetime(2026, 1, 4, 23, tzinfo=UTC)  # midnight in Berlin
WHOLE = {"action": "a", "action_time": "acted", "patient": "who", "need": "x", "numeric": ["x"],
         "recorded": "acted", "late_after": "PT6H"}  # fmt: skip
ROW = st.fixed_dictionaries(
    {
        "at": st.integers(0, 7 * 86_400 - 1).map(lambda s: START + timedelta(seconds=s)),
        "who": st.sampled_from(["p1", "p2", "p3", " p1", "", None]),
        "wait": st.one_of(st.none(), st.integers(-100, 200), st.integers(0, 8_000_000)),
        "a": st.sampled_from([0, 1, 1, None]),
        "s": st.sampled_from([0.1, 0.3, 0.6, 0.9, None]),
        "x": st.sampled_from([-1.0, 0.5, 2.0, 9.0, 11.0, None]),
        "g": st.sampled_from(["f", "m", None]),
    }
)


def config(plan: list[dict[str, Any]] | None = None, **columns: Any) -> ModelConfig:
    named = {"time": "at", "score": "s", "decision": {"score_at_least": 0.5}, "sensitive": ["g"], **columns}
    return ModelConfig.model_validate(
        {
            "model": "m", "version": "1", "source": {"kind": "files", "path": "x"}, "columns": named,
            "window": "P7D", "timezone": "Europe/Berlin", "plan": plan or [],
            "reference": {"from": "2025-01-06", "to": "2025-06-02"},
        }
    )  # fmt: skip


def profile(rows: list[dict[str, Any]], settings: ModelConfig, zone: str | None = "UTC") -> Profile:
    def clock(time: datetime) -> datetime:
        return time if zone else time.astimezone(BERLIN).replace(tzinfo=None)

    made = []
    for row in rows:
        late = None if row["wait"] is None else clock(row["at"] + timedelta(seconds=row["wait"]))
        made.append({**row, "at": clock(row["at"]), "acted": late})
    stamp = pa.timestamp("us", zone)
    schema = pa.schema(
        [("at", stamp), ("acted", stamp), ("who", pa.string()), ("a", pa.int64()), ("s", pa.float64()),
         ("x", pa.float64()), ("g", pa.string())]
    )  # fmt: skip
    table = BACKEND.create_table("r", pa.Table.from_pylist(made, schema), temp=True, overwrite=True)
    columns = settings.columns.numeric
    bins = {name: held for name, held in FROZEN.bins.items() if name == "s" or name in columns}
    return count(table, settings, WEEK, Frozen(bins, FROZEN.score_edges))


def by_hand(rows: list[dict[str, Any]], attribute: str) -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    days = set()
    for i, row in enumerate(rows):
        group = (row["g"] or "Unknown") if attribute else "everyone"
        who = (row["who"] or "").strip() or i  # without a name a row is a patient of its own
        days.add((group, row["at"].astimezone(BERLIN).date(), who))
        if (row["s"] or 0) >= 0.5 and row["a"] == 1 and (row["wait"] or -1) >= 0:
            found[group, "delay", bisect_right(STARTS, row["wait"]) - 1, 0] += 1
        cell = -1 if row["s"] is None else int(row["s"] // 0.25)
        x = row["x"]
        step = -1 if x is None else -3 if x < 0 else -4 if x > 10 else bisect_right((0.0, 1.0, 2.5), x) - 1
        found[group, "need", cell, step] += 1
        found[group, "incomplete", int(x is None), 0] += 1
        if row["wait"] is not None:
            found[group, "late", int(row["wait"] > 6 * 3600), 0] += 1
    for group, *_ in days:
        found[group, "day", 0, 0] += 1
    return found


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, max_size=40), st.sampled_from(["UTC", None]))
def test_every_aside_is_the_one_by_hand(rows: list[dict[str, Any]], zone: str | None) -> None:
    rows = [row | {"wait": None if row["wait"] == 0 else row["wait"]} for row in rows]
    counted = profile(rows, config([{"measure": "incomplete_share"}], **WHOLE), zone)
    for attribute, cube in counted.cubes.items():
        assert {aside[:4]: aside[4] for aside in cube.asides} == by_hand(rows, attribute)
    again = Profile.read(counted.payload())
    assert again.digest == counted.digest


@given(st.lists(ROW, min_size=1, max_size=20))
@settings(max_examples=10, deadline=None)
def test_a_profile_without_them_is_what_it_always_was(rows: list[dict[str, Any]]) -> None:
    """The digest of every profile counted before stays: no key is added, not even an empty one."""
    plain = profile(rows, config(patient="who", numeric=["x"]))
    assert all(cube.asides == () for cube in plain.cubes.values())
    assert not any("asides" in cube for cube in plain.payload()["cubes"].values())


def test_asides_of_two_sites_add_group_by_group() -> None:
    one = Cube.of("g", [("f", -1, 1, 0, 1, 2, 0)], asides=[("f", "day", 0, 0, 3), ("m", "day", 0, 0, 1)])
    two = Cube.of("g", [("f", -1, 1, 0, 1, 5, 0)], asides=[("f", "day", 0, 0, 4)])
    both = one + two
    assert (both.tally("f").days, both.tally(rest_of="f").days, both.tally().days) == (7, 1, 8)
    assert both == two + one


@pytest.mark.parametrize("kind", [pa.string(), pa.timestamp("us")])
@pytest.mark.parametrize("part", [{"action_time": "acted"}, {"recorded": "acted", "late_after": "P1D"}])
def test_a_time_on_another_clock_is_refused_by_name(kind: pa.DataType, part: dict[str, str]) -> None:
    held = pa.table(
        {"at": pa.array([START], pa.timestamp("us", "UTC")), "s": [0.6], "a": [1],
         "acted": pa.array([None], kind), "g": ["f"]}
    )  # fmt: skip
    table = BACKEND.create_table("odd", held, temp=True, overwrite=True)
    frozen = Frozen({"s": FROZEN.bins["s"]}, FROZEN.score_edges)
    with pytest.raises(SourceInvalid, match=r"column 'acted' holds .* beside 'at'"):
        count(table, config(action="a", **part), WEEK, frozen)


def test_times_of_action_kept_as_text_are_read_like_the_time_itself() -> None:
    text = pa.table(
        {"at": ["2026-01-05T10:00:00Z"] * 2, "acted": ["2026-01-05T10:30:00Z", None], "s": [0.6] * 2}
    )
    blank = pa.table(
        {"at": ["2026-01-05T10:00:00Z"] * 2, "acted": pa.array([None, None], pa.string()), "s": [0.6] * 2}
    )
    settings = config(action="a", action_time="acted", sensitive=[])
    for held, found in ((text, 1), (blank, 0)):
        table = BACKEND.create_table("t", held.append_column("a", [[1, 1]]), temp=True, overwrite=True)
        frozen = Frozen({"s": FROZEN.bins["s"]}, FROZEN.score_edges)
        counted = count(timed(table, settings, None, "ward.csv"), settings, WEEK, frozen)
        assert counted.cubes[""].tally().delays.sum() == found
        assert counted.cubes[""].tally().delays[bisect_right(STARTS, 1800) - 1] == found


def test_rows_put_in_memory_first_are_counted_as_where_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [
        {"at": START + timedelta(hours=i), "who": f"p{i % 7}", "wait": 60 * i, "a": i % 2, "s": (i % 10) / 10,
         "x": float(i % 11), "g": "fm"[i % 2]} for i in range(120)
    ]  # fmt: skip
    asked: list[str] = []
    raw = BACKEND.raw_sql
    monkeypatch.setattr(BACKEND, "raw_sql", lambda text: (asked.append(str(text)), raw(text))[1])
    digests, statements = [], []
    for most in (near.MOST, 0):
        monkeypatch.setattr(near, "MOST", most)
        asked.clear()
        digests.append(profile(made, config(**WHOLE)).digest)
        statements.append(sum("rounds_near" in text for text in asked))
    assert digests[0] == digests[1]
    assert statements[0] > 2
    assert statements[1] == 0
    assert not [name for name in BACKEND.list_tables() if name.startswith("rounds_near")]
