"""One score for everybody is as good as none: it is seen in one window, and a usual week never is."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from flows.monitor import step
from monitors.alert import AT_ONCE, debounce
from monitors.audit import Finding, Verdict
from monitors.config_file import parse
from monitors.suppression import published

START = datetime(2026, 1, 5, tzinfo=UTC)
CONFIG = parse(
    """
model: sepsis
version: 1
source: {kind: files, path: x.csv}
columns: {time: at, score: risk}
window: P7D
reference: {from: 2026-01-05, to: 2026-03-02}
""",
    "sepsis.yaml",
)


def spread(last: str, rows: int = 200) -> Finding:
    """What the ninth week says, its scores as told."""
    made = []
    for week in range(9):
        draw = random.Random(week)
        for number in range(rows):
            risk = draw.betavariate(2, 6)
            if week == 8:
                same = {"same": True, "nearly": number > 4, "usual": False, "half": False}[last]
                risk = 0.2 if same else 0.25 + (risk - 0.25) * (0.5 if last == "half" else 1.0)
            at = START + timedelta(weeks=week, seconds=draw.random() * 7 * 86400)
            made.append((at, round(risk, 4)))
    table = pd.DataFrame(made, columns=["at", "risk"])
    audit = published(step(CONFIG, CONFIG.grid.window(CONFIG.grid.index(START) + 8), table))
    return next(f for f in audit.findings if f.metric == "score_spread")


@pytest.mark.parametrize(
    ("last", "verdict"),
    [
        ("same", Verdict.BEYOND),
        ("nearly", Verdict.BEYOND),
        ("usual", Verdict.WITHIN),
        ("half", Verdict.WITHIN),
    ],
)
def test_scores_that_are_one_score_are_beyond_and_others_are_not(last: str, verdict: Verdict) -> None:
    found = spread(last)
    assert found.verdict is verdict
    assert debounce(found) == AT_ONCE


def test_too_few_scores_say_nothing() -> None:
    assert spread("same", rows=20).verdict in (Verdict.CANNOT_TELL, Verdict.WITHHELD)
