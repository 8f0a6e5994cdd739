"""Measures of many draws at once: each takes `Places` and gives a value a group, NaN where there is none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from monitors.bootstrap import Places
from monitors.calibration import FEW
from monitors.histogram import Counts, Floats

STEPS, LONGEST, SETTLED = 30, 2.0, 1e-5  # of the climb, in log-odds
SQUARED = 1e-3  # after so short a step of Newton's own what is left is of the order of its square
FLATTEST, STEEPEST = 0.05, 5.0  # a slope outside says the score is useless, not how to mend it
TINY = 1e-9


def over(part: Counts | Floats, whole: Counts | Floats) -> Floats:
    """Part / whole, NaN where the whole is 0."""
    out = np.full(np.broadcast_shapes(np.shape(part), np.shape(whole)), np.nan)
    return np.asarray(np.divide(part, whole, out=out, where=np.asarray(whole) != 0))


def odds(threshold: float) -> float:
    """What one false alarm weighs against one case found, where people are flagged at this risk."""
    return threshold / (1 - threshold)


def rates(places: Places, flagged: NDArray[np.bool_], threshold: float | None = None) -> dict[str, Floats]:
    """The shares of a confusion table, by who is flagged, shape (K,) or (..., G, K).

    Net benefit is there when a threshold is given.

    >>> from monitors.cube import Cube
    >>> rows = [("f", 1, 1, 3, -1, 2, 1_400_000), ("f", 0, 0, 1, -1, 5, 500_000)]
    >>> places = Places.of(Cube.of("sex", rows))
    >>> rates(places, places.flagged)["true_positive_rate"].tolist()
    [1.0]
    """
    positives, negatives = places.positives.sum(-1), places.negatives.sum(-1)
    if flagged.ndim == 1:
        mask = flagged.astype(np.float64)  # exact: counts stay far below 2 ** 53
        tp, fp = places.positives @ mask, places.negatives @ mask
    else:
        tp = np.where(flagged, places.positives, 0).sum(-1)
        fp = np.where(flagged, places.negatives, 0).sum(-1)
    fn, tn, n = positives - tp, negatives - fp, positives + negatives
    found = {
        "selection_rate": over(tp + fp, n),
        "true_positive_rate": over(tp, positives),
        "false_positive_rate": over(fp, negatives),
        "positive_predictive_value": over(tp, tp + fp),
        "negative_predictive_value": over(tn, tn + fn),
        "false_omission_rate": over(fn, tn + fn),
        "missed_per_1000": over(1000 * fn, n),
    }
    if threshold is not None:
        found["net_benefit"] = over(tp - fp * odds(threshold), n)
    return found


def risks(places: Places) -> dict[str, Floats]:
    """What needs no threshold: observed/expected, Brier and scaled Brier, AUROC."""
    positives, negatives, people = places.positives.sum(-1), places.negatives.sum(-1), places.people
    missed, overdone = (1 - places.score) ** 2, places.score**2

    def weighed(counts: Counts, weight: Floats) -> Floats:
        return np.asarray(np.einsum("...gk,gk->...g", counts, weight))

    brier = over(weighed(places.positives, missed) + weighed(places.negatives, overdone), people.sum(-1))
    rate = over(positives, positives + negatives)
    below = np.cumsum(places.negatives, axis=-1) - places.negatives / 2
    return {
        "observed_expected_ratio": over(positives, weighed(people, places.score)),
        "brier": brier,
        "scaled_brier": 1 - over(brier, rate * (1 - rate)),
        "auroc": over(np.einsum("...k,...k->...", places.positives, below), 1.0 * positives * negatives),
    }


def gaps_to_rest(places: Places) -> Floats:
    """Each group's gap to everyone else in true and in false positive rate, shape (..., 2, G)."""
    both = []
    for people in (places.positives, places.negatives):
        flagged, n = people[..., places.flagged].sum(-1), people.sum(-1)
        rest, others = flagged.sum(-1, keepdims=True) - flagged, n.sum(-1, keepdims=True) - n
        both.append(over(flagged, n) - over(rest, others))
    return np.stack(both, axis=-2)


