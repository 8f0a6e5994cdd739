"""A smooth calibration curve on score cells: logistic, in a restricted cubic spline of logit(score)."""

from __future__ import annotations

import numpy as np

from monitors.calibration import ALIKE, logit
from monitors.cube import Tally
from monitors.histogram import Counts, Floats

KNOTS = (0.1, 0.5, 0.9)  # quantiles of people's scores (Harrell 2015, Regression Modeling Strategies, 2.4.6)
STEPS, LONGEST, SETTLED, RIDGE = 30, 3.0, 1e-9, 1e-6


def basis(tally: Tally) -> Floats:
    """Columns of the spline at each score cell: 1, the logit, and one bend; fewer where scores are alike."""
    people = tally.positives + tally.negatives
    x = logit(tally.score)
    upto = np.cumsum(people) / people.sum()
    first, middle, last = (float(x[np.searchsorted(upto, at)]) for at in KNOTS)
    columns = [np.ones_like(x)]
    if np.ptp(x[people > 0]) >= ALIKE:
        columns.append(x)
    if min(middle - first, last - middle) >= ALIKE:
        bend = np.maximum(x - first, 0) ** 3
        bend -= np.maximum(x - middle, 0) ** 3 * (last - first) / (last - middle)
        bend += np.maximum(x - last, 0) ** 3 * (middle - first) / (last - middle)
        columns.append(bend / (last - first) ** 2)
    return np.column_stack(columns)


def curve(design: Floats, positives: Counts, people: Counts) -> Floats:
    """Risk at each cell, shape (draws, k); counts too. Steps are bounded, so it stays a number."""
    draws, width = positives.shape[0], design.shape[1]
    pairs = np.einsum("ki,kj->kij", design, design).reshape(len(design), -1)
    at = np.zeros((draws, width))
    for _ in range(STEPS):
        risk = _expit(at @ design.T)
        pull = (positives - people * risk) @ design
        shape = ((people * risk * (1 - risk)) @ pairs).reshape(draws, width, width)
        step = np.linalg.solve(shape + RIDGE * np.eye(width), pull[..., None])[..., 0]
        step = np.clip(step, -LONGEST, LONGEST)
        at = np.clip(at + step, -30.0, 30.0)
        if np.abs(step).max() < SETTLED:
            break
    return _expit(at @ design.T)


def _expit(line: Floats) -> Floats:
    """The logistic function without scipy, which pages that draw these curves would otherwise load."""
    return np.asarray((1 + np.tanh(line / 2)) / 2)
