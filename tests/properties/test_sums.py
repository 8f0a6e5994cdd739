"""Counting sites or days apart and adding them gives the profile of all of it, to the digest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.binning import freeze
from flows.counting import Frozen, count
from flows.frame import Frame
from monitors.profile import Profile
from monitors.window import Window
from tests.flows.rows import START, WINDOW, Row, config, last_week, ward

DECLARED = config({"patient": "who", "action": "acted", "site": "ward", "action_time": "acted_at"})
ROWS = [
    row | {
        "who": f"p{i // 3}", "acted": [1, 0, None][i % 3],
        "acted_at": (START + timedelta(days=(i + 0.5) / 30, minutes=40)).isoformat(" ", "seconds"),
        "sepsis": None if i % 11 == 0 else row["sepsis"],
        "lactate": None if i % 17 == 0 else row["lactate"],
        "visit": f"v{i - 1}" if i % 40 == 39 else row["visit"],
    }
    for i, row in enumerate(ward())
]  # fmt: skip


def profiled(rows: list[Row], frozen: Frozen, window: Window = WINDOW) -> Profile:
    frame = Frame(pa.Table.from_pylist(rows, SCHEMA), DECLARED)
    try:
        return count(frame.table(), DECLARED, window, frozen)
    finally:
        frame.close()


SCHEMA = pa.Table.from_pylist(ROWS).schema


@pytest.fixture(scope="module")
def frozen() -> Frozen:
    frame = Frame(pa.Table.from_pylist(ROWS, SCHEMA), DECLARED)
    reference = freeze(frame.table(), DECLARED, DECLARED.reference_window(WINDOW))
    frame.close()
    return Frozen(reference.bins, reference.score_edges)


@settings(max_examples=12)
@given(sites=st.integers(2, 5), seed=st.integers(0, 1_000))
def test_sites_add_to_the_system(frozen: Frozen, sites: int, seed: int) -> None:
    week = [row for row in ROWS if last_week(row)]
    parts: dict[int, list[Row]] = {}
    for row in week:  # a patient, and a retry of a visit, stays at one site
        parts.setdefault((int(str(row["who"])[1:]) // 14 * 31 + seed) % sites, []).append(row)
    kept = {id(row) for rows in parts.values() for row in rows}
    assert len(kept) == len(week)
    apart = reduce(lambda one, other: one + other, (profiled(rows, frozen) for rows in parts.values()))
    assert apart.digest == profiled(week, frozen).digest


@settings(max_examples=8)
@given(cuts=st.sets(st.integers(1, 6), max_size=6))
def test_days_add_to_the_week(frozen: Frozen, cuts: set[int]) -> None:
    monday = datetime(2026, 2, 2, tzinfo=UTC)
    ends = [0, *sorted(cuts), 7]
    days = [Window(monday + timedelta(days=a), monday + timedelta(days=b)) for a, b in pairwise(ends)]
    apart = reduce(lambda one, other: one + other, (profiled(ROWS, frozen, day) for day in days))
    whole = profiled(ROWS, frozen)
    assert apart.rows == whole.rows
    assert apart.histograms == whole.histograms
    for name, cube in whole.cubes.items():
        # Patients who come back on another day are counted as others: what is shared is shared within parts.
        assert apart.cubes[name].weighted_rows() == cube.weighted_rows()
    if not cuts:
        assert apart.digest == whole.digest
