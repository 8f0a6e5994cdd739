"""Partial pooling: rates of small groups drawn towards all groups' by as much as they are uncertain.

Empirical Bayes on the log-odds scale: a group's own log-odds has a variance of its own from its
counts; what is left of the spread between groups is the spread of the truth (DerSimonian &
Laird 1986, Control Clin Trials 7:177). A group of few people is drawn far, a large one hardly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitors import special
from monitors.histogram import Floats
from monitors.interval import LEVEL, quantile


@dataclass(frozen=True, slots=True)
class Pooled:
    """Rates after pooling, shape (groups,), with limits and how far each was drawn: 0 not at all, 1 fully."""

    value: Floats
    low: Floats
    high: Floats
    drawn: Floats


def pooled(events: Sequence[float], n: Sequence[float], level: float = LEVEL) -> Pooled:
    """Each group's rate, drawn towards the mean of all; every n at least 1.

    >>> rates = pooled([80, 3], [100, 4])
    >>> rates.value.round(2).tolist(), rates.drawn.round(2).tolist()
    ([0.79, 0.79], [1.0, 1.0])
    """
    # A half added to both sides keeps the log-odds of 0 of 5 and its variance numbers.
    yes, no = np.asarray(events) + 0.5, np.asarray(n) - np.asarray(events) + 0.5
    own, variance = np.log(yes / no), 1 / yes + 1 / no
    weight = 1 / variance
    centre = (weight @ own) / weight.sum()
    spare = weight.sum() - (weight @ weight) / weight.sum()
    excess = weight @ (own - centre) ** 2 - (len(own) - 1)
    between = max(0.0, float(excess / spare)) if spare > 0 else 0.0

    weight = 1 / (variance + between)
    centre = (weight @ own) / weight.sum()
    drawn = variance / (variance + between)
    middle = own + drawn * (centre - own)
    # What the group leaves open, what the centre it is drawn to does, and that the spread of the
    # truth is itself estimated from few groups (Morris 1983, J Am Stat Assoc 78:47).
    guessed = 2 / max(len(own) - 3, 1) * (drawn * (own - centre)) ** 2
    spread = np.sqrt((1 - drawn) * variance + drawn**2 / weight.sum() + guessed)
    reach = quantile(level) * spread
    return Pooled(special.expit(middle), special.expit(middle - reach), special.expit(middle + reach), drawn)