def recalibrated(places: Places, drawn: Places) -> tuple[Floats, Floats, Floats, Floats]:
    """Each group's own line logit P(outcome) = a + b logit(score), for the counts and for each draw.

    With fewer than 50 people of either outcome the slope stays at 1; where one score parts those
    with the outcome from those without, the likelihood is penalised (Firth 1993). Both are settled
    by the counts, not draw by draw.

    Returns:
        (a, b) of the counts, shape (G,), then (a, b) of the draws, shape (draws, G).
    """
    groups, draws = len(places.groups), len(drawn.positives)
    a, b = np.zeros(groups), np.ones(groups)
    drawn_a, drawn_b = np.zeros((draws, groups)), np.ones((draws, groups))
    for g, x in enumerate(places.logit):
        held = np.flatnonzero(places.people[g])
        x, ones, zeros = x[held], places.positives[g, held], places.negatives[g, held]
        slope = min(ones.sum(), zeros.sum()) >= FEW
        firth = slope and _parted(x, ones, zeros)
        once = (ones[None].astype(np.float64), (ones + zeros)[None].astype(np.float64))
        drew = drawn.positives[:, g, held].astype(np.float64)
        many = (drew, drew + drawn.negatives[:, g, held])
        first = _climb(x, *once, np.zeros(1), np.ones(1), slope=slope, firth=firth)
        rest = _climb(x, *many, *first, slope=slope, firth=firth)
        a[g], b[g] = first[0][0], first[1][0]
        drawn_a[:, g], drawn_b[:, g] = rest
    return a, b, drawn_a, drawn_b


def reflagged(places: Places, a: Floats, b: Floats, threshold: float) -> NDArray[np.bool_]:
    """Which places the recalibrated risk flags, shape (..., G, K).

    Where a line leaves the score as it is, exactly those flagged before.
    """
    at = (np.log(odds(threshold)) - a) / b  # the score, in log-odds, whose recalibrated risk is t
    return np.asarray(places.logit >= at[..., None] - TINY)


def _climb(
    x: Floats, ones: Floats, people: Floats, a: Floats, b: Floats, *, slope: bool, firth: bool
) -> tuple[Floats, Floats]:
    """Newton's method on every draw at once; x of shape (k,), counts (draws, k).

    It starts at `a` and `b`, each of shape (draws,), or (1,) where all start at the same place.
    """
    powers = np.column_stack([np.ones_like(x), x, x * x])
    # Three places for all draws, written over again and again: making room takes longer than the sums.
    other, weight, residual = (np.empty(people.shape) for _ in range(3))
    settled = SETTLED if firth else SQUARED
    # Of a draw without one outcome the likelihood has no top: the steps end where it is flat.
    for _ in range(STEPS):
        if len(a) < len(people) and not firth:  # one risk a cell: sums over cells are all there is to do
            risk = special.expit(a + b * x)[:, None]
            h0, h1, h2 = (people @ (risk * (1 - risk) * powers)).T + TINY
            g0, g1 = (ones @ powers[:, :2] - people @ (risk * powers[:, :2])).T
        else:
            np.multiply(b[:, None], x, out=other)
            other += a[:, None]
            np.reciprocal(np.add(np.exp(other, out=other), 1, out=other), out=other)  # 1 - the risk
            np.subtract(1, other, out=residual)
            np.multiply(people, residual, out=weight)
            np.subtract(ones, weight, out=residual)
            weight *= other
            h0, h1, h2 = (weight @ powers).T + TINY
            if firth:
                leverage = (h2[:, None] - 2 * h1[:, None] * x + h0[:, None] * x * x) / (h0 * h2 - h1 * h1)[
                    :, None
                ]
                residual += weight * leverage * (other - 0.5)
            g0, g1 = (residual @ powers[:, :2]).T
        if slope:
            span = h0 * h2 - h1 * h1 + TINY
            up = np.clip((h2 * g0 - h1 * g1) / span, -LONGEST, LONGEST)
            turn = np.clip((h0 * g1 - h1 * g0) / span, -LONGEST / 2, LONGEST / 2)
        else:
            up, turn = np.clip(g0 / h0, -LONGEST, LONGEST), np.zeros_like(g0)
        a, b = np.clip(a + up, -20.0, 20.0), np.clip(b + turn, FLATTEST, STEEPEST)
        if max(np.abs(up).max(), np.abs(turn).max()) < settled:
            break
    return a, b


def _parted(x: Floats, ones: Counts, zeros: Counts) -> bool:
    return bool(x[ones > 0].min() >= x[zeros > 0].max() or x[ones > 0].max() <= x[zeros > 0].min())
