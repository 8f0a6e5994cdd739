"""What people did with flags, counted first, is what scikit-learn and Fairlearn find on the rows."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import pytest
from fairlearn.metrics import selection_rate
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_score

from monitors.cube import Cube, Tally
from monitors.delays import STARTS
from monitors.discovery import metrics

Rows = list[tuple[str, int, int, int]]  # group, outcome, decision, action; -1 is not known
ROWS: st.SearchStrategy[Rows] = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from([-1, 0, 1]), st.sampled_from([-1, 0, 1]),
        st.sampled_from([-1, 0, 1]),
    ),
    max_size=60,
)  # fmt: skip


def value(name: str, tally: Tally) -> float | None:
    return metrics()[name].compute(tally).value


@given(ROWS)
def test_what_staff_did_is_what_the_rows_say(rows: Rows) -> None:
    cube = Cube.of("g", [(group, y, d, -1, a, 1, 0) for group, y, d, a in rows])
    for group in ("a", "b"):
        tally = cube.tally(group)
        mine = np.array([row[1:] for row in rows if row[0] == group]).reshape(-1, 3)
        y, d, a = mine.T
        flags = (d == 1) & (a >= 0)
        acted = selection_rate(a[flags], a[flags]) if flags.any() else None
        assert value("action_rate", tally) == acted
        overridden = value("override_rate", tally)
        assert (overridden is None) == (acted is None)
        assert acted is None or overridden == pytest.approx(1 - acted)
        known = (d == 1) & (a == 0) & (y >= 0)
        right = precision_score(1 - y[known], np.ones(known.sum())) if known.any() else None
        assert value("override_right_rate", tally) == right
        flagged = (d == 1) & (y >= 0)
        found = precision_score(y[flagged], d[flagged]) if (y[flagged] == 1).any() else None
        assert value("alerts_per_case", tally) == (None if found is None else pytest.approx(1 / found))


@given(st.lists(st.integers(0, 4_000_000), min_size=1, max_size=80))
def test_a_delay_is_the_quantile_of_the_people_to_within_its_step(waits: list[int]) -> None:
    asides = [("", "delay", bisect_right(STARTS, wait) - 1, 0, 1) for wait in waits]
    tally = Cube.of("", [("", -1, 1, -1, 1, len(waits), 0)], asides=asides).tally()
    for name, share in (("time_to_action", 0.5), ("time_to_action_90", 0.9)):
        found = metrics()[name].compute(tally)
        low, high = (np.quantile(waits, share, method=method) / 60 for method in ("inverted_cdf", "higher"))
        assert low / 1.101 - 1 <= found.value <= high * 1.101 + 1
        assert found.low <= found.value <= found.high
        assert found.n == len(waits)


@given(ROWS, st.integers(0, 200))
def test_alert_burden_is_flags_over_days(rows: Rows, days: int) -> None:
    cube = Cube.of("", [("", y, d, -1, a, 1, 0) for _, y, d, a in rows], asides=[("", "day", 0, 0, days)])
    found = metrics()["alerts_per_100_patient_days"].compute(cube.tally())
    decided, flags = sum(row[2] >= 0 for row in rows), sum(row[2] == 1 for row in rows)
    assert found.value == (pytest.approx(100 * flags / days) if decided and days else None)
