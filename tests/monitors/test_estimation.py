"""Estimated performance: outcomes that keep their meaning fall inside; what it cannot see, it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitors.audit import Verdict
from monitors.config_file import parse
from monitors.cube import UNKNOWN, Cube, Tally
from monitors.errors import NotComputable
from monitors.estimation import meaning
from monitors.evaluate import evaluate
from monitors.performance.auroc import auroc
from monitors.performance.estimated_auroc import estimated_auroc
from monitors.profile import Profile
from monitors.reference import Reference
from monitors.window import Window

MODEL = """
model: m
version: "1"
source: {kind: files, path: "*.csv"}
columns: {time: at, score: score, outcome: outcome, sensitive: [race]}
outcome: {matures_after: P30D}
window: P7D
reference: {from: 2025-01-06, to: 2025-12-29}
plan:
  - {measure: estimated_auroc}
  - {measure: estimated_auroc, by: race}
  - {measure: unknown_share, by: race, margin: 0.1}
  - {measure: scored_share, by: race}
"""


def tally(
    random: np.random.Generator, rows: int, *, a: float = 0.0, b: float = 1.0, known: bool = True
) -> Tally:
    """People whose risk is expit(a + b logit(score)), in forty score cells."""
    score = random.beta(1.5, 5, rows).round(6).clip(0.001, 0.999)
    risk = 1 / (1 + np.exp(-(a + b * np.log(score / (1 - score)))))
    outcome = (random.random(rows) < risk).astype(int) if known else np.full(rows, -1)
    cells, sums = (score * 40).astype(int), np.round(score * 1e6).astype(int)
    return Cube.of("", [("", int(o), -1, int(c), -1, 1, int(s))
                        for o, c, s in zip(outcome, cells, sums, strict=True)]).tally()  # fmt: skip


def test_the_realised_auroc_falls_inside_as_often_as_said() -> None:
    random = np.random.default_rng(3)
    inside = []
    for _ in range(60):
        seen = meaning(tally(random, 2000, a=-0.4, b=0.7))
        now = tally(random, 300, a=-0.4, b=0.7)
        said = estimated_auroc(now, seen)
        inside.append(said.low <= auroc(now).value <= said.high)
    assert sum(inside) >= 53  # of 60 at 95 %: fewer comes up once in a thousand


def test_no_outcome_of_the_window_is_read() -> None:
    seen = meaning(tally(np.random.default_rng(1), 2000))
    known = tally(np.random.default_rng(2), 200)
    unknown = tally(np.random.default_rng(2), 200, known=False)
    assert unknown.labelled == 0
    # The same scores, with outcomes and without, give the same estimate.
    assert estimated_auroc(unknown, seen).value is not None
    assert estimated_auroc(known, seen).n == estimated_auroc(unknown, seen).n == 200


def test_a_change_of_meaning_is_not_seen() -> None:
    """The limit of the method, kept here so that nobody forgets it."""
    random = np.random.default_rng(5)
    seen = meaning(tally(random, 4000))
    broken = tally(random, 4000, a=-1.2, b=0.0)
    assert auroc(broken).value == pytest.approx(0.5, abs=0.05)
    assert estimated_auroc(broken, seen).low > 0.6


def test_a_group_without_outcomes_enough_borrows_the_meaning_of_everyone() -> None:
    random = np.random.default_rng(6)
    everyone, few = tally(random, 3000), tally(random, 40, a=2.0)
    assert meaning(everyone, few).line.tolist() == meaning(everyone).line.tolist()
    assert meaning(everyone, tally(random, 3000, a=2.0)).line[0] == pytest.approx(2.0, abs=0.4)
    with pytest.raises(NotComputable, match="50 are needed"):
        meaning(few)


def test_what_the_line_misses_in_the_reference_is_put_back() -> None:
    """Scores whose risk is no line on the log-odds scale: the reference estimates itself rightly."""
    rows = [("", o, -1, c, -1, n, n * s) for c, s, yes, no in
            ((1, 100_000, 30, 470), (2, 200_000, 30, 470), (3, 400_000, 300, 200), (4, 700_000, 310, 190))
            for o, n in ((1, yes), (0, no))]  # fmt: skip
    held = Cube.of("", rows).tally()
    seen = meaning(held)
    assert seen.missed != pytest.approx(0, abs=0.01)
    assert estimated_auroc(held, seen).value == pytest.approx(auroc(held).value, abs=1e-9)


def profile(seed: int, unknown: float) -> Profile:
    """A week of 1,000 people of two races, some of unknown race, all scored."""
    random = np.random.default_rng(seed)
    race = np.where(random.random(1000) < unknown, UNKNOWN, random.choice(["a", "b"], 1000))
    score = random.beta(1.5, 5, 1000).round(6)
    outcome = (random.random(1000) < score).astype(int)
    start = datetime(2026, 1, 5, tzinfo=UTC)
    cubes = {
        name: Cube.of(name, [(str(g) if name else "", int(o), -1, int(s * 40), -1, 1, round(s * 1e6))
                             for g, o, s in zip(race, outcome, score, strict=True)])
        for name in ("", "race")
    }  # fmt: skip
    return Profile(Window(start, start + timedelta(days=7)), 1000, 0, None, start, {}, cubes)


def test_it_is_told_before_outcomes_overall_and_by_group_and_decides_nothing() -> None:
    config = parse(MODEL, "m.yaml")
    found = evaluate(config, profile(2, 0.4), Reference(profile(1, 0.05)), "scored")
    told = [f for f in found if f.metric == "estimated_auroc"]
    assert [(f.subject, f.group) for f in told] == [
        ("model", None), ("race", "a"), ("race", "b"), ("race", UNKNOWN),
    ]  # fmt: skip
    assert all(f.verdict is Verdict.CANNOT_TELL and f.severity == "info" for f in told)
    assert all(f.low < f.value < f.high and "decides nothing" in f.reason for f in told)


def test_more_people_of_unknown_group_are_news() -> None:
    config = parse(MODEL, "m.yaml")
    found = evaluate(config, profile(2, 0.4), Reference(profile(1, 0.05)), "scored")
    (unknown,) = (f for f in found if f.metric == "unknown_share")
    assert (unknown.subject, unknown.group, unknown.verdict) == ("race", None, Verdict.BEYOND)
    assert unknown.value == pytest.approx(0.4, abs=0.05)
