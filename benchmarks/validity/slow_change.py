"""Slow change: how far apart its false alarms are, and how much sooner than a window it finds a drift."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import special

from benchmarks.validity.bars import table
from benchmarks.validity.world import World
from monitors.alert import Key, Standing, after, changes
from monitors.audit import Audit, Finding, Verdict
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.cube import Cube
from monitors.discovery import metrics
from monitors.metric import Estimate
from monitors.plan import Rule
from monitors.slow import slow_findings, summed, watched

SEED = 20_260_105
AGREED = 50  # windows between false alarms; few, so that there are many to count
WEEKS, SERIES = 3 * AGREED, 50  # windows in a series, and series behind a line of the first table
NARROW, SHIPPED = 0.002, 0.2  # margins: one under all that chance does, and the shipped one
KINDS = ("normal", "skewed", "integer", "5", "20") * 2
DRIFTS: dict[str, Callable[[int], float]] = {
    "0.05 SD a week, without end": lambda week: 0.05 * week,
    "0.05 SD a week, to 0.15 SD": lambda week: 0.05 * min(week, 3),
    "0.02 SD a week, without end": lambda week: 0.02 * week,
    "0.1 SD from one week to the next": lambda week: 0.1,
    "0.5 SD from one week to the next": lambda week: 0.5,
    "nothing": lambda week: 0.0,
}


@dataclass(frozen=True)
class Watched(World):
    """A world in which every drift check is watched for slow change."""

    margin: float = SHIPPED

    @cached_property
    def config(self) -> ModelConfig:
        """Two rules, and what they agree to between two false alarms."""
        names = dict(zip(self.names, self.kinds, strict=True))
        numeric = [n for n, k in names.items() if not k.isdigit()]
        categorical = [n for n, k in names.items() if k.isdigit()]
        return parse(
            f"""
model: made-up
version: "1"
source: {{kind: files, path: none.csv}}
columns: {{time: at, score: score, decision: {{score_at_least: 0.4}}, numeric: {numeric},
          categorical: {categorical}}}
window: P7D
reference: {{from: 2020-01-06, to: 2020-06-01}}
plan:
  - {{measure: wasserstein, columns: numeric, margin: {self.margin}, slow_change: {AGREED}}}
  - {{measure: total_variation, columns: categorical, margin: {self.margin / 2}, slow_change: {AGREED}}}
