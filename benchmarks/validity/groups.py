"""Group verdicts on audits whose truth is known: nobody accused wrongly, real harm named.

Every verdict comes out of the path an audit takes, from a cube through the shipped plan's rules to
findings; only the rows are made up, and only the measures under study are computed. 240 audits without
harm and 160 with it leave shares uncertain by a few points either way: their intervals are printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from benchmarks.validity.bars import Bar, held, limits, many, share
from monitors.audit import Finding, Verdict
from monitors.beside import beside
from monitors.checks import checks
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.cube import Cube
from monitors.gaps import gaps
from monitors.profile import Profile
from monitors.window import Window

SEED, THRESHOLD = 20_260_105, 0.15
# People, and the mean of their log-odds (SD 1): about 691, 205, 201, 78 and 17 with the outcome.
GROUPS = {"a": (6000, -2.4), "b": (2500, -2.8), "c": (1500, -2.2), "d": (800, -2.6), "e": (250, -3.0)}
HARMED, BY = "c", 0.6  # whose risk the score understates, in log-odds
WEEK = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
MEASURES = ("miscalibration_loss", "observed_expected_ratio", "true_positive_rate")
CONFIG = f"""
model: made-up
version: 1
source: {{kind: parquet, path: none.parquet}}
columns:
  time: at
  score: score
  decision: {{score_at_least: {THRESHOLD}}}
  outcome: outcome
  sensitive: [race]
outcome: {{matures_after: P30D}}
window: P7D
reference: {{from: 2025-01-01, to: 2025-07-01}}
"""
Judged = dict[str, list[Finding]]


def edges(cells: int = 200) -> np.ndarray:
    """Score cells at the quantiles of everyone's scores, as a reference would freeze them."""
    random = np.random.default_rng(SEED)
    pooled = np.concatenate([random.normal(mean, 1.0, n) for n, mean in GROUPS.values()])
    return np.unique(np.quantile(1 / (1 + np.exp(-pooled)), np.linspace(0, 1, cells + 1)[1:-1]))


def people(random: np.random.Generator, understated: float, inner: np.ndarray) -> Cube:
    """One audit's people, counted. Scores are right but in the harmed group."""
    rows = []
    for name, (n, mean) in GROUPS.items():
        risk = random.normal(mean, 1.0, n)
        outcome = (random.random(n) < 1 / (1 + np.exp(-risk))).astype(int)
        score = 1 / (1 + np.exp(-(risk - understated * (name == HARMED))))
        millionths = np.floor(score * 1e6 + 0.5).astype(np.int64)
        decision = (score >= THRESHOLD).astype(int)
        rows += counted(name, outcome, decision, np.searchsorted(inner, score, "right"), millionths)
    return Cube.of("race", rows)


def counted(
    name: str, outcome: np.ndarray, decision: np.ndarray, cell: np.ndarray, millionths: np.ndarray
) -> Iterator[tuple[str, int, int, int, int, int, int]]:
    """Rows as weighted rows of a cube."""
    keys, place = np.unique(np.column_stack([outcome, decision, cell]), axis=0, return_inverse=True)
    place = place.ravel()
    n, sums = np.bincount(place), np.zeros(len(keys), dtype=np.int64)
    np.add.at(sums, place, millionths)
    for (y, d, c), k, s in zip(keys.tolist(), n.tolist(), sums.tolist(), strict=True):
        yield name, y, d, c, -1, k, s


def judged(config: ModelConfig, cube: Cube) -> Judged:
    """The findings of an audit by measure, as `evaluate` would make them."""
    profile = Profile(WEEK, cube.rows, 0, None, None, {}, {"race": cube})
    chosen = [c for c in checks(config) if c.attribute == "race" and c.metric.name in MEASURES]
    found = list(beside(finding for check in chosen for finding in gaps(check, profile)))
    return {name: [f for f in found if f.metric == name] for name in MEASURES}


def made(config: ModelConfig, understated: float, audits: int) -> list[Judged]:
    """Many audits of the same truth."""
    random, inner = np.random.default_rng([SEED, round(understated * 10)]), edges()
    return [judged(config, people(random, understated, inner)) for _ in range(audits)]


