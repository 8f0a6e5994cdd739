"""An onlooker who knows what a judge model flagged, and tries whatever readers may have found among it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from monitors.audit import Audit
from monitors.checks import checks
from monitors.config import ModelConfig
from monitors.derived import step
from monitors.few import small
from monitors.profile import Profile
from monitors.raters.counts import Cell, Review
from monitors.raters.findings import found_by_reading
from monitors.suppression import published
from monitors.window import Window

WEEK = "2026-01-05T00:00:00Z/2026-01-12T00:00:00Z"
CONFIG = ModelConfig.model_validate(
    {
        "model": "scribe", "version": "1", "window": "P7D", "source": {"kind": "files", "path": "x.csv"},
        "columns": {"time": "at", "decision": "signed"},
        "reference": {"from": "2025-01-06", "to": "2025-02-03"},
        "plan": [
            {"measure": "harm_share", "margin": 0.05},
            {"measure": "judged_harm_share", "margin": 0.05},
        ],
    }
)  # fmt: skip
ROWS, SEEDS = 1000, range(6)
Z2 = 1.959963984540054**2


def drawn(seed: int) -> tuple[Cell, Cell]:
    """A judge that is nearly always of the readers' mind, of some 150 outputs that they read."""
    random = np.random.default_rng(seed)
    flagged, read = int(random.integers(150, 500)), int(random.integers(110, 190))
    mine = int(random.binomial(read, flagged / ROWS))
    missed, in_vain = (int(n) for n in random.integers(0, 5, 2))
    yes, no = (0, 0, mine - in_vain, 0), (0, 0, missed, 0)
    return Cell("everyone", 1, flagged, mine, yes), Cell("everyone", 0, ROWS - flagged, read - mine, no)


def audited(cells: tuple[Cell, Cell]) -> Audit:
    read = Review(WEEK, "", "flag", "harm", sum(c.read for c in cells), cells, ((),) * 4)
    window = Window.parse(WEEK)
    profile = Profile(window, ROWS, 0, None, None, {}, {}, reviews=(read,))
    held = [f for c in checks(CONFIG) if c.metric.reads == "review" for f in found_by_reading(c, profile)]
    return Audit(
        model="scribe", version="1", window=window, stage="scored", rows=ROWS, config="", reference="",
        profile=str(cells), software="", findings=tuple(held),
    )  # fmt: skip


def recovered(cells: tuple[Cell, Cell], shown: Audit, digits: int | None = None) -> list[str]:
    """Of 1 to 10 outputs on which judge and readers differ: what is told to within less than ten.

    `digits` are those a share and its interval are told with; none: a share in steps.
    """
    n = sum(cell.read for cell in cells)  # as few know as this: it stands with other shares
    mine, hit, missed = (a.ravel() for a in np.meshgrid(*[np.arange(n + 1)] * 3, indexing="ij"))
    may = (hit <= mine) & (missed <= n - mine) & (mine > 0) & (mine < n)
    mine, hit, missed = mine[may], hit[may], missed[may]
    told = {finding.metric: finding for finding in shown.findings}
    if (events := told["harm_share"].events) is not None:
        fits = hit + missed == events
        mine, hit, missed = mine[fits], hit[fits], missed[fits]
    judged = told["judged_harm_share"]
    weights = [cell.rows / ROWS for cell in cells]
    value, low, high = _share(weights, ((hit, mine), (missed, n - mine)))
    fits = np.ones(len(mine), dtype=bool)
    for mark, stated in ((value, judged.value), (low, judged.low), (high, judged.high)):
        if stated is not None:
            size = step(n) if digits is None else 10**-digits
            fits &= np.abs(mark - stated) <= size / 2 + 1e-9
    truly = {"missed": cells[1].found[2], "in vain": cells[0].read - cells[0].found[2]}
    may_be = {"missed": missed[fits], "in vain": (mine - hit)[fits]}
    return [name for name, count in truly.items() if small(count) and np.ptp(may_be[name]) < 10]


def _share(weights: list[float], parts: Any) -> tuple[Any, Any, Any]:
    """A weighted share and its interval, written again and not taken from the code."""
    value = below = above = 0.0
    for weight, (yes, read) in zip(weights, parts, strict=True):
        rate = yes / read
        middle = (rate + Z2 / (2 * read)) / (1 + Z2 / read)
        half = np.sqrt(Z2 * rate * (1 - rate) / read + Z2**2 / (4 * read**2)) / (1 + Z2 / read)
        value = value + weight * rate
        below = below + (weight * (rate - middle + half)) ** 2
        above = above + (weight * (middle + half - rate)) ** 2
    return value, np.maximum(value - np.sqrt(below), 0), np.minimum(value + np.sqrt(above), 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_of_how_few_outputs_judge_and_readers_differ_on_nothing_is_told(seed: int) -> None:
    cells = drawn(seed)
    shown = published(audited(cells))
    assert recovered(cells, shown) == []
    judged = next(f for f in shown.findings if f.metric == "judged_harm_share")
    few = small(cells[1].found[2]) or small(cells[0].read - cells[0].found[2])
    assert (judged.verdict, judged.low is None) == ("beyond", few)  # it is told, if coarsely
    assert judged.value is not None


def test_a_share_with_its_interval_would_tell_it() -> None:
    """The planted weakness: the share and its interval as recorded, to two digits."""
    told = 0
    for seed in SEEDS:
        cells = drawn(seed)
        held = audited(cells)
        short = [
            replace(f, value=round(f.value, 2), low=round(f.low, 2), high=round(f.high, 2))
            for f in held.findings
            if f.value is not None and f.low is not None and f.high is not None
        ]
        told += len(recovered(cells, held.with_findings(tuple(short)), digits=2))
    assert told > 5
