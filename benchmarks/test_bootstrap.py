"""A thousand draws of a full audit: 10 groups, 12 measures, 10 million rows already counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitors.bootstrap import Places, simultaneous
from monitors.cube import Cube
from monitors.drawn import rates, recalibrated, reflagged, risks

THRESHOLD, CELLS, ROWS, GROUPS = 0.15, 200, 10_000_000, 10


def counted() -> Cube:
    """Ten groups in 200 score cells, calibrated, the threshold inside a cell."""
    random = np.random.default_rng(20_260_105)
    edges = np.quantile(1 / (1 + np.exp(-random.normal(-2.5, 1, 100_000))), np.linspace(0, 1, CELLS + 1))
    rows = []
    for g in range(GROUPS):
        for cell, score in enumerate((edges[:-1] + edges[1:]) / 2):
            parts = [
                d for d, in_it in ((0, edges[cell] < THRESHOLD), (1, edges[cell + 1] >= THRESHOLD)) if in_it
            ]
            n, at = ROWS // GROUPS // CELLS // len(parts), round(score * 1e6)
            for decision in parts:
                ones = max(1, int(random.binomial(n, score)))
                rows += [(f"g{g}", y, decision, cell, -1, k, k * at) for y, k in ((1, ones), (0, n - ones))]
    return Cube.of("race", rows)


def audit(cube: Cube) -> Any:
    """Twelve measures and four losses of each group, with limits over all groups at once."""
    places = Places.of(cube)
    drawn = places.draw(1_000)
    a, b, drawn_a, drawn_b = recalibrated(places, drawn)
    better = rates(places, reflagged(places, a, b, THRESHOLD), THRESHOLD)
    drawn_better = rates(drawn, reflagged(drawn, drawn_a, drawn_b, THRESHOLD), THRESHOLD)
    now = rates(places, places.flagged, THRESHOLD) | risks(places)
    drawn_now = rates(drawn, drawn.flagged, THRESHOLD) | risks(drawn)
    limits = [simultaneous(now[name], drawn_now[name]) for name in now]
    limits += [
        simultaneous(now[name] - better[name], drawn_now[name] - drawn_better[name])
        for name in ("true_positive_rate", "false_positive_rate", "selection_rate", "net_benefit")
    ]
    return now, limits


def test_a_thousand_draws_of_a_full_audit(benchmark: Any) -> None:
    now, limits = benchmark.pedantic(audit, args=(counted(),), rounds=5, warmup_rounds=1)
    assert len(now) == 12
    assert len(limits) == 16
