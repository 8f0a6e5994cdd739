"""What people did with flags, counted first, is what scikit-learn and Fairlearn find on the rows."""

from __future__ import annotations

import numpy as np
import pytest
from fairlearn.metrics import selection_rate
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_score

from monitors.cube import Cube, Tally
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
