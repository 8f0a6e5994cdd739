"""Cross-group ranking (xAUC): whether a group's sick are ranked above the others' well, and the reverse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from monitors.bootstrap import DRAWS, SEED, Places, simultaneous
from monitors.cube import Cube
from monitors.drawn import over
from monitors.histogram import Counts, Floats
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric


@metric(
    reads="cube",
    unit="pure number",
    worse="either",
    target=0.0,
    needs=("score", "outcome"),
    zero="each side's people with the outcome are ranked above the other side's people without it as often",
    source="Kallus & Zhou 2019, NeurIPS 32 (xAUC disparity); max-T: Romano & Wolf 2005",
)
def xauc_gap(cube: Cube, level: float = LEVEL, *, seed: int = SEED) -> Mapping[str | None, Estimate]:
    """P(s of g with > s of the rest without) - P(s of the rest with > s of g without the outcome).

    Asks: are this group's sick ranked below the others' well?
    Trap: AUROC inside each group can be perfect and this far from 0; and a group at higher risk is rightly
        ranked higher: read it with the observed/expected ratio. Below 0 the group loses.
    Enough: 20 people of either outcome in the group and elsewhere; about 100 for an interval .10 wide.
    Interval: bootstrap, all groups held at once (max-T).

    Args:
        cube: by the attribute whose groups are assessed.
        level: two-sided confidence that the limits of all groups hold together.
        seed: of the draws.

    Returns:
        By group; `n` people with score and outcome, `events` had it; absent when nobody or everybody did.

    >>> rows = [("f", 1, -1, 2, -1, 60, 18_000_000), ("f", 0, -1, 1, -1, 140, 14_000_000)]
    >>> rows += [("m", 1, -1, 3, -1, 60, 36_000_000), ("m", 0, -1, 2, -1, 140, 42_000_000)]
    >>> round(xauc_gap(Cube.of("sex", rows))["f"].value, 2)
    -0.5
    """
    # As if nobody were flagged, since only the order of scores is looked at.
    places = Places.of(replace(cube, decision=np.zeros_like(cube.decision)))
    nobody = Estimate.absent("no row has both a score and a known outcome")
    found: dict[str | None, Estimate] = dict.fromkeys(cube.groups, nobody)
    value, drawn = _gaps(places), _gaps(places.draw(DRAWS, seed))
    limits = simultaneous(value, drawn, None, level)
    for g, group in enumerate(places.groups):
        ones, zeros = int(places.positives[g].sum()), int(places.negatives[g].sum())
        if not np.isfinite(value[g]):
            had = "no one" if not ones else "everyone" if not zeros else "elsewhere no one, or everyone,"
            where = "" if ones and zeros else " in this group"
            found[group] = Estimate.absent(f"{had}{where} had the outcome", ones + zeros)
            continue
        low, high = float(limits.low[g]), float(limits.high[g])
        found[group] = Estimate(float(value[g]), low, high, ones + zeros, ones)
    return found


def _gaps(places: Places) -> Floats:
    ones, zeros = places.positives, places.negatives
    rest = [people.sum(-2, keepdims=True) - people for people in (ones, zeros)]
    return np.asarray(_above(ones, rest[1]) - _above(rest[0], zeros))


def _above(ones: Counts, zeros: Counts) -> Floats:
    below = np.cumsum(zeros, axis=-1) - zeros / 2
    return over(np.einsum("...k,...k->...", ones, below), 1.0 * ones.sum(-1) * zeros.sum(-1))
