"""A simulated year: a fleet audited weekly, what its people would hear, and whether they hear in time."""

from __future__ import annotations

from collections import Counter

import numpy as np

from benchmarks.validity.bars import Bar, held, limits, many, share, table
from benchmarks.validity.world import World, mixed
from monitors.alert import Key, Standing, after, changes
from monitors.audit import Audit, Verdict

MODELS, COLUMNS, WEEKS, ROWS, BLOCKS = 200, 40, 52, 300, 26
PLANTED, SHIFT, WITHIN = 26, 0.5, 3


def study(effort: float = 1.0) -> str:
    """False pages and tickets of a year, and how soon a planted shift is told."""
    world, models = World(mixed(COLUMNS)), many(MODELS, effort)
    planted = world.names[0]
    told: Counter[str] = Counter()
    beyond: Counter[str] = Counter()
    paged: Counter[int] = Counter()
    delays: list[int] = []
    for model in range(models):
        random = np.random.default_rng([9, model])
        reference = world.reference([world.rows(random, ROWS) for _ in range(BLOCKS)])
        known: dict[Key, Standing] = {}
        found = None
        for week in range(WEEKS):
            sway = np.zeros(COLUMNS + 1)
            sway[0] = SHIFT if week >= PLANTED else 0.0
            findings = world.judged(reference, world.rows(random, ROWS, sway), week, seed=model)
            audit = Audit(
                model=f"model-{model}", version="1", window=world.window(week), stage="scored", rows=ROWS,
                config="sha256:c", reference="sha256:r", profile="sha256:p", software="study",
                findings=findings,
            )  # fmt: skip
            for finding in findings:
                if finding.verdict is Verdict.BEYOND and finding.severity != "info":
                    beyond[finding.severity] += finding.subject != planted or week < PLANTED
            for alert in changes(known, audit):
                if alert.state != "began":
                    continue
                if alert.finding.subject == planted and week >= PLANTED:
                    found = week if found is None else found
                else:
                    told[alert.finding.severity] += 1
                    paged[model] += alert.finding.severity == "page"
            known = after(known, audit)
        if found is not None:
            delays.append(found - PLANTED + 1)
    quarters = models * 4
    lines = [
        [severity, beyond[severity], told[severity], f"{told[severity] / quarters:.3f}"]
        for severity in ("page", "ticket", "committee")
    ]
    worst = max(paged.values(), default=0)
    in_time = sum(delay <= WITHIN for delay in delays)
    waits = Counter(delays)
    said = ", ".join(f"after {d} windows: {waits[d]}" for d in sorted(waits))
    # Pages are rare and apart, so their number is Poisson's.
    most = (told["page"] + 1.96 * max(told["page"], 1) ** 0.5) / quarters - told["page"] / quarters
    low, high = limits(in_time, models)
    bars = [
        Bar("a year of 200 models: false pages a model and quarter", "at most", 1.0,
            told["page"] / quarters, most, "number"),
        Bar("the same: false pages of the worst model over its year, a quarter", "at most", 1.0,
            worst / 4, unit="number"),
        Bar(f"planted shifts of {SHIFT} SD at {ROWS} rows told within {WITHIN} windows", "at least", 0.95,
            in_time / models, (high - low) / 2),
    ]  # fmt: skip
    return f"""## A simulated year

{held(bars)}

{models} models of {COLUMNS} columns of all kinds, a score and its decision, audited weekly at {ROWS} rows
against {BLOCKS} reference weeks, under the shipped plan and its debouncing. From week {PLANTED + 1} on one
normal column of every model is shifted by {SHIFT} SD; nothing else ever moves, so that whatever else is
told is false. Volume is the same every week and outcomes are left out.

{table(["severity", "false findings beyond", "false alerts told", "a model and quarter"], lines)}

The worst model heard {worst} false pages in its year. Planted shifts told within {WITHIN} windows:
{share(in_time, models)}. ({said}; never: {models - len(delays)}.) The first window that can tell two of
three is the second: an alert after one window is for silence and impossible inputs only."""
