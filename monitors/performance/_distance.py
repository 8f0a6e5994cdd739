"""How far scores lie from a smooth calibration curve, summed up over people, with the draws' percentiles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from monitors.bootstrap import SEED
from monitors.cube import Tally
from monitors.histogram import Counts, Floats
from monitors.metric import Estimate
from monitors.performance._share import unranked
from monitors.performance._smooth import basis, curve

DRAWS = 200
Summary = Callable[[Floats, Counts], Floats]
"""Of distances and people, both of shape (draws, cells), one number a draw."""


def off_the_curve(tally: Tally, level: float, summary: Summary) -> Estimate:
    """The summary of |curve(score) - score|, with percentiles of the people drawn again, refitted."""
    if why := unranked(tally):
        return Estimate.absent(why, tally.labelled)
    counts = np.concatenate([tally.positives, tally.negatives])
    random, n, design = np.random.default_rng(SEED), tally.labelled, basis(tally)
    drawn = random.multinomial(n, counts / counts.sum(), size=DRAWS)

    def of(counts: Counts) -> Floats:
        positives = counts[:, : len(tally.score)]
        people = positives + counts[:, len(tally.score) :]
        return summary(np.abs(curve(design, positives, people) - tally.score), people)

    value = float(of(counts[None])[0])
    low, high = np.quantile(of(drawn), [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, min(value, float(low)), max(value, float(high)), n, tally.events)


def over_people(share: float) -> Summary:
    """The distance that this share of people is at most off by."""

    def summary(distance: Floats, people: Counts) -> Floats:
        order = np.argsort(distance, axis=-1, kind="stable")
        upto = np.cumsum(np.take_along_axis(people, order, -1), axis=-1)
        place = (upto < share * upto[:, -1:] - 1e-9).sum(-1)
        return np.asarray(np.take_along_axis(distance, order, -1)[np.arange(len(place)), place])

    return summary