""",
            "made-up.yaml",
        )


class Alarms(NamedTuple):
    """False alarms, and the windows in which one could have begun."""

    count: int
    windows: int

    def __add__(self, other: object) -> Alarms:
        assert isinstance(other, Alarms)
        return Alarms(self.count + other.count, self.windows + other.windows)

    @property
    def between(self) -> tuple[float, float, float]:
        """Windows for each alarm, with exact 95 % limits."""
        low, high = (
            float(special.chdtri(2 * max(k, 1), p)) / 2
            for k, p in ((self.count, 0.975), (self.count + 1, 0.025))
        )
        return self.windows / max(self.count, 1), self.windows / high, self.windows / low


def alarms(line: list[Finding | None], rule: Rule) -> Alarms:
    """Of a series in which nothing changes; while one stands no other can begin."""
    stood = [False, *(s.standing for s in summed(line, rule).sums)]
    begun = sum(now and not was for was, now in pairwise(stood))
    return Alarms(begun, sum(not was for was in stood[:-1]))


def drifts(
    rows: int, blocks: int, margin: float = NARROW, sway: float = 0.0, carried: float = 0.0
) -> dict[str, Alarms]:
    """False alarms by measure. `sway` moves each window's columns, `carried` on to the next."""
    world = Watched(KINDS, margin=margin)
    rules = watched(world.config.rules())
    found = {"shift of a number": Alarms(0, 0), "mix of a category": Alarms(0, 0)}
    for series in range(SERIES // len(KINDS)):
        random = np.random.default_rng([SEED, series, rows, blocks])
        moved = _swaying(random, sway, carried, len(KINDS) + 1)
        reference = world.reference([world.rows(random, rows, next(moved)) for _ in range(blocks)])
        lines: dict[tuple[str, str], list[Finding | None]] = {}
        for week in range(WEEKS):
            judged = world.judged(reference, world.rows(random, rows, next(moved)), week, seed=series)
            for finding in judged:
                if finding.rule in rules:
                    lines.setdefault((finding.rule, finding.subject), []).append(finding)
        for (rule, _), line in lines.items():
            name = "shift of a number" if rule == "plan.1" else "mix of a category"
            found[name] += alarms(line, rules[rule])
    return found


def _swaying(random: np.random.Generator, sd: float, carried: float, k: int) -> Iterator[np.ndarray]:
    now = random.normal(0, sd, k)
    while True:
        yield now
        now = carried * now + random.normal(0, sd * np.sqrt(1 - carried**2), k)


def performance(metric: str, people: int) -> Alarms:
    """False alarms of a performance measure; its own reference has eight windows' people."""
    rule = Rule(measure=metric, margin=NARROW, slow_change=AGREED)
    random = np.random.default_rng([SEED, people, *metric.encode()])
    found = Alarms(0, 0)
    for _ in range(SERIES):
        then = _measured(random, metric, 8 * people)
        line: list[Finding | None] = []
        for _ in range(WEEKS):
            now = _measured(random, metric, people)
            line.append(Finding(
                metric=metric, family="performance", subject="model",
                unit=metrics()[metric].facts.unit, verdict=Verdict.WITHIN, value=now.value, low=now.low,
                high=now.high, n=now.n, events=now.events, baseline=then.value, reference_n=then.n,
            ))  # fmt: skip
        found += alarms(line, rule)
    return found


def _measured(random: np.random.Generator, metric: str, people: int) -> Estimate:
    score = np.round(random.beta(2, 6, people).clip(0.002, 0.998), 3)
    outcome = random.random(people) < score
    rows = zip(outcome, score >= 0.25, (score * 200).astype(int), np.round(score * 1e6), strict=True)
    cube = Cube.of("", [("", int(y), int(d), int(c), -1, 1, int(s)) for y, d, c, s in rows])
    found = metrics()[metric].compute(cube.tally())
    assert isinstance(found, Estimate)
    return found


def delays(drift: Callable[[int], float], rows: int = 300, weeks: int = 20) -> dict[str, list[int | None]]:
    """The week in which each watch was first told, debounced; ten quiet weeks went before."""
    quiet, models = 10, 30
    world = Watched(("normal", *KINDS[1:]))
    agreed = {w: r.model_copy(update={"slow_change": 200}) for w, r in watched(world.config.rules()).items()}
    column = world.names[0]
    told: dict[str, list[int | None]] = {"window": [], "slow change": []}
    for model in range(models):
        random = np.random.default_rng([SEED, model, rows])
        reference = world.reference([world.rows(random, rows) for _ in range(26)])
        held: dict[Key, Standing] = {}
        history: list[Audit] = []
        heard: dict[str, int] = {}
        for week in range(quiet + weeks):
            sway = np.zeros(len(KINDS) + 1)
            sway[0] = drift(week - quiet + 1) if week >= quiet else 0.0
            findings = world.judged(reference, world.rows(random, rows, sway), week, seed=model)
            audit = Audit(
                model=f"model-{model}", version="1", window=world.window(week), stage="scored", rows=rows,
                config="sha256:c", reference="sha256:r", profile="sha256:p", software="study",
                findings=tuple(f for f in findings if (f.metric, f.subject) == ("wasserstein", column)),
            )  # fmt: skip
            history.append(audit)
            audit = audit.with_findings((*audit.findings, *slow_findings(audit, history[:-1], agreed)))
            for alert in changes(held, audit):
                if alert.state == "began":
                    heard.setdefault("slow change" if alert.finding.slow else "window", week - quiet + 1)
            held = after(held, audit)
        for watch, weeks_heard in told.items():
            weeks_heard.append(heard.get(watch))
    return told


def _middle(heard: list[int | None]) -> str:
    found = sorted(99 if h is None or h < 1 else h for h in heard)
    middle = found[len(found) // 2]
    told = sum(h is not None and h >= 1 for h in heard)
    return f"{'never' if middle == 99 else f'week {middle}'} ({told} of {len(heard)})"


def study() -> str:
    """Two tables for docs/validity.md."""
    lines: list[list[object]] = []
    settings: list[tuple[int, int, float, float, float]] = [
        (300, 26, NARROW, 0, 0), (300, 8, NARROW, 0, 0), (100, 8, NARROW, 0, 0), (300, 26, SHIPPED, 0, 0),
        (300, 26, NARROW, 0.1, 0), (300, 26, NARROW, 0.1, 0.5),
    ]  # fmt: skip
    for rows, blocks, margin, sway, carried in settings:
        said = f"{rows} rows, {blocks} reference windows" + (", the shipped margin" * (margin == SHIPPED))
        said += f", windows swaying by {sway:g} SD" if sway else ""
        said += ", half of it carried to the next" if carried else ""
        found = drifts(rows, blocks, margin, sway, carried)
        lines += [_line(f"{name}, {said}", counted) for name, counted in found.items()]
    for metric, people in (("true_positive_rate", 300), ("selection_rate", 200), ("auroc", 300),
                           ("observed_expected_ratio", 300)):  # fmt: skip
        lines.append(
            _line(f"`{metric}`, {people} people, reference of 8 windows", performance(metric, people))
        )
    waits = []
    for told, drift in DRIFTS.items():
        heard = delays(drift)
        waits.append([told, _middle(heard["slow change"]), _middle(heard["window"])])
    return f"""## Slow change

A plan that says `slow_change: {AGREED}` agrees to one false alarm in {AGREED} windows of a series. Series in
which nothing changes were watched for {WEEKS} windows, {SERIES} a line, with as many windows in the
reference as is said. Each window is set against the mean of the reference and of every window
before it, so what a small reference is off by does not add up. Margins are narrower than anything chance
does, but where the shipped one is named: a wide margin makes alarms rarer, since a lasting change of a
quarter of it is let be.

{table(["series", "windows per false alarm (95 %)", "alarms", "at least as agreed"], lines)}

Windows that sway by themselves are expected where the reference swayed as well; what one window carries
on to the next is not, and looks like the slow change it is.

How soon a change is told, at 300 rows a week, 26 reference weeks and the shipped margin of 0.2 SD, with
200 weeks agreed between false alarms; the window's own check needs 2 of 3 windows beyond its margin.
The middle of 30 models, and how many were told within 20 weeks.

{table(["what happens", "slow change", "the window's check"], waits)}
"""


def _line(said: str, counted: Alarms) -> list[object]:
    value, low, high = counted.between
    met = "yes" if value >= AGREED else "within chance" if high >= AGREED else "NO"
    return [said, f"{value:.0f} ({low:.0f} to {high:.0f})", counted.count, met]


if __name__ == "__main__":
    print(study())
