"""Three scans of DuckDB's count what one branch for each column and grouping counts."""

from __future__ import annotations

import bisect
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows import counting, scans, source
from flows.binning import freeze
from flows.counting import Frozen, count
from monitors.profile import Profile
from tests.flows import test_engines as engines

WITHIN = {"measure": "true_positive_rate", "by": "sex", "within": "c", "margin": 0.1}


def counted(folder: Path, frozen: Frozen | None, within: dict[str, Any]) -> tuple[Frozen, Profile]:
    config = engines.config(engines.in_parquet(folder, ""), within)
    opened = source.connect(config, folder)
    counting._memory.clear()
    try:
        table = opened.table()
        if frozen is None:
            reference = freeze(table, config, engines.REFERENCE)
            frozen = Frozen(reference.bins, reference.score_edges)
        return frozen, count(table, config, engines.WEEK, frozen)
    finally:
        opened.close()


@pytest.mark.parametrize("within", [WITHIN, WITHIN | {"by": "sex × age", "within": "age"}])
@pytest.mark.parametrize("close", [False, True])
def test_scans_and_branches_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, close: bool, within: dict[str, Any]
) -> None:
    frozen, _ = counted(tmp_path, None, within)
    if close:  # edges too close for any grid
        frozen = Frozen(frozen.bins, (0.0, 0.3, math.nextafter(0.3, 1), 0.8, 1.0))
    _, quick = counted(tmp_path, frozen, within)
    assert any(" within " in place for place in quick.cubes)
    with monkeypatch.context() as patched:
        patched.setattr(scans, "planned", lambda *given: None)
        _, slow = counted(tmp_path, frozen, within)
    counting._memory.clear()
    assert quick.histograms == slow.histograms
    assert quick.cubes == slow.cubes
    assert quick.digest == slow.digest


EDGES = st.lists(st.floats(0, 1, exclude_min=True, exclude_max=True), max_size=12, unique=True)


@given(EDGES, st.lists(st.floats(0, 1), max_size=30))
@example([0.25, 0.5], [0.25, 0.5, math.nextafter(0.25, 0), math.nextafter(0.5, 1), 0.0, 1.0])
@settings(max_examples=60)
def test_a_score_is_looked_up_in_the_cell_it_lies_in(inner: list[float], scores: list[float]) -> None:
    edges = (0.0, *sorted(inner), 1.0)
    cells = scans._cells(edges)
    if cells is None:
        return
    held = cells.table.to_pydict()
    for score in [*scores, *inner, *(math.nextafter(edge, 0) for edge in inner)]:
        place = math.floor(score * cells.size)
        assert held["place"][place] == place
        found = held["base"][place] + (score >= held["edge"][place])
        assert found == min(bisect.bisect_right(edges, score) - 1, len(edges) - 2)
