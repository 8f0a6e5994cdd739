"""Miscalibration loss: a measure as the score stands, less what it is with the group's own recalibration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from monitors.bootstrap import DRAWS, SEED, Places, simultaneous
from monitors.cube import Cube
from monitors.drawn import rates, recalibrated, reflagged
from monitors.histogram import Floats
from monitors.interval import quantile, wilson
from monitors.judge import grade_of_share
from monitors.metric import Estimate

SOURCE = (
    "Rounds; after recalibration in the group (Cox 1958, Biometrika 45:562; Van Calster et al. "
    "2019, BMC Med 17:230); max-T: Romano & Wolf 2005, J Am Stat Assoc 100:94"
)
MEASURES = ("true_positive_rate", "false_positive_rate", "selection_rate", "net_benefit")
Losses = dict[str, tuple[Floats, Floats]]


def loss(
    cube: Cube, measure: str, level: float, threshold: float, seed: int = SEED
) -> Mapping[str, Estimate]:
    """Each group's loss of one of `MEASURES`, with limits that hold for all groups at once.

    Only groups precise enough for a verdict share the level; the others are shown by it.
    """
    places = Places.of(cube)
    found = {group: Estimate.absent("no row has both a score and a known outcome") for group in cube.groups}
    if not places.groups:
        return found
    value, drawn = _losses(cube, threshold, seed)[measure]
    counts = [_counts(places, g, measure) for g in range(len(places.groups))]
    worth = [1 / design for design in places.design.tolist()]
    precise = np.array(
        [grade_of_share(events * w, n * w) != "C" for (events, n, _), w in zip(counts, worth, strict=True)]
    )
    joint = simultaneous(value, drawn, precise, level)
    for g, (group, (events, n, why)) in enumerate(zip(places.groups, counts, strict=True)):
        if why is not None:
            found[group] = Estimate.absent(why, n)
            continue
        # With nobody moved in any draw there is no spread: leave what chance could hide in n people.
        least = _hidden(n * worth[g], level)
        low, high = min(joint.low[g], value[g] - least), max(joint.high[g], value[g] + least)
        found[group] = Estimate(
            float(value[g]), float(low), float(high), n, events, design=float(places.design[g])
        )
    return found


@lru_cache(maxsize=64)  # a plan asks for one measure of every attribute, then for the next
def _losses(cube: Cube, threshold: float, seed: int) -> Losses:
    """All of them from one set of draws and fits."""
    places = Places.of(cube)
    drawn = places.draw(DRAWS, seed)
    a, b, drawn_a, drawn_b = recalibrated(places, drawn)
    now = rates(places, places.flagged, threshold)
    better = rates(places, reflagged(places, a, b, threshold), threshold)
    drawn_now = rates(drawn, drawn.flagged, threshold)
    drawn_better = rates(drawn, reflagged(drawn, drawn_a, drawn_b, threshold), threshold)
    return {m: (now[m] - better[m], drawn_now[m] - drawn_better[m]) for m in MEASURES}


def _counts(places: Places, g: int, measure: str) -> tuple[int, int, str | None]:
    """Numerator and denominator of the measure in the group, and why it has no loss."""
    ones, zeros = int(places.positives[g].sum()), int(places.negatives[g].sum())
    tp = int(places.positives[g, places.flagged].sum())
    fp = int(places.negatives[g, places.flagged].sum())
    events, n = {
        "true_positive_rate": (tp, ones),
        "false_positive_rate": (fp, zeros),
        "selection_rate": (tp + fp, ones + zeros),
        "net_benefit": (tp, ones + zeros),
    }[measure]
    if ones == 0:
        return events, n, "no one in this group had the outcome"
    if zeros == 0:
        return events, n, "everyone in this group had the outcome"
    return events, n, None


def _hidden(n: float, level: float) -> float:
    """How large a share of n may be when none of them shows it."""
    return wilson(0, n, level)[1] if n else quantile(level)
