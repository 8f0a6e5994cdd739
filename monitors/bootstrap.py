"""Bootstrap: a group's people drawn again, as multinomial draws over the cells they were counted in.

Drawing n people with replacement and counting them is one multinomial draw over the cells, whatever
n is: no row is touched, and a cell is never drawn as if it were one person. Shapes end in
(groups, places); draws come before. Intervals over several groups hold for all of them at once
(max-T: Romano & Wolf 2005, J Am Stat Assoc 100:94).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitors.calibration import logit
from monitors.cube import MILLIONTHS, Cube
from monitors.histogram import Counts, Floats
from monitors.interval import LEVEL, quantile
from monitors.redrawing import redrawn
from monitors.repeats import DECIDED

DRAWS = 1_000
SEED = 20_260_105


@dataclass(frozen=True, slots=True)
class Places:
    """The groups of a cube side by side: people with a score, a decision and a known outcome.

    A place is a score cell together with its decision, so that a threshold inside a cell parts
    it exactly.

    Attributes:
        groups: their names, G of them.
        score: mean score of each place, shape (G, K), ascending along K but for empty places.
        flagged: which places were flagged, shape (K,).
        negatives, positives: people by outcome, shape (G, K) or (draws, G, K).
        design: how many rows of each group are worth one, where patients repeat, shape (G,).
    """

    groups: tuple[str, ...]
    score: Floats
    flagged: NDArray[np.bool_]
    negatives: Counts
    positives: Counts
    design: Floats

    @classmethod
    def of(cls, cube: Cube) -> Places:
        """From a cube.

        >>> rows = [("f", 1, 1, 3, -1, 2, 1_400_000), ("f", 0, 0, 1, -1, 5, 500_000)]
        >>> places = Places.of(Cube.of("sex", rows))
        >>> places.score.tolist(), places.positives.tolist(), places.negatives.tolist()
        ([[0.1, 0.7]], [[0, 2]], [[5, 0]])
        """
        keep = (cube.cell >= 0) & (cube.outcome >= 0) & (cube.decision >= 0)
        kept, place = np.unique(2 * cube.cell[keep] + cube.decision[keep], return_inverse=True)
        names = np.array(cube.group, dtype=object)[keep]
        groups = tuple(group for group in cube.groups if (names == group).any())
        row = np.array([groups.index(name) for name in names], dtype=np.intp)
        sums = np.zeros((2, len(groups), len(kept)), dtype=np.int64)
        score = np.zeros((len(groups), len(kept)))
        np.add.at(sums, (cube.outcome[keep], row, place), cube.n[keep])
        np.add.at(score, (row, place), cube.score_sum[keep] / MILLIONTHS)
        design = np.array([_design(cube, group) for group in groups])
        return cls(groups, score / np.maximum(sums.sum(0), 1), kept % 2 == 1, sums[0], sums[1], design)

    @property
    def people(self) -> Counts:
        """In each place, whatever their outcome."""
        return np.asarray(self.negatives + self.positives)

    @property
    def logit(self) -> Floats:
        """Log-odds of each place's score, shape (G, K)."""
        return logit(self.score)

    def draw(self, draws: int = DRAWS, seed: int = SEED) -> Places:
        """As many people of each group drawn again, `draws` times; the same seed, the same draws.

        Where patients repeat, as many as their rows are worth.
        """
        random = np.random.default_rng([seed, draws, len(self.groups)])
        shape = (draws, *self.negatives.shape)
        negatives, positives = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
        for g in range(len(self.groups)):
            counts = np.concatenate([self.negatives[g], self.positives[g]])
            drawn = redrawn(counts, round(counts.sum() / self.design[g]), draws, random)
            negatives[:, g], positives[:, g] = drawn[:, : shape[-1]], drawn[:, shape[-1] :]
        return replace(self, negatives=negatives, positives=positives)


def _design(cube: Cube, group: str) -> float:
    """As if all rows of a patient with decision and outcome were alike, as their scores nearly are."""
    repeats = cube.tally(group).repeats
    return 1.0 if repeats is None else repeats.few(repeats.kish(DECIDED), DECIDED)


@dataclass(frozen=True, slots=True)
class Simultaneous:
    """Limits that hold for all groups together, shape as the values; `reach` standard errors wide."""

    low: Floats
    high: Floats
    reach: float


def simultaneous(
    value: Floats, drawn: Floats, family: NDArray[np.bool_] | None = None, level: float = LEVEL
) -> Simultaneous:
    """Value ± reach × standard error, the reach such that no member of the family is missed.

    The reach is the `level` quantile, over draws, of the largest distance of a draw from its
    value in standard errors. NaN marks a value that cannot be had; it widens nobody's interval.

    Args:
        value: shape (...), of groups, or of measures and groups.
        drawn: the same of each draw, shape (draws, ...).
        family: which values the level is kept over, shape as `value`; all unless said.
        level: two-sided confidence that every interval of the family holds.

    Returns:
        Limits around every value, in the family or not.

    >>> random = np.random.default_rng(1)
    >>> one = simultaneous(np.zeros(1), random.normal(size=(20_000, 1)))
    >>> ten = simultaneous(np.zeros(10), random.normal(size=(20_000, 10)))
    >>> round(one.reach, 1), round(ten.reach, 1)
    (2.0, 2.8)
    """
    spread = deviation(drawn)
    member = np.isfinite(value) & (spread > 0)
    if family is not None:
        member = member & family
    reach = quantile(level)
    if member.any():
        away = np.abs(drawn[:, member] - value[member]) / spread[member]
        farthest = np.max(np.nan_to_num(away, nan=0.0), axis=-1)
        reach = max(reach, float(np.quantile(farthest, level)))
    return Simultaneous(value - reach * spread, value + reach * spread, reach)


def deviation(drawn: Floats) -> Floats:
    """The standard deviation over draws, those without a value left out; 0 where fewer than two have one."""
    known = np.isfinite(drawn)
    n = known.sum(axis=0)
    held = np.where(known, drawn, 0.0)
    mean = held.sum(axis=0) / np.maximum(n, 1)
    squares = np.where(known, (held - mean) ** 2, 0.0).sum(axis=0)
    return np.asarray(np.where(n > 1, np.sqrt(squares / np.maximum(n - 1, 1)), 0.0))
