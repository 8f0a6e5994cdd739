"""Between-group spread: how far groups' true positive rates lie apart, beyond what chance makes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from monitors.bootstrap import DRAWS, SEED, Places, deviation
from monitors.cube import Cube
from monitors.drawn import rates
from monitors.histogram import Floats
from monitors.interval import LEVEL
from monitors.judge import grade_of_share
from monitors.metric import Estimate, metric


@metric(
    reads="cube",
    unit="share of rows",
    worse="higher",
    target=0.0,
    needs=("score", "decision", "outcome"),
    zero="no detectable spread: the groups differ by no more than chance makes them",
    source="Lum, Zhang & Bower 2022, FAccT, 379 (double-corrected variance)",
)
def between_group_spread(
    cube: Cube, level: float = LEVEL, *, seed: int = SEED
) -> Mapping[str | None, Estimate]:
    """√(variance of the groups' true positive rates, less the mean of their squared errors).

    Asks: do the groups' true positive rates differ at all, beyond chance?
    Trap: it says that groups differ, not which, nor why. The largest gap would grow with the number of
        groups and their smallness alone; this does not.
    Enough: three groups precise enough for a verdict.
    Interval: percentiles of the draws; each draw, noisier by one more error, is corrected twice.

    Args:
        cube: by the attribute whose groups are assessed.
        level: two-sided confidence of the limits.
        seed: of the draws.

    Returns:
        Under None, of the attribute as a whole; `n` people with the outcome, in groups precise
        enough for a verdict; absent with fewer than two of these.

    >>> counted = [(g, 1, d, d, -1, k, 0) for g, ks in {"f": (80, 120), "m": (40, 160)}.items()
    ...     for d, k in enumerate(ks)]
    >>> round(between_group_spread(Cube.of("sex", counted))[None].value, 2)
    0.14
    """
    places = Places.of(cube)
    ones, found = places.positives.sum(-1), places.positives[:, places.flagged].sum(-1)
    fewer = np.stack([found, ones], axis=-1) / places.design[:, None]  # what patients' rows are worth
    able = [g for g, (flagged, n) in enumerate(fewer) if grade_of_share(flagged, n) != "C"]
    if len(able) < 2:
        return {None: Estimate.absent("fewer than two groups are large enough to compare", int(ones.sum()))}
    drawn = places.draw(DRAWS, seed)
    drawn_values = rates(drawn, drawn.flagged)["true_positive_rate"][:, able]
    error = float(np.mean(deviation(drawn_values) ** 2))
    spreads = _spread(drawn_values, 2 * error)
    low, high = (float(tail) for tail in np.quantile(spreads, [(1 - level) / 2, (1 + level) / 2]))
    value, n = float(_spread((found / np.maximum(ones, 1))[able], error)), int(ones[able].sum())
    return {None: Estimate(value, min(value, low), max(value, high), n)}


def _spread(values: Floats, error: float) -> Floats:
    return np.asarray(np.sqrt(np.maximum(values.var(axis=-1, ddof=1) - error, 0.0)))