def table(audits: list[Judged], unharmed: Iterable[str]) -> Iterator[str]:
    """Per measure: audits that accuse someone unharmed, and each group's verdicts."""
    spared = set(unharmed)
    yield "| measure | audits with a `beyond` about someone unharmed | " + " | ".join(GROUPS) + " |"
    yield "|---" * (2 + len(GROUPS)) + "|"
    for name in MEASURES:
        false = sum(
            any(f.verdict is Verdict.BEYOND and f.group in spared for f in audit[name]) for audit in audits
        )
        cells = []
        for group in GROUPS:
            said = Counter(str(f.verdict) for audit in audits for f in audit[name] if f.group == group)
            cells.append(", ".join(f"{verdict} {n / len(audits):.2f}" for verdict, n in said.most_common()))
        yield f"| {name} | {share(false, len(audits))} | " + " | ".join(cells) + " |"


def perfect(config: ModelConfig) -> Judged:
    """A classifier that is right about everyone, and a group where no one had the outcome."""
    rows = [("a", y, y, 190 * y + 5, -1, 300, 300 * (980_000 * y + 10_000)) for y in (0, 1)]
    rows += [("without", 0, 0, 5, -1, 200, 2_000_000)]
    return judged(config, Cube.of("race", rows))


def _accused(audits: list[Judged], measure: str, spared: Iterable[str]) -> int:
    unharmed = set(spared)
    return sum(any(f.verdict is Verdict.BEYOND and f.group in unharmed for f in a[measure]) for a in audits)


def _bar(what: str, way: Literal["at most", "at least"], bar: float, hits: int, of: int) -> Bar:
    low, high = limits(hits, of)
    return Bar(what, way, bar, hits / of, max(high - hits / of, hits / of - low))


def study(effort: float = 1.0) -> str:
    """Audits without any difference, audits with one group harmed, and a perfect classifier."""
    config = parse(CONFIG, "groups")
    audits = many(240, effort, 10)
    sizes = ", ".join(f"{name} {n:,}" for name, (n, _) in GROUPS.items())
    none, harm = made(config, 0.0, audits), made(config, BY, max(5, audits * 2 // 3))
    accused = [f for audit in none for f in audit["true_positive_rate"] if f.verdict is Verdict.BEYOND]
    told = sum("miscalibration loss" in (f.reason or "") for f in accused)
    loss, ratio = "miscalibration_loss", "observed_expected_ratio"
    named = sum(f.group == HARMED and f.verdict is Verdict.BEYOND for a in harm for f in a[loss])
    others = set(GROUPS) - {HARMED}
    trapped = perfect(config)
    without = [f for found in trapped.values() for f in found if f.group == "without"]
    bars = [
        _bar("no difference: audits with a false `beyond` by miscalibration loss", "at most", 0.05,
             _accused(none, loss, GROUPS), len(none)),
        _bar("no difference: audits with a false `beyond` by observed/expected", "at most", 0.05,
             _accused(none, ratio, GROUPS), len(none)),
        _bar(f"understated by {BY} log-odds, about 205 events: named `beyond` by the loss", "at least", 0.65,
             named, len(harm)),
        _bar("the same audits: someone unharmed `beyond` by the loss", "at most", 0.05,
             _accused(harm, loss, others), len(harm)),
        _bar("the same audits: someone unharmed `beyond` by observed/expected", "at most", 0.05,
             _accused(harm, ratio, others), len(harm)),
        Bar("perfect classifier, group without positives: findings other than `cannot_tell`", "at most", 0,
            sum(f.verdict is not Verdict.CANNOT_TELL for f in without), unit="number"),
    ]  # fmt: skip
    lines = [
        "## Groups",
        "",
        held(bars),
        "",
        f"Five groups ({sizes} people) with unequal risk mix, flagged from a risk of {THRESHOLD};",
        "margins as shipped; verdicts as shares of audits. The raw gap in the true positive rate is no",
        "false finding where it is beyond: a group whose risks are lower is found less often, whatever the",
        "scores are worth. It is why the loss stands beside it, and why the gap's finding says what the",
        "loss says.",
        "",
        f"### No difference: scores right in every group, {len(none)} audits",
        "",
        *table(none, GROUPS),
        "",
        f"Of {len(accused)} raw gaps that are `beyond`, {told} point to the loss beside them.",
        "",
        f"### Risk understated by {BY} log-odds in group {HARMED}, {len(harm)} audits",
        "",
        f"Named `beyond` by miscalibration loss in {share(named, len(harm))}.",
        "",
        *table(harm, others),
        "",
        "### A perfect classifier, and a group in which no one had the outcome",
        "",
        "| measure | group | verdict | reason |",
        "|---|---|---|---|",
    ]
    for name, findings in trapped.items():
        lines += [f"| {name} | {f.group} | {f.verdict} | {f.reason or ''} |" for f in findings]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(study())
