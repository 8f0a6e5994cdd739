"""A simulated year: a fleet audited weekly, what its people would hear, and whether they hear in time."""

from __future__ import annotations

from collections import Counter

import numpy as np

from benchmarks.validity.world import World, mixed, share, table
from monitors.alert import Key, Standing, after, changes
from monitors.audit import Audit, Verdict

MODELS, COLUMNS, WEEKS, ROWS, BLOCKS = 200, 40, 52, 300, 26
PLANTED, SHIFT, WITHIN = 26, 0.5, 3


def study() -> str:
    """False pages and tickets of a year, and how soon a planted shift is told."""
    world = World(mixed(COLUMNS))
    planted = world.names[0]
    told: Counter[str] = Counter()
    beyond: Counter[str] = Counter()
    paged: Counter[int] = Counter()
    delays: list[int] = []
    for model in range(MODELS):
        random = np.random.default_rng([9, model])
        reference = world.reference([world.rows(random, ROWS) for _ in range(BLOCKS)])
        held: dict[Key, Standing] = {}
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
            for alert in changes(held, audit):
                if alert.state != "began":
                    continue
                if alert.finding.subject == planted and week >= PLANTED:
                    found = week if found is None else found
                else:
                    told[alert.finding.severity] += 1
                    paged[model] += alert.finding.severity == "page"
            held = after(held, audit)
        if found is not None:
            delays.append(found - PLANTED + 1)
    quarters = MODELS * 4
    lines = [
        [severity, beyond[severity], told[severity], f"{told[severity] / quarters:.3f}"]
        for severity in ("page", "ticket", "committee")
    ]
    worst = max(paged.values(), default=0)
    in_time = sum(delay <= WITHIN for delay in delays)
    waits = Counter(delays)
    said = ", ".join(f"after {d} windows: {waits[d]}" for d in sorted(waits))
    return f"""## A simulated year

{MODELS} models of {COLUMNS} columns of all kinds, a score and its decision, audited weekly at {ROWS} rows
against {BLOCKS} reference weeks, under the shipped plan and its debouncing. From week {PLANTED + 1} on one
normal column of every model is shifted by {SHIFT} SD; nothing else ever moves, so that whatever else is
told is false. Volume is the same every week and outcomes are left out.

{table(["severity", "false findings beyond", "false alerts told", "a model and quarter"], lines)}

Bar: at most 1 false page a model and quarter. The worst model heard {worst} false pages in its year.

Planted shifts told within {WITHIN} windows: {share(in_time, MODELS)}; bar: at least 95 %. ({said}; never:
{MODELS - len(delays)}.)"""
