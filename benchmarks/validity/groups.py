"""Group verdicts on audits whose truth is known: nobody accused wrongly, real harm named.

`python -m benchmarks.validity.groups` prints Markdown tables. Every verdict comes out of the
path an audit takes, from a cube through the shipped plan's rules to findings; only the rows are
made up, and only the measures under study are computed. 240 audits without harm and 160 with it
leave shares uncertain by a few points either way: their 95 % intervals are printed.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import numpy as np

from monitors.audit import Finding, Verdict
from monitors.beside import beside
from monitors.checks import checks
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.cube import Cube
from monitors.gaps import gaps
from monitors.interval import wilson
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


def share(hits: int, of: int) -> str:
    """A share with its interval."""
    low, high = wilson(hits, of)
    return f"{hits / of:.3f} ({low:.3f} to {high:.3f})"


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


def study(audits: int = 240) -> str:
    """Audits without any difference, audits with one group harmed, and a perfect classifier."""
    config = parse(CONFIG, "groups")
    sizes = ", ".join(f"{name} {n:,}" for name, (n, _) in GROUPS.items())
    none, harm = made(config, 0.0, audits), made(config, BY, audits * 2 // 3)
    accused = [f for audit in none for f in audit["true_positive_rate"] if f.verdict is Verdict.BEYOND]
    told = sum("miscalibration loss" in (f.reason or "") for f in accused)
    named = sum(
        f.group == HARMED and f.verdict is Verdict.BEYOND
        for audit in harm
        for f in audit["miscalibration_loss"]
    )
    lines = [
        "## Groups",
        "",
        f"Five groups ({sizes} people) with unequal risk mix, flagged from a risk of {THRESHOLD};",
        "margins as shipped; verdicts as shares of audits. A raw gap accuses groups whose mix of risks",
        "differs, whatever the scores are worth: that is why the loss stands beside it, and why the gap's",
        "finding says what the loss says.",
        "",
        f"### No difference: scores right in every group, {audits} audits",
        "",
        "Bar: at most 0.05 of audits accuse anyone by miscalibration loss, and by observed/expected.",
        "",
        *table(none, GROUPS),
        "",
        f"Of {len(accused)} raw gaps that are `beyond`, {told} point to the loss beside them.",
        "",
        f"### Risk understated by {BY} log-odds in group {HARMED}, {len(harm)} audits",
        "",
        f"Bar: named `beyond` by miscalibration loss in at least 0.65; it is in {share(named, len(harm))}.",
        "Anyone else in at most 0.05.",
        "",
        *table(harm, set(GROUPS) - {HARMED}),
        "",
        "### A perfect classifier, and a group in which no one had the outcome",
        "",
        "Bar: the group without positives is `cannot_tell`, never `beyond`.",
        "",
        "| measure | group | verdict | reason |",
        "|---|---|---|---|",
    ]
    for name, findings in perfect(config).items():
        lines += [f"| {name} | {f.group} | {f.verdict} | {f.reason or ''} |" for f in findings]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Group verdicts where the truth is known.")
    parser.add_argument("--audits", type=int, default=240, help="without harm; with it two thirds as many")
    print(study(parser.parse_args().audits))
