"""Estimated performance: outcomes that keep their meaning fall inside; what it cannot see, it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitors.audit import Audit, Finding, Verdict
from monitors.config_file import parse
from monitors.cube import UNKNOWN, Cube, Tally
from monitors.discovery import metrics
from monitors.errors import NotComputable
from monitors.estimation import Meaning, Outlook, outlook
from monitors.evaluate import evaluate
from monitors.performance.auroc import auroc
from monitors.performance.estimated_auroc import estimated_auroc
from monitors.profile import Profile
from monitors.reference import Reference
from monitors.window import Window

ESTIMATED = sorted(
    name.removeprefix("estimated_") for name, d in metrics().items() if d.facts.reads == "estimate"
)
MODEL = """
model: m
version: "1"
source: {kind: files, path: "*.csv"}
columns: {time: at, score: score, outcome: outcome, sensitive: [race]}
outcome: {matures_after: P30D}
window: P7D
reference: {from: 2025-01-06, to: 2025-12-29}
plan:
  - {measure: estimated_auroc, margin: 0.01, severity: page}
  - {measure: estimated_auroc, by: race, margin: 0.01, severity: committee}
  - {measure: unknown_share, by: race, margin: 0.1}
  - {measure: scored_share, by: race}
"""


def tally(
    random: np.random.Generator, rows: int, *, a: float = 0.0, b: float = 1.0, known: bool = True
) -> Tally:
    """People whose risk is expit(a + b logit(score)), in forty score cells; flagged from .3."""
    score = random.beta(1.5, 5, rows).round(6).clip(0.001, 0.999)
    risk = 1 / (1 + np.exp(-(a + b * np.log(score / (1 - score)))))
    outcome = (random.random(rows) < risk).astype(int) if known else np.full(rows, -1)
    cells, sums = (score * 40).astype(int), np.round(score * 1e6).astype(int)
    return Cube.of("", [("", int(o), int(c >= 12), int(c), -1, 1, int(s))
                        for o, c, s in zip(outcome, cells, sums, strict=True)]).tally()  # fmt: skip


@pytest.mark.parametrize("name", ESTIMATED)
def test_what_comes_falls_inside_as_often_as_said(name: str) -> None:
    random = np.random.default_rng(3)
    inside = []
    for _ in range(60):
        reference, now = (tally(random, rows, a=-0.4, b=0.7) for rows in (2000, 300))
        said = metrics()[f"estimated_{name}"].compute(outlook(now, reference))
        inside.append(said.low <= metrics()[name].compute(now).value <= said.high)
    assert sum(inside) >= 53  # of 60 at 95 %: fewer comes up once in a thousand


@pytest.mark.parametrize("name", ESTIMATED)
def test_no_outcome_of_the_window_is_read(name: str) -> None:
    reference = tally(np.random.default_rng(1), 2000)
    known = tally(np.random.default_rng(2), 200)
    unknown = tally(np.random.default_rng(2), 200, known=False)
    assert unknown.labelled == 0
    estimated = metrics()[f"estimated_{name}"].compute
    # The same scores, with outcomes and without, give the same estimate.
    assert estimated(outlook(unknown, reference)) == estimated(outlook(known, reference))
    assert estimated(outlook(unknown, reference)).value is not None


@pytest.mark.parametrize("name", ESTIMATED)
def test_the_reference_estimates_itself_rightly(name: str) -> None:
    """Also where risk is no line on the log-odds scale: what the line misses is put back."""
    rows = [("", o, int(c > 2), c, -1, n, n * s) for c, s, yes, no in
            ((1, 100_000, 30, 470), (2, 200_000, 30, 470), (3, 400_000, 300, 200), (4, 700_000, 310, 190))
            for o, n in ((1, yes), (0, no))]  # fmt: skip
    held = Cube.of("", rows).tally()
    said = metrics()[f"estimated_{name}"].compute(outlook(held, held))
    assert said.value == pytest.approx(metrics()[name].compute(held).value, abs=1e-9)
    as_it_is = Outlook(held, replace(Meaning.of(held), reference=None))
    missed = abs(metrics()[f"estimated_{name}"].compute(as_it_is).value - said.value)
    assert missed > 1e-4 or name == "observed_expected_ratio"  # the line gets the sum of outcomes right


def test_a_change_of_meaning_is_not_seen() -> None:
    """The limit of the method, kept here so that nobody forgets it."""
    random = np.random.default_rng(5)
    reference, broken = tally(random, 4000), tally(random, 4000, a=-1.2, b=0.0)
    assert auroc(broken).value == pytest.approx(0.5, abs=0.05)
    assert estimated_auroc(outlook(broken, reference)).low > 0.6


def test_a_group_without_outcomes_enough_borrows_the_meaning_of_everyone() -> None:
    random = np.random.default_rng(6)
    everyone, few, many = tally(random, 3000), tally(random, 40, a=2.0), tally(random, 3000, a=2.0)
    seen = outlook(few, everyone, few).meaning
    assert seen.borrowed
    assert seen.line.tolist() == Meaning.of(everyone).line.tolist()
    own = outlook(many, everyone, many).meaning
    assert own.line[0] == pytest.approx(2.0, abs=0.4)
    assert not own.borrowed
    with pytest.raises(NotComputable, match="50 are needed"):
        outlook(few, few)


def test_where_no_one_is_flagged_nothing_is_made_up_of_them() -> None:
    rows = [("", -1, 0, c, -1, 100, 100 * c * 25_000) for c in range(1, 9)]
    seen = outlook(Cube.of("", rows).tally(), tally(np.random.default_rng(1), 2000))
    precision = metrics()["estimated_positive_predictive_value"].compute(seen)
    assert (precision.value, precision.why) == (None, "the scores leave it without a denominator")
    assert metrics()["estimated_true_positive_rate"].compute(seen).value == pytest.approx(0, abs=1e-5)


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


def audit(findings: Iterable[Finding]) -> Audit:
    return Audit(
        model="m", version="1", window=profile(2, 0.4).window, stage="scored", rows=1000, config="",
        reference="", profile="", software="", findings=tuple(findings),
    )  # fmt: skip


def test_it_is_told_before_outcomes_overall_and_by_group_and_decides_nothing() -> None:
    """Not even where a rule gives it a margin and someone to wake."""
    config = parse(MODEL, "m.yaml")
    found = evaluate(config, profile(2, 0.4), Reference(profile(1, 0.05)), "scored")
    told = [f for f in found if f.metric == "estimated_auroc"]
    assert [(f.subject, f.group) for f in told] == [
        ("model", None), ("race", "a"), ("race", "b"), ("race", UNKNOWN),
    ]  # fmt: skip
    assert all(f.verdict is Verdict.CANNOT_TELL and f.severity == "info" for f in told)
    assert all(f.margin is None for f in told)
    assert all(f.low < f.value < f.high and "decides nothing" in f.reason for f in told)
    borrowed = {f.group: "what they meant for everyone" in f.reason for f in told}
    assert borrowed == {None: False, "a": False, "b": False, UNKNOWN: True}
    # Whatever they say, the audit's worst verdict and its counts are those of the others.
    without = [f for f in found if not f.metric.startswith("estimated_")]
    audits = [audit(findings) for findings in (found, without)]
    assert audits[0].worst == audits[1].worst
    assert audits[0].counts() == audits[1].counts()


def test_an_estimate_stays_beside_what_came() -> None:
    config = parse(MODEL, "m.yaml")
    reference = Reference(profile(1, 0.05))
    before, after = (evaluate(config, profile(2, 0.4), reference, s) for s in ("scored", "outcome"))
    told = [[f for f in found if f.metric == "estimated_auroc"] for found in (before, after)]
    assert told[0] == told[1]


def test_more_people_of_unknown_group_are_news() -> None:
    config = parse(MODEL, "m.yaml")
    found = evaluate(config, profile(2, 0.4), Reference(profile(1, 0.05)), "scored")
    (unknown,) = (f for f in found if f.metric == "unknown_share")
    assert (unknown.subject, unknown.group, unknown.verdict) == ("race", None, Verdict.BEYOND)
    assert unknown.value == pytest.approx(0.4, abs=0.05)


def test_where_the_meaning_of_scores_strays_from_window_to_window_the_interval_is_wider() -> None:
    random = np.random.default_rng(8)
    calm = [tally(random, 600) for _ in range(8)]
    wild = [tally(random, 600, a=a) for a in (-0.6, 0.6) * 4]
    whole, now = tally(random, 4800), tally(random, 300)
    estimated = metrics()["estimated_observed_expected_ratio"].compute
    alone, among_calm, among_wild = (
        estimated(outlook(now, whole, blocks=(blocks, ()))) for blocks in ((), calm, wild)
    )
    assert alone.value == among_calm.value == among_wild.value
    widths = [e.high - e.low for e in (alone, among_calm, among_wild)]
    assert widths[1] == pytest.approx(widths[0], rel=0.2)
    assert widths[2] > 2 * widths[0]
