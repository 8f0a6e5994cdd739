"""Equalized odds: the larger of a group's two gaps, in true and in false positive rate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from monitors.bootstrap import DRAWS, SEED, Places, simultaneous
from monitors.cube import Cube
from monitors.drawn import gaps_to_rest
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric

NOBODY = Estimate.absent("no row has both a score and a known outcome")


@metric(
    reads="cube",
    unit="share of rows",
    worse="higher",
    target=0.0,
    needs=("score", "decision", "outcome"),
    zero="both error rates are those of everyone else",
    source="Hardt, Price & Srebro 2016, NeurIPS 29",
)
def equalized_odds(cube: Cube, level: float = LEVEL, *, seed: int = SEED) -> Mapping[str | None, Estimate]:
    """max(|TPR - TPR of everyone else|, |FPR - FPR of everyone else|); the parts are metrics too.

    Asks: are both error rates those of everyone else?
    Trap: it cannot be 0 with calibrated scores where the outcome is not equally common: read it with
        both parts and the losses. Chance alone makes it more than 0: its lower limit says if there is a gap.
    Enough: 30 people of either outcome in the group and elsewhere.
    Interval: bootstrap, both parts of all groups held at once (max-T).

    Args:
        cube: by the attribute whose groups are assessed.
        level: two-sided confidence that both parts of all groups lie within their limits.
        seed: of the draws.

    Returns:
        By group; `n` people of one outcome, whichever has the fewest in a cell, `events` of whom were
        flagged; absent when nobody or everybody in the group, or elsewhere, had the outcome.

    >>> counted = [(g, y, d, d, -1, k, 0) for g, y, ks in (("f", 1, (20, 80)), ("f", 0, (90, 10)),
    ...     ("m", 1, (40, 60)), ("m", 0, (85, 15))) for d, k in enumerate(ks)]
    >>> round(equalized_odds(Cube.of("sex", counted))["m"].value, 2)
    0.2
    """
    places = Places.of(cube)
    told: dict[str | None, Estimate] = dict.fromkeys(cube.groups, NOBODY)
    parts, drawn = gaps_to_rest(places), gaps_to_rest(places.draw(DRAWS, seed))
    limits = simultaneous(parts, drawn, None, level)
    for g, group in enumerate(places.groups):
        people = (places.positives[g], places.negatives[g])
        arms = [(int(p.sum()), int(p[places.flagged].sum())) for p in people]
        if not np.isfinite(parts[:, g]).all():
            had = [word for word, (n, _) in zip(("no one", "everyone"), arms, strict=True) if n == 0]
            place = "in this group" if had else "elsewhere"
            told[group] = Estimate.absent(f"{(had or ['no one, or everyone,'])[0]} {place} had the outcome")
            continue
        low, high = limits.low[:, g], limits.high[:, g]
        nearest = np.maximum(np.maximum(low, -high), 0.0)  # of each part, from 0
        value, far = np.abs(parts[:, g]).max(), np.maximum(np.abs(low), np.abs(high)).max()
        n, flagged = min(arms, key=lambda arm: min(arm[1], arm[0] - arm[1]))
        design = float(places.design[g])
        told[group] = Estimate(float(value), float(nearest.max()), float(far), n, flagged, design=design)
    return told
