"""Estimated AUROC against the realised one: SUPPORT's second phase, overall and by race."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np

from flows import source as sources
from flows.counting import Frozen, count
from flows.monitor import reference_for
from monitors.cube import Tally
from monitors.estimation import meaning
from monitors.performance.auroc import auroc
from monitors.performance.estimated_auroc import estimated_auroc
from monitors.profile import EVERYONE
from monitors.window import Window

MODEL = Path(__file__).parents[2] / "configs/models/support-survival.yaml"
LEAST = 10  # people with the outcome, and without, for an AUROC to be set against
Pair = tuple[float, float, float, float]  # estimated, low, high, realised


def pairs() -> dict[str, list[Pair]]:
    """Every window of the second phase: what was estimated from scores, and what came."""
    config = sources.read(MODEL)
    source = sources.connect(config, MODEL.parent)
    try:
        first = config.grid.window(0)
        period = config.reference_window(first)
        whole = Window(period.end, period.end + timedelta(days=1000))
        windows = [w for w in config.grid.inside(whole.start, whole.end) if not w.overlaps(period)]
        reference = reference_for(config, windows[0], source, None)
        frozen = Frozen(reference.bins, reference.score_edges)
        found: dict[str, list[Pair]] = {"everyone": []}
        for window in windows:
            now = count(source.table(), config, window, frozen, outcomes=True, where=source.name)
            if now.rows < 100:
                continue
            before = reference.profile.cubes[EVERYONE].tally()
            found["everyone"] += _pair(now.cubes[EVERYONE].tally(), before, None)
            for race in now.cubes["race"].groups:
                then = reference.profile.cubes["race"].tally(race)
                found.setdefault(race, []).extend(_pair(now.cubes["race"].tally(race), before, then))
        return found
    finally:
        source.close()


def _pair(now: Tally, before: Tally, then: Tally | None) -> list[Pair]:
    if min(now.events, now.labelled - now.events) < LEAST:
        return []
    said, came = estimated_auroc(now, meaning(before, then)), auroc(now)
    if said.value is None or said.low is None or said.high is None or came.value is None:
        return []
    return [(said.value, said.low, said.high, came.value)]


def study() -> str:
    """A table for docs/validity.md."""
    found = {who: held for who, held in pairs().items() if held}
    lines = [
        "## Performance before outcomes are known",
        "",
        "Estimated AUROC takes each score for the risk it stood for in the reference (phase I), so it needs",
        "no outcome; the interval is for the AUROC the outcomes will give. Set against what came, over",
        "the windows of SUPPORT's second phase that held ten people with the outcome and ten without.",
        "It would not see scores changing their meaning, and no verdict rests on it.",
        "",
        "| SUPPORT phase II | windows | mean estimated | mean realised | realised inside the 95 % interval |",
        "|---|---|---|---|---|",
    ]
    groups = [pair for who, held in found.items() if who != "everyone" for pair in held]
    for who, held in [*found.items(), ("all groups", groups)]:
        seen = np.array(held)
        inside = int(((seen[:, 1] <= seen[:, 3]) & (seen[:, 3] <= seen[:, 2])).sum())
        share = f"{inside} of {len(seen)} ({inside / len(seen):.0%})"
        lines.append(f"| {who} | {len(seen)} | {seen[:, 0].mean():.3f} | {seen[:, 3].mean():.3f} | {share} |")
    everyone, by_group = (np.array(held) for held in (found["everyone"], groups))
    kept = [float(((s[:, 1] <= s[:, 3]) & (s[:, 3] <= s[:, 2])).mean()) >= 0.9 for s in (everyone, by_group)]
    said = ["met" if held else "NOT met" for held in kept]
    lines += ["", f"Bar, at least 90 % of windows inside: overall {said[0]}, by race {said[1]}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(study())
