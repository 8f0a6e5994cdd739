"""People by group, score cell and need, where need is measured apart from the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitors.cube import Cube
from monitors.histogram import Counts, Floats

BELOW, ABOVE = -3, -4  # the codes of need outside the reference's range; lower and higher than any bin
FEWEST = 30  # people of the group in each stratum
NOBODY = "no row has both a score and a measured need"


@dataclass(frozen=True, slots=True)
class Needs:
    """Groups side by side: how many people of each in each score cell and step of need, both ascending.

    `people` has the shape (groups, score cells, steps of need).
    """

    groups: tuple[str, ...]
    people: Counts

    @classmethod
    def of(cls, cube: Cube) -> Needs:
        """From a cube's asides; people without a valid score or a measured need are left out."""
        held = [(g, cell, _placed(need), n) for g, kind, cell, need, n in cube.asides if kind == "need"]
        kept = [(g, cell, step, n) for g, cell, step, n in held if cell >= 0 and step is not None]
        groups = tuple(group for group in cube.groups if any(row[0] == group for row in kept))
        cells, steps = sorted({row[1] for row in kept}), sorted({row[2] for row in kept})
        people = np.zeros((len(groups), len(cells), len(steps)), dtype=np.int64)
        for group, cell, step, n in kept:
            people[groups.index(group), cells.index(cell), steps.index(step)] += n
        return cls(groups, people)


def ranks(need: Counts) -> Floats:
    """Each step's mid-rank in percent of all, from how many people are at each.

    >>> ranks(np.array([50, 50])).tolist()
    [25.0, 75.0]
    """
    return np.asarray(100 * (np.cumsum(need) - need / 2) / need.sum())


def _placed(need: int) -> float | None:
    if need == BELOW:
        return -np.inf
    if need == ABOVE:
        return np.inf
    return need if need >= 0 else None


def stratified(mine: Counts, rest: Counts, strata: int, fewest: int) -> tuple[float, float] | None:
    """The gap in mean rank of need at equal scores, and its standard error; by (score cell, step of need).

    Scores are parted into as many strata of equal size as is said. Those without `fewest` people on both
    sides are left out where any two people will do; else None says that there are such.
    """
    rank, both = ranks((mine + rest).sum(axis=0)), (mine + rest).sum(axis=1)
    stratum = np.minimum(((np.cumsum(both) - both / 2) / both.sum() * strata).astype(int), strata - 1)
    parts = [_of(side, rank, stratum, strata) for side in (mine, rest)]
    (here, mean, error), (there, other, other_error) = parts
    kept = (here >= fewest) & (there >= fewest)
    if not kept.any() or (fewest >= FEWEST and ((here > 0) & ~kept).any()):
        return None
    weight = here[kept] / here[kept].sum()
    spread = weight**2 @ (error[kept] + other_error[kept])
    return float(weight @ (mean[kept] - other[kept])), float(np.sqrt(spread))


def _of(side: Counts, rank: Floats, stratum: Counts, strata: int) -> tuple[Floats, Floats, Floats]:
    need = np.zeros((strata, len(rank)))
    np.add.at(need, stratum, side)
    n = need.sum(axis=1)
    mean = need @ rank / np.maximum(n, 1)
    squares = np.maximum(need @ rank**2 / np.maximum(n, 1) - mean**2, 0)
    return n, mean, squares / np.maximum(n - 1, 1)
